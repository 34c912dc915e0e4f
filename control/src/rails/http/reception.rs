//! Where rails report outcomes: `POST /rails/{rail}/reports`, on a listener of its own.
//!
//! A report counts when it carries the rail's signature, and moves an attempt only while that is open and with that rail.
//! 2xx is answered when the outcome is durable, or when there is nothing to do: repeated and late reports change nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use causeway_core::command::Command;
use http::Method;
use serde::Serialize;

use super::HttpRail;
use super::message::{self, Report};
use super::signature::{self, Purpose};
use crate::gate::{Gate, Lane, system_time};
use crate::http::{BodyError, Head, Protocol, Request, Response, Service, to_json};
use crate::telemetry::{Level, Telemetry};

/// The longest report, in bytes.
pub const REPORT_BYTES: usize = 16 * 1_024;

/// Takes rails' reports.
pub struct Reception {
    gate: Arc<Gate>,
    rails: HashMap<String, Arc<HttpRail>>,
    telemetry: Telemetry,
}

/// Why a report is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Http(u16),
    NoSuchPath,
    Method,
    TooLarge,
    Incomplete,
    Signature,
    Malformed(&'static str),
    /// Nothing is known to have happened: the rail repeats it.
    Busy,
}

#[derive(Serialize)]
struct Taken {
    /// Whether the attempt was open with this rail: `false` for repeated and late reports.
    open: bool,
}

#[derive(Serialize)]
struct Told {
    error: &'static str,
    message: &'static str,
}

/// What the log says about a request. Only an authentic one has a report.
#[derive(Default)]
struct Seen {
    rail: Option<Arc<HttpRail>>,
    report: Option<Report>,
}

impl Reception {
    /// Takes reports of these rails for the cells behind the gate.
    pub fn new(gate: Arc<Gate>, rails: impl IntoIterator<Item = Arc<HttpRail>>, telemetry: Telemetry) -> Reception {
        let rails = rails.into_iter().map(|rail| (rail.config.name.clone(), rail)).collect();
        Reception { gate, rails, telemetry }
    }

    async fn take(&self, request: &Request, seen: &mut Seen) -> Result<bool, Refused> {
        let name = request.path.strip_prefix("/rails/").and_then(|rest| rest.strip_suffix("/reports"));
        let rail = name.and_then(|name| self.rails.get(name)).ok_or(Refused::NoSuchPath)?;
        seen.rail = Some(Arc::clone(rail));
        if request.method != Method::POST {
            return Err(Refused::Method);
        }
        let body = request.body.as_ref().map_err(|error| match error {
            BodyError::TooLarge => Refused::TooLarge,
            BodyError::TimedOut | BodyError::NotWanted | BodyError::Broken => Refused::Incomplete,
        })?;
        if !is_authentic(rail, request, body) {
            return Err(Refused::Signature);
        }
        let report = message::report(body, rail.config.mode).map_err(Refused::Malformed)?;
        rail.stats.reported.fetch_add(1, Ordering::Relaxed);
        seen.report = Some(report);
        self.hand_over(rail, report).await
    }

    /// Whether the attempt is open with this rail; then its outcome is durable.
    async fn hand_over(&self, rail: &HttpRail, report: Report) -> Result<bool, Refused> {
        let cell = self.gate.cell(rail.config.mode).ok_or(Refused::Busy)?;
        let row = cell.read(move |reader| reader.rail_work_of(report.attempt)).await.map_err(|_| Refused::Busy)?;
        let Some(work) = row.filter(|work| work.rail == rail.config.name) else { return Ok(false) };
        let Some(outcome) = report.outcome else { return Ok(true) };
        let command = Command::ReportRails(vec![work.report(outcome)]);
        cell.submit(Lane::Internal, command, None).await.map_err(|_| Refused::Busy)?;
        rail.stats.outcome(outcome);
        Ok(true)
    }

