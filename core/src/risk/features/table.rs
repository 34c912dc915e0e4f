//! The table of features, one row each: what it says stands beside how it is computed. Rows may be added at the end; a row
//! that is there keeps its name and meaning for ever, since models were trained on it.

use super::super::window::{Buckets, Days, Sum};
use super::{Facts, Feature, History, Moment};
use crate::risk::Entity::{self, Destination, Device, Network, Partner, Person};
use crate::time::{Millis, Timestamp};

/// How many features there are.
pub const COUNT: usize = 116;

/// Thirty days: what stands for "never" where a feature tells how long ago something was.
const NEVER: Millis = Millis::seconds(30 * 86_400);
/// An amount this many times another says as much as any larger one.
const MOST_TIMES: f64 = 100.0;
/// An amount this many deviations from the mean says as much as any further one.
const MOST_DEVIATIONS: f64 = 20.0;

/// A stretch of time that a window covers.
#[derive(Clone, Copy)]
enum Span {
    Hour,
    Day,
    Week,
    Month,
}
use Span::{Day, Hour, Month, Week};

/// How many of these there are.
pub(super) const SPANS: usize = 4;

const TIMES: &str = "ratio, at most 100";
const USD: &str = "log10(1 + USD)";
const SECONDS: &str = "log10(1 + s)";
const FLAG: &str = "0 or 1";
const NEVER_WORD: &str = "log10(1 + 2592000), which is 30 days";

