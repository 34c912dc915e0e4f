//! From what somebody wants to what becomes of it: a draft is told to its end as a story.

use causeway_core::limits::ATTEMPTS_PER_PAYMENT;
use causeway_core::money::{Amount, Asset};
use causeway_core::rail::RailOutcome;
use causeway_core::terms::{Side, Terms};

use super::market::Market;
use super::plants::Pattern;
use super::rails::Rails;
use super::random::{Purpose, Random};
use crate::calendar::DAY;

/// What somebody wants, and how.
#[derive(Clone, Debug)]
pub struct Draft {
    /// When the quote is redeemed, in seconds since 1970.
    pub at: u64,
    /// The partner, by its number.
    pub partner: usize,
    /// The partner's name for the customer.
    pub customer: u64,
    /// The device.
    pub device: u64,
    /// Where the asset goes or comes from.
    pub wallet: u64,
    /// Where the device is.
    pub country: &'static str,
    /// Currency and method, by their number in the market.
    pub offer: usize,
    /// Which way value moves.
    pub side: Side,
    /// The asset.
    pub asset: Asset,
    /// About how much, in the currency's minor units.
    pub minor: u64,
    /// Seconds from the session's creation to the redemption; bounded when the story is told.
    pub session_seconds: u64,
    /// Seconds from the quote's lock to the redemption; bounded likewise.
    pub quote_seconds: u64,
    /// What it is part of; `None` when it is honest.
    pub pattern: Option<Pattern>,
}

/// A payment from its session to its end.
#[derive(Clone, Debug)]
pub struct Story {
    /// Its number in the order of time, from 1.
    pub number: u64,
    /// What was wanted, with the seconds within their bounds.
    pub draft: Draft,
    /// What the quote is asked for: fiat when on_ramp, asset when off_ramp.
    pub given: Amount,
    /// The quote's terms.
    pub terms: Terms,
    /// Whether the partner's rules of the time declined it.
    pub is_declined: bool,
    /// What the corridors said, in the order in which they were asked.
    pub attempts: Vec<Attempt>,
    /// When it is known whether it was fraud, in seconds since 1970: only what moved money is ever reported.
    pub label_at: Option<u64>,
}

/// One corridor's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The corridor, by its place in the catalogue.
    pub corridor: usize,
    /// What it said.
    pub outcome: RailOutcome,
    /// How long it took, in seconds.
    pub seconds: u64,
}

/// How a payment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The money moved, so many seconds after the redemption.
    Settled(u64),
    /// Risk said no.
    Declined,
    /// A corridor refused it for good.
    Rejected,
    /// A corridor cancelled it.
    Cancelled,
    /// No corridor was left.
    NoRoute,
}

/// Quotes live 30 seconds: who waits longer gets another one, and what counts is the age of the last.
const QUOTE_SECONDS: u64 = 29;
/// Sessions live an hour.
pub const SESSION_SECONDS: u64 = 3_000;
/// What the rules of the time declined of honest payments, and of frauds.
const DECLINED: (f64, f64) = (0.003, 0.25);
/// The last two digits by which the sandbox is asked to decline.
const DECLINE: u64 = 4;
/// Digits up to this one ask the sandbox for other things.
const LAST_MAGIC: u64 = 7;
/// When a fraud is reported: days after the money moved.
const REPORTED_DAYS: (u64, u64) = (3, 60);

impl Draft {
    /// What becomes of it.
    pub fn told(mut self, seed: u64, number: u64, market: &Market, rails: &Rails) -> Story {
        let mut random = Random::of(seed, Purpose::Payment, number);
        self.session_seconds = self.session_seconds.clamp(1, SESSION_SECONDS);
        self.quote_seconds = (self.quote_seconds % QUOTE_SECONDS).min(self.session_seconds);
        let (honest, fraud) = DECLINED;
        let is_declined = random.chance(if self.pattern.is_some() { fraud } else { honest });
        let given = self.given(market, is_declined);
        let offer = market.offer(self.offer);
        let terms = market.terms(self.side, offer, self.asset, given);
        let attempts = if is_declined { Vec::new() } else { rails.ask(seed, number, self.at, market, &terms) };
        let mut story = Story { number, draft: self, given, terms, is_declined, attempts, label_at: None };
        if let Ending::Settled(seconds) = story.ending() {
            story.label_at = Some(story.draft.at + seconds + known_after(&mut random, story.draft.pattern.is_some()));
        }
        story
    }

    /// The amount of the quote. Its last two digits are the sandbox's script, so that they say what is to happen.
    fn given(&self, market: &Market, is_declined: bool) -> Amount {
        let offer = market.offer(self.offer);
        let fiat = |minor: u64| Amount::from_minor(minor.into(), offer.currency.decimals());
        let scripted = |units: u64| units / 100 * 100 + digits(units % 100, is_declined);
        let given = match self.side {
            Side::OnRamp => fiat(scripted(self.minor)),
            Side::OffRamp => fiat(self.minor).and_then(|fiat| {
                let units = scripted(market.asset_units(offer, self.asset, fiat));
                Amount::from_minor(units.into(), market.decimals(self.asset))
            }),
        };
        given.expect("amounts stay within what can be priced")
    }
}

impl Story {
    /// How it ends.
    pub fn ending(&self) -> Ending {
        if self.is_declined {
            return Ending::Declined;
        }
        match self.attempts.last().map(|attempt| attempt.outcome) {
            Some(RailOutcome::Settled) => Ending::Settled(self.attempts.iter().map(|attempt| attempt.seconds).sum()),
            Some(RailOutcome::Rejected) => Ending::Rejected,
            Some(RailOutcome::Cancelled) => Ending::Cancelled,
            Some(RailOutcome::SoftFailed) | None => Ending::NoRoute,
        }
    }

    /// Whether it is part of a planted pattern.
    pub fn is_fraud(&self) -> bool {
        self.draft.pattern.is_some()
    }
}

/// Corridors are asked one after another until one of them does not pass.
pub fn is_asked_again(attempts: &[Attempt]) -> bool {
    let passed = attempts.last().is_none_or(|attempt| attempt.outcome == RailOutcome::SoftFailed);
    passed && attempts.len() < ATTEMPTS_PER_PAYMENT
}

fn digits(wanted: u64, is_declined: bool) -> u64 {
    match wanted {
        _ if is_declined => DECLINE,
        1..=LAST_MAGIC => wanted + 10,
        other => other,
    }
}

/// A fraud is reported sooner rather than later; what was not reported in the longest time is taken for honest.
fn known_after(random: &mut Random, is_fraud: bool) -> u64 {
    let (soonest, latest) = (REPORTED_DAYS.0 * DAY, REPORTED_DAYS.1 * DAY);
    let place = random.unit();
    if is_fraud { soonest + ((latest - soonest) as f64 * place * place) as u64 } else { latest }
}
