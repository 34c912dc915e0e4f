//! Cross-origin rules of what browsers call: any registered origin may ask, only the account's own hears the answer.
//! Cookies and other ambient credentials never count.

use causeway_core::account::Account;
use http::HeaderMap;
use http::header::ORIGIN;

use crate::auth::origin;
use crate::gate::Gate;
use crate::http::Response;
use crate::operations::router;
use crate::problem::{Code, Problem};

/// Headers that a widget may send.
const ALLOWED_HEADERS: &str =
    "authorization, content-type, gate-version, idempotency-key, x-embed-token, x-publishable-key";
/// Headers of the answer that a widget may read.
const EXPOSED_HEADERS: &str =
    "gate-version, idempotent-replayed, ratelimit, ratelimit-policy, retry-after, x-request-id";
/// How long a browser may remember a preflight, in seconds: a revoked origin is forgotten soon.
const REMEMBERED_SECONDS: &str = "600";

/// The answer to a browser's preflight, when something at `path` is for browsers; `None` otherwise.
pub fn preflight(gate: &Gate, path: &str, headers: &HeaderMap) -> Option<Result<Response, Problem>> {
    let methods = router::at(path)
        .filter(|operation| operation.credential.is_for_browsers())
        .map(|operation| operation.verb.word())
        .collect::<Vec<_>>();
    if methods.is_empty() || !headers.contains_key(ORIGIN) {
        return None;
    }
    if !origin(headers).is_some_and(|origin| is_registered(gate, &origin)) {
        return Some(Err(Problem::at(Code::OriginNotAllowed, "Origin", "No account allows this origin.")));
    }
    let response = Response::empty(204)
        .with("access-control-allow-methods", methods.join(", "))
        .with("access-control-allow-headers", ALLOWED_HEADERS)
        .with("access-control-max-age", REMEMBERED_SECONDS);
    Some(Ok(response))
}

/// What a browser asked for.
pub enum Asked<'a> {
    /// An operation; with the account of its credential, once that is known.
    Operation(Option<&'a Account>),
    /// A preflight, or a method that the path does not have.
    Nothing,
}

/// Whether something at `path` is for browsers.
pub fn is_for_browsers(path: &str) -> bool {
    router::at(path).any(|operation| operation.credential.is_for_browsers())
}

/// Adds the headers that let a browser hand the answer on: to the caller's own origins alone. Before an operation is
/// asked for, in a preflight, the caller is not known: any registered origin is told.
pub fn cross_origin(response: Response, gate: &Gate, asked: Asked<'_>, headers: &HeaderMap) -> Response {
    let response = response.with("vary", "Origin");
    let allowed = origin(headers).filter(|origin| match asked {
        Asked::Operation(account) => account.is_some_and(|account| account.origins.contains(origin)),
        Asked::Nothing => is_registered(gate, origin),
    });
    match allowed {
        Some(origin) => {
            response.with("access-control-allow-origin", origin).with("access-control-expose-headers", EXPOSED_HEADERS)
        }
        None => response,
    }
}

fn is_registered(gate: &Gate, origin: &str) -> bool {
    gate.cells().any(|cell| cell.directory().allows_origin(origin))
}
