//! Confirmation: the hosted flow locks and redeems in one step, so that the quote never stands open.

use super::State;
use super::observe::Hosted;
use super::quotes::{offered, priced};
use super::redeem::{Redemption, Taken};
use crate::command::{Confirm, LockQuote, Refusal, Subject};
use crate::id::{AccountId, QuoteId, SessionId};
use crate::money::Rounding;
use crate::routing::Catalogue;
use crate::session::SessionTerms;
use crate::terms::Side;

impl State {
    /// The guards stand in the order of their refusals, as in a redemption.
    pub(super) fn confirm_session(
        &mut self,
        account: AccountId,
        id: SessionId,
        confirm: &Confirm,
    ) -> Result<Redemption, Refusal> {
        let account = self.account(account)?;
        let session = self.session(account.id, id, Subject::Path)?;
        self.takes_movement(&session)?;
        let lock = confirming_lock(&self.catalogue, &session.terms, confirm)?;
        let terms = priced(&self.catalogue, &lock)?;
        self.user_is_verified(&account, &session)?;
        let mut ids = self.ids();
        let quote = QuoteId(ids.draw(&self.settings.id_key));
        let quote = self.signed_quote(&account, quote, &lock, terms);
        // Nobody gave an amount for a lock: the one that was given is the session's.
        let magic = self.magic(session.terms.amount, session.terms.currency.decimals());
        let (metadata, hosted) = (session.terms.metadata.clone(), Some(Hosted::of(confirm)));
        Ok(self.consume(Taken { account, session, quote, magic, metadata, hosted }, ids))
    }
}

/// What a session locks when it is confirmed: its own amount, and the user's choices where it leaves them open. What nobody
/// chose is the first that fits.
pub fn confirming_lock(catalogue: &Catalogue, session: &SessionTerms, confirm: &Confirm) -> Result<LockQuote, Refusal> {
    agrees(session, confirm)?;
    let side = match session.flow {
        // Swaps cannot be confirmed yet.
        Some(flow) => flow.side().ok_or(Refusal::SwapNotEnabled)?,
        None => confirm.side.unwrap_or(Side::OnRamp),
    };
    let currency = session.currency;
    let first = || catalogue.first_method(side, currency);
    let payment_method = confirm.payment_method.clone().or_else(first).ok_or(Refusal::MethodUnavailable)?;
    offered(catalogue, side, currency, &payment_method)?;
    let asset = session.target_token.or(confirm.asset).or(catalogue.dollar_asset).ok_or(Refusal::AssetUnavailable)?;
    let amount = match side {
        Side::OnRamp => session.amount,
        Side::OffRamp => {
            let decimals = catalogue.assets.get(&asset).ok_or(Refusal::AssetUnavailable)?.decimals;
            let quoted = catalogue.fresh_rate(currency, asset).ok_or(Refusal::RateUnavailable)?;
            let crypto = session.amount.divided_by(quoted.mid, decimals, Rounding::Down);
            crypto.filter(|amount| !amount.is_zero()).ok_or(Refusal::AmountOutOfRange)?
        }
    };
    Ok(LockQuote { side, currency, asset, amount, payment_method })
}

/// The user chooses only what the session leaves open.
fn agrees(session: &SessionTerms, confirm: &Confirm) -> Result<(), Refusal> {
    let side_agrees = confirm.side.is_none_or(|side| session.flow.is_none_or(|flow| flow.side() == Some(side)));
    let asset_agrees = confirm.asset.is_none_or(|asset| session.target_token.is_none_or(|fixed| fixed == asset));
    if side_agrees && asset_agrees { Ok(()) } else { Err(Refusal::QuoteMismatch(Subject::Session)) }
}