    /// One line per request, without headers and bodies.
    fn log(&self, seen: &Seen, taken: &Result<bool, Refused>, status: u16, protocol: Protocol) {
        let level = if taken.is_ok() { Level::Info } else { Level::Warn };
        let config = seen.rail.as_ref().map(|rail| &rail.config);
        let outcome = seen.report.and_then(|report| report.outcome).map(|outcome| format!("{outcome:?}"));
        let attempt = seen.report.map(|report| format!("{:?}", report.attempt));
        let record = self
            .telemetry
            .record(level, "rail_report")
            .text_if("mode", config.map(|config| config.mode.name()))
            .text_if("rail", config.map(|config| config.name.as_str()))
            .text_if("attempt", attempt.as_deref())
            .text_if("outcome", outcome.as_deref())
            .text_if("open", taken.ok().map(|open| if open { "yes" } else { "no" }))
            .text("http", protocol.word())
            .number("status", u64::from(status))
            .text_if("code", taken.err().map(Refused::code));
        self.telemetry.write(record);
    }
}

impl Service for Reception {
    type Admission = ();

    fn admit(&self, _: Head<'_>) {}

    async fn call(&self, request: Request, (): &mut ()) -> Response {
        let mut seen = Seen::default();
        let taken = self.take(&request, &mut seen).await;
        let response = match &taken {
            Ok(open) => Response::json(200, to_json(&Taken { open: *open })),
            Err(refused) => refused.response(),
        };
        if let (Some(rail), Err(refused)) = (&seen.rail, &taken)
            && *refused != Refused::Busy
        {
            rail.stats.refused.fetch_add(1, Ordering::Relaxed);
        }
        self.log(&seen, &taken, response.status, request.protocol);
        response
    }

    fn refuse(&self, status: u16, _: Protocol) -> Response {
        Refused::Http(status).response()
    }

    fn accept_failed(&self, error: &std::io::Error) {
        let record = self.telemetry.record(Level::Error, "rails_accept_failed");
        self.telemetry.write(record.text("cause", &error.to_string()));
    }
}

impl Refused {
    fn status(self) -> u16 {
        match self {
            Refused::Http(status) => status,
            Refused::NoSuchPath => 404,
            Refused::Method => 405,
            Refused::TooLarge => 413,
            Refused::Incomplete => 408,
            Refused::Signature => 401,
            Refused::Malformed(_) => 400,
            Refused::Busy => 503,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Refused::Http(_) => "malformed_http",
            Refused::NoSuchPath => "not_found",
            Refused::Method => "method_not_allowed",
            Refused::TooLarge => "too_large",
            Refused::Incomplete => "incomplete",
            Refused::Signature => "unauthorized",
            Refused::Malformed(_) => "malformed",
            Refused::Busy => "busy",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Refused::Http(_) => "These bytes are no request.",
            Refused::NoSuchPath => "There is no such rail.",
            Refused::Method => "Reports are posted.",
            Refused::TooLarge => "The body is too large.",
            Refused::Incomplete => "The body did not arrive whole.",
            Refused::Signature => "The request is not authentic.",
            Refused::Malformed(reason) => reason,
            Refused::Busy => "Nothing was taken: repeat the report.",
        }
    }

    fn response(self) -> Response {
        let response = Response::json(self.status(), to_json(&Told { error: self.code(), message: self.message() }));
        match self {
            Refused::Busy => response.with("retry-after", "1"),
            Refused::Method => response.with("allow", "POST"),
            Refused::Http(_)
            | Refused::NoSuchPath
            | Refused::TooLarge
            | Refused::Incomplete
            | Refused::Signature
            | Refused::Malformed(_) => response,
        }
    }
}

/// Exactly one signature stands in the request, and it is the rail's.
fn is_authentic(rail: &HttpRail, request: &Request, body: &[u8]) -> bool {
    let mut given = request.headers.get_all(signature::HEADER).iter();
    let (Some(header), None) = (given.next().and_then(|value| value.to_str().ok()), given.next()) else { return false };
    let now = system_time().unix_seconds();
    signature::is_authentic(&rail.config.secret, Purpose::Report, now, body, header)
}
