//! Features computed from the plain list of everything that anybody ever did, one by one by their names.

use std::sync::Arc;

use crate::customer::Customer;
use crate::id::PaymentId;
use crate::risk::history::Usual;
use crate::risk::{Country, Entity, FEATURE_NAMES, Features, Label};
use crate::session::Session;
use crate::terms::Side;
use crate::time::Timestamp;

use super::Oracle;
use super::risk::{Being, DAY, Scene, Visit};

impl Oracle {
    /// The features of a redemption, one by one by their names.
    pub(super) fn features(&self, scene: &Scene<'_>) -> Features {
        let mut row = [0.0; FEATURE_NAMES.len()];
        for (place, name) in row.iter_mut().zip(FEATURE_NAMES) {
            *place = self.windowed(scene, name).unwrap_or_else(|| self.feature(scene, name)) as f32;
        }
        Features(row)
    }

    /// `<entity>_count_<span>` and `<entity>_amount_<span>_log10`.
    fn windowed(&self, scene: &Scene<'_>, name: &str) -> Option<f64> {
        let (entity, rest) = name.split_once('_')?;
        let past = self.past_of(scene, Entity::parse(entity)?);
        let (of_cents, span) = match rest.strip_prefix("count_") {
            Some(span) => (false, span),
            None => (true, rest.strip_prefix("amount_")?.strip_suffix("_log10")?),
        };
        let (width, number) = match span {
            "1h" => (600_000, 6),
            "24h" => (3_600_000, 24),
            "7d" => (DAY, 7),
            "30d" => (DAY, 30),
            _ => return None,
        };
        let value = |visit: &&Visit| (visit.at, if of_cents { visit.cents } else { 1 });
        let sum = estimate(past.iter().map(value), (self.now(), scene.is_whole), width, number);
        Some(if of_cents { plus_one(sum / 100.0) } else { sum })
    }

    fn feature(&self, scene: &Scene<'_>, name: &str) -> f64 {
        let past = |entity| self.past_of(scene, entity);
        let dollars = scene.visit.cents as f64 / 100.0;
        let now = self.now();
        let hour = now.0 / 3_600_000 % 24;
        match name {
            "amount_usd_log10" => plus_one(dollars),
            "amount_to_mean" => self.to_mean(scene, Entity::Person),
            "amount_to_destination_mean" => self.to_mean(scene, Entity::Destination),
            "amount_to_partner_mean" => self.to_mean(scene, Entity::Partner),
            "amount_deviations" => self.deviations(scene),
            "amount_to_largest" => {
                over(scene.visit.cents, past(Entity::Person).iter().map(|visit| visit.cents as f64).fold(0.0, f64::max))
            }
            "amount_to_mean_30d" => {
                let past = past(Entity::Person);
                let count = estimate(past.iter().map(|visit| (visit.at, 1)), (now, scene.is_whole), DAY, 30);
                let cents = estimate(past.iter().map(|visit| (visit.at, visit.cents)), (now, scene.is_whole), DAY, 30);
                over(scene.visit.cents, if count > 0.0 { cents / count } else { 0.0 })
            }
            "hour_of_day" => hour as f64,
            "is_night" => flag(!(6..22).contains(&hour)),
            // The first day of 1970 was a Thursday.
            "is_weekend" => flag([2, 3].contains(&(now.0 / DAY % 7))),
            "is_pay_out" => flag(scene.quote.terms.side == Side::OffRamp),
            "is_card" => flag(scene.quote.terms.payment_method == "card"),
            "is_hosted" => flag(scene.is_hosted),
            "session_age_log10" => since(now, scene.session.created_at),
            "quote_age_seconds" => (now.0 - scene.quote.created_at.0) as f64 / 1_000.0,
            _ => self.feature_of_histories(scene, name),
        }
    }

