//! The way of every request, in one fixed order.

mod admission;
mod encoding;
mod headers;
mod trace;

use std::io;
use std::sync::Arc;

use http::Method;
use tokio::sync::Semaphore;

use crate::edge::Edge;
use crate::gate::Gate;
use crate::http::{BodyError, Head, Protocol, Request, Response, Service};
use crate::keys::RandomnessError;
use crate::operations::{self, Asked, Body, Call, Operation};
use crate::pages::Pages;
use crate::problem::{Code, Problem};
use crate::quota::{Quotas, Standing};
use crate::wire::{Query, VERSION};

pub use admission::Admission;
pub use trace::{Line, Observer};

use admission::{Performance, Step};
use trace::{RequestIds, Trace};

/// The target that means the server itself.
const EVERYTHING: &str = "*";

/// The partner API as a service.
pub struct Pipeline<O> {
    gate: Arc<Gate>,
    quotas: Arc<Quotas>,
    observer: O,
    options: Options,
    pages: Pages,
    places: Semaphore,
    ids: RequestIds,
}

/// What an operator may set of the pipeline.
#[derive(Clone, Debug)]
pub struct Options {
    /// Requests at a time; one more is refused as overloaded.
    pub in_flight: usize,
    /// Where error codes are explained: `doc_url` is this, a slash and the code.
    pub docs_url: String,
    /// Which proxies are believed when they name a user's country.
    pub edge: Edge,
}

impl Default for Options {
    fn default() -> Options {
        Options { in_flight: 3_072, docs_url: "/docs/errors".to_owned(), edge: Edge::default() }
    }
}

impl<O: Observer> Pipeline<O> {
    /// The partner API in front of `gate`, for accounts within their `quotas`.
    pub fn new(
        gate: Arc<Gate>,
        quotas: Arc<Quotas>,
        observer: O,
        options: Options,
    ) -> Result<Pipeline<O>, RandomnessError> {
        let places = Semaphore::new(options.in_flight);
        Ok(Pipeline { gate, quotas, observer, options, pages: Pages::default(), places, ids: RequestIds::new()? })
    }

    /// Everything that happens to a request between its body and its answer; `trace` learns what its log line says.
    async fn run(
        &self,
        request: &Request,
        verdict: Result<Step, Problem>,
        trace: &mut Trace<'_, O>,
    ) -> Result<Response, Problem> {
        // Limit: what is beyond the bound is refused before anything is done.
        let _place = self.places.try_acquire().map_err(|_| overloaded())?;
        // Match, authenticate, quota: decided by the head, before the body was read.
        let Performance { operation, parameter, caller } = match verdict? {
            Step::Answer(response) => return Ok(response),
            Step::Perform(performance) => performance,
        };
        // The terms on which the answer is given.
        let version = headers::version(&request.headers)?;
        trace.version = version;
        headers::accepts_json(&request.headers)?;
        // Idempotency header.
        let idempotency_key = headers::idempotency_key(&request.headers, operation.idempotency)?;
        // Parse, submit or read, render: the handler.
        let body = version.request(body(operation, request)?);
        let call = Call {
            operation,
            cell: self.gate.cell(caller.mode()).ok_or_else(Problem::not_found)?,
            caller: &caller,
            parameter: &parameter,
            query: Query::new(&request.query),
            headers: &request.headers,
            edge: &self.options.edge,
            peer: request.peer.ip(),
            body: &body,
            idempotency_key,
        };
        let rendered = (operation.handler)(call).await?;
        trace.replayed = rendered.replayed;
        Ok(Response::json(operation.ok, version.answer(rendered.json)))
    }

    /// The answer to OPTIONS: a browser's preflight, or the methods of an operation's path.
    fn options(&self, head: Head<'_>) -> Option<Result<Response, Problem>> {
        if *head.method != Method::OPTIONS {
            return None;
        }
        if head.path == EVERYTHING {
            return Some(Ok(Response::empty(204)));
        }
        let methods = || operations::methods(head.path).map(|methods| Ok(Response::empty(204).with("allow", methods)));
        operations::preflight(&self.gate, head.path, head.headers).or_else(methods)
    }

