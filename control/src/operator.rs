//! The operator interface: a second listener with its own credentials, on which a bank's platform team makes accounts,
//! keys and endpoints, and on which machines ask for health and numbers.
//!
//! It speaks to itself alone: requests that name a foreign host are refused, and no browser origin is ever allowed.

mod access;
mod accounts;
mod audit;
mod body;
mod call;
mod decisions;
mod endpoints;
mod labels;
mod models;
mod operators;
mod payments;
mod probes;
mod redeliveries;
mod reports;
mod reviews;
mod risk_policy;
mod table;
mod tokens;
mod verifications;
mod view;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use causeway_core::id::{Mode, RequestId, encode};

use crate::gate::{Gate, system_time};
use crate::http::{BodyError, Head, Protocol, Request, Response, Service};
use crate::keys::request_bits;
use crate::models::Models;
use crate::problem::{Code, Problem};
use crate::quota::Tiers;
use crate::reports::Reports;
use crate::telemetry::{Level, Telemetry};
use crate::webhooks::guard::Guard;
use crate::wire::{Query, Time};

pub use audit::Audit;
pub use tokens::{Role, TokenError, Tokens};

use access::Caller;
use audit::Outcome;
use call::{Call, Handled};
use table::{Access, Row};

/// The operator interface as a service.
pub struct OperatorInterface {
    /// The cells.
    pub gate: Arc<Gate>,
    /// Where webhooks of each mode may go.
    pub guards: Vec<(Mode, Guard)>,
    /// Who may ask.
    pub tokens: Arc<Tokens>,
    /// The tiers that accounts may be given.
    pub tiers: Arc<Tiers>,
    /// The models of each cell.
    pub models: Vec<Arc<Models>>,
    /// Where writes are recorded before they are done.
    pub audit: Audit,
    /// The address listened on.
    pub address: SocketAddr,
    /// Further host names, in lower case and without a port.
    pub hosts: Vec<String>,
    /// Makes reports about models.
    pub reports: Reports,
    /// Log and metrics.
    pub telemetry: Telemetry,
    /// Why the program cannot do its work at the moment, if it cannot.
    pub unready: Box<dyn Fn() -> Option<String> + Send + Sync>,
    /// Where error codes are explained.
    pub docs_url: String,
}

impl Service for OperatorInterface {
    type Admission = ();

    fn admit(&self, _: Head<'_>) {}

    async fn call(&self, request: Request, (): &mut ()) -> Response {
        let request_id = match request_bits() {
            Ok(bits) => encode(RequestId::PREFIX, None, bits),
            Err(error) => return Problem::internal(error).response("", &self.docs_url),
        };
        let mut seen = Seen::default();
        let response = match self.run(&request, &request_id, &mut seen).await {
            Ok(response) => response,
            Err(problem) => {
                let response = problem.response(&request_id, &self.docs_url);
                seen.problem = Some(problem);
                response
            }
        };
        self.log(&request_id, &seen, response.status, request.protocol);
        response.with("x-request-id", request_id).with("cache-control", "no-store")
    }

    fn refuse(&self, status: u16, _: Protocol) -> Response {
        let code = Code::ALL.iter().find(|code| code.status() == status).copied().unwrap_or(Code::MalformedHttp);
        let request_id = request_bits().map(|bits| encode(RequestId::PREFIX, None, bits)).unwrap_or_default();
        Problem::new(code, code.explanation()).response(&request_id, &self.docs_url)
    }

    fn accept_failed(&self, error: &std::io::Error) {
        self.telemetry
            .write(self.telemetry.record(Level::Error, "operator_accept_failed").text("cause", &error.to_string()));
    }
}

/// What the log says about a request.
#[derive(Default)]
struct Seen {
    row: Option<&'static Row>,
    caller: Option<Caller>,
    problem: Option<Problem>,
}

impl OperatorInterface {
    async fn run(&self, request: &Request, request_id: &str, seen: &mut Seen) -> Result<Response, Problem> {
        access::host(self, &request.headers)?;
        let found = table::find(&request.method, &request.path)?;
        seen.row = Some(found.row);
        if let Access::Role(role) = found.row.access {
            let caller = access::authenticate(&self.tokens, &request.headers)?;
            let caller = seen.caller.insert(caller);
            access::allows(caller, role)?;
        }
        let body = request.body.as_ref().map_err(|error| incomplete(*error))?;
        let is_recorded = AtomicBool::new(false);
        let call = Call {
            interface: self,
            row: found.row,
            caller: seen.caller.as_ref(),
            request_id,
            parameters: found.parameters,
            query: Query::new(&request.query),
            body,
            is_recorded: &is_recorded,
        };
        let handled = (found.row.handler)(call).await;
        if is_recorded.into_inner() {
            self.record_outcome(request_id, &handled).await;
        }
        handled
    }

    /// What was done is done, whether this can be written or not.
    async fn record_outcome(&self, request_id: &str, handled: &Handled) {
        let (status, code) = match handled {
            Ok(response) => (response.status, None),
            Err(problem) => (problem.code.status(), Some(problem.code.word())),
        };
        let outcome = Outcome { at: Time(system_time()), request_id, status, code };
        if let Err(error) = self.audit.record(&outcome).await {
            let record = self.telemetry.record(Level::Error, "operator_audit_failed").text("request_id", request_id);
            self.telemetry.write(record.text("cause", &error.to_string()));
        }
    }

    /// Machines ask for health all the time; what they hear is not worth a line.
    fn log(&self, request_id: &str, seen: &Seen, status: u16, protocol: Protocol) {
        if seen.row.is_some_and(|row| matches!(row.access, Access::Open)) {
            return;
        }
        let level = Level::of_answer(status);
        let problem = seen.problem.as_ref();
        let record = self
            .telemetry
            .record(level, "operator_request")
            .text("request_id", request_id)
            .text_if("action", seen.row.map(|row| row.action))
            .text_if("operator", seen.caller.as_ref().map(|caller| caller.name.as_str()))
            .text("http", protocol.word())
            .number("status", u64::from(status))
            .text_if("code", problem.map(|problem| problem.code.word()))
            .text_if("cause", problem.and_then(|problem| problem.cause.as_deref()));
        self.telemetry.write(record);
    }
}

fn incomplete(error: BodyError) -> Problem {
    let code = match error {
        BodyError::TooLarge => Code::BodyTooLarge,
        BodyError::TimedOut | BodyError::NotWanted | BodyError::Broken => Code::BodyIncomplete,
    };
    Problem::new(code, code.explanation())
}

#[cfg(test)]
mod tests;