    fn feature_of_histories(&self, scene: &Scene<'_>, name: &str) -> f64 {
        let now = self.now();
        let past = |entity| self.past_of(scene, entity);
        let last = |entity| past(entity).last().map_or(plus_one(30.0 * 86_400.0), |visit| since(now, visit.at));
        let first = |entity| past(entity).first().map_or(0.0, |visit| since(now, visit.at));
        let has = |entity| flag(self.being(scene, entity).is_some());
        match name {
            "seconds_since_last_log10" => last(Entity::Person),
            "device_seconds_since_last_log10" => last(Entity::Device),
            "network_seconds_since_last_log10" => last(Entity::Network),
            "destination_seconds_since_last_log10" => last(Entity::Destination),
            "person_age_log10" => first(Entity::Person),
            "device_age_log10" => first(Entity::Device),
            "destination_age_log10" => first(Entity::Destination),
            "partner_age_log10" => {
                self.accounts.get(&scene.session.account).map_or(0.0, |one| since(now, one.created_at))
            }
            "is_new_person" => flag(past(Entity::Person).is_empty()),
            "is_new_device" => self.is_new(scene, Entity::Device),
            "is_new_network" => self.is_new(scene, Entity::Network),
            "is_new_destination" => self.is_new(scene, Entity::Destination),
            "person_devices_30d" => self.met(scene, Entity::Person, Entity::Device),
            "person_networks_30d" => self.met(scene, Entity::Person, Entity::Network),
            "person_destinations_30d" => self.met(scene, Entity::Person, Entity::Destination),
            "device_persons_30d" => self.met(scene, Entity::Device, Entity::Person),
            "network_persons_30d" => self.met(scene, Entity::Network, Entity::Person),
            "destination_persons_30d" => self.met(scene, Entity::Destination, Entity::Person),
            "has_device" => has(Entity::Device),
            "has_network" => has(Entity::Network),
            "has_destination" => has(Entity::Destination),
            _ => self.feature_of_marks(scene, name),
        }
    }

    /// What is known against somebody, and where that is.
    fn feature_of_marks(&self, scene: &Scene<'_>, name: &str) -> f64 {
        let declines =
            |entity, days| estimate(self.declines_of(scene, entity), (self.now(), scene.is_whole), DAY, days);
        let frauds = |entity, days| estimate(self.frauds_of(scene, entity), (self.now(), scene.is_whole), DAY, days);
        let share = |entity| {
            let past = self.past_of(scene, entity);
            let count = estimate(past.iter().map(|visit| (visit.at, 1)), (self.now(), scene.is_whole), DAY, 30);
            (frauds(entity, 30) / count.max(1.0)).min(1.0)
        };
        match name {
            "person_declines_24h" => declines(Entity::Person, 1),
            "person_declines_30d" => declines(Entity::Person, 30),
            "device_declines_30d" => declines(Entity::Device, 30),
            "network_declines_30d" => declines(Entity::Network, 30),
            "destination_declines_30d" => declines(Entity::Destination, 30),
            "person_frauds_7d" => frauds(Entity::Person, 7),
            "person_frauds_30d" => frauds(Entity::Person, 30),
            "device_frauds_30d" => frauds(Entity::Device, 30),
            "network_frauds_30d" => frauds(Entity::Network, 30),
            "person_unusual_7d" => self.unusual(scene, 7),
            "person_unusual_14d" => self.unusual(scene, 14),
            "person_unusual_30d" => self.unusual(scene, 30),
            "destination_frauds_3d" => frauds(Entity::Destination, 3),
            "destination_frauds_21d" => frauds(Entity::Destination, 21),
            "destination_frauds_7d" => frauds(Entity::Destination, 7),
            "destination_frauds_14d" => frauds(Entity::Destination, 14),
            "destination_frauds_30d" => frauds(Entity::Destination, 30),
            "destination_fraud_share_30d" => share(Entity::Destination),
            "partner_fraud_share_30d" => share(Entity::Partner),
            _ => self.feature_of_labels(scene, name),
        }
    }

