//! What an operation's module fills in, and the situations that are alike for many operations.

mod bodies;

use causeway_tests::http::Request;
use causeway_tests::partner::{Partner, fresh_key};
use serde_json::{Value, json};

use crate::all::shared::{Stage, server, stage};

pub use bodies::*;

/// One operation with its situations.
pub struct Operation {
    /// As in `openapi.json`.
    pub id: &'static str,
    /// A request that works, without its credential, and what it needs, made anew.
    pub prepare: fn(&Partner) -> Request,
    pub works: Situation,
    pub wrong_credential: Situation,
    pub other_partners_object: Situation,
    pub bad_body: Situation,
    pub repeated_key: Situation,
    pub refused_state: Situation,
}

/// A situation, shown or impossible.
#[derive(Clone, Copy)]
pub enum Situation {
    /// It is shown by this.
    Shown(fn(&Stage, &Operation)),
    /// It cannot come about, for this reason.
    NotApplicable(&'static str),
}

impl Operation {
    /// One that reads an object of the partner's by the id in its path, in whatever state the object is.
    pub const fn reading(
        id: &'static str,
        prepare: fn(&Partner) -> Request,
        works: fn(&Stage, &Operation),
        wrong_credential: fn(&Stage, &Operation),
    ) -> Operation {
        Operation {
            id,
            prepare,
            works: Situation::Shown(works),
            wrong_credential: Situation::Shown(wrong_credential),
            other_partners_object: Situation::Shown(not_found_by_another),
            bad_body: NO_BODY,
            repeated_key: REPEATABLE,
            refused_state: ANY_STATE,
        }
    }

    /// The names of situations that are passed over without a reason.
    pub fn missing(&self) -> Vec<&'static str> {
        let situations = [
            ("works", self.works),
            ("wrong_credential", self.wrong_credential),
            ("other_partners_object", self.other_partners_object),
            ("bad_body", self.bad_body),
            ("repeated_key", self.repeated_key),
            ("refused_state", self.refused_state),
        ];
        let is_missing = |situation: &Situation| match situation {
            Situation::Shown(_) => false,
            Situation::NotApplicable(reason) => reason.len() < 10,
        };
        let missing = situations.iter().filter(|(_, situation)| is_missing(situation));
        missing.map(|(name, _)| *name).collect()
    }

    /// Shows a situation.
    pub fn show(&self, situation: Situation) {
        match situation {
            Situation::Shown(show) => show(stage(), self),
            Situation::NotApplicable(_) => {}
        }
    }
}

/// The six tests of each operation of a module, from its `OPERATIONS`.
macro_rules! six_situations {
    () => {
        six_situations! { works wrong_credential other_partners_object bad_body repeated_key refused_state }
    };
    ($($situation:ident)*) => {
        mod situations {
            $(
                #[test]
                fn $situation() {
                    for operation in super::OPERATIONS {
                        operation.show(operation.$situation);
                    }
                }
            )*
        }
    };
}
pub(crate) use six_situations;

/// A read: for `bad_body`.
pub const NO_BODY: Situation = Situation::NotApplicable("a read has no body");
/// A read: for `repeated_key`.
pub const REPEATABLE: Situation = Situation::NotApplicable("a read is repeatable by itself");
/// For `refused_state`.
pub const ANY_STATE: Situation = Situation::NotApplicable("it reads an object in every state");

/// An endpoint where every attempt fails at once.
pub const NOBODY_LISTENS: &str = "http://127.0.0.1:9/hooks";

/// Lets the partner's events go nowhere.
pub fn unset_webhook(partner: &Partner) {
    let path = format!("/operator/accounts/{}/webhook", partner.account);
    server().operator().done("DELETE", &path, &json!({ "mode": "sandbox" }));
}

/// Sends the operation's request as the partner.
pub fn done(operation: &Operation, partner: &Partner) -> Value {
    let response = partner.send((operation.prepare)(partner));
    assert!(response.status < 300, "{}: {}", operation.id, response.text());
    response.json()
}

