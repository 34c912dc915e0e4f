//! A request of an operator whose token was checked, and what handlers do with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use causeway_core::account::Account;
use causeway_core::command::{Command, Reply};
use causeway_core::id::{AccountId, Mode};
use causeway_core::limits::METADATA_VALUE_CHARS;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::OperatorInterface;
use super::access::Caller;
use super::audit::Entry;
use super::table::Row;
use crate::gate::{Cell, Lane, system_time};
use crate::http::Response;
use crate::problem::{Code, Problem};
use crate::wire::{Query, Time, mode_word, parse, to_json};

/// What comes of a call.
pub type Handled = Result<Response, Problem>;

/// What a handler needs of a request.
pub struct Call<'a> {
    /// The interface.
    pub interface: &'a OperatorInterface,
    /// The row.
    pub row: &'static Row,
    /// Who asks; none for open rows.
    pub caller: Option<&'a Caller>,
    /// As in `X-Request-Id`.
    pub request_id: &'a str,
    /// The path's parameters.
    pub parameters: Vec<&'a str>,
    /// The query's parameters.
    pub query: Query<'a>,
    /// The body.
    pub body: &'a Bytes,
    /// Whether the audit knows of it.
    pub is_recorded: &'a AtomicBool,
}

/// What a write is about, for the audit.
#[derive(Clone, Copy, Default)]
pub struct Target<'a> {
    /// The account.
    pub account: Option<AccountId>,
    /// The mode.
    pub mode: Option<Mode>,
    /// A key, token, payment or person, or what is set.
    pub object: Option<&'a str>,
}

impl Call<'_> {
    /// The body as `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        parse::<T>(self.body)
    }

    /// The body as `T`, or nothing when it is empty.
    pub fn read_if_any<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.body.trim_ascii().is_empty() { Ok(T::default()) } else { self.read() }
    }

    /// A parameter of the path.
    pub fn parameter(&self, place: usize) -> &str {
        self.parameters.get(place).copied().unwrap_or_default()
    }

    /// The account that the path names.
    pub fn account_id(&self) -> Result<AccountId, Problem> {
        AccountId::parse(self.parameter(0)).ok_or_else(unknown_account)
    }

    /// The cell of `mode`.
    pub fn cell(&self, mode: Mode) -> Result<&Cell, Problem> {
        let message = format!("This deployment does not run {}; start it with --mode {0} or both.", mode.name());
        self.interface.gate.cell(mode).ok_or_else(|| Problem::at(Code::NotEnabled, "mode", message))
    }

    /// The account in each cell that has it.
    pub fn accounts(&self, id: AccountId) -> Vec<(Mode, Arc<Account>)> {
        let found = self.interface.gate.cells().map(|cell| (cell.mode(), cell.directory().account(id).cloned()));
        found.filter_map(|(mode, account)| Some((mode, account?))).collect()
    }

    /// Records who is about to do what and why. Nothing is done that is not recorded.
    pub async fn record(&self, target: Target<'_>, reason: Option<&str>) -> Result<(), Problem> {
        self.record_as(self.row.action, target, reason).await
    }

    async fn record_as(&self, action: &'static str, target: Target<'_>, reason: Option<&str>) -> Result<(), Problem> {
        if reason.is_some_and(|reason| reason.chars().count() > METADATA_VALUE_CHARS) {
            return Err(Problem::invalid(
                "reason",
                format!("reason must have at most {METADATA_VALUE_CHARS} characters."),
            ));
        }
        let entry = Entry {
            at: Time(system_time()),
            request_id: self.request_id,
            operator: self.caller.map(|caller| caller.name.as_str()).unwrap_or_default(),
            action,
            account: target.account.map(AccountId::text),
            mode: target.mode.map(mode_word),
            object: target.object,
            reason,
        };
        self.interface.audit.record(&entry).await.map_err(Problem::internal)?;
        self.is_recorded.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Makes the account known to the cell of `mode`: one that another cell has is added under the same id, and the audit
    /// says so.
    pub async fn ensure_account(&self, mode: Mode, id: AccountId) -> Result<&Cell, Problem> {
        let cell = self.cell(mode)?;
        let known = self.accounts(id);
        let (_, account) = known.first().ok_or_else(unknown_account)?;
        if !known.iter().any(|(known, _)| *known == mode) {
            let target = Target { account: Some(id), mode: Some(mode), object: None };
            self.record_as("create_account", target, Some("known to the other mode alone")).await?;
            cell.submit(Lane::Operator, Command::CreateAccount(id, account.name.clone()), None).await?;
        }
        Ok(cell)
    }

    /// Asks a cell for a change whose answer is the account.
    pub async fn change(&self, cell: &Cell, command: Command) -> Result<Arc<Account>, Problem> {
        let Reply::Account(account) = cell.submit(Lane::Operator, command, None).await?.reply else {
            return Err(Problem::internal("the cell answered an account's change with something else"));
        };
        Ok(account)
    }
}

/// There is no such account.
pub fn unknown_account() -> Problem {
    Problem::new(Code::NotFound, "There is no such account; check the id.")
}

/// A response with an object.
pub fn answer(status: u16, object: &impl Serialize) -> Handled {
    Ok(Response::json(status, to_json(object)))
}
