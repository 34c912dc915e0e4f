//! Bodies that are right, and ways to change them.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::Kind;

/// A session for `amount` of fiat.
pub fn session_body(kind: Kind, amount: &str) -> Value {
    json!({
        "amount": amount,
        "currency": "EUR",
        "return_url": "https://partner.example/complete",
        "flow": kind.side(),
        "target_token": "USDC",
    })
}

/// A quote for `amount` of what the user gives: EUR when on_ramp, USDC when off_ramp.
pub fn lock_body(kind: Kind, amount: &str) -> Value {
    json!({
        "currency": "EUR",
        "asset": "USDC",
        "amount": amount,
        "side": kind.side(),
        "payment_method": "sepa_instant",
    })
}

/// A customer whom nobody else has, with everything that can be said.
pub fn customer_body() -> Value {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    json!({
        "email": format!("Ann.{number}@people.example"),
        "external_id": format!("user-{number}"),
        "phone": "+4930123456",
        "first_name": "Ann",
        "last_name": "Lee",
        "country_code": "DE",
        "metadata": { "tier": "gold" },
    })
}

/// The body with other values: those of `changes`.
pub fn with(mut body: Value, changes: Value) -> Value {
    if let Value::Object(changes) = changes {
        for (name, value) in changes {
            body[name] = value;
        }
    }
    body
}

/// The body without one key.
pub fn without(mut body: Value, name: &str) -> Value {
    if let Some(map) = body.as_object_mut() {
        map.remove(name);
    }
    body
}