/// Every wrong secret key is refused, and after all of them the request still works.
pub fn secret_key(stage: &Stage, operation: &Operation) {
    let alice = &stage.alice;
    let request = (operation.prepare)(alice);
    let missing = alice.send_as_is(&request);
    missing.expect_refusal(401, "missing_key");
    assert_eq!(missing.header("WWW-Authenticate"), Some("Bearer"));
    let unknown = format!("sk_test_{}", "0".repeat(alice.secret.len() - 8));
    for (value, code) in [
        (format!("Bearer {unknown}"), "invalid_key"),
        (format!("Bearer {}x", alice.secret), "invalid_key"),
        (format!("Basic {}", alice.secret), "invalid_key"),
        ("Bearer".to_owned(), "invalid_key"),
        ("Bearer sk_live_of_a_cell_that_does_not_run".to_owned(), "invalid_key"),
        (format!("Bearer {}", alice.publishable), "key_kind_not_allowed"),
    ] {
        let refused = alice.send_as_is(&request.clone().header("Authorization", &value));
        refused.expect_refusal(401, code);
    }
    let twice = request.clone().bearer(&alice.secret).also("Authorization", "Bearer other");
    alice.send_as_is(&twice).expect_refusal(401, "invalid_key");
    let granted = alice.send(request);
    assert!(granted.status < 300, "{}", granted.text());
}

/// The same, and an account without the rails entitlement is refused.
pub fn secret_key_with_rails(stage: &Stage, operation: &Operation) {
    secret_key_with_entitlement(stage, operation);
}

/// The same, and an account without any entitlement is refused.
pub fn secret_key_with_entitlement(stage: &Stage, operation: &Operation) {
    secret_key(stage, operation);
    let request = (operation.prepare)(&stage.alice);
    stage.carol.send(request).expect_refusal(403, "not_entitled");
}

/// Another partner's request for the same object finds nothing, and says the same as for an object that does not exist.
pub fn not_found_by_another(stage: &Stage, operation: &Operation) {
    let request = (operation.prepare)(&stage.alice);
    let foreign = stage.bob.send(request.clone()).expect_refusal(404, "not_found");
    let granted = stage.alice.send(request.clone());
    assert!(granted.status < 300, "{}", granted.text());
    let path = with_another_id(&request.path);
    let absent = Request { path, ..request }.key(&fresh_key());
    let absent = stage.alice.send(absent);
    if absent.status == 404 {
        for name in ["type", "code", "message", "param", "doc_url"] {
            assert_eq!(absent.json()[name], foreign[name], "{name}");
        }
    }
}

/// The path with the id of nothing in place of its own.
fn with_another_id(path: &str) -> String {
    let other = |segment: &str| match segment.rsplit_once('_') {
        Some((prefix, id)) if segment.contains("_test_") => {
            let turned: String = id.chars().rev().collect();
            format!("{prefix}_{turned}")
        }
        _ => segment.to_owned(),
    };
    path.split('/').map(other).collect::<Vec<_>>().join("/")
}

/// The same key gives the first answer again, byte for byte; with the other body it is refused.
pub fn replays(partner: &Partner, operation: &Operation, other: Option<Value>) {
    let key = fresh_key();
    let request = (operation.prepare)(partner).key(&key);
    let first = partner.send(request.clone());
    assert!(first.status < 300, "{}", first.text());
    assert_eq!(first.header("Idempotent-Replayed"), None);
    for _ in 0..2 {
        let again = partner.send(request.clone());
        assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
        assert_eq!((again.status, again.text()), (first.status, first.text()));
        assert_ne!(again.header("X-Request-Id"), first.header("X-Request-Id"));
    }
    if let Some(changes) = other {
        let body = causeway_tests::partner::with(request.body_json(), changes);
        let reused = partner.send(request.json(&body));
        let said = reused.expect_refusal(409, "idempotency_key_reused");
        assert_eq!(said["type"], "idempotency_error");
    }
}

/// A key is required, and must be 1–255 printable ASCII characters.
pub fn requires_a_key(partner: &Partner, operation: &Operation) {
    let request = (operation.prepare)(partner).without("Idempotency-Key");
    let refused = partner.send(request.clone());
    let said = refused.expect_refusal(400, "idempotency_key_required");
    assert_eq!(said["param"], "Idempotency-Key");
    refuses_odd_keys(partner, &request);
}

/// Keys that are none are refused.
pub fn refuses_odd_keys(partner: &Partner, request: &Request) {
    for key in ["", &"k".repeat(256), "caf\u{e9}", "a\tb"] {
        let refused = partner.send(request.clone().key(key));
        refused.expect_refusal(400, "invalid_request");
    }
    let twice = request.clone().key("a").also("Idempotency-Key", "b");
    partner.send(twice).expect_refusal(400, "invalid_request");
}

/// Each query is refused, and the parameter at fault is named.
pub fn refuses_each_query(partner: &Partner, path: &str, wrong: &[(&str, &str)]) {
    for (query, param) in wrong {
        let refused = partner.get(&format!("{path}?{query}")).expect_refusal(400, "invalid_request");
        assert_eq!(refused["param"], *param, "{query}");
    }
}
