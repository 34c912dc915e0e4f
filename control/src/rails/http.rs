//! A rail that is reached over HTTP: attempts are sent and enquired about by signed requests, and the rail may report
//! outcomes by signed requests of its own. `docs/rails.md` is the contract for whoever writes such a rail.

mod client;
mod message;
mod reception;
pub mod signature;

use std::sync::Arc;

use bytes::Bytes;
use causeway_core::rail::RailWork;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, HeaderName, Method};

use super::config::RailConfig;
use super::{Rail, RailError, Stats, Word};
use crate::gate::{BoxFuture, system_time};

use client::{Answer, Client};
use message::Reading;
use signature::Purpose;

pub use reception::{REPORT_BYTES, Reception};

const AGENT: &str = concat!("Causeway/", env!("CARGO_PKG_VERSION"));

/// A rail that is reached over HTTP.
pub struct HttpRail {
    /// As the rails file says it.
    pub config: RailConfig,
    /// What is counted of it.
    pub stats: Arc<Stats>,
    client: Client,
}

impl HttpRail {
    /// The rail of this configuration. Nothing is connected to yet.
    pub fn new(config: RailConfig) -> HttpRail {
        let client = Client::new(config.target.clone(), config.tls.clone(), config.timeout);
        HttpRail { config, stats: Arc::default(), client }
    }

    async fn send_over_http(&self, work: &RailWork) -> Result<Word, RailError> {
        let id = work.attempt.text(self.config.mode);
        let body = message::attempt(work, self.config.mode);
        let mut headers = self.headers(Purpose::Send, &body);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(key) = HeaderValue::from_str(&id) {
            headers.insert(HeaderName::from_static("idempotency-key"), key);
        }
        let asked = self.client.ask_once(Method::POST, "/attempts", headers, Bytes::from(body)).await;
        self.read(asked, &id, message::answer_to_send)
    }

    async fn enquire_over_http(&self, work: &RailWork) -> Result<Word, RailError> {
        let id = work.attempt.text(self.config.mode);
        let headers = self.headers(Purpose::Enquire, id.as_bytes());
        let asked = self.client.ask(Method::GET, &format!("/attempts/{id}"), headers).await;
        self.read(asked, &id, message::answer_to_enquiry)
    }

    /// What an answer means. What cannot be understood means nothing, and never that the attempt may be sent.
    fn read(&self, asked: Result<Answer, String>, id: &str, reading: Reading) -> Result<Word, RailError> {
        let said = asked.and_then(|answer| reading(answer.status, &answer.body, id));
        said.map_err(|reason| RailError(format!("the rail {}: {reason}", self.config.name)))
    }

    fn headers(&self, purpose: Purpose, content: &[u8]) -> HeaderMap {
        let signature = signature::sign(&self.config.secret, purpose, system_time().unix_seconds(), content);
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        if let Ok(signature) = HeaderValue::from_str(&signature) {
            headers.insert(signature::HEADER, signature);
        }
        headers
    }
}

impl Rail for HttpRail {
    fn send<'a>(&'a self, work: &'a RailWork) -> BoxFuture<'a, Result<Word, RailError>> {
        Box::pin(self.send_over_http(work))
    }

    fn enquire<'a>(&'a self, work: &'a RailWork) -> BoxFuture<'a, Result<Word, RailError>> {
        Box::pin(self.enquire_over_http(work))
    }
}

#[cfg(test)]
mod tests;
