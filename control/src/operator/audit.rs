//! The record of who wrote what and why: one JSON object per line, synced before the write is done, and another with what came
//! of it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use causeway_core::id::Mode;
use causeway_core::time::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

use crate::gate::system_time;
use crate::wire::{Time, mode_word, to_json};

/// Who does what nobody asked for.
const OWN: &str = "causeway";

/// The audit file. Clones share it.
#[derive(Clone)]
pub struct Audit {
    file: Arc<Mutex<File>>,
}

/// One write that is about to be done.
#[derive(Serialize)]
pub struct Entry<'a> {
    /// When.
    pub at: Time,
    /// The request, as in `X-Request-Id`: by it its [`Outcome`] is found. Empty for the command line and for
    /// what the gateway does by itself.
    pub request_id: &'a str,
    /// Who.
    pub operator: &'a str,
    /// What.
    pub action: &'static str,
    /// To which account.
    pub account: Option<String>,
    /// In which mode.
    pub mode: Option<&'static str>,
    /// To what else: a key, a token, a tier.
    pub object: Option<&'a str>,
    /// Why, in the operator's words.
    pub reason: Option<&'a str>,
}

/// What came of a write that was recorded. One without an outcome may or may not be done: the gateway went down.
#[derive(Serialize)]
pub struct Outcome<'a> {
    /// When.
    pub at: Time,
    /// The request.
    pub request_id: &'a str,
    /// The status that the operator was told.
    pub status: u16,
    /// Why it was not done.
    pub code: Option<&'static str>,
}

impl Audit {
    /// Opens `operator-audit.jsonl` in a data directory, for appending.
    pub fn open(data_dir: &Path) -> io::Result<Audit> {
        let path = data_dir.join("operator-audit.jsonl");
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Audit { file: Arc::new(Mutex::new(file)) })
    }

    /// Appends an entry; it is on disk when this returns.
    pub async fn record(&self, entry: &impl Serialize) -> io::Result<()> {
        let (audit, line) = (self.clone(), line(entry));
        tokio::task::spawn_blocking(move || audit.append(&line)).await.map_err(io::Error::other)?
    }

    /// Appends what the gateway is about to do by itself.
    pub async fn record_own(&self, action: &'static str, mode: Mode, object: &str, reason: &str) -> io::Result<()> {
        let entry = Entry {
            at: Time(system_time()),
            request_id: "",
            operator: OWN,
            action,
            account: None,
            mode: Some(mode_word(mode)),
            object: Some(object),
            reason: Some(reason),
        };
        self.record(&entry).await
    }

    /// Appends what the command line does while the gateway is stopped.
    pub fn record_command(&self, action: &'static str, object: &str, at: Timestamp) -> io::Result<()> {
        let entry = Entry {
            at: Time(at),
            request_id: "",
            operator: "(command line)",
            action,
            account: None,
            mode: None,
            object: Some(object),
            reason: None,
        };
        self.append(&line(&entry))
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        let mut file = self.file.lock();
        file.write_all(line)?;
        file.sync_data()
    }
}

fn line(entry: &impl Serialize) -> Vec<u8> {
    let mut line = to_json(entry);
    line.push(b'\n');
    line
}
