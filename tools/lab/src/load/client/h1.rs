//! HTTP/1.1 with little work per exchange: the client shares its processors with the server that it measures.

use std::io;

use super::{Answer, Call};
use crate::connection::Connection;
use crate::target::Target;

/// A connection with the headers that every request repeats.
pub struct Client {
    connection: Connection,
    headers: String,
    request: Vec<u8>,
}

impl Client {
    /// Connects.
    pub async fn open(target: &Target, secret_key: &str) -> io::Result<Client> {
        let connection = Connection::open(target.address).await?;
        let headers = format!(" HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {secret_key}\r\n", target.host);
        Ok(Client { connection, headers, request: Vec::with_capacity(1_024) })
    }

    /// Sends a request and reads its answer.
    pub async fn call(&mut self, call: Call<'_>) -> io::Result<Answer<'_>> {
        self.write(call);
        let answer = self.connection.exchange(&self.request).await?;
        let replayed = answer.header("idempotent-replayed").is_some();
        Ok(Answer { status: answer.status, replayed, body: answer.body })
    }

    fn write(&mut self, call: Call<'_>) {
        let out = &mut self.request;
        out.clear();
        let mut add = |parts: &[&str]| parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        match call {
            Call::Get(path) => add(&["GET ", path, &self.headers, "\r\n"]),
            Call::Post { path, key, body } => {
                let length = body.len().to_string();
                add(&["POST ", path, &self.headers, "Content-Type: application/json\r\nIdempotency-Key: ", key]);
                add(&["\r\nContent-Length: ", &length, "\r\n\r\n", body]);
            }
        }
    }
}
