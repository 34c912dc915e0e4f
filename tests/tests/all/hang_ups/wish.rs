//! What clients want when they hang up, and how it is found out whether they got it.

use std::collections::BTreeMap;

use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner, customer_body, lock_body, session_body, with};
use causeway_tests::random::Random;
use causeway_tests::told::Expected;
use serde_json::{Value, json};

/// A request under a key of its own, and the objects that were made for it.
pub struct Wish {
    what: What,
    /// By which its session or customer is found again.
    name: String,
    /// The request.
    pub request: Request,
    /// Whether its client asked again.
    pub insistence: Insistence,
    /// The quote of a movement, the customer of a deletion.
    of: Value,
}

/// Whether a client asked again, until it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insistence {
    None,
    /// It did, and heard whether the request had been done before.
    Heard {
        was_done: bool,
    },
}

#[derive(Clone, Copy, Debug)]
enum What {
    Session,
    SessionWithPackage,
    Cancellation,
    Quote,
    Movement(Kind),
    Customer,
    CustomersChange,
    CustomersEnd,
}

const ALL: [What; 9] = [
    What::Session,
    What::SessionWithPackage,
    What::Cancellation,
    What::Quote,
    What::Movement(Kind::PayIn),
    What::Movement(Kind::PayOut),
    What::Customer,
    What::CustomersChange,
    What::CustomersEnd,
];

/// What the lists have, by name; what a wish explains is taken out.
pub struct Lists {
    pub sessions: BTreeMap<String, Value>,
    pub customers: BTreeMap<String, Value>,
    /// By their sessions.
    pub transactions: BTreeMap<String, Value>,
}

/// What a wish came to.
#[derive(Default)]
pub struct Found {
    /// Whether it can be seen that it was done.
    pub is_done: bool,
    /// Whose events are expected, and which.
    pub told: Option<(String, Expected)>,
}

impl Wish {
    /// Makes what the request needs, with `number` in its name.
    pub fn prepare(partner: &Partner, number: u64, random: &mut Random) -> Wish {
        let name = format!("wish {number}");
        let what = *random.pick(&ALL);
        let session = |kind: Kind| {
            let body = session_body(kind, kind.session_amount("20.00"));
            with(body, json!({ "metadata": { "wish": name } }))
        };
        let customer = || with(customer_body(), json!({ "external_id": name }));
        let text = |object: &Value| object["id"].as_str().unwrap().to_owned();
        let mut of = Value::Null;
        let request = match what {
            What::Session => Request::post("/v1/gate_sessions").json(&session(Kind::PayIn)),
            What::SessionWithPackage => {
                let package = json!({ "kyc_package": { "status": "approved" } });
                Request::post("/v1/gate_sessions").json(&with(session(Kind::PayIn), package))
            }
            What::Cancellation => {
                Request::post(format!("/v1/gate_sessions/{}/cancel", text(&partner.session(&session(Kind::PayIn)))))
            }
            What::Quote => Request::post("/v1/quotes").json(&lock_body(Kind::PayIn, "20.00")),
            What::Movement(kind) => {
                of = partner.lock(&lock_body(kind, "20.00"));
                let body = json!({ "quote_id": of["id"], "session_id": partner.session(&session(kind))["id"] });
                Request::post(kind.path()).json(&body)
            }
            What::Customer => Request::post("/v1/customers").json(&customer()),
            What::CustomersChange => {
                of = partner.post("/v1/customers", &customer()).expect(201);
                Request::new("PATCH", format!("/v1/customers/{}", text(&of))).json(&json!({ "last_name": "Li" }))
            }
            What::CustomersEnd => {
                of = partner.post("/v1/customers", &customer()).expect(201);
                Request::new("DELETE", format!("/v1/customers/{}", text(&of)))
            }
        };
        let request = request.key(&name).bearer(&partner.secret);
        Wish { what, name, request, insistence: Insistence::None, of }
    }

    /// What became of it, by what is there now.
    pub fn found(&self, partner: &Partner, lists: &mut Lists) -> Found {
        match self.what {
            // Nothing is told of it, and there is no list of it.
            What::Quote => Found { is_done: self.insistence != Insistence::None, told: None },
            What::Session | What::SessionWithPackage | What::Cancellation | What::Movement(_) => {
                let session = lists.sessions.remove(&self.name);
                session.map(|session| self.found_session(partner, &session, lists)).unwrap_or_default()
            }
            What::CustomersEnd => {
                let is_done = lists.customers.remove(&self.name).is_none();
                let id = self.of["id"].as_str().unwrap();
                let status = partner.get(&format!("/v1/customers/{id}")).status;
                assert_eq!(status, if is_done { 404 } else { 200 }, "{id}");
                let ended: &[&str] = if is_done { &["customer.deleted"] } else { &[] };
                told(id, is_done, &[&["customer.created"], ended].concat(), "")
            }
            What::Customer | What::CustomersChange => {
                let Some(customer) = lists.customers.remove(&self.name) else { return Found::default() };
                let is_change = matches!(self.what, What::CustomersChange);
                let is_done = !is_change || customer["last_name"] == "Li";
                let changed: &[&str] = if is_change && is_done { &["customer.updated"] } else { &[] };
                told(customer["id"].as_str().unwrap(), is_done, &[&["customer.created"], changed].concat(), "")
            }
        }
    }

    fn found_session(&self, partner: &Partner, session: &Value, lists: &mut Lists) -> Found {
        let id = session["id"].as_str().unwrap();
        let transaction = lists.transactions.remove(id);
        if let What::Movement(kind) = self.what {
            return self.found_movement(partner, session, transaction, kind);
        }
        assert!(transaction.is_none(), "{session} has moved money");
        let is_cancellation = matches!(self.what, What::Cancellation);
        let is_cancelled = is_cancellation && session["status"] == "cancelled";
        assert!(is_cancelled || session["status"] == "open", "{session}");
        let mut types = vec!["gate_session.created"];
        types.extend(matches!(self.what, What::SessionWithPackage).then_some("gate_session.kyc_package_accepted"));
        types.extend(is_cancelled.then_some("gate_session.cancelled"));
        told(id, is_cancelled || !is_cancellation, &types, "")
    }

    /// Quote, session, transaction and payment agree on whether there was a movement.
    fn found_movement(&self, partner: &Partner, session: &Value, transaction: Option<Value>, kind: Kind) -> Found {
        let id = session["id"].as_str().unwrap();
        let quote = partner.read_quote(&self.of["id"]);
        let Some(transaction) = transaction else {
            assert_eq!((&session["status"], &quote["status"]), (&json!("open"), &json!("active")), "{id}");
            return told(id, false, &["gate_session.created"], "");
        };
        let payment = quote["consumed_by"].as_str().unwrap_or_else(|| panic!("nothing has consumed {quote}"));
        let read = partner.get(&format!("{}/{payment}", kind.path())).expect(200);
        assert_eq!((&read["session_id"], &read["status"]), (&session["id"], &json!("settled")), "{read}");
        assert_eq!(session["tx_refid"], transaction["refid"], "{session}");
        let rail = |status: &str| format!("rail.{}.{status}", kind.word());
        let types = [
            "gate_session.created",
            "quote.consumed",
            &rail("processing"),
            "gate_session.processing",
            &rail("settled"),
            "gate_session.completed",
        ];
        told(id, true, &types, payment)
    }
}

fn told(owner: &str, is_done: bool, types: &[&str], payment: &str) -> Found {
    let types = types.iter().map(|kind| (*kind).to_owned()).collect();
    Found { is_done, told: Some((owner.to_owned(), Expected { types, payment: payment.to_owned() })) }
}