    /// What became known of redemptions with the wallet.
    fn feature_of_labels(&self, scene: &Scene<'_>, name: &str) -> f64 {
        let (now, wallet) = (self.now(), self.being(scene, Entity::Destination));
        let frauds: Vec<_> = self.frauds_of(scene, Entity::Destination).collect();
        let unexplained = self.unexplained_of(scene);
        let share = |days| {
            let labels = self.labels_of(scene).into_iter().map(|(_, _, at)| (at, 1));
            let labels = estimate(labels, (now, scene.is_whole), DAY, days);
            (estimate(frauds.iter().copied(), (now, scene.is_whole), DAY, days) / labels.max(1.0)).min(1.0)
        };
        let recent = |days| estimate(unexplained.iter().map(|at| (*at, 1)), (now, scene.is_whole), DAY, days);
        let ages = || unexplained.iter().map(|at| now.0 / DAY - at.0 / DAY).filter(|age| *age < 31);
        let never = plus_one(30.0 * 86_400.0);
        let days_since =
            |newest: &[Timestamp]| newest.first().map_or(31, |at| (now.0 / DAY - at.0 / DAY).min(31)) as f64;
        match name {
            "destination_fraud_share_of_labels_7d" => share(7),
            "destination_fraud_share_of_labels_14d" => share(14),
            "destination_fraud_share_of_labels_30d" => share(30),
            "destination_unexplained_frauds_3d" => recent(3),
            "destination_unexplained_frauds_7d" => recent(7),
            "destination_unexplained_frauds_14d" => recent(14),
            "destination_unexplained_frauds_30d" => recent(30),
            "destination_days_since_first_unexplained_fraud" => ages().max().unwrap_or(31) as f64,
            "destination_days_since_last_unexplained_fraud" => ages().min().unwrap_or(31) as f64,
            "destination_days_since_last_fraud" => days_since(&self.newest(wallet, |label| label == Label::Fraud)),
            "destination_days_since_newest_label" => days_since(&self.newest(wallet, |_| true)),
            "destination_frauds_in_a_row" => self.rows(wallet).0.frauds.len() as f64,
            "destination_seconds_since_frauds_began_log10" => {
                self.rows(wallet).0.since.map_or(never, |at| since(now, at))
            }
            "destination_seconds_since_legitimate_log10" => {
                self.newest(wallet, |label| label == Label::Honest).first().map_or(never, |at| since(now, *at))
            }
            _ => self.feature_of_places(scene, name),
        }
    }

    fn unusual(&self, scene: &Scene<'_>, days: u64) -> f64 {
        let past = self.past_of(scene, Entity::Person);
        let odd = past.iter().filter(|visit| visit.usual != Usual::Yes).map(|visit| (visit.at, 1));
        estimate(odd, (self.now(), scene.is_whole), DAY, days)
    }

    /// What is known of redemptions with the wallet: payment, label, since when.
    fn labels_of(&self, scene: &Scene<'_>) -> Vec<(PaymentId, Label, Timestamp)> {
        let being = self.being(scene, Entity::Destination);
        let known = self.labels.iter().map(|(payment, (label, at))| (*payment, *label, *at));
        known.filter(|(payment, _, _)| self.concerns(*payment, being)).collect()
    }

    fn unexplained_of(&self, scene: &Scene<'_>) -> Vec<Timestamp> {
        let frauds = self.labels_of(scene).into_iter().filter(|(_, label, _)| *label == Label::Fraud);
        frauds.filter(|(payment, _, _)| self.was_usual(*payment)).map(|(_, _, at)| at).collect()
    }

    /// Whether a payment's amount was usual.
    pub(super) fn was_usual(&self, payment: PaymentId) -> bool {
        self.visits.iter().any(|visit| visit.payment == payment && visit.usual == Usual::Yes)
    }

