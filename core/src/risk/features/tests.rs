use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::risk::history::Past;
use crate::risk::{EntityKey, Label};

const DAY: u64 = 86_400_000;
/// A Wednesday at noon, in UTC.
const NOON: u64 = 20_000 * DAY - 7 * DAY + 12 * 3_600_000;

/// Histories in a map, as a replay has them.
#[derive(Default)]
struct Map(HashMap<(Entity, EntityKey), History>);

impl Histories for Map {
    fn history(&self, entity: Entity, key: EntityKey) -> Option<&History> {
        self.0.get(&(entity, key))
    }

    fn change(&mut self, entity: Entity, key: EntityKey, change: &mut dyn FnMut(&mut History)) {
        change(self.0.entry((entity, key)).or_default());
    }
}

fn facts(at: u64, cents: u64) -> Facts {
    Facts {
        now: Timestamp(at),
        entities: Entities {
            person: [1; 16],
            device: Some([2; 16]),
            network: Some([3; 16]),
            destination: Some([4; 16]),
            partner: [5; 16],
        },
        amount_cents: cents,
        side: Side::OnRamp,
        is_card: true,
        is_hosted: true,
        session_age: Millis::seconds(9),
        quote_age: Millis::seconds(3),
        address_country: Country::parse("DE"),
        address_uses_currency: Some(true),
        customer: None,
        partner_since: Timestamp(0),
    }
}

impl Map {
    fn see(&mut self, facts: &Facts) -> Features {
        let row = features(facts, self);
        count_redemption(facts, usual(facts, self), self);
        row
    }
}

fn assert_near(row: &Features, name: &str, expected: f32) {
    let found = row.named(name);
    assert!((found - expected).abs() < 1e-4, "{name} is {found}, not {expected}");
}

#[test]
fn every_feature_is_named_once_and_documented() {
    let names: BTreeSet<_> = FEATURE_NAMES.iter().collect();
    assert_eq!(names.len(), COUNT);
    for feature in &FEATURES {
        assert!(!feature.unit.is_empty() && !feature.meaning.is_empty(), "{}", feature.name);
    }
}

/// What is said of missing values is what they are.
#[test]
fn a_stranger_has_the_documented_missing_values() {
    let mut stranger = facts(NOON, 10_000);
    let Entities { person, partner, .. } = stranger.entities;
    stranger.entities = Entities { person, device: None, network: None, destination: None, partner };
    (stranger.address_country, stranger.address_uses_currency, stranger.is_hosted) = (None, None, false);
    let row = features(&stranger, &Map::default());
    for (feature, value) in FEATURES.iter().zip(row.0) {
        let number = feature.missing.split(',').next().unwrap();
        let expected = match number.strip_prefix("log10(1 + ") {
            Some(seconds) => (1.0 + seconds.trim_end_matches(')').parse::<f32>().unwrap()).log10(),
            None if number.is_empty() => continue,
            None => number.parse().unwrap(),
        };
        assert!((value - expected).abs() < 1e-5, "{} is {value}, not {expected}", feature.name);
    }
}

#[test]
fn a_redemption_sees_what_came_before_it_and_not_itself() {
    let mut map = Map::default();
    map.see(&facts(NOON, 10_000));
    map.see(&facts(NOON + 600_000, 30_000));
    let row = map.see(&facts(NOON + 1_200_000, 40_000));
    for entity in Entity::ALL {
        for span in ["1h", "24h", "7d", "30d"] {
            assert_near(&row, &format!("{}_count_{span}", entity.word()), 2.0);
            assert_near(&row, &format!("{}_amount_{span}_log10", entity.word()), 401f32.log10());
        }
    }
    assert_near(&row, "amount_to_mean", 2.0);
    assert_near(&row, "amount_to_mean_30d", 2.0);
    assert_near(&row, "amount_deviations", 2.0);
    assert_near(&row, "amount_to_largest", 4.0 / 3.0);
    assert_near(&row, "seconds_since_last_log10", 601f32.log10());
    assert_near(&row, "person_age_log10", 1201f32.log10());
    assert_near(&row, "device_persons_30d", 1.0);
    assert_near(&row, "is_new_device", 0.0);
    assert_near(&row, "hour_of_day", 12.0);
    assert_near(&row, "is_weekend", 0.0);
}

