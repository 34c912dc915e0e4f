//! Quotes: priced from the catalogue, signed, locked.

use std::sync::Arc;

use super::State;
use crate::account::Account;
use crate::command::{LockQuote, Refusal, Reply};
use crate::id::{AccountId, QuoteId};
use crate::money::{Currency, Rate, Rounding};
use crate::quote::{FeeSchedule, Pair, PriceError, Quote, price, sign};
use crate::routing::{Catalogue, PairRate};
use crate::terms::{Side, Terms};

impl State {
    pub(super) fn lock_quote(&mut self, account: AccountId, lock: &LockQuote) -> Result<Reply, Refusal> {
        let account = self.account(account)?;
        let terms = priced(&self.catalogue, lock)?;
        let id = QuoteId(self.ids().draw(&self.settings.id_key));
        let quote = Arc::new(self.signed_quote(&account, id, lock, terms));
        self.quotes.put(self.head.batch, (account.id, id), Arc::clone(&quote));
        Ok(Reply::Quote(quote))
    }

    /// A quote with its signature, not yet written.
    pub(super) fn signed_quote(&self, account: &Account, id: QuoteId, lock: &LockQuote, terms: Terms) -> Quote {
        let key = &self.settings.quote_keys[0];
        let life = account.quote_life.unwrap_or(self.settings.quote_life);
        let mut quote = Quote {
            id,
            account: account.id,
            terms,
            given_amount: lock.amount,
            created_at: self.now(),
            expires_at: self.now().plus(life),
            consumed: None,
            key_id: key.id,
            signature: [0; 32],
        };
        quote.signature = sign(&quote, key);
        quote
    }
}

/// The terms that a catalogue gives for what is asked: what a lock fixes, and what a preview shows.
pub fn priced(catalogue: &Catalogue, lock: &LockQuote) -> Result<Terms, Refusal> {
    let fees = offered(catalogue, lock.side, lock.currency, &lock.payment_method)?;
    let asset = catalogue.assets.get(&lock.asset).ok_or(Refusal::AssetUnavailable)?;
    let quoted = catalogue.fresh_rate(lock.currency, lock.asset).ok_or(Refusal::RateUnavailable)?;
    let rate = with_spread(quoted, lock.side).ok_or(Refusal::RateUnavailable)?;
    let pair = Pair {
        currency: lock.currency,
        asset: lock.asset,
        asset_decimals: asset.decimals,
        payment_method: &lock.payment_method,
        rate,
    };
    let terms = price(lock.side, lock.amount, &pair, fees)?;
    let is_carried = catalogue.corridors.iter().any(|corridor| {
        corridor.serves(lock.side, lock.currency, &lock.payment_method) && corridor.takes(terms.fiat_amount)
    });
    if is_carried { Ok(terms) } else { Err(Refusal::AmountOutOfRange) }
}

/// The fees of a method that some corridor carries.
pub(super) fn offered<'a>(
    catalogue: &'a Catalogue,
    side: Side,
    currency: Currency,
    method: &str,
) -> Result<&'a FeeSchedule, Refusal> {
    let fees = catalogue.fees.get(&(currency, method.to_owned()));
    fees.filter(|_| catalogue.carries(side, currency, method)).ok_or(Refusal::MethodUnavailable)
}

/// The user buys above the middle and sells below it.
fn with_spread(quoted: PairRate, side: Side) -> Option<Rate> {
    let rounding = match side {
        Side::OnRamp => Rounding::Up,
        Side::OffRamp => Rounding::Down,
    };
    quoted.mid.moved(quoted.spread_basis_points, rounding)
}

impl From<PriceError> for Refusal {
    fn from(error: PriceError) -> Refusal {
        match error {
            PriceError::TooManyDecimals => Refusal::TooManyDecimals,
            PriceError::OutOfRange => Refusal::AmountOutOfRange,
        }
    }
}
