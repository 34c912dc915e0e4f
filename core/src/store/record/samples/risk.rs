//! What risk knew, said and was told.

use super::*;
use crate::receipt::Receipt;
use crate::risk::features::{COUNT, place};
use crate::risk::history::{Amounts, Link, Usual};
use crate::risk::plan::{By, Canary};
use crate::risk::policy::{Bound, Condition, List, ListAction, Rule};
use crate::risk::streak::{Newest, Row, Streak};
use crate::risk::window::{Bucket, Buckets};
use crate::risk::{Arm, Country, Decider, Device, Entities, Entity, Features, History, Label, Labelled, LateBlock};
use crate::risk::{ModelId, ModelPlan, ModelStep, Person, Policied, Risk, RiskPolicy, Said, Verdict, Word};
use crate::routing::Candidate;

pub fn receipt(decider: Decider) -> Receipt {
    let mut features = Features([0.0; COUNT]);
    for (place, value) in [(0, 2.04), (1, 1.0), (47, 6.41), (COUNT - 1, 1.3)] {
        features.0[place] = value;
    }
    let candidate =
        |corridor: &str, score, probability| Candidate { corridor: corridor.to_owned(), score, probability };
    Receipt {
        payment: PAYMENT,
        account: ACCOUNT,
        at: at(2_500),
        batch: 1_234_567,
        entities: Entities {
            person: [0xa1; 16],
            device: Some([0xd1; 16]),
            network: None,
            destination: Some([0xe1; 16]),
            partner: ACCOUNT.into(),
        },
        amount_cents: 10_865,
        usual: Usual::Habit,
        features,
        device: Some(device()),
        arm: Arm::Canary,
        risk: Risk { score: 0.031, verdict: Verdict::Approve, decider },
        applied: Verdict::StepUp,
        candidates: vec![candidate("sepa-instant-eu", 0.93, 1.0), candidate("sepa-eu", 0.62, 0.0)],
        policied: Policied {
            version: 3,
            fired: vec!["stolen-phones".to_owned(), "often".to_owned()],
            late: Some(LateBlock { version: 4, lists: vec!["mules".to_owned()] }),
        },
    }
}

pub fn model_plan() -> ModelPlan {
    let id = |version| ModelId { name: "baseline".to_owned(), version };
    let mut plan = ModelPlan::default();
    for version in 1..=5 {
        plan.step(&ModelStep::Register(id(version), [version as u8; 32]), at(0)).expect("there is room");
    }
    let canary = Canary { share: 50, by: By::Accounts };
    let promote = |version| ModelStep::Promote(id(version));
    for step in [promote(1), promote(2), ModelStep::Canary(id(3), canary), ModelStep::Shadow(id(4))] {
        plan.step(&step, at(1_000)).expect("the step is legal");
    }
    plan
}

pub fn device() -> Device {
    Device {
        fingerprint: Some([0xd1; 16]),
        time_zone: Some("Europe/Berlin".to_owned()),
        language: Some("de-DE".to_owned()),
        screen: None,
    }
}

pub fn model() -> Decider {
    Decider::Model { name: "fraud-trees".to_owned(), version: "2026.1".to_owned() }
}

fn named(feature: &str) -> usize {
    place(feature).unwrap()
}

pub fn person() -> Person {
    Person { said: Some(Said { word: Word::Refused, at: at(1_200) }) }
}

pub fn history() -> History {
    let bucket = |number, count, cents| Bucket { number, count, cents };
    History {
        first_at: at(0),
        last_at: at(2_500),
        count: 12,
        usual: Amounts { count: 11, cents: 130_435, squares: 1_546_666_111 },
        largest_cents: 25_000,
        minutes: Buckets(vec![bucket(2_945_376, 1, 10_865)]),
        hours: Buckets(vec![bucket(490_895, 2, 300), bucket(490_896, 1, 10_865)]),
        days: Buckets(vec![bucket(20_454, 3, 11_165)]),
        unusual: Buckets(vec![bucket(20_440, 1, 25_000)]),
        declines: Buckets::default(),
        labels: Buckets(vec![bucket(20_450, 2, 25_100)]),
        frauds: Buckets(vec![bucket(20_450, 1, 25_000)]),
        unexplained: Buckets::default(),
        streak: Streak {
            now: Row { after: Some(at(0)), ends: 2, count: 1, since: at(9_000) },
            before: Row { after: None, ends: 0, count: 3, since: at(0) },
        },
        legitimate: Newest { at: Some(at(0)), before: None },
        fraudulent: Newest { at: Some(at(2_500)), before: Some(at(0)) },
        labelled: Newest { at: Some(at(2_500)), before: Some(at(1_200)) },
        links: vec![Link { entity: Entity::Device, mark: 0xd1d1_d1d1_d1d1_d1d1, day: 20_454 }],
        seen_in: Some((Country(*b"DE"), at(2_500))),
        seen_elsewhere: Some((Country(*b"FR"), at(0))),
    }
}

pub fn labelled() -> Labelled {
    Labelled { label: Label::Fraud, at: at(9_000) }
}

/// A rule of everything, one of little, and a list.
pub fn policy() -> RiskPolicy {
    let plain = Rule {
        name: "often".to_owned(),
        accounts: Vec::new(),
        sides: Vec::new(),
        methods: Vec::new(),
        currencies: Vec::new(),
        when: vec![Condition { feature: named("person_count_24h"), bound: Bound::AtLeast(20.0) }],
        verdict: Verdict::Review,
    };
    let scoped = Rule {
        name: "small by card".to_owned(),
        accounts: vec![ACCOUNT],
        sides: vec![Side::OffRamp],
        methods: vec!["card".to_owned()],
        currencies: vec![Currency::parse("EUR").unwrap()],
        when: vec![Condition { feature: named("amount_usd_log10"), bound: Bound::AtMost(0.5) }],
        verdict: Verdict::StepUp,
    };
    let list = List::new("stolen-phones".to_owned(), ListAction::Block, Entity::Device, vec![[0xd1; 16]]);
    let (rules, lists) = (vec![plain, scoped], vec![list]);
    RiskPolicy { version: 3, set_at: at(2_500), file: Some([0x6f; 16]), rules, lists }
}
