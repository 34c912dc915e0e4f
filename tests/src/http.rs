//! HTTP/1.1 as a client that controls every byte, on blocking sockets that stay open between requests.

mod connection;
mod message;

pub use connection::{Client, Connection, SendError};
pub use message::{Headers, Request, Response};

pub(crate) use message::{parse_headers, read_head};
