//! The operator interface, and partners made through it.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::http::{Client, Request, Response};
use crate::partner::Partner;
use crate::poll::{SOON, poll};
use crate::server::Log;

/// What a new partner may do and where its widget runs.
#[derive(Clone, Copy, Debug)]
pub struct Rights<'a> {
    /// `sandbox` or `live`.
    pub mode: &'a str,
    /// Locked quotes and rails.
    pub rails: bool,
    /// Customer records.
    pub customers: bool,
    /// Swap sessions.
    pub swap: bool,
    /// Verification results.
    pub kyc_package: bool,
    /// Movements in live, of users whom the partner verifies.
    pub verified_users: bool,
}

/// A client of the operator interface.
pub struct Operator {
    client: Client,
    token: String,
    api: Arc<Client>,
    log: Log,
}

impl Rights<'_> {
    /// Everything in the sandbox.
    pub const ALL: Rights<'static> =
        Rights { mode: "sandbox", rails: true, customers: true, swap: true, kyc_package: true, verified_users: true };

    /// Nothing in the sandbox beyond what every partner may do.
    pub const NONE: Rights<'static> = Rights {
        rails: false,
        customers: false,
        swap: false,
        kyc_package: false,
        verified_users: false,
        ..Rights::ALL
    };
}

impl Operator {
    pub(crate) fn new(client: Client, token: &str, api: Arc<Client>, log: Log) -> Operator {
        Operator { client, token: token.to_owned(), api, log }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.client.address()
    }

    /// The first token, as the gateway wrote it.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Sends a request as it is.
    pub fn send(&self, request: &Request) -> Response {
        self.client.send(request).unwrap_or_else(|failure| {
            panic!("{} {}: {}; the gateway said:\n{}", request.method, request.path, failure.error, self.log.tail())
        })
    }

    /// Sends a request with the token.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Response {
        let request = Request::new(method, path).bearer(&self.token);
        let request = if body.is_null() { request } else { request.json(body) };
        self.send(&request)
    }

    /// The same; fails the test unless it is done.
    pub fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let response = self.call(method, path, body);
        let done = (200..300).contains(&response.status);
        assert!(done, "{method} {path}: {} {}", response.status, response.text());
        serde_json::from_slice(&response.body).unwrap_or(Value::Null)
    }

    /// A new partner with both keys and an origin of its own.
    pub fn partner(&self, name: &str, rights: Rights<'_>) -> Partner {
        let account = self.done("POST", "/operator/accounts", &json!({ "name": name }));
        let id = account["id"].as_str().unwrap_or_else(|| panic!("no id in {account}"));
        self.partner_of(id, rights)
    }

    /// Keys, rights and an origin in one mode for an account that exists.
    pub fn partner_of(&self, id: &str, rights: Rights<'_>) -> Partner {
        let account = format!("/operator/accounts/{id}");
        let entitlements = json!({
            "mode": rights.mode,
            "rails": rights.rails,
            "customers": rights.customers,
            "kyc_package": rights.kyc_package,
            "verified_users": rights.verified_users,
            "swap": rights.swap,
        });
        self.done("PUT", &format!("{account}/entitlements"), &entitlements);
        let tail = id.rsplit('_').next().unwrap_or_default();
        let origin = format!("https://{tail}.partner.example");
        let origins = json!({ "mode": rights.mode, "origins": [origin] });
        self.done("PUT", &format!("{account}/origins"), &origins);
        let [secret, publishable] = ["secret", "publishable"].map(|kind| self.key(id, rights.mode, kind));
        Partner::new(self.api.clone(), self.log.clone(), id, [&secret.0, &publishable.0], &origin)
    }

    /// A new key and its id.
    pub fn key(&self, account: &str, mode: &str, kind: &str) -> (String, String) {
        let path = format!("/operator/accounts/{account}/keys");
        let made = self.done("POST", &path, &json!({ "mode": mode, "kind": kind }));
        let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        assert!(!text("key").is_empty() && !text("id").is_empty(), "no key in {made}");
        (text("key"), text("id"))
    }

    /// Gives the account this tier; gives the account as it is shown then.
    pub fn set_tier(&self, partner: &Partner, mode: &str, tier: &str) -> Value {
        let path = format!("/operator/accounts/{}/tier", partner.account);
        self.done("PUT", &path, &json!({ "mode": mode, "tier": tier }))
    }

    /// Sends the account's events to `url` from now on; gives the secret that they are signed with.
    pub fn set_webhook(&self, partner: &Partner, mode: &str, url: &str) -> String {
        let path = format!("/operator/accounts/{}/webhook", partner.account);
        let set = self.done("PUT", &path, &json!({ "mode": mode, "url": url }));
        set["secret"].as_str().unwrap_or_else(|| panic!("no secret in {set}")).to_owned()
    }

    pub(crate) fn wait_until_ready(&self) {
        poll(SOON, "the gateway is ready", || {
            let answer = self.client.send(&Request::get("/readyz"));
            answer.is_ok_and(|answer| answer.status == 200).then_some(())
        });
    }
}
