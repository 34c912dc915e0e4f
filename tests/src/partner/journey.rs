//! The steps of a movement.

use serde_json::{Value, json};

use super::{Partner, lock_body, session_body};
use crate::poll::{SOON, poll};

/// Which way value moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Fiat in.
    PayIn,
    /// Fiat out.
    PayOut,
}

impl Kind {
    /// Both.
    pub const BOTH: [Kind; 2] = [Kind::PayIn, Kind::PayOut];

    /// The side of its quotes, and the flow of its sessions.
    pub fn side(self) -> &'static str {
        match self {
            Kind::PayIn => "on_ramp",
            Kind::PayOut => "off_ramp",
        }
    }

    /// `pay_in` or `pay_out`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::PayIn => "pay_in",
            Kind::PayOut => "pay_out",
        }
    }

    /// Where it is created.
    pub fn path(self) -> String {
        format!("/v1/rails/{}s", self.word())
    }

    /// Where a test helper acts on the payment `id`.
    pub fn helper(self, id: &str, action: &str) -> String {
        format!("/v1/test_helpers/rails/{}s/{id}/{action}", self.word())
    }

    /// The amount of a session that a quote for `amount` of what the user gives can be redeemed with.
    pub fn session_amount(self, amount: &str) -> &str {
        match self {
            Kind::PayIn => amount,
            // A pay-out may give less than the session's amount.
            Kind::PayOut => "50000.00",
        }
    }
}

impl Partner {
    /// A new session.
    pub fn session(&self, body: &Value) -> Value {
        self.post("/v1/gate_sessions", body).expect(201)
    }

    /// A new quote.
    pub fn lock(&self, body: &Value) -> Value {
        self.post("/v1/quotes", body).expect(201)
    }

    /// A session and a quote for `amount` that fit each other, as the body of a redemption.
    pub fn prepare(&self, kind: Kind, amount: &str) -> Value {
        let session = self.session(&session_body(kind, kind.session_amount(amount)));
        let quote = self.lock(&lock_body(kind, amount));
        json!({ "quote_id": quote["id"], "session_id": session["id"] })
    }

    /// A payment of `amount`, just redeemed.
    pub fn start(&self, kind: Kind, amount: &str) -> Value {
        let body = self.prepare(kind, amount);
        self.post(&kind.path(), &body).expect(201)
    }

    /// The session `id` as it is now.
    pub fn read_session(&self, id: &Value) -> Value {
        self.get(&format!("/v1/gate_sessions/{}", text(id))).expect(200)
    }

    /// The quote `id` as it is now.
    pub fn read_quote(&self, id: &Value) -> Value {
        self.get(&format!("/v1/quotes/{}", text(id))).expect(200)
    }

    /// The payment as it is now.
    pub fn read_payment(&self, payment: &Value) -> Value {
        let kind = if payment["kind"] == "pay_in" { Kind::PayIn } else { Kind::PayOut };
        self.get(&format!("{}/{}", kind.path(), text(&payment["id"]))).expect(200)
    }

    /// The payment's transaction as it is now.
    pub fn read_transaction(&self, payment: &Value) -> Value {
        let id = text(&payment["transaction_refid"]);
        self.get(&format!("/v1/transactions/{id}")).expect(200)
    }

    /// Waits until the payment has this status.
    pub fn wait_for_payment(&self, payment: &Value, status: &str) -> Value {
        let what = format!("{} becomes {status}", payment["id"]);
        poll(SOON, &what, || {
            let now = self.read_payment(payment);
            (now["status"] == status).then_some(now)
        })
    }

    /// Waits until the session has this status.
    pub fn wait_for_session(&self, id: &Value, status: &str) -> Value {
        poll(SOON, &format!("{id} becomes {status}"), || {
            let now = self.read_session(id);
            (now["status"] == status).then_some(now)
        })
    }
}

fn text(id: &Value) -> &str {
    id.as_str().unwrap_or_else(|| panic!("not an id: {id}"))
}
