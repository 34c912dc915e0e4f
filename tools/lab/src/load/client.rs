//! Requests and answers as the mixes see them, over HTTP/1.1 or HTTP/2.

mod h1;
mod h2;

use std::io;

use clap::ValueEnum;

use crate::target::Target;

/// The version of HTTP that the load speaks, without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// HTTP/1.1: a connection for each request in flight.
    #[value(name = "1")]
    Http1,
    /// HTTP/2 with prior knowledge: several requests in flight share a connection.
    #[value(name = "2")]
    Http2,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub enum Call<'a> {
    /// Reads this path.
    Get(&'a str),
    /// Posts a body to a path under an idempotency key.
    Post {
        /// Where.
        path: &'a str,
        /// The key.
        key: &'a str,
        /// The JSON body.
        body: &'a str,
    },
}

/// An answer, for as long as its client is not used again.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// Whether the server says that it gave this answer before.
    pub replayed: bool,
    /// The body.
    pub body: &'a [u8],
}

/// One request at a time to one server.
pub enum Client {
    /// Over a connection of its own.
    Http1(h1::Client),
    /// Over one of a shared connection's streams.
    Http2(h2::Client),
}

/// Opens clients of one server.
#[derive(Clone, Debug)]
pub struct Dialer {
    target: Target,
    /// One client after the other takes the next.
    secret_keys: Vec<String>,
    protocol: Protocol,
}

impl Dialer {
    /// Clients of `target` that carry this secret key.
    pub fn new(target: Target, secret_key: &str, protocol: Protocol) -> Dialer {
        Dialer::of_several(target, vec![secret_key.to_owned()], protocol)
    }

    /// Clients of `target` that carry these secret keys by turns; over HTTP/2 those of a connection carry the same.
    pub fn of_several(target: Target, secret_keys: Vec<String>, protocol: Protocol) -> Dialer {
        Dialer { target, secret_keys, protocol }
    }

    /// The same towards another server.
    pub fn towards(&self, target: Target) -> Dialer {
        Dialer { target, ..self.clone() }
    }

    /// Where the clients go.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Opens `count` clients.
    pub async fn open(&self, count: usize) -> io::Result<Vec<Client>> {
        let mut clients = Vec::with_capacity(count);
        for secret_key in self.secret_keys.iter().cycle() {
            if clients.len() >= count {
                break;
            }
            match self.protocol {
                Protocol::Http1 => clients.push(Client::Http1(h1::Client::open(&self.target, secret_key).await?)),
                Protocol::Http2 => {
                    let wanted = count - clients.len();
                    let shared = h2::Client::open(&self.target, secret_key, wanted).await?;
                    clients.extend(shared.into_iter().map(Client::Http2));
                }
            }
        }
        Ok(clients)
    }
}

impl Client {
    /// Sends a request and reads its answer.
    pub async fn call(&mut self, call: Call<'_>) -> io::Result<Answer<'_>> {
        match self {
            Client::Http1(client) => client.call(call).await,
            Client::Http2(client) => client.call(call).await,
        }
    }
}

impl<'a> Answer<'a> {
    /// The first string in the body under this key; see [`crate::connection::text`].
    pub fn text(&self, key: &str) -> Option<&'a str> {
        crate::connection::text(self.body, key)
    }

    /// The status with the error's code, else with the object's own status: what a refusal is counted under.
    pub fn said(&self) -> String {
        let word = self.text("code").or_else(|| self.text("status")).unwrap_or("without a code");
        format!("{} {word}", self.status)
    }
}