#[rustfmt::skip]
pub(super) const TABLE: [Feature; COUNT] = [
    // The amount, and what is usual.
    row("amount_usd_log10", USD, "", "fiat amount, in US dollars by the cell's own rates", "", |m| log(m.dollars())),
    row("amount_to_mean", TIMES, "ever", "amount over the mean of the person's earlier redemptions that were usual", "1", |m| m.to_mean(Person)),
    row("amount_deviations", "standard deviations, -20 to 20", "ever", "how far the amount lies from that mean", "0", |m| m.deviations()),
    row("amount_to_largest", TIMES, "ever", "amount over the person's largest so far", "1", |m| m.to_largest()),
    row("amount_to_mean_30d", TIMES, "30 d", "amount over the mean of the person's redemptions", "1", |m| m.to_recent_mean(Person)),
    row("amount_to_destination_mean", TIMES, "ever", "amount over the mean of the wallet's redemptions that were usual", "1", |m| m.to_mean(Destination)),
    row("amount_to_partner_mean", TIMES, "ever", "amount over the mean of the partner's redemptions that were usual", "1", |m| m.to_mean(Partner)),
    // Counts and sums. Windows are sliding estimates: see `window`.
    row("person_count_1h", "redemptions", "1 h", "by the person, before this one", "0", |m| m.count(Person, Hour)),
    row("person_count_24h", "redemptions", "24 h", "by the person", "0", |m| m.count(Person, Day)),
    row("person_count_7d", "redemptions", "7 d", "by the person", "0", |m| m.count(Person, Week)),
    row("person_count_30d", "redemptions", "30 d", "by the person", "0", |m| m.count(Person, Month)),
    row("person_amount_1h_log10", USD, "1 h", "sum of the person's redemptions", "0", |m| m.amount(Person, Hour)),
    row("person_amount_24h_log10", USD, "24 h", "sum of the person's redemptions", "0", |m| m.amount(Person, Day)),
    row("person_amount_7d_log10", USD, "7 d", "sum of the person's redemptions", "0", |m| m.amount(Person, Week)),
    row("person_amount_30d_log10", USD, "30 d", "sum of the person's redemptions", "0", |m| m.amount(Person, Month)),
    row("device_count_1h", "redemptions", "1 h", "from the device", "0", |m| m.count(Device, Hour)),
    row("device_count_24h", "redemptions", "24 h", "from the device", "0", |m| m.count(Device, Day)),
    row("device_count_7d", "redemptions", "7 d", "from the device", "0", |m| m.count(Device, Week)),
    row("device_count_30d", "redemptions", "30 d", "from the device", "0", |m| m.count(Device, Month)),
    row("device_amount_1h_log10", USD, "1 h", "sum of the device's redemptions", "0", |m| m.amount(Device, Hour)),
    row("device_amount_24h_log10", USD, "24 h", "sum of the device's redemptions", "0", |m| m.amount(Device, Day)),
    row("device_amount_7d_log10", USD, "7 d", "sum of the device's redemptions", "0", |m| m.amount(Device, Week)),
    row("device_amount_30d_log10", USD, "30 d", "sum of the device's redemptions", "0", |m| m.amount(Device, Month)),
    row("network_count_1h", "redemptions", "1 h", "from the network block", "0", |m| m.count(Network, Hour)),
    row("network_count_24h", "redemptions", "24 h", "from the network block", "0", |m| m.count(Network, Day)),
    row("network_count_7d", "redemptions", "7 d", "from the network block", "0", |m| m.count(Network, Week)),
    row("network_count_30d", "redemptions", "30 d", "from the network block", "0", |m| m.count(Network, Month)),
    row("network_amount_1h_log10", USD, "1 h", "sum of the network block's redemptions", "0", |m| m.amount(Network, Hour)),
    row("network_amount_24h_log10", USD, "24 h", "sum of the network block's redemptions", "0", |m| m.amount(Network, Day)),
    row("network_amount_7d_log10", USD, "7 d", "sum of the network block's redemptions", "0", |m| m.amount(Network, Week)),
    row("network_amount_30d_log10", USD, "30 d", "sum of the network block's redemptions", "0", |m| m.amount(Network, Month)),
    row("destination_count_1h", "redemptions", "1 h", "with the wallet", "0", |m| m.count(Destination, Hour)),
    row("destination_count_24h", "redemptions", "24 h", "with the wallet", "0", |m| m.count(Destination, Day)),
    row("destination_count_7d", "redemptions", "7 d", "with the wallet", "0", |m| m.count(Destination, Week)),
    row("destination_count_30d", "redemptions", "30 d", "with the wallet", "0", |m| m.count(Destination, Month)),
    row("destination_amount_1h_log10", USD, "1 h", "sum of the wallet's redemptions", "0", |m| m.amount(Destination, Hour)),
    row("destination_amount_24h_log10", USD, "24 h", "sum of the wallet's redemptions", "0", |m| m.amount(Destination, Day)),
    row("destination_amount_7d_log10", USD, "7 d", "sum of the wallet's redemptions", "0", |m| m.amount(Destination, Week)),
    row("destination_amount_30d_log10", USD, "30 d", "sum of the wallet's redemptions", "0", |m| m.amount(Destination, Month)),
    row("partner_count_1h", "redemptions", "1 h", "of the partner", "0", |m| m.count(Partner, Hour)),
    row("partner_count_24h", "redemptions", "24 h", "of the partner", "0", |m| m.count(Partner, Day)),
    row("partner_count_7d", "redemptions", "7 d", "of the partner", "0", |m| m.count(Partner, Week)),
    row("partner_count_30d", "redemptions", "30 d", "of the partner", "0", |m| m.count(Partner, Month)),
    row("partner_amount_1h_log10", USD, "1 h", "sum of the partner's redemptions", "0", |m| m.amount(Partner, Hour)),
    row("partner_amount_24h_log10", USD, "24 h", "sum of the partner's redemptions", "0", |m| m.amount(Partner, Day)),
    row("partner_amount_7d_log10", USD, "7 d", "sum of the partner's redemptions", "0", |m| m.amount(Partner, Week)),
    row("partner_amount_30d_log10", USD, "30 d", "sum of the partner's redemptions", "0", |m| m.amount(Partner, Month)),
    // Time since last, and age.
    row("seconds_since_last_log10", SECONDS, "", "since the person's last redemption", NEVER_WORD, |m| m.since_last(Person)),
    row("device_seconds_since_last_log10", SECONDS, "", "since the device's last redemption", NEVER_WORD, |m| m.since_last(Device)),
    row("network_seconds_since_last_log10", SECONDS, "", "since the network block's last redemption", NEVER_WORD, |m| m.since_last(Network)),
    row("destination_seconds_since_last_log10", SECONDS, "", "since the wallet's last redemption", NEVER_WORD, |m| m.since_last(Destination)),
    row("person_age_log10", SECONDS, "ever", "since the person's first redemption", "0", |m| m.age(Person)),
    row("device_age_log10", SECONDS, "ever", "since the device's first redemption", "0", |m| m.age(Device)),
    row("destination_age_log10", SECONDS, "ever", "since the wallet's first redemption", "0", |m| m.age(Destination)),
    row("customer_age_log10", SECONDS, "", "since the customer's record was created", "0", |m| m.customer_age()),
    row("partner_age_log10", SECONDS, "", "since the partner's account was created", "", |m| log(seconds(m.facts.now.since(m.facts.partner_since)))),
    // Whether entities belong together.
    row("is_new_person", FLAG, "ever", "1 when the person has no earlier redemption", "1", |m| flag(m.history(Person).is_none())),
    row("is_new_device", FLAG, "the last 16", "1 when a person with a history confirms from a device that it was not seen with", "0", |m| m.is_new_to_person(Device)),
    row("is_new_network", FLAG, "the last 16", "the same of the network block", "0", |m| m.is_new_to_person(Network)),
    row("is_new_destination", FLAG, "the last 16", "the same of the wallet", "0", |m| m.is_new_to_person(Destination)),
    row("person_devices_30d", "devices, at most 16", "30 d", "devices that the person was seen with", "0", |m| m.met(Person, Device)),
    row("person_networks_30d", "blocks, at most 16", "30 d", "network blocks that the person was seen with", "0", |m| m.met(Person, Network)),
    row("person_destinations_30d", "wallets, at most 16", "30 d", "wallets that the person was seen with", "0", |m| m.met(Person, Destination)),
    row("device_persons_30d", "persons, at most 16", "30 d", "persons that were seen with the device", "0", |m| m.met(Device, Person)),
    row("network_persons_30d", "persons, at most 16", "30 d", "persons that were seen with the network block", "0", |m| m.met(Network, Person)),
    row("destination_persons_30d", "persons, at most 16", "30 d", "persons that were seen with the wallet", "0", |m| m.met(Destination, Person)),
    row("has_device", FLAG, "", "1 when the device is known", "0", |m| m.has(Device)),
    row("has_network", FLAG, "", "1 when the network block is known", "0", |m| m.has(Network)),
    row("has_destination", FLAG, "", "1 when the session names a wallet", "0", |m| m.has(Destination)),
    row("has_customer", FLAG, "", "1 when the session names a customer that there is a record of", "0", |m| flag(m.facts.customer.is_some())),
    // What is known against them: declines at once, frauds from when their labels came.
    row("person_declines_24h", "declines", "24 h", "risk declines of the person", "0", |m| m.declines(Person, 1)),
    row("person_declines_30d", "declines", "30 d", "risk declines of the person", "0", |m| m.declines(Person, 30)),
    row("device_declines_30d", "declines", "30 d", "risk declines from the device", "0", |m| m.declines(Device, 30)),
    row("network_declines_30d", "declines", "30 d", "risk declines from the network block", "0", |m| m.declines(Network, 30)),
    row("destination_declines_30d", "declines", "30 d", "risk declines with the wallet", "0", |m| m.declines(Destination, 30)),
    row("person_unusual_7d", "redemptions", "7 d", "of the person, above three times the mean", "0", |m| m.unusual(7)),
    row("person_unusual_14d", "redemptions", "14 d", "of the person, above three times the mean", "0", |m| m.unusual(14)),
    row("person_unusual_30d", "redemptions", "30 d", "of the person, above three times the mean", "0", |m| m.unusual(30)),
    row("person_frauds_7d", "frauds", "7 d", "of the person that became known", "0", |m| m.frauds(Person, 7)),
    row("person_frauds_30d", "frauds", "30 d", "of the person that became known", "0", |m| m.frauds(Person, 30)),
    row("device_frauds_30d", "frauds", "30 d", "from the device that became known", "0", |m| m.frauds(Device, 30)),
    row("network_frauds_30d", "frauds", "30 d", "from the network block that became known", "0", |m| m.frauds(Network, 30)),
    row("destination_frauds_3d", "frauds", "3 d", "with the wallet that became known", "0", |m| m.frauds(Destination, 3)),
    row("destination_frauds_7d", "frauds", "7 d", "with the wallet that became known", "0", |m| m.frauds(Destination, 7)),
    row("destination_frauds_14d", "frauds", "14 d", "with the wallet that became known", "0", |m| m.frauds(Destination, 14)),
    row("destination_frauds_21d", "frauds", "21 d", "with the wallet that became known", "0", |m| m.frauds(Destination, 21)),
    row("destination_frauds_30d", "frauds", "30 d", "with the wallet that became known", "0", |m| m.frauds(Destination, 30)),
    row("destination_fraud_share_30d", "ratio, at most 1", "30 d", "frauds with the wallet that became known, over its redemptions", "0", |m| m.fraud_share(Destination)),
    row("destination_fraud_share_of_labels_7d", "ratio, at most 1", "7 d", "frauds with the wallet over labels of either kind that came: wants legitimate ones, too", "0", |m| m.share_of_labels(7)),
    row("destination_fraud_share_of_labels_14d", "ratio, at most 1", "14 d", "frauds with the wallet over labels of either kind that came", "0", |m| m.share_of_labels(14)),
    row("destination_fraud_share_of_labels_30d", "ratio, at most 1", "30 d", "frauds with the wallet over labels of either kind that came", "0", |m| m.share_of_labels(30)),
    row("destination_unexplained_frauds_3d", "frauds", "3 d", "with the wallet that became known and were usual for their persons", "0", |m| m.unexplained(3)),
    row("destination_unexplained_frauds_7d", "frauds", "7 d", "with the wallet that became known and were usual for their persons", "0", |m| m.unexplained(7)),
    row("destination_unexplained_frauds_14d", "frauds", "14 d", "with the wallet that became known and were usual for their persons", "0", |m| m.unexplained(14)),
    row("destination_unexplained_frauds_30d", "frauds", "30 d", "with the wallet that became known and were usual for their persons", "0", |m| m.unexplained(30)),
    row("destination_days_since_first_unexplained_fraud", "days, at most 31", "30 d", "days since the first of those became known", "31", |m| m.days_since_unexplained(Days::first)),
    row("destination_days_since_last_unexplained_fraud", "days, at most 31", "30 d", "days since the last of those became known", "31", |m| m.days_since_unexplained(Days::last)),
    row("destination_frauds_in_a_row", "frauds", "ever", "with the wallet that became known after something last became known as legitimate; what is taken back neither counts nor ends the row", "0", |m| m.history(Destination).map_or(0.0, |history| f64::from(history.streak.now.count))),
    row("destination_seconds_since_frauds_began_log10", SECONDS, "ever", "since the first of those became known; if that one is taken back, still since then while others are left", NEVER_WORD, |m| m.since_frauds_began()),
    row("destination_seconds_since_legitimate_log10", SECONDS, "ever", "since the newest redemption with the wallet that is known as legitimate; if that one is taken back, the newest before it", NEVER_WORD, |m| m.since(m.history(Destination).and_then(|history| history.legitimate.at))),
    row("partner_fraud_share_30d", "ratio, at most 1", "30 d", "frauds of the partner that became known, over its redemptions", "0", |m| m.fraud_share(Partner)),
    // Where.
    row("country_differs_from_customer", FLAG, "", "1 when the address lies in another country than the customer's", "0", |m| m.differs_from_customer()),
    row("country_without_currency", FLAG, "", "1 when the address lies in a country that does not use the session's currency", "0", |m| flag(m.facts.address_uses_currency == Some(false))),
    row("customer_country_without_currency", FLAG, "", "the same of the customer's country", "0", |m| flag(m.facts.customer.is_some_and(|one| one.uses_currency == Some(false)))),
    row("country_differs_from_last", FLAG, "ever", "1 when the person's address lay in another country the last time", "0", |m| m.differs_from_last()),
    row("seconds_since_other_country_log10", SECONDS, "ever", "since the person's address lay in another country: short times are journeys that nobody makes", NEVER_WORD, |m| m.since_other_country()),
    // When and how.
    row("hour_of_day", "hour, 0 to 23", "", "hour of the day in UTC, a whole number", "", |m| (m.facts.now.unix_seconds() / 3_600 % 24) as f64),
    row("is_night", FLAG, "", "1 from 22:00 to 06:00 in UTC", "", |m| flag(matches!(m.facts.now.unix_seconds() / 3_600 % 24, 22.. | 0..6))),
    row("is_weekend", FLAG, "", "1 on Saturday and Sunday in UTC", "", |m| m.is_weekend()),
    row("is_pay_out", FLAG, "", "1 for off_ramp, 0 for on_ramp", "", |m| flag(m.facts.side == crate::terms::Side::OffRamp)),
    row("is_card", FLAG, "", "1 when the payment method is card", "", |m| flag(m.facts.is_card)),
    row("is_hosted", FLAG, "", "1 when a user confirmed in the widget, 0 when the partner's server redeemed", "", |m| flag(m.facts.is_hosted)),
    row("session_age_log10", SECONDS, "", "since the session's creation", "", |m| log(seconds(m.facts.session_age))),
    row("quote_age_seconds", "s", "", "since the quote's lock", "", |m| seconds(m.facts.quote_age)),
    // How fresh what is known of the wallet is: by when redemptions were made, not by when their labels came.
    row("destination_days_since_last_fraud", "days, at most 31", "30 d", "days since the newest redemption with the wallet that is known as a fraud by now; if that one is taken back, since the newest before it", "31", |m| m.days_since(m.history(Destination).and_then(|history| history.fraudulent.at))),
    row("destination_days_since_newest_label", "days, at most 31", "30 d", "days since the newest redemption with the wallet of which any label is known by now", "31", |m| m.days_since(m.history(Destination).and_then(|history| history.labelled.at))),
];

