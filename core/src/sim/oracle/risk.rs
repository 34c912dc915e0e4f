//! Risk: features counted from the plain list of everything that the person ever did, and what follows from them.

use crate::id::{AccountId, SessionId};
use crate::quote::Quote;
use crate::risk::{Decider, Features, Risk, Verdict};
use crate::session::Session;
use crate::terms::{Side, Terms};
use crate::time::Timestamp;

use super::{Oracle, price};

/// An hour and a day, in milliseconds.
pub const HOUR: u64 = 3_600_000;
pub const DAY: u64 = 24 * HOUR;

/// A person: the account with its name for the user, or with the session when it gave no name.
pub type Guest = (AccountId, Result<String, SessionId>);

/// One redemption of a person.
#[derive(Clone)]
pub struct Visit {
    pub guest: Guest,
    pub at: Timestamp,
    pub cents: u64,
}

impl Oracle {
    /// The person behind a session.
    pub(super) fn guest(&self, session: &Session) -> Guest {
        (session.account, session.terms.user_reference.clone().ok_or(session.id))
    }

    /// History counts a redemption.
    pub(super) fn visit(&mut self, session: &Session, terms: &Terms) {
        self.visits.push(Visit { guest: self.guest(session), at: self.now(), cents: self.cents(terms) });
    }

    /// The features of a redemption, before history counts it.
    pub(super) fn features(&self, session: &Session, quote: &Quote) -> Features {
        let guest = self.guest(session);
        let past: Vec<&Visit> = self.visits.iter().filter(|visit| visit.guest == guest).collect();
        let declines = self.declines.iter().filter(|(one, _)| *one == guest).map(|(_, at)| (*at, 1));
        let now = self.now();
        let cents = self.cents(&quote.terms);
        let counts = || past.iter().map(|visit| (visit.at, 1));
        let amounts = past.iter().map(|visit| (visit.at, visit.cents));
        let mean = past.iter().map(|visit| visit.cents as f64).sum::<f64>() / past.len().max(1) as f64;
        let since_last = past.last().map_or(30 * DAY, |visit| now.0 - visit.at.0);
        let seconds = now.0 / 1_000;
        let weekday = seconds / 86_400 % 7;
        let row = [
            plus_one(cents as f64 / 100.0),
            if mean > 0.0 { (cents as f64 / mean).min(100.0) } else { 1.0 },
            estimate(counts(), now, HOUR),
            estimate(counts(), now, DAY),
            plus_one(estimate(amounts, now, DAY) / 100.0),
            plus_one(since_last as f64 / 1_000.0),
            estimate(declines, now, DAY),
            if past.is_empty() { 1.0 } else { 0.0 },
            (seconds / 3_600 % 24) as f64,
            // The first day of 1970 was a Thursday.
            if weekday == 2 || weekday == 3 { 1.0 } else { 0.0 },
            if quote.terms.side == Side::OffRamp { 1.0 } else { 0.0 },
            if quote.terms.payment_method == "card" { 1.0 } else { 0.0 },
            plus_one((now.0 - session.created_at.0) as f64 / 1_000.0),
            (now.0 - quote.created_at.0) as f64 / 1_000.0,
        ];
        Features(row.map(|value| value as f32))
    }

    /// The simulator's model, or the fallback's rules while the model fails.
    pub(super) fn risk(&self, row: &Features) -> Risk {
        let feature = |place: usize| row.0[place];
        if self.moment.scorer_fails {
            let (is_large, is_new) = (feature(0) >= 4.0, feature(7) == 1.0);
            let (bursts, declined_often) = (feature(2) >= 10.0, feature(6) >= 3.0);
            let decider = Decider::Fallback { reason: String::new() };
            return match (declined_often, bursts || is_large && is_new) {
                (true, _) => Risk { score: 0.95, verdict: Verdict::Decline, decider },
                (false, true) => Risk { score: 0.6, verdict: Verdict::StepUp, decider },
                (false, false) => Risk { score: 0.05, verdict: Verdict::Approve, decider },
            };
        }
        let decider = Decider::Model { name: "simulated".to_owned(), version: "1".to_owned() };
        if feature(0) > 3.9 || feature(3) >= 6.0 {
            Risk { score: 0.9, verdict: Verdict::Decline, decider }
        } else if feature(0) > 3.0 {
            Risk { score: 0.75, verdict: Verdict::Review, decider }
        } else if feature(0) > 2.7 {
            Risk { score: 0.6, verdict: Verdict::StepUp, decider }
        } else {
            Risk { score: 0.1, verdict: Verdict::Approve, decider }
        }
    }

    /// US cents of the fiat amount, by the price of the dollar's asset in the middle.
    fn cents(&self, terms: &Terms) -> u64 {
        let dollar = self.catalogue.dollar_asset.and_then(|asset| self.catalogue.rates.get(&(terms.currency, asset)));
        dollar.map_or(0, |quoted| price::cents(terms.fiat_amount, quoted.mid))
    }
}

/// What happened in the bucket of `span` in which `at` lies, and in the one before it.
pub fn buckets(happened: impl Iterator<Item = (Timestamp, u64)>, at: Timestamp, span: u64) -> (u64, u64) {
    let bucket = at.0 / span;
    let (mut current, mut previous) = (0, 0);
    for (when, value) in happened {
        if when.0 / span == bucket {
            current += value;
        } else if when.0 / span + 1 == bucket {
            previous += value;
        }
    }
    (current, previous)
}

/// The current bucket, and the share of the one before it that the window still covers.
fn estimate(happened: impl Iterator<Item = (Timestamp, u64)>, now: Timestamp, span: u64) -> f64 {
    let (current, previous) = buckets(happened, now, span);
    let covered = span - now.0 % span;
    current as f64 + previous as f64 * covered as f64 / span as f64
}

fn plus_one(value: f64) -> f64 {
    (1.0 + value).log10()
}
