//! The facts themselves: how each is looked up again, and what it implies.

use std::collections::{BTreeMap, BTreeSet};

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner};
use causeway_tests::random::Random;
use causeway_tests::told::Expected;
use serde_json::Value;

/// Facts of earlier times that are looked at after each start, beside all recent ones.
const SAMPLE: u64 = 150;

#[derive(Default)]
pub struct Facts {
    pub sessions: BTreeMap<String, Session>,
    pub payments: BTreeMap<String, Payment>,
    /// Whether it was said to be consumed.
    pub quotes: BTreeMap<String, bool>,
    /// Granted writes with their answers.
    pub writes: Vec<(Request, String)>,
    /// What was heard since the last look.
    pub recent: BTreeSet<Name>,
}

pub struct Session {
    amount: String,
    status: String,
}

pub struct Payment {
    kind: Kind,
    pub status: String,
    failure: String,
    quote: String,
    session: String,
    pub fiat_amount: String,
}

/// What a fact is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Session(String),
    Payment(String),
    Quote(String),
}

impl Facts {
    /// Notes a session; one that ended stays as it ended.
    pub fn session(&mut self, id: String, told: &Value) {
        let now = Session { amount: text(&told["amount"]), status: text(&told["status"]) };
        if let Some(known) = self.sessions.get(&id) {
            assert_eq!(known.amount, now.amount, "{id}");
            assert!(known.status == "open" || known.status == now.status, "{id} was {}: {told}", known.status);
        }
        self.sessions.insert(id, now);
    }

    /// Notes a payment; one that ended stays as it ended.
    pub fn payment(&mut self, id: String, told: &Value) {
        let now = Payment {
            kind: if told["kind"] == "pay_in" { Kind::PayIn } else { Kind::PayOut },
            status: text(&told["status"]),
            failure: told["failure_code"].as_str().unwrap_or_default().to_owned(),
            quote: text(&told["quote_id"]),
            session: text(&told["session_id"]),
            fiat_amount: text(&told["fiat_amount"]),
        };
        if let Some(known) = self.payments.get(&id) {
            let same =
                (&known.quote, &known.session, &known.fiat_amount) == (&now.quote, &now.session, &now.fiat_amount);
            assert!(same, "{id} is another one: {told}");
            // An older answer may be noted after a newer one: it was sent earlier.
            if known.status != "processing" && now.status == "processing" {
                return;
            }
            assert!(known.status == "processing" || known.status == now.status, "{id} was {}: {told}", known.status);
        }
        self.payments.insert(id, now);
    }

    /// Looks a fact up again.
    pub fn check(&mut self, partner: &Partner, name: &Name) {
        match name {
            Name::Session(id) => {
                let now = partner.get(&format!("/v1/gate_sessions/{id}")).expect(200);
                self.session(id.clone(), &now);
            }
            Name::Payment(id) => {
                let known = &self.payments[id];
                let now = partner.get(&format!("{}/{id}", known.kind.path())).expect(200);
                let taken_back = known.status != "processing" && now["status"] == "processing";
                assert!(!taken_back, "{id} was {}: {now}", known.status);
                self.payment(id.clone(), &now);
            }
            Name::Quote(id) => {
                let now = partner.get(&format!("/v1/quotes/{id}")).expect(200);
                let consumed = now["status"] == "consumed";
                assert!(consumed || !self.quotes[id], "it was said to be consumed: {now}");
                assert_eq!(consumed, now["consumed_by"].is_string(), "{now}");
            }
        }
    }

    /// Every fact.
    pub fn names(&self) -> Vec<Name> {
        let sessions = self.sessions.keys().cloned().map(Name::Session);
        let payments = self.payments.keys().cloned().map(Name::Payment);
        let quotes = self.quotes.keys().cloned().map(Name::Quote);
        sessions.chain(payments).chain(quotes).collect()
    }

    /// Some facts of any age.
    pub fn sample(&self, random: &mut Random) -> Vec<Name> {
        let names = self.names();
        let draws = if names.is_empty() { 0 } else { SAMPLE };
        (0..draws).map(|_| random.pick(&names).clone()).collect()
    }

    /// What follows for the receiver, once everything has come to rest.
    pub fn expected(&self) -> BTreeMap<String, Expected> {
        let sessions = self.sessions.iter().map(|(id, session)| (id.clone(), session.told()));
        let mut expected: BTreeMap<String, Expected> = sessions.collect();
        for (id, payment) in &self.payments {
            let session =
                expected.get_mut(&payment.session).unwrap_or_else(|| panic!("{} is not known", payment.session));
            assert!(session.payment.is_empty(), "{} has two payments", payment.session);
            session.payment = id.clone();
            session.types.splice(1..1, payment.told());
        }
        expected
    }
}

impl Session {
    /// Without a payment: what that adds goes between beginning and end.
    fn told(&self) -> Expected {
        let mut types = vec!["gate_session.created".to_owned()];
        if self.status == "cancelled" {
            types.push("gate_session.cancelled".to_owned());
        }
        Expected { types, payment: String::new() }
    }
}

impl Payment {
    /// How the rail's last attempt must have ended; none when no rail was asked.
    pub fn last_attempt(&self) -> Option<&'static str> {
        match (self.status.as_str(), self.failure.as_str()) {
            ("settled", _) => Some("settled"),
            ("cancelled", _) => Some("cancelled"),
            ("failed", "no_route") => Some("soft_failed"),
            ("failed", "risk_declined") => None,
            other => panic!("a payment came to rest as {other:?}"),
        }
    }

    /// The types of the events from its redemption to its end.
    fn told(&self) -> Vec<String> {
        let rail = |status: &str| format!("rail.{}.{status}", self.kind.word());
        let session = |status: &str| format!("gate_session.{status}");
        let mut told = vec!["quote.consumed".to_owned()];
        if self.last_attempt().is_some() {
            told.extend([rail("processing"), session("processing")]);
        }
        let end = if self.status == "settled" { "completed" } else { "failed" };
        told.extend([rail(&self.status), session(end)]);
        told
    }
}

/// The text of an id, status or amount.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}
