//! A request whose caller is known, as handlers get it, and what they give back.

use std::net::IpAddr;
use std::time::Instant;

use causeway_core::command::Idempotency;
use causeway_core::command::{Answer, Command, Refusal};
use causeway_core::id::{AccountId, Mode};
use causeway_core::store::{Reader, StoreError};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Operation;
use crate::auth::Authenticated;
use crate::edge::Edge;
use crate::gate::Cell;
use crate::problem::{Code, Problem};
use crate::wire::{Query, parse, to_json};

/// What a handler needs of a request.
pub struct Call<'a> {
    /// The row.
    pub operation: &'static Operation,
    /// The cell of the caller's mode.
    pub cell: &'a Cell,
    /// The caller.
    pub caller: &'a Authenticated,
    /// The path's parameter, decoded; empty when the row has none.
    pub parameter: &'a str,
    /// The query.
    pub query: Query<'a>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// Which proxies are believed.
    pub edge: &'a Edge,
    /// The other end of the connection: the caller, or a proxy before it.
    pub peer: IpAddr,
    /// The body, empty when the row ignores it.
    pub body: &'a [u8],
    /// The `Idempotency-Key` that is to be obeyed.
    pub idempotency_key: Option<&'a str>,
}

/// What comes of a call.
pub type Handled = Result<Rendered, Problem>;

/// An answer in its final bytes. Its status is the row's.
#[derive(Debug)]
pub struct Rendered {
    /// The JSON.
    pub json: Vec<u8>,
    /// Whether it repeats the answer to an earlier request.
    pub replayed: bool,
}

impl Rendered {
    /// The answer that says `object`.
    pub fn new(object: &impl Serialize) -> Rendered {
        Rendered { json: to_json(object), replayed: false }
    }

    /// The same, marked as a repetition if it is one.
    pub fn replayed(self, replayed: bool) -> Rendered {
        Rendered { replayed, ..self }
    }
}

impl<'a> Call<'a> {
    /// The caller's account.
    pub fn account(&self) -> AccountId {
        self.caller.id()
    }

    /// The caller's mode.
    pub fn mode(&self) -> Mode {
        self.caller.mode()
    }

    /// The body as a request.
    pub fn parse<T: Deserialize<'a>>(&self) -> Result<T, Problem> {
        parse(self.body)
    }

    /// The object that the path names, read from its text by `read`; 404 when it is no such text.
    pub fn named<T>(&self, read: impl Fn(&str, Mode) -> Option<T>) -> Result<T, Problem> {
        read(self.parameter, self.mode()).ok_or_else(Problem::not_found)
    }

    /// Asks the core on the row's lane. `fingerprint` is that of the normalised request.
    pub async fn submit(&self, command: Command, fingerprint: [u8; 16]) -> Result<Answer, Problem> {
        self.submit_within(&[], command, fingerprint).await
    }

    /// The same in a narrower scope than the path: the answer is remembered under the request's key and the scope's name. A
    /// further command of the same request has one, and a session that no path names.
    pub async fn submit_within(
        &self,
        scope: &[u8],
        command: Command,
        fingerprint: [u8; 16],
    ) -> Result<Answer, Problem> {
        let key = self.idempotency_key.map(|key| self.replay_key(key, scope));
        let idempotency = key.map(|key| Idempotency { key, fingerprint });
        let (begun, turn) = (Instant::now(), key.map(|key| self.cell.running().begin(self.account(), key)));
        let answer = self.cell.submit(self.operation.lane, command, idempotency).await;
        let is_late = answer == Err(Refusal::Overloaded) && begun.elapsed() >= self.cell.deadline();
        if is_late && turn.is_some_and(|turn| turn.repeats_one_that_runs()) {
            let code = Code::IdempotencyInProgress;
            return Err(Problem::at(code, "Idempotency-Key", code.explanation()));
        }
        Ok(answer?)
    }

    /// Reads an object of the caller's account; 404 when there is none.
    pub async fn read<T: Send + 'static>(
        &self,
        ask: impl Fn(&Reader, AccountId) -> Result<Option<T>, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let account = self.account();
        self.cell.read(move |reader| ask(reader, account)).await?.ok_or_else(Problem::not_found)
    }

    /// The scope of an idempotency key within account and mode: the first half of SHA-256 over operation, path, key and, if
    /// there is one, the narrower scope. The path adds its parameter to the operation, and nothing else.
    fn replay_key(&self, key: &str, scope: &[u8]) -> [u8; 16] {
        let mut digest = Sha256::new();
        for part in [self.operation.word, "\0", self.operation.path, "\0", self.parameter, "\0", key] {
            digest.update(part.as_bytes());
        }
        // Keys are printable: none ends like a scope.
        if !scope.is_empty() {
            digest.update(b"\0");
            digest.update(scope);
        }
        let mut half = [0; 16];
        half.copy_from_slice(&digest.finalize()[..16]);
        half
    }
}
