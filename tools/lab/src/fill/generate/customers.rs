//! Partners and their customers. Nobody is remembered: what somebody is like follows from the seed and a number, so that a
//! history of any size needs no memory for its people.

mod circle;
mod payment;

use causeway_core::id::AccountId;
use causeway_core::money::Asset;

use super::market::{Market, Place, somewhere};
use super::overlap::{AT_EXCHANGES, DEVICE_DAYS, TRAVELLERS};
use super::random::{Purpose, Random, hash};
use circle::Circle;

/// Payments of a customer on average.
const PAYMENTS_PER_CUSTOMER: u64 = 17;
/// Customers by how much they pay: shares of the customers, and of the payments in hundredths. The last ones try it once or
/// twice and stay away.
const TIERS: [(f64, u32); 4] = [(0.035, 30), (0.17, 38), (0.47, 29), (0.325, 3)];
/// There is an agent, who pays in rushes, for so many customers.
const CUSTOMERS_PER_AGENT: u64 = 150;
/// How much of a partner's custom comes from its own country.
const AT_HOME: f64 = 0.6;
/// Customers who were there before the history begins.
const OLD_CUSTOMERS: f64 = 0.6;
/// How likely somebody pays so many hours from the middle of his day, compared with the middle.
const HABIT: [f64; 13] = [1.0, 0.97, 0.9, 0.75, 0.55, 0.35, 0.2, 0.1, 0.06, 0.04, 0.03, 0.03, 0.03];
/// After so many who do not pay at this hour somebody is taken who does not either.
const TRIES: usize = 64;

/// Everybody.
#[derive(Clone, Debug)]
pub struct People {
    seed: u64,
    /// When the history begins, in seconds, and how many it has.
    period: (u64, u64),
    partners: Vec<Partner>,
    customers: u64,
}

/// A partner.
#[derive(Clone, Debug)]
pub struct Partner {
    /// Its account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Whether it has a webhook endpoint: every second one.
    pub has_webhook: bool,
    home: &'static Place,
}

/// What somebody is like.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Who it is.
    pub number: u64,
    /// Whose customer.
    pub partner: usize,
    /// Where.
    pub place: &'static Place,
    /// The median amount, in US dollars.
    pub median_usd: f64,
    deviation: f64,
    joined: u64,
    /// The middle of the day, in hours UTC.
    middle: u64,
    methods: [usize; 2],
    asset: Asset,
    off_ramp_share: f64,
    devices: u64,
    wallets: u64,
    is_hurried: bool,
    /// Devices are replaced after so many days.
    device_days: u64,
    travels: bool,
    circle: Option<Circle>,
    /// For those at an exchange: which of its wallets, from 0 to below 1.
    exchange: Option<f64>,
}

impl People {
    /// Those of a history of `payments` from `period.0` on for `period.1` seconds.
    pub fn new(seed: u64, payments: u64, period: (u64, u64), partners: usize) -> People {
        let partners = (0..partners).map(|number| Partner::new(seed, period.0, number)).collect();
        People { seed, period, partners, customers: payments.div_ceil(PAYMENTS_PER_CUSTOMER).max(40) }
    }

    /// The partners, the largest first.
    pub fn partners(&self) -> &[Partner] {
        &self.partners
    }

    /// Somebody who pays at this moment: the active more often than others, each in the hours of his habit.
    pub fn paying(&self, random: &mut Random, market: &Market, at: u64) -> Customer {
        let mut tries = 0;
        loop {
            let customer = self.customer(market, self.someone(random));
            tries += 1;
            if tries == TRIES || (customer.joined <= at && random.chance(customer.habit(at))) {
                return customer;
            }
        }
    }

    /// Somebody who has been a customer for a while, at this moment.
    pub fn regular(&self, random: &mut Random, market: &Market, at: u64) -> Customer {
        let mut found = self.customer(market, self.someone(random));
        for _ in 0..TRIES {
            if found.joined <= self.period.0.max(at.saturating_sub(self.period.1 / 4)) {
                break;
            }
            found = self.customer(market, self.someone(random));
        }
        found
    }

    /// Somebody who pays for others: one of those who pay most.
    pub fn agent(&self, random: &mut Random, market: &Market) -> Customer {
        let agents = self.customers.div_ceil(CUSTOMERS_PER_AGENT);
        self.customer(market, random.below(agents))
    }

    /// Somebody who is not among the customers of the history: for frauds. `number` tells them apart.
    pub fn fresh(&self, market: &Market, number: u64) -> Customer {
        self.customer(market, self.customers + number)
    }

    /// The name that the partner gave to a customer.
    pub fn name(&self, customer: u64) -> u64 {
        hash(self.seed, Purpose::CustomerName, customer)
    }

    /// The number of somebody; those who pay much come first.
    fn someone(&self, random: &mut Random) -> u64 {
        let tier = random.weighted(TIERS.iter().map(|(_, payments)| *payments));
        let before: f64 = TIERS[..tier].iter().map(|(customers, _)| customers).sum();
        let place = before + TIERS[tier].0 * random.unit();
        ((self.customers as f64 * place) as u64).min(self.customers - 1)
    }

    fn customer(&self, market: &Market, number: u64) -> Customer {
        let mut random = Random::of(self.seed, Purpose::Customer, number);
        let share = random.unit();
        let partner = (self.partners.len() as f64 * share * share) as usize;
        let circle = circle::of(self.seed, number);
        let at_home = random.chance(AT_HOME);
        let place = somewhere(&mut random);
        let place = if at_home { self.partners[partner].home } else { place };
        let place = circle.as_ref().map_or(place, |circle| circle.place);
        let is_old = random.chance(OLD_CUSTOMERS);
        let joined = random.below(self.period.1);
        let local_middle = 14.0 + 4.0 * random.normal();
        let methods = [(); 2].map(|()| market.favourite(&mut random, place.currency));
        let (share, wallet) = (random.unit(), random.unit());
        Customer {
            number,
            partner,
            place,
            median_usd: random.log_normal(120.0, 0.9),
            deviation: random.between(0.3, 0.7),
            joined: self.period.0 + if is_old { 0 } else { joined },
            middle: (local_middle as i64 - place.zone).rem_euclid(24) as u64,
            methods,
            asset: market.asset(&mut random),
            off_ramp_share: share * share,
            devices: random.within(1, 3),
            wallets: 1 + u64::from(random.chance(0.2)),
            is_hurried: random.chance(0.1),
            device_days: random.within(DEVICE_DAYS.0, DEVICE_DAYS.1),
            travels: random.chance(TRAVELLERS),
            circle,
            // A few wallets have most of the customers.
            exchange: random.chance(AT_EXCHANGES).then_some(wallet * wallet * wallet),
        }
    }
}

impl Partner {
    fn new(seed: u64, start: u64, number: usize) -> Partner {
        let mut random = Random::of(seed, Purpose::Partner, number as u64);
        // Ids of accounts begin with the millisecond of their creation, and the first partner is the first one created.
        let millis = u128::from(start * 1_000 + number as u64);
        let rest = u128::from(random.below(1 << 40)) << 40 | u128::from(random.below(1 << 40));
        let name = format!("Partner {:02}", number + 1);
        Partner {
            account: AccountId(millis << 80 | rest),
            name,
            has_webhook: number % 2 == 1,
            home: somewhere(&mut random),
        }
    }
}

impl Customer {
    fn habit(&self, at: u64) -> f64 {
        let hour = at / 3_600 % 24;
        let apart = hour.abs_diff(self.middle);
        HABIT[apart.min(24 - apart) as usize]
    }
}