    fn feature_of_places(&self, scene: &Scene<'_>, name: &str) -> f64 {
        let (now, currency) = (self.now(), scene.quote.terms.currency);
        let customer = self.customer_of(scene.session);
        let home = customer.and_then(|one| Country::parse(one.terms.country_code.as_deref()?));
        let here = scene.visit.country;
        let is_foreign = |country: Option<Country>| {
            let users = self.settings.currency_countries.get(&currency);
            flag(country.zip(users).is_some_and(|(country, users)| !users.contains(&country)))
        };
        let past = self.past_of(scene, Entity::Person);
        let places = past.iter().filter_map(|visit| visit.country.map(|country| (country, visit.at)));
        let places: Vec<_> = places.collect();
        match name {
            "has_customer" => flag(customer.is_some()),
            "customer_age_log10" => customer.map_or(0.0, |one| since(now, one.facts.created_at)),
            "country_differs_from_customer" => flag(home.zip(here).is_some_and(|(home, here)| home != here)),
            "country_without_currency" => is_foreign(here),
            "customer_country_without_currency" => is_foreign(home),
            "country_differs_from_last" => flag(here.zip(places.last()).is_some_and(|(here, (last, _))| here != *last)),
            "seconds_since_other_country_log10" => {
                // Only the last country and the last one before it that was another are remembered.
                let last = places.last().map(|(country, _)| *country);
                let other = places.iter().rev().find(|(country, _)| Some(*country) != last);
                let known = places.last().into_iter().chain(other);
                let elsewhere = here.and_then(|here| known.into_iter().find(|(country, _)| *country != here));
                elsewhere.map_or(plus_one(30.0 * 86_400.0), |(_, at)| since(now, *at))
            }
            _ => panic!("the oracle does not know the feature {name}"),
        }
    }

    fn customer_of(&self, session: &Session) -> Option<&Customer> {
        let may = self.accounts.get(&session.account).is_some_and(|account| account.entitlements.customers);
        let name = session.terms.user_reference.as_ref().filter(|_| may)?;
        let named =
            |one: &&Arc<Customer>| one.facts.account == session.account && one.terms.external_id.as_ref() == Some(name);
        self.customers.values().find(named).map(|one| &**one)
    }

    /// What the being of this kind did before.
    fn past_of(&self, scene: &Scene<'_>, entity: Entity) -> Vec<&Visit> {
        let Some(being) = self.being(scene, entity) else { return Vec::new() };
        self.visits.iter().filter(|visit| visit.beings.contains(being)).collect()
    }

    fn being<'a>(&self, scene: &'a Scene<'_>, entity: Entity) -> Option<&'a Being> {
        scene.visit.beings.iter().find(|being| being.entity() == entity)
    }

    /// Whether it tells what is usual: an operator's word comes before its amount.
    pub(super) fn tells(&self, visit: &Visit) -> bool {
        match self.labels.get(&visit.payment) {
            Some((Label::Fraud, _)) => false,
            Some((Label::Honest, _)) => true,
            None => visit.usual != Usual::No,
        }
    }

    /// Amounts above three times what is usual are not, unless at least half of four or more of the last thirty days were not.
    pub(super) fn usual(&self, scene: &Scene<'_>) -> Usual {
        let past = self.past_of(scene, Entity::Person);
        let usual: Vec<f64> = past.iter().filter(|visit| self.tells(visit)).map(|visit| visit.cents as f64).collect();
        let mean = usual.iter().sum::<f64>() / usual.len().max(1) as f64;
        if mean == 0.0 || scene.visit.cents as f64 <= 3.0 * mean {
            return Usual::Yes;
        }
        let all = estimate(past.iter().map(|visit| (visit.at, 1)), (self.now(), scene.is_whole), DAY, 30);
        let odd = past.iter().filter(|visit| visit.usual != Usual::Yes).map(|visit| (visit.at, 1));
        let odd = estimate(odd, (self.now(), scene.is_whole), DAY, 30);
        if all >= 4.0 && odd * 2.0 >= all { Usual::Habit } else { Usual::No }
    }

    fn to_mean(&self, scene: &Scene<'_>, entity: Entity) -> f64 {
        let past = self.past_of(scene, entity);
        let honest: Vec<f64> = past.iter().filter(|visit| self.tells(visit)).map(|visit| visit.cents as f64).collect();
        over(scene.visit.cents, honest.iter().sum::<f64>() / honest.len().max(1) as f64)
    }

