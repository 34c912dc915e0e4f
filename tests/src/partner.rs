//! A partner with its keys: requests, each judged by the contract, and the steps of a journey.

mod bodies;
mod journey;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::contract::contract;
use crate::http::{Client, Request, Response, SendError};
use crate::server::Log;

pub use bodies::{customer_body, lock_body, session_body, with, without};
pub use journey::Kind;

/// A partner in one mode.
#[derive(Clone)]
pub struct Partner {
    /// The account.
    pub account: String,
    /// The secret key.
    pub secret: String,
    /// The publishable key.
    pub publishable: String,
    /// The origin from which its widget may bootstrap.
    pub origin: String,
    api: Arc<Client>,
    log: Log,
}

impl Partner {
    pub(crate) fn new(api: Arc<Client>, log: Log, account: &str, keys: [&str; 2], origin: &str) -> Partner {
        Partner {
            account: account.to_owned(),
            secret: keys[0].to_owned(),
            publishable: keys[1].to_owned(),
            origin: origin.to_owned(),
            api,
            log,
        }
    }

    /// The same partner at a gateway that was started again.
    pub fn at(&self, server: &crate::server::Server) -> Partner {
        Partner { api: server.api().clone(), log: server.log().clone(), ..self.clone() }
    }

    /// Where it sends its requests.
    pub fn address(&self) -> SocketAddr {
        self.api.address()
    }

    /// Reads.
    pub fn get(&self, path: &str) -> Response {
        self.send(Request::get(path))
    }

    /// Writes with an idempotency key of its own.
    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.send(Request::post(path).json(body).key(&fresh_key()))
    }

    /// Writes without a body, with an idempotency key of its own.
    pub fn act(&self, path: &str) -> Response {
        self.send(Request::post(path).key(&fresh_key()))
    }

    /// A new customer.
    pub fn customer(&self) -> Value {
        self.post("/v1/customers", &customer_body()).expect(201)
    }

    /// Sends with the secret key, unless the request names a key itself.
    pub fn send(&self, request: Request) -> Response {
        self.send_as_is(&self.with_key(request))
    }

    /// The same, for those who expect that there may be no answer.
    pub fn try_send(&self, request: Request) -> Result<Response, SendError> {
        self.exchange(&self.with_key(request))
    }

    /// Sends as the partner's web page does: with the publishable key, unless the request names one itself, and the origin.
    pub fn browse(&self, request: Request) -> Response {
        let named = ["Authorization", "X-Publishable-Key"];
        let named = named.iter().any(|name| request.headers.get(name).is_some());
        let request = if named { request } else { request.bearer(&self.publishable) };
        let placed = ["Origin", "Referer"];
        let placed = placed.iter().any(|name| request.headers.get(name).is_some());
        self.send_as_is(&if placed { request } else { request.header("Origin", &self.origin) })
    }

    /// Sends a request as it is and has the exchange judged; fails the test when there is no answer.
    pub fn send_as_is(&self, request: &Request) -> Response {
        self.exchange(request).unwrap_or_else(|failure| {
            panic!("{} {}: {}; the gateway said:\n{}", request.method, request.path, failure.error, self.log.tail())
        })
    }

    fn with_key(&self, request: Request) -> Request {
        let named = request.headers.get("Authorization").is_some();
        if named { request } else { request.bearer(&self.secret) }
    }

    fn exchange(&self, request: &Request) -> Result<Response, SendError> {
        let response = self.api.send(request)?;
        if let Err(fault) = contract().judge(request, &response) {
            panic!(
                "{} {} {} → {}: {fault}",
                request.method,
                request.path,
                String::from_utf8_lossy(&request.body),
                response.status
            );
        }
        Ok(response)
    }
}

/// An idempotency key that no other request of this process has.
pub fn fresh_key() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("key {}", COUNT.fetch_add(1, Ordering::Relaxed))
}
