//! Redemption: a quote and a session become a payment, whatever risk says of it.

use std::sync::Arc;

use crate::account::Account;
use crate::command::{Confirm, LockQuote, Redeem, Reply};
use crate::event::{EventData, EventKind};
use crate::id::{AccountId, Mode, SessionId};
use crate::money::Amount;
use crate::payment::{Magic, Payment, PaymentKind, PaymentStatus};
use crate::quote::Quote;
use crate::receipt::Receipt;
use crate::risk::Verdict;
use crate::session::{Metadata, Session, SessionStatus};
use crate::state::Hosted;
use crate::terms::Side;

use super::risk::Scene;
use super::{Fault, Oracle, names};

impl Oracle {
    /// Fixes terms for some seconds.
    pub(super) fn lock_quote(&mut self, account: AccountId, lock: &LockQuote, found: &Reply) -> Result<Reply, Fault> {
        let id = names::quote(found)?.id;
        self.hear(id.0)?;
        let terms = self.priced(lock).map_err(|_| Fault("the oracle itself has lost its price".to_owned()))?;
        let account = self.the_account(account)?;
        let quote = Arc::new(self.locked(&account, id, lock, terms));
        self.quotes.insert(id, Arc::clone(&quote));
        self.touch();
        Ok(Reply::Quote(quote))
    }

    /// Redeems a locked quote.
    pub(super) fn redeem(
        &mut self,
        account: AccountId,
        side: Side,
        redeem: &Redeem,
        found: &Reply,
    ) -> Result<Reply, Fault> {
        let named = redeem.quote.zip(redeem.session);
        let (quote, session) = named.ok_or_else(|| Fault("the oracle itself has lost what is redeemed".to_owned()))?;
        let session = self.the_session(account, session)?;
        let quote = self.quote_of(account, quote).filter(|quote| quote.terms.side == side).cloned();
        let quote = quote.ok_or_else(|| Fault("the oracle itself has lost the quote".to_owned()))?;
        let magic = self.magic(quote.given_amount, self.counts_in_fractions(&quote));
        let said = (redeem.metadata.clone(), None::<Hosted>);
        self.consume(&session, quote, magic, said, names::payment(found)?)
    }

    /// Locks and redeems in one step.
    pub(super) fn confirm(
        &mut self,
        account: AccountId,
        id: SessionId,
        confirm: &Confirm,
        found: &Reply,
    ) -> Result<Reply, Fault> {
        let payment = names::payment(found)?;
        self.hear(payment.quote.0)?;
        let session = self.the_session(account, id)?;
        let lost = |_| Fault("the oracle itself has lost its price".to_owned());
        let lock = self.confirmed_lock(&session, confirm).map_err(lost)?;
        let terms = self.priced(&lock).map_err(lost)?;
        let account = self.the_account(account)?;
        let quote = self.locked(&account, payment.quote, &lock, terms);
        let magic = self.magic(session.terms.amount, session.terms.currency.decimals() > 0);
        let said = (session.terms.metadata.clone(), Some(Hosted::of(confirm)));
        self.consume(&session, quote, magic, said, payment)
    }

    fn the_account(&self, id: AccountId) -> Result<Arc<Account>, Fault> {
        self.accounts.get(&id).cloned().ok_or_else(|| Fault(format!("the oracle itself has lost {id:?}")))
    }