    /// The response in its final form: whatever happened, it names its request and its version.
    fn finish(&self, outcome: Result<Response, Problem>, request: &Request, trace: Trace<'_, O>) -> Response {
        let request_id = trace.request_id();
        let (mut response, problem) = match outcome {
            Ok(response) => (response, None),
            Err(problem) => (problem.response(&request_id, &self.options.docs_url), Some(problem)),
        };
        if trace.replayed {
            response = response.with("idempotent-replayed", "true");
        }
        let for_browsers = match trace.operation {
            Some(operation) => operation.credential.is_for_browsers(),
            None => operations::is_for_browsers(&request.path),
        };
        if for_browsers {
            let asked = match trace.operation {
                Some(_) => Asked::Operation(trace.account()),
                None => Asked::Nothing,
            };
            response = operations::cross_origin(response, &self.gate, asked, &request.headers);
        }
        if trace.operation.is_some() {
            response = response.with("cache-control", "no-store");
        }
        let version = trace.version;
        trace.end(response.status, problem.as_ref(), &request_id);
        response.with("gate-version", version.date()).with("x-request-id", request_id)
    }
}

impl<O: Observer> Service for Pipeline<O> {
    type Admission = Admission;

    fn admit(&self, head: Head<'_>) -> Admission {
        Admission::new(self, head)
    }

    async fn call(&self, request: Request, admission: &mut Admission) -> Response {
        let mut trace = Trace::begin(&self.observer, self.ids.next(), Some(&request.method), request.protocol);
        (trace.operation, trace.caller) = (admission.operation, admission.caller.take());
        trace.denied = admission.denied.take();
        let verdict = admission.settled(self);
        let outcome = self.run(&request, verdict, &mut trace).await;
        let response = self.finish(outcome, &request, trace);
        let response = encoding::compressed(response, &request.method, &request.headers);
        let standing = admission.standing.iter().flat_map(Standing::fields);
        standing.fold(response, |response, (name, value)| response.with(name, value))
    }

    fn refuse(&self, status: u16, protocol: Protocol) -> Response {
        let code = match status {
            414 => Code::UriTooLong,
            431 => Code::HeadersTooLarge,
            _ => Code::MalformedHttp,
        };
        let problem = Problem::new(code, code.explanation());
        let trace = Trace::begin(&self.observer, self.ids.next(), None, protocol);
        let request_id = trace.request_id();
        trace.end(code.status(), Some(&problem), &request_id);
        let response = problem.response(&request_id, &self.options.docs_url);
        response.with("gate-version", VERSION).with("x-request-id", request_id)
    }

    fn accept_failed(&self, error: &io::Error) {
        self.observer.accept_failed(error);
    }
}

/// The body that the operation reads; nothing when it reads none.
fn body<'r>(operation: &Operation, request: &'r Request) -> Result<&'r [u8], Problem> {
    let bound = match operation.body {
        Body::Ignored => return whole(request).map(|()| [].as_slice()),
        Body::Optional { bytes, .. } | Body::Required { bytes, .. } => bytes,
    };
    let body = match &request.body {
        Ok(body) if body.len() <= bound => body,
        Ok(_) | Err(BodyError::TooLarge) => {
            let message = format!("The body is larger than the {bound} bytes that this operation takes.");
            return Err(Problem::new(Code::BodyTooLarge, message));
        }
        Err(error @ (BodyError::TimedOut | BodyError::NotWanted | BodyError::Broken)) => {
            return Err(Problem::new(Code::BodyIncomplete, format!("Send the request again: {error}.")));
        }
    };
    // What an empty body lacks is said by the operation itself.
    if !body.is_empty() {
        headers::sends_json(&request.headers)?;
    }
    Ok(body)
}

/// Refuses what broke off, or is not as long as it says: it is no request, whatever it would have been. A body that is only
/// large or late may be ignored.
fn whole(request: &Request) -> Result<(), Problem> {
    match &request.body {
        Ok(_) | Err(BodyError::TooLarge | BodyError::TimedOut | BodyError::NotWanted) => Ok(()),
        Err(BodyError::Broken) => Err(Problem::new(Code::MalformedHttp, Code::MalformedHttp.explanation())),
    }
}

fn overloaded() -> Problem {
    Problem::new(Code::Overloaded, Code::Overloaded.explanation())
}