    fn deviations(&self, scene: &Scene<'_>) -> f64 {
        let past = self.past_of(scene, Entity::Person);
        let honest: Vec<f64> = past.iter().filter(|visit| self.tells(visit)).map(|visit| visit.cents as f64).collect();
        let mean = honest.iter().sum::<f64>() / honest.len().max(1) as f64;
        if honest.len() < 2 || mean == 0.0 {
            return 0.0;
        }
        let square = honest.iter().map(|cents| (cents - mean).powi(2)).sum::<f64>() / honest.len() as f64;
        let deviation = square.sqrt().max(mean / 100.0).max(1.0);
        ((scene.visit.cents as f64 - mean) / deviation).clamp(-20.0, 20.0)
    }

    /// The last sixteen of a kind that a being was seen with, and when each was last.
    fn companions(&self, past: &[&Visit], other: Entity) -> Vec<(Being, Timestamp)> {
        let mut seen: Vec<(Being, Timestamp)> = Vec::new();
        for visit in past {
            for being in visit.beings.iter().filter(|being| being.entity() == other) {
                seen.retain(|(known, _)| known != being);
                seen.push((being.clone(), visit.at));
            }
        }
        seen.split_off(seen.len().saturating_sub(16))
    }

    fn is_new(&self, scene: &Scene<'_>, other: Entity) -> f64 {
        let past = self.past_of(scene, Entity::Person);
        let Some(being) = self.being(scene, other).filter(|_| !past.is_empty()) else { return 0.0 };
        flag(self.companions(&past, other).iter().all(|(known, _)| known != being))
    }

    fn met(&self, scene: &Scene<'_>, entity: Entity, other: Entity) -> f64 {
        let past = self.past_of(scene, entity);
        let today = self.now().0 / DAY;
        self.companions(&past, other).iter().filter(|(_, at)| at.0 / DAY + 30 > today).count() as f64
    }

    fn declines_of(&self, scene: &Scene<'_>, entity: Entity) -> impl Iterator<Item = (Timestamp, u64)> {
        let being = self.being(scene, entity).cloned();
        let concerns = move |payment: &PaymentId| self.concerns(*payment, being.as_ref());
        self.declines.iter().filter(move |(payment, _)| concerns(payment)).map(|(_, at)| (*at, 1))
    }

    fn frauds_of(&self, scene: &Scene<'_>, entity: Entity) -> impl Iterator<Item = (Timestamp, u64)> {
        let being = self.being(scene, entity).cloned();
        let frauds = self.labels.iter().filter(|(_, (label, _))| *label == Label::Fraud);
        frauds.filter(move |(payment, _)| self.concerns(**payment, being.as_ref())).map(|(_, (_, at))| (*at, 1))
    }
}

/// What happened in the last `number` buckets of `width`, and the share that is still covered of the one before them; for rules
/// all of that.
fn estimate(
    happened: impl Iterator<Item = (Timestamp, u64)>,
    (now, is_whole): (Timestamp, bool),
    width: u64,
    number: u64,
) -> f64 {
    let covered = if is_whole { 1.0 } else { (width - now.0 % width) as f64 / width as f64 };
    let weight = |at: Timestamp| match now.0 / width - at.0 / width {
        age if age < number => 1.0,
        age if age == number => covered,
        _ => 0.0,
    };
    happened.map(|(at, value)| value as f64 * weight(at)).sum()
}

fn over(cents: u64, usual: f64) -> f64 {
    if usual > 0.0 { (cents as f64 / usual).min(100.0) } else { 1.0 }
}

fn since(now: Timestamp, at: Timestamp) -> f64 {
    plus_one(now.0.saturating_sub(at.0) as f64 / 1_000.0)
}

fn plus_one(value: f64) -> f64 {
    (1.0 + value).log10()
}

fn flag(value: bool) -> f64 {
    if value { 1.0 } else { 0.0 }
}