    /// Quote and session are taken, history counts the redemption, and the verdict decides how the payment begins.
    fn consume(
        &mut self,
        session: &Session,
        quote: Quote,
        magic: Option<Magic>,
        (metadata, hosted): (Metadata, Option<Hosted>),
        drawn: &Payment,
    ) -> Result<Reply, Fault> {
        self.hear(drawn.id.0)?;
        self.hear(drawn.transaction.0)?;
        let quote = Quote { consumed: Some((self.now(), drawn.id)), ..quote };
        let scene = self.scene(drawn.id, session, &quote, hosted.as_ref());
        let row = self.features(&scene);
        let scene = Scene { is_whole: true, ..scene };
        let (for_rules, visit) = (self.features(&scene), scene.visit);
        let (entities, amount_cents, usual) = (self.entities(&visit), visit.cents, visit.usual);
        let (version, arm) = self.decider(&self.chosen(&visit));
        self.visits.push(visit);
        let risk = self.risk(&row, version);
        let quote = Arc::new(quote);
        self.quotes.insert(quote.id, Arc::clone(&quote));
        let taken = Session { status: SessionStatus::Open { movement: Some(drawn.id) }, ..session.clone() };
        self.put_session(taken, None);
        self.tell(session.account, session.id, EventKind::QuoteConsumed, EventData::Quote(Arc::clone(&quote)));
        let payment = Payment { magic, ..self.new_payment(session, &quote, metadata, drawn) };
        let (verdict, policied) = self.policed(session, &payment.terms, &for_rules, entities, risk.verdict);
        let applied = self.applied(&payment, verdict)?;
        let candidates = self.candidates(&payment.terms, &[]);
        let best = candidates.first().map(|best| best.corridor.clone());
        self.receipts.push(Arc::new(Receipt {
            payment: payment.id,
            account: payment.account,
            at: self.now(),
            batch: self.moment.number,
            entities,
            amount_cents,
            usual,
            features: row,
            device: hosted.and_then(|hosted| hosted.device),
            arm,
            risk,
            applied,
            candidates,
            policied,
        }));
        self.begin(payment, applied, best, drawn).map(Reply::Payment)
    }

    fn new_payment(&self, session: &Session, quote: &Quote, metadata: Metadata, drawn: &Payment) -> Payment {
        Payment {
            id: drawn.id,
            kind: match quote.terms.side {
                Side::OnRamp => PaymentKind::PayIn,
                Side::OffRamp => PaymentKind::PayOut,
            },
            account: session.account,
            status: PaymentStatus::Routed,
            quote: quote.id,
            session: session.id,
            transaction: drawn.transaction,
            terms: quote.terms.clone(),
            magic: None,
            attempts: Vec::new(),
            metadata,
            created_at: self.now(),
            updated_at: self.now(),
        }
    }

    /// The sandbox obeys magic amounts, and everything else only for accounts that ask for it.
    pub(super) fn applied(&self, payment: &Payment, verdict: Verdict) -> Result<Verdict, Fault> {
        let is_real = self.the_account(payment.account)?.risk_is_real;
        Ok(match payment.magic {
            None => verdict,
            Some(Magic::RiskDeclines) => Verdict::Decline,
            Some(Magic::StepUp) => Verdict::StepUp,
            Some(
                Magic::None
                | Magic::FirstCorridorFails
                | Magic::EveryCorridorFails
                | Magic::RailCancels
                | Magic::RailLate
                | Magic::RailAnswersTwice,
            ) => {
                if is_real {
                    verdict
                } else {
                    Verdict::Approve
                }
            }
        })
    }

    /// Whether what was given for a lock has decimals.
    fn counts_in_fractions(&self, quote: &Quote) -> bool {
        match quote.terms.side {
            Side::OnRamp => quote.terms.currency.decimals() > 0,
            Side::OffRamp => self.catalogue.assets.get(&quote.terms.asset).is_some_and(|asset| asset.decimals > 0),
        }
    }

    /// The script of an amount as it was given: a lock's, or the session's when nobody locked.
    fn magic(&self, given: Amount, has_decimals: bool) -> Option<Magic> {
        match self.settings.mode {
            Mode::Live => None,
            Mode::Sandbox => Some(script_of(given, has_decimals)),
        }
    }
}

/// The script that the last two decimals ask for, or the last two digits where there are no decimals.
fn script_of(given: Amount, has_decimals: bool) -> Magic {
    let text = given.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = if has_decimals { format!("{fraction:0<2}") } else { format!("{whole:0>2}") };
    match &digits[digits.len() - 2..] {
        "01" => Magic::FirstCorridorFails,
        "02" => Magic::EveryCorridorFails,
        "03" => Magic::RailCancels,
        "04" => Magic::RiskDeclines,
        "05" => Magic::StepUp,
        "06" => Magic::RailLate,
        "07" => Magic::RailAnswersTwice,
        _ => Magic::None,
    }
}