const fn row(
    name: &'static str,
    unit: &'static str,
    window: &'static str,
    meaning: &'static str,
    missing: &'static str,
    value: fn(&Moment<'_>) -> f64,
) -> Feature {
    Feature { name, unit, window, meaning, missing, value }
}

impl<'a> Moment<'a> {
    pub(super) fn new(facts: &'a Facts, histories: [Option<&'a History>; 5], is_whole: bool) -> Moment<'a> {
        let mut moment = Moment { facts, histories, is_whole, sums: Default::default() };
        for entity in Entity::ALL {
            if let Some(history) = moment.history(entity) {
                moment.sums[entity as usize] = [
                    moment.window(&history.minutes, 6),
                    moment.window(&history.hours, 24),
                    moment.window(&history.days, 7),
                    moment.window(&history.days, 30),
                ];
            }
        }
        moment
    }

    fn history(&self, entity: Entity) -> Option<&'a History> {
        self.histories[entity as usize]
    }

    fn dollars(&self) -> f64 {
        self.facts.amount_cents as f64 / 100.0
    }

    fn times(&self, cents: Option<f64>) -> f64 {
        cents.filter(|cents| *cents > 0.0).map_or(1.0, |cents| (self.facts.amount_cents as f64 / cents).min(MOST_TIMES))
    }

    fn to_mean(&self, entity: Entity) -> f64 {
        self.times(self.history(entity).and_then(|history| history.usual.mean()))
    }

    fn to_recent_mean(&self, entity: Entity) -> f64 {
        let sum = self.sum(entity, Month);
        self.times((sum.count > 0.0).then(|| sum.cents / sum.count))
    }

    fn to_largest(&self) -> f64 {
        self.times(self.history(Person).map(|history| history.largest_cents as f64))
    }

    /// Someone who always paid the same is not thought to be exact to the cent.
    fn deviations(&self) -> f64 {
        let usual = self.history(Person).and_then(|history| history.usual.mean().zip(history.usual.deviation()));
        usual.map_or(0.0, |(mean, deviation)| {
            let deviation = deviation.max(mean / 100.0).max(1.0);
            ((self.facts.amount_cents as f64 - mean) / deviation).clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS)
        })
    }

    fn sum(&self, entity: Entity, span: Span) -> Sum {
        self.sums[entity as usize][span as usize]
    }

    fn window<const SECONDS: u32, const KEPT: u32>(&self, buckets: &Buckets<SECONDS, KEPT>, width: u32) -> Sum {
        let now = self.facts.now;
        if self.is_whole { buckets.at_most(now, width) } else { buckets.sum(now, width) }
    }

    fn count(&self, entity: Entity, span: Span) -> f64 {
        self.sum(entity, span).count
    }

    fn amount(&self, entity: Entity, span: Span) -> f64 {
        log(self.sum(entity, span).cents / 100.0)
    }

    fn since(&self, at: Option<Timestamp>) -> f64 {
        log(seconds(at.map_or(NEVER, |at| self.facts.now.since(at))))
    }

    fn since_last(&self, entity: Entity) -> f64 {
        self.since(self.history(entity).map(|history| history.last_at))
    }

    fn age(&self, entity: Entity) -> f64 {
        self.history(entity).map_or(0.0, |history| log(seconds(self.facts.now.since(history.first_at))))
    }

    fn customer_age(&self) -> f64 {
        self.facts.customer.map_or(0.0, |customer| log(seconds(self.facts.now.since(customer.since))))
    }

    fn has(&self, entity: Entity) -> f64 {
        flag(self.facts.entities.key(entity).is_some())
    }

    fn is_new_to_person(&self, entity: Entity) -> f64 {
        let known = self.history(Person).zip(self.facts.entities.key(entity));
        known.map_or(0.0, |(history, key)| flag(!history.knows(entity, &key)))
    }

    fn met(&self, entity: Entity, other: Entity) -> f64 {
        self.history(entity).map_or(0.0, |history| history.met_lately(self.facts.now, other) as f64)
    }

    fn declines(&self, entity: Entity, days: u32) -> f64 {
        self.history(entity).map_or(0.0, |history| self.window(&history.declines, days).count)
    }

    fn frauds(&self, entity: Entity, days: u32) -> f64 {
        self.history(entity).map_or(0.0, |history| self.window(&history.frauds, days).count)
    }

    fn fraud_share(&self, entity: Entity) -> f64 {
        (self.frauds(entity, 30) / self.count(entity, Month).max(1.0)).min(1.0)
    }

    fn unusual(&self, days: u32) -> f64 {
        self.history(Person).map_or(0.0, |history| self.window(&history.unusual, days).count)
    }

    fn unexplained(&self, days: u32) -> f64 {
        self.history(Destination).map_or(0.0, |history| self.window(&history.unexplained, days).count)
    }

    fn share_of_labels(&self, days: u32) -> f64 {
        let labels = self.history(Destination).map_or(0.0, |history| self.window(&history.labels, days).count);
        (self.frauds(Destination, days) / labels.max(1.0)).min(1.0)
    }

    fn days_since_unexplained(&self, which: fn(&Days, Timestamp) -> Option<u32>) -> f64 {
        let days = self.history(Destination).and_then(|history| which(&history.unexplained, self.facts.now));
        f64::from(days.unwrap_or(31))
    }

    /// By the days of the calendar in UTC.
    fn days_since(&self, at: Option<Timestamp>) -> f64 {
        let day = |at: Timestamp| at.unix_seconds() / 86_400;
        at.map_or(31, |at| day(self.facts.now).saturating_sub(day(at)).min(31)) as f64
    }

    fn since_frauds_began(&self) -> f64 {
        let row = self.history(Destination).map(|history| history.streak.now).filter(|row| row.count > 0);
        self.since(row.map(|row| row.since))
    }

    fn differs_from_customer(&self) -> f64 {
        let country = self.facts.customer.and_then(|customer| customer.country);
        country.zip(self.facts.address_country).map_or(0.0, |(one, other)| flag(one != other))
    }

    fn differs_from_last(&self) -> f64 {
        let last = self.history(Person).and_then(|history| history.seen_in);
        last.zip(self.facts.address_country).map_or(0.0, |((last, _), now)| flag(last != now))
    }

    fn since_other_country(&self) -> f64 {
        let known = self.history(Person).zip(self.facts.address_country);
        self.since(known.and_then(|(history, country)| history.was_elsewhere(country)))
    }

    /// 1970-01-01 was a Thursday: days 2 and 3 of each week since then are Saturday and Sunday.
    fn is_weekend(&self) -> f64 {
        flag(matches!(self.facts.now.unix_seconds() / 86_400 % 7, 2 | 3))
    }
}

fn log(value: f64) -> f64 {
    (1.0 + value).log10()
}

fn seconds(span: Millis) -> f64 {
    span.0 as f64 / 1_000.0
}

fn flag(value: bool) -> f64 {
    if value { 1.0 } else { 0.0 }
}
