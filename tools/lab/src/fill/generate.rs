//! The generator: a stream of payments in the order of time, from a seed.
//!
//! The period is walked hour by hour. Each hour has its share of the payments, by the hours of the day, the days of
//! the week and a growth over the period; each is made by somebody who tends to pay at that hour. Campaigns lie over them:
//! frauds, and honest rushes. Memory holds an hour, the campaigns under way and the plan of the others: people are computed, not kept.
//!
//! The same settings give the same payments for ever. A change that alters them is a new generator and needs a new
//! [`VERSION`], so that figures say what they were made from.

mod campaigns;
pub mod customers;
pub mod draft;
pub mod market;
pub mod overlap;
pub mod plants;
pub mod rails;
mod random;
#[cfg(test)]
pub mod tests;

use std::collections::VecDeque;

use crate::calendar::{DAY, Day};
use crate::failure::Failure;
use campaigns::{Campaign, Ground};
use customers::People;
use draft::{Draft, Story};
use market::Market;
use plants::{OUTAGE, Pattern, Plants};
use rails::Rails;
use random::{Purpose, Random};

/// Which generator this is.
pub const VERSION: u32 = 2;

/// What a history is made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Payments, frauds included.
    pub payments: u64,
    /// Where the random numbers start.
    pub seed: u64,
    /// Days of the period.
    pub days: u64,
    /// The first day after the period.
    pub until: Day,
    /// Partners.
    pub partners: usize,
    /// What is planted.
    pub plants: Plants,
}

/// The stream.
pub struct History {
    settings: Settings,
    market: Market,
    people: People,
    rails: Rails,
    campaigns: VecDeque<Campaign>,
    /// Payments of campaigns that have begun.
    begun: Vec<Draft>,
    /// Payments that belong to no campaign.
    single: u64,
    hour: u64,
    number: u64,
    ready: VecDeque<Story>,
}

const HOUR: u64 = 3_600;
/// Payments by the hour of the day, UTC. What people do differs by their time zones and habits; this is the sum.
const OF_DAY: [u64; 24] =
    [30, 24, 20, 18, 20, 28, 42, 60, 78, 90, 96, 98, 100, 100, 99, 98, 98, 100, 104, 100, 90, 76, 58, 42];
/// Payments by the day of the week, from Monday.
const OF_WEEK: [u64; 7] = [100, 102, 102, 104, 110, 84, 72];
/// How much more is paid on the last day than on the first, in hundredths of the first.
const GROWTH: u64 = 60;

impl Settings {
    /// The first second of the period, since 1970, and its length in seconds.
    pub fn period(&self) -> (u64, u64) {
        ((self.until.0 - self.days) * DAY, self.days * DAY)
    }
}

impl History {
    /// The history of these settings over a catalogue.
    pub fn new(settings: Settings, market: Market) -> Result<History, Failure> {
        if settings.until.0 < settings.days {
            return Err(Failure::wrong("the period would begin before 1970: name a later --until or fewer --days"));
        }
        let Settings { payments, seed, partners, plants, .. } = &settings;
        let period = settings.period();
        let campaigns = campaigns::plan(*seed, plants, *payments, period);
        let planned: u64 = campaigns.iter().map(|campaign| campaign.size).sum();
        Ok(History {
            people: People::new(*seed, *payments, period, *partners),
            rails: Rails::new(*seed, &market, period, plants.outage),
            campaigns: campaigns.into(),
            begun: Vec::new(),
            single: payments - planned,
            hour: 0,
            number: 0,
            ready: VecDeque::new(),
            market,
            settings,
        })
    }

    /// What it is made from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Prices and ways.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// Partners and customers.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// What is planted, by the names of the option, and how much of it: payments, and outages.
    pub fn planted(&self) -> [(&'static str, u64); 4] {
        let Settings { plants, payments, .. } = &self.settings;
        let of = |pattern: Pattern| (pattern.name(), plants.payments(pattern, *payments));
        let [ring, stolen_device, burst] = Pattern::ALL.map(of);
        let outages = self.rails.outages().iter().map(Vec::len).sum::<usize>() as u64;
        [ring, stolen_device, burst, (OUTAGE, outages)]
    }

    /// What was asked to be planted, and is not there: the history is too small for it.
    pub fn not_planted(&self) -> Vec<&'static str> {
        let wanted = |name| self.settings.plants.rate(name) > 0.0;
        self.planted().into_iter().filter(|&(name, count)| count == 0 && wanted(name)).map(|(name, _)| name).collect()
    }

    /// The corridors' outages.
    pub fn rails(&self) -> &Rails {
        &self.rails
    }

    /// Tells the stories of the next hour.
    fn next_hour(&mut self) {
        let start = self.settings.period().0 + self.hour * HOUR;
        let mut drafts = self.single_drafts(start);
        drafts.extend(self.campaign_drafts(start + HOUR));
        // Stable, so that what happens in the same second keeps its order.
        drafts.sort_by_key(|draft| draft.at);
        for draft in drafts {
            self.number += 1;
            self.ready.push_back(draft.told(self.settings.seed, self.number, &self.market, &self.rails));
        }
        self.hour += 1;
    }

    fn single_drafts(&self, start: u64) -> Vec<Draft> {
        let mut random = Random::of(self.settings.seed, Purpose::Hour, self.hour);
        let count = self.single_before(self.hour + 1) - self.single_before(self.hour);
        let draft = |_| {
            let at = start + random.below(HOUR);
            let customer = self.people.paying(&mut random, &self.market, at);
            self.people.draft(&mut random, &self.market, &customer, at)
        };
        (0..count).map(draft).collect()
    }

    /// Payments of campaigns before `end`.
    fn campaign_drafts(&mut self, end: u64) -> Vec<Draft> {
        let ground = Ground { seed: self.settings.seed, people: &self.people, market: &self.market };
        while let Some(campaign) = self.campaigns.pop_front_if(|campaign| campaign.start < end) {
            self.begun.extend(campaign.drafts(&ground));
        }
        let (now, later) = std::mem::take(&mut self.begun).into_iter().partition(|draft| draft.at < end);
        self.begun = later;
        now
    }

    /// How many payments of no campaign come before this hour.
    fn single_before(&self, hour: u64) -> u64 {
        let hours = self.settings.days * 24;
        let (part, whole) = (u128::from(self.weight_before(hour)), u128::from(self.weight_before(hours)));
        (u128::from(self.single) * part / whole) as u64
    }

    /// The sum of the weights of the hours before this one.
    fn weight_before(&self, hour: u64) -> u64 {
        let whole_days: u64 = (0..hour / 24).map(|day| self.day_weight(day)).sum();
        let of_day: u64 = OF_DAY[..(hour % 24) as usize].iter().sum();
        whole_days * OF_DAY.iter().sum::<u64>() + self.day_weight(hour / 24) * of_day
    }

    fn day_weight(&self, day: u64) -> u64 {
        // 1970-01-01 was a Thursday.
        let weekday = (self.settings.period().0 / DAY + day + 3) % 7;
        OF_WEEK[weekday as usize] * (100 * self.settings.days + GROWTH * day)
    }
}

impl Iterator for History {
    type Item = Story;

    fn next(&mut self) -> Option<Story> {
        while self.ready.is_empty() && self.hour < self.settings.days * 24 {
            self.next_hour();
        }
        self.ready.pop_front()
    }
}
