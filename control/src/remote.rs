//! `causeway model …` for a gateway that runs: it asks the operator interface, and says in a table what came of it.

mod client;
mod table;

use std::io::Write;

use serde_json::{Value, json};

use crate::config::{ModelStep, Remote, ShareBy};

use client::Client;

/// Why nothing was done, or may have been.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The token cannot be read.
    #[error("cannot read the operator token in {0}: {1}")]
    Token(String, std::io::Error),
    /// The address is none.
    #[error("{0:?} is no address of an operator interface: write it like http://127.0.0.1:8081")]
    Url(String),
    /// Nobody answers.
    #[error("the operator interface at {0} does not answer: {1}; is the gateway running, and is this its address?")]
    Connect(String, String),
    /// It refused.
    #[error("the gateway refused it ({status} {code}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code.
        code: String,
        /// What it says.
        message: String,
    },
    /// The answer cannot be understood.
    #[error("the gateway's answer cannot be understood: {0}")]
    Answer(String),
    /// The output cannot be written.
    #[error("cannot print: {0}")]
    Print(#[from] std::io::Error),
}

/// Does what was asked and prints what is so afterwards.
pub fn run(step: &ModelStep, out: &mut impl Write) -> Result<(), RemoteError> {
    let remote = step.remote();
    let token = std::fs::read_to_string(&remote.token_file);
    let token = token.map_err(|error| RemoteError::Token(remote.token_file.display().to_string(), error))?;
    let client = Client::new(&remote.operator_url, token.trim())?;
    let (method, path, body) = request(step, remote);
    let answer = client.ask(method, &path, body.as_ref())?;
    out.write_all(table::text(&answer).as_bytes())?;
    Ok(())
}

/// The request of a step.
fn request(step: &ModelStep, remote: &Remote) -> (&'static str, String, Option<Value>) {
    let mode = remote.mode.word();
    let of = |name: &str, version: u32, action: &str| format!("/operator/models/{name}/{version}/{action}");
    let because = |reason: &str| json!({ "mode": mode, "reason": reason });
    match step {
        ModelStep::List(_) => ("GET", format!("/operator/models?mode={mode}"), None),
        ModelStep::Show(one) => ("GET", format!("/operator/models/{}/{}?mode={mode}", one.name, one.version), None),
        ModelStep::Register(register) => {
            let folder = std::path::absolute(&register.folder).unwrap_or_else(|_| register.folder.clone());
            let mut body = because(&register.why.reason);
            body["directory"] = folder.display().to_string().into();
            ("POST", "/operator/models".to_owned(), Some(body))
        }
        ModelStep::Shadow(one) => ("POST", of(&one.name, one.version, "shadow"), Some(because(&one.why.reason))),
        ModelStep::Canary(one) => {
            let mut body = because(&one.why.reason);
            body["share"] = one.share.into();
            body["by"] = match one.by {
                ShareBy::Persons => "persons",
                ShareBy::Accounts => "accounts",
            }
            .into();
            ("POST", of(&one.name, one.version, "canary"), Some(body))
        }
        ModelStep::Promote(one) => ("POST", of(&one.name, one.version, "promote"), Some(because(&one.why.reason))),
        ModelStep::Retire(one) => ("POST", of(&one.name, one.version, "retire"), Some(because(&one.why.reason))),
        ModelStep::Rollback(one) => ("POST", "/operator/models/rollback".to_owned(), Some(because(&one.why.reason))),
    }
}
