//! Locking: from what is asked to signed terms, or to everything that stands against it.

use crate::account::Account;
use crate::command::{Confirm, LockQuote, Refusal};
use crate::id::QuoteId;
use crate::money::{Amount, Currency};
use crate::quote::Quote;
use crate::routing::Corridor;
use crate::session::{Flow, Session};
use crate::terms::{Side, Terms};

use super::price::{Given, price, rate_with_spread};
use super::{Oracle, price, signature};

impl Oracle {
    /// The terms for what is asked.
    pub(super) fn priced(&self, lock: &LockQuote) -> Result<Terms, Vec<Refusal>> {
        let fees = self.catalogue.fees.get(&(lock.currency, lock.payment_method.clone()));
        let fees = fees.filter(|_| self.carrying(lock.side, lock.currency, &lock.payment_method).next().is_some());
        let asset = self.catalogue.assets.get(&lock.asset);
        let quoted = self.catalogue.rates.get(&(lock.currency, lock.asset));
        let rate = quoted.and_then(|quoted| rate_with_spread(*quoted, lock.side));
        let decimals = match lock.side {
            Side::OnRamp => Some(lock.currency.decimals()),
            Side::OffRamp => asset.map(|asset| asset.decimals),
        };
        let too_many = decimals.is_some_and(|decimals| lock.amount.decimal().scale() > decimals);
        match (fees, asset, rate) {
            (Some(fees), Some(asset), Some(rate)) if !too_many => {
                let given = Given { lock, asset_decimals: asset.decimals, rate, fees };
                let terms = price(&given).filter(|terms| self.is_carried(terms));
                terms.ok_or_else(|| vec![Refusal::AmountOutOfRange])
            }
            _ => Err([
                fees.is_none().then_some(Refusal::MethodUnavailable),
                asset.is_none().then_some(Refusal::AssetUnavailable),
                rate.is_none().then_some(Refusal::RateUnavailable),
                too_many.then_some(Refusal::TooManyDecimals),
            ]
            .into_iter()
            .flatten()
            .collect()),
        }
    }

    /// A quote of these terms, signed with the first key.
    pub(super) fn locked(&self, account: &Account, id: QuoteId, lock: &LockQuote, terms: Terms) -> Quote {
        let key = &self.settings.quote_keys[0];
        let life = account.quote_life.unwrap_or(self.settings.quote_life);
        let unsigned = Quote {
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
        Quote { signature: signature::of(&unsigned, key), ..unsigned }
    }

    /// What a confirmed session locks. The asset is the session's or the dollar's, the method the one named or the first of
    /// the first corridor that fits; for a pay-out, as much of the asset as the session's amount is worth in the middle.
    pub(super) fn confirmed_lock(&self, session: &Session, confirm: &Confirm) -> Result<LockQuote, Vec<Refusal>> {
        let wanted = &session.terms;
        let is_off_ramp = wanted.flow == Some(Flow::OffRamp) || confirm.side == Some(Side::OffRamp);
        let side = if is_off_ramp { Side::OffRamp } else { Side::OnRamp };
        let first = self.enabled(side, wanted.currency).next().and_then(|corridor| corridor.methods.first());
        let method = confirm.payment_method.clone().or_else(|| first.cloned());
        let asset = wanted.target_token.or(confirm.asset).or(self.catalogue.dollar_asset);
        let missing = [
            method.is_none().then_some(Refusal::MethodUnavailable),
            asset.is_none().then_some(Refusal::AssetUnavailable),
        ];
        let (Some(payment_method), Some(asset)) = (method, asset) else {
            return Err(missing.into_iter().flatten().collect());
        };
        let lock = LockQuote { side, currency: wanted.currency, asset, amount: wanted.amount, payment_method };
        match side {
            Side::OnRamp => Ok(lock),
            Side::OffRamp => self.worth_of(&lock).map(|amount| LockQuote { amount, ..lock }),
        }
    }

    /// How much of the asset the fiat amount of `lock` is worth. Whatever else stands against the lock is told, too.
    fn worth_of(&self, lock: &LockQuote) -> Result<Amount, Vec<Refusal>> {
        let asset = self.catalogue.assets.get(&lock.asset);
        let quoted = self.catalogue.rates.get(&(lock.currency, lock.asset));
        let worth = asset.zip(quoted).and_then(|(asset, quoted)| price::worth(lock.amount, quoted.mid, asset.decimals));
        worth.ok_or_else(|| {
            let others = self.priced(lock).err().unwrap_or_default();
            let others = others.into_iter().filter(|one| *one != Refusal::TooManyDecimals);
            others.chain([Refusal::AmountOutOfRange]).collect()
        })
    }

    fn is_carried(&self, terms: &Terms) -> bool {
        self.carrying(terms.side, terms.currency, &terms.payment_method)
            .any(|corridor| holds(corridor, terms.fiat_amount))
    }

    /// The enabled corridors that carry this, in the order of their file.
    pub(super) fn carrying<'a>(
        &'a self,
        side: Side,
        currency: Currency,
        method: &'a str,
    ) -> impl Iterator<Item = &'a Corridor> {
        self.enabled(side, currency).filter(move |corridor| corridor.methods.iter().any(|known| known == method))
    }

    fn enabled(&self, side: Side, currency: Currency) -> impl Iterator<Item = &Corridor> {
        self.catalogue.corridors.iter().filter(move |corridor| {
            corridor.enabled && corridor.sides.contains(&side) && corridor.currencies.contains(&currency)
        })
    }
}

/// Whether the corridor's bounds hold the amount.
pub fn holds(corridor: &Corridor, fiat: Amount) -> bool {
    let (smallest, largest) = corridor.amounts;
    smallest.decimal() <= fiat.decimal() && fiat.decimal() <= largest.decimal()
}
