//! What somebody honest pays, from where, on which device, to which wallet.

use causeway_core::terms::Side;

use super::{Customer, People};
use crate::calendar::DAY;
use crate::fill::generate::draft::Draft;
use crate::fill::generate::market::{Market, elsewhere, somewhere};
use crate::fill::generate::overlap::{AWAY, CUSTOMERS_PER_EXCHANGE_WALLET, FAR_AWAY, LARGE, NEW_WALLET, SMALL};
use crate::fill::generate::random::{Purpose, Random, hash};

/// Journeys begin and end at multiples of so many days.
const JOURNEY_DAYS: u64 = 9;
/// How often somebody at an exchange uses its wallet.
const BY_EXCHANGE: f64 = 0.8;

impl People {
    /// An honest payment of a customer.
    pub fn draft(&self, random: &mut Random, market: &Market, customer: &Customer, at: u64) -> Draft {
        let usual = random.chance(0.9);
        let offer = customer.methods[usize::from(!usual)];
        let side = if random.chance(customer.off_ramp_share) { Side::OffRamp } else { Side::OnRamp };
        let session = random.log_normal(if customer.is_hurried { 13.0 } else { 180.0 }, 0.9);
        let quote = random.exponential(12.0);
        let (usd, is_large) = amount(random, customer);
        let minor = market.offer(offer).minor(usd);
        let minor = if random.chance(0.35) { rounded(minor) } else { minor };
        let is_new = random.chance(if is_large { 0.5 } else { NEW_WALLET });
        Draft {
            at,
            partner: customer.partner,
            customer: self.name(customer.number),
            device: self.device(random, customer, at),
            wallet: if is_new { self.new_wallet(random) } else { self.wallet(random, customer) },
            country: self.whereabouts(customer, at),
            offer,
            side,
            asset: customer.asset,
            minor,
            session_seconds: session as u64,
            quote_seconds: quote as u64,
            pattern: None,
        }
    }

    /// The circle's device, or one of the customer's own, each of which is replaced when it is old.
    fn device(&self, random: &mut Random, customer: &Customer, at: u64) -> u64 {
        if let Some(circle) = &customer.circle
            && random.chance(circle.kind.device)
        {
            return hash(self.seed, Purpose::SharedDevice, circle.number);
        }
        let slot = random.below(customer.devices);
        let life = customer.device_days * DAY;
        let generation = (at - self.period.0 + slot * life / customer.devices) / life;
        hash(self.seed, Purpose::Device, customer.number << 12 | generation << 2 | slot)
    }

    fn wallet(&self, random: &mut Random, customer: &Customer) -> u64 {
        if let Some(circle) = &customer.circle
            && random.chance(circle.kind.wallet)
        {
            return hash(self.seed, Purpose::SharedWallet, circle.number);
        }
        if let Some(place) = customer.exchange
            && random.chance(BY_EXCHANGE)
        {
            let wallets = (self.customers / CUSTOMERS_PER_EXCHANGE_WALLET).max(1) as f64;
            return hash(self.seed, Purpose::ExchangeWallet, (wallets * place) as u64);
        }
        hash(self.seed, Purpose::Wallet, customer.number * 2 + random.below(customer.wallets))
    }

    fn new_wallet(&self, random: &mut Random) -> u64 {
        hash(self.seed, Purpose::NewWallet, random.below(u64::MAX))
    }

    /// The country that a customer is in at this moment.
    fn whereabouts(&self, customer: &Customer, at: u64) -> &'static str {
        if !customer.travels {
            return customer.place.country;
        }
        let journey = at / (JOURNEY_DAYS * DAY);
        let mut random = Random::of(self.seed, Purpose::Journey, customer.number << 16 | journey);
        match random.chance(AWAY) {
            true if random.chance(FAR_AWAY) => elsewhere(&mut random),
            true => somewhere(&mut random).country,
            false => customer.place.country,
        }
    }
}

/// US dollars, and whether they are many for this customer.
fn amount(random: &mut Random, customer: &Customer) -> (f64, bool) {
    let kind = random.unit();
    match kind {
        _ if kind < LARGE => (customer.median_usd * random.between(3.0, 14.0), true),
        _ if kind < LARGE + SMALL => (random.between(4.0, 12.0), false),
        _ => (random.log_normal(customer.median_usd, customer.deviation), false),
    }
}

/// To a number that people like: two digits that matter, the second of them 0 or 5.
fn rounded(minor: u64) -> u64 {
    let mut step = 50;
    while step * 40 <= minor {
        step *= 10;
    }
    minor / step * step + if minor % step * 2 >= step { step } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_like_round_amounts() {
        for (minor, expected) in [(437, 450), (1_234, 1_250), (1_999, 2_000), (2_345, 2_500), (45_678, 45_000)] {
            assert_eq!(rounded(minor), expected, "{minor}");
        }
    }
}