#[test]
fn windows_forget() {
    let mut map = Map::default();
    map.see(&facts(NOON, 10_000));
    let after = |millis| features(&facts(NOON + millis, 10_000), &map);
    assert_near(&after(2 * 3_600_000), "person_count_1h", 0.0);
    assert_near(&after(2 * 3_600_000), "person_count_24h", 1.0);
    assert_near(&after(2 * DAY), "person_count_24h", 0.0);
    assert_near(&after(2 * DAY), "person_count_7d", 1.0);
    // At noon of the seventh day half of the first day is still within the week.
    assert_near(&after(7 * DAY), "person_count_7d", 0.5);
    assert_near(&after(9 * DAY), "person_count_7d", 0.0);
    assert_near(&after(9 * DAY), "person_count_30d", 1.0);
    assert_near(&after(40 * DAY), "person_count_30d", 0.0);
    assert_near(&after(40 * DAY), "is_new_person", 0.0);
}

#[test]
fn strangers_on_a_device_and_new_wallets_are_seen() {
    let mut map = Map::default();
    map.see(&facts(NOON, 10_000));
    let mut other = facts(NOON + 1, 10_000);
    other.entities.person = [9; 16];
    map.see(&other);
    let mut third = facts(NOON + 2, 10_000);
    third.entities.destination = Some([8; 16]);
    let row = features(&third, &map);
    assert_near(&row, "device_persons_30d", 2.0);
    assert_near(&row, "is_new_destination", 1.0);
    assert_near(&row, "is_new_device", 0.0);
    assert_near(&row, "person_destinations_30d", 1.0);
}

#[test]
fn declines_and_labels_come_back() {
    let mut map = Map::default();
    let first = facts(NOON, 10_000);
    map.see(&first);
    count_decline(Timestamp(NOON), &first.entities, 10_000, &mut map);
    for (entity, key) in first.entities.known() {
        let past = Past { at: Timestamp(NOON), cents: 10_000, usual: Usual::Yes };
        map.change(entity, key, &mut |history| history.learned(Timestamp(NOON + DAY), past, None, Some(Label::Fraud)));
    }
    let row = features(&facts(NOON + DAY, 10_000), &map);
    assert_near(&row, "person_declines_24h", 0.5);
    assert_near(&row, "destination_declines_30d", 1.0);
    assert_near(&row, "destination_frauds_7d", 1.0);
    assert_near(&row, "destination_fraud_share_30d", 1.0);
    assert_near(&row, "destination_unexplained_frauds_7d", 1.0);
    assert_near(&row, "destination_days_since_first_unexplained_fraud", 0.0);
    assert_near(&row, "destination_frauds_in_a_row", 1.0);
    assert_near(&row, "destination_days_since_last_fraud", 1.0);
    assert_near(&row, "destination_days_since_newest_label", 1.0);
    let later = features(&facts(NOON + 90 * DAY, 10_000), &map);
    assert_near(&later, "destination_days_since_last_fraud", 31.0);
    assert_near(&row, "destination_fraud_share_of_labels_7d", 1.0);
    assert_near(&row, "amount_to_mean", 1.0);
}

/// Who always paid little and now pays much is unusual at first, and then that is usual.
#[test]
fn a_habit_may_change() {
    let mut map = Map::default();
    let seen: Vec<Usual> = (0..10)
        .map(|day| {
            let facts = facts(NOON + day * 60_000, if day < 3 { 10_000 } else { 100_000 });
            let found = usual(&facts, &map);
            map.see(&facts);
            found
        })
        .collect();
    assert_eq!(seen[..6], [Usual::Yes, Usual::Yes, Usual::Yes, Usual::No, Usual::No, Usual::No]);
    assert_eq!(seen[6], Usual::Habit);
    assert_eq!(seen[9], Usual::Yes, "by now it is what is usual");
}

#[test]
fn a_journey_that_nobody_makes_is_seen() {
    let mut map = Map::default();
    map.see(&facts(NOON, 10_000));
    let mut abroad = facts(NOON + 3_600_000, 10_000);
    abroad.address_country = Country::parse("BR");
    abroad.address_uses_currency = Some(false);
    let since = Timestamp(NOON);
    abroad.customer = Some(KnownCustomer { since, country: Country::parse("DE"), uses_currency: Some(true) });
    let row = features(&abroad, &map);
    assert_near(&row, "country_differs_from_last", 1.0);
    assert_near(&row, "seconds_since_other_country_log10", 3601f32.log10());
    assert_near(&row, "country_differs_from_customer", 1.0);
    assert_near(&row, "country_without_currency", 1.0);
    assert_near(&row, "customer_age_log10", 3601f32.log10());
}
