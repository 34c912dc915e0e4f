//! JSON over one kept connection: what the demo and the load's own reading need, where ease counts more than speed.

use std::io;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::connection::{Answer, Connection};
use crate::failure::Failure;
use crate::request::write_request;
use crate::sandbox::START;
use crate::target::Target;

/// One caller of one server.
pub struct Api {
    target: Target,
    authorization: String,
    connection: Option<Connection>,
}

/// An answer with what the caller looks at.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The status line and the header lines.
    head: Vec<u8>,
    /// The body as it came.
    pub raw: String,
    /// The body as JSON; null when it is none.
    pub body: Value,
    /// From the first byte sent to the last byte read.
    pub took: Duration,
}

impl Api {
    /// Calls `target` with this key or token.
    pub fn new(target: Target, key: &str) -> Api {
        Api { target, authorization: format!("Bearer {key}"), connection: None }
    }

    /// Fails, with what helps, when nothing listens there; `option` is the one that names another place.
    pub async fn require(&mut self, option: &str) -> Result<(), Failure> {
        let opened = Connection::open(self.target.address).await;
        let opened = opened.map_err(|error| {
            Failure::missing(format!(
                "no server answers at {}: {error}; name another address with {option}, or {START}",
                self.target.url()
            ))
        })?;
        self.connection = Some(opened);
        Ok(())
    }

    /// Reads an object.
    pub async fn get(&mut self, path: &str) -> Result<Reply, Failure> {
        self.call("GET", path, &[], None).await
    }

    /// Posts this body under this idempotency key.
    pub async fn post(&mut self, path: &str, idempotency_key: &str, body: &Value) -> Result<Reply, Failure> {
        self.call("POST", path, &[("Idempotency-Key", idempotency_key)], Some(body)).await
    }

    /// Sends a request and reads its answer, whatever its status.
    pub async fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        let text = body.map(Value::to_string);
        let mut all = vec![("Authorization", self.authorization.as_str())];
        all.extend_from_slice(headers);
        let request = write_request(&self.target, method, path, &all, text.as_deref());
        let reply = self.exchange(&request).await;
        reply.map_err(|error| Failure::wrong(format!("{method} {}{path} got no answer: {error}", self.target.url())))
    }

    /// A kept connection may have been closed for idleness: then, and only then, the request goes out once more. That is safe
    /// here because every write carries an idempotency key or sets what it names.
    async fn exchange(&mut self, request: &[u8]) -> io::Result<Reply> {
        if let Some(mut kept) = self.connection.take()
            && let Ok(reply) = timed(&mut kept, request).await
        {
            self.connection = Some(kept);
            return Ok(reply);
        }
        let mut opened = Connection::open(self.target.address).await?;
        let reply = timed(&mut opened, request).await?;
        self.connection = Some(opened);
        Ok(reply)
    }
}

impl Reply {
    /// The header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        Answer { status: self.status, head: &self.head, body: b"" }.header(name)
    }

    /// A string of the body; empty when it is not there.
    pub fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_default()
    }

    /// The reply when it has this status, else a sentence with what came instead.
    pub fn expect(self, status: u16, what: &str) -> Result<Reply, Failure> {
        if self.status == status {
            return Ok(self);
        }
        let (code, message) = (self.text("code"), self.text("message"));
        let said = if code.is_empty() { self.raw.clone() } else { format!("{code}: {message}") };
        Err(Failure::wrong(format!("{what} was answered with {} instead of {status}: {said}", self.status)))
    }
}

async fn timed(connection: &mut Connection, request: &[u8]) -> io::Result<Reply> {
    let start = Instant::now();
    let answer = connection.exchange(request).await?;
    Ok(Reply {
        status: answer.status,
        head: answer.head.to_vec(),
        raw: String::from_utf8_lossy(answer.body).into_owned(),
        body: serde_json::from_slice(answer.body).unwrap_or_default(),
        took: start.elapsed(),
    })
}
