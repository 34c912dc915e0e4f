//! What is remembered of a request until its one log line.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use causeway_core::account::Account;
use causeway_core::id::{AccountId, Mode, RequestId, encode};
use http::Method;

use crate::auth::Authenticated;
use crate::gate::system_time;
use crate::http::Protocol;
use crate::keys::{RandomnessError, request_bits};
use crate::operations::Operation;
use crate::problem::Problem;
use crate::wire::Version;

/// Hears what came of requests. It keeps headers, bodies and secrets out of logs by never being told them.
pub trait Observer: Send + Sync + 'static {
    /// A request was answered, or its client went away.
    fn answered(&self, line: &Line<'_>);

    /// A connection could not be accepted.
    fn accept_failed(&self, error: &io::Error);
}

/// The canonical log line of a request.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The method; empty when the bytes were no request.
    pub method: &'a str,
    /// The version of HTTP.
    pub protocol: Protocol,
    /// The operation's word, such as `lock_quote`; none when no row fits.
    pub operation: Option<&'static str>,
    /// The status; [`Line::CLIENT_GONE`] when nobody was left to hear it.
    pub status: u16,
    /// The error code, if it was refused.
    pub code: Option<&'static str>,
    /// From the request's last byte to the answer.
    pub duration: Duration,
    /// The caller's account, once authenticated.
    pub account: Option<AccountId>,
    /// As in `X-Request-Id`.
    pub request_id: &'a str,
    /// The caller's mode, once authenticated.
    pub mode: Option<Mode>,
    /// Whether the answer repeats an earlier one.
    pub replayed: bool,
    /// What went wrong on our side.
    pub cause: Option<&'a str>,
}

impl Line<'_> {
    /// The status in log lines of requests whose client went away before the answer.
    pub const CLIENT_GONE: u16 = 499;
}

/// A request on its way. Dropped without an end, it says that the client went away.
pub(super) struct Trace<'o, O: Observer> {
    observer: &'o O,
    started: Instant,
    bits: u128,
    method: Option<Method>,
    protocol: Protocol,
    ended: bool,
    pub(super) operation: Option<&'static Operation>,
    pub(super) caller: Option<Authenticated>,
    /// Whose credential was refused.
    pub(super) denied: Option<Arc<Account>>,
    pub(super) replayed: bool,
    /// The version of the contract that is answered in.
    pub(super) version: Version,
}

impl<'o, O: Observer> Trace<'o, O> {
    /// `method` is none for bytes that are no request.
    pub(super) fn begin(observer: &'o O, bits: u128, method: Option<&Method>, protocol: Protocol) -> Trace<'o, O> {
        Trace {
            observer,
            started: Instant::now(),
            bits,
            method: method.cloned(),
            protocol,
            ended: false,
            operation: None,
            caller: None,
            denied: None,
            replayed: false,
            version: Version::NEWEST,
        }
    }

    /// The request's id: with the mode, once that is known.
    pub(super) fn request_id(&self) -> String {
        encode(RequestId::PREFIX, self.caller.as_ref().map(Authenticated::mode), self.bits)
    }

    /// The account of the caller, or of the credential that was refused.
    pub(super) fn account(&self) -> Option<&Account> {
        self.caller.as_ref().map(Authenticated::account).or(self.denied.as_deref())
    }

    pub(super) fn end(mut self, status: u16, problem: Option<&Problem>, request_id: &str) {
        self.ended = true;
        let cause = problem.and_then(|problem| problem.cause.as_deref());
        self.tell(status, problem.map(|problem| problem.code.word()), cause, request_id);
    }

    fn tell(&self, status: u16, code: Option<&'static str>, cause: Option<&str>, request_id: &str) {
        self.observer.answered(&Line {
            method: self.method.as_ref().map_or("", Method::as_str),
            protocol: self.protocol,
            operation: self.operation.map(|operation| operation.word),
            status,
            code,
            duration: self.started.elapsed(),
            account: self.account().map(|account| account.id),
            request_id,
            mode: self.caller.as_ref().map(Authenticated::mode),
            replayed: self.replayed,
            cause,
        });
    }
}

impl<O: Observer> Drop for Trace<'_, O> {
    fn drop(&mut self) {
        if !self.ended {
            self.tell(Line::CLIENT_GONE, Some("client_gone"), None, &self.request_id());
        }
    }
}

/// Numbers requests: the millisecond, then 80 bits that start at random and step through all values without a repetition.
pub(super) struct RequestIds {
    start: u128,
    count: AtomicU64,
}

/// An odd number with its bits spread: its multiples repeat only after 2^80 steps.
const STEP: u128 = 0x9e37_79b9_7f4a_7c15_f39d;
const LOW_BITS: u128 = (1 << 80) - 1;

impl RequestIds {
    pub(super) fn new() -> Result<RequestIds, RandomnessError> {
        Ok(RequestIds { start: request_bits()?, count: AtomicU64::new(0) })
    }

    pub(super) fn next(&self) -> u128 {
        let step = STEP.wrapping_mul(u128::from(self.count.fetch_add(1, Ordering::Relaxed)));
        u128::from(system_time().0) << 80 | self.start.wrapping_add(step) & LOW_BITS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_unique_and_begin_with_the_time() {
        let ids = RequestIds::new().unwrap();
        let drawn = (0..10_000).map(|_| ids.next()).collect::<std::collections::HashSet<_>>();
        assert_eq!(drawn.len(), 10_000);
        assert!(drawn.iter().all(|bits| bits >> 80 > 1_700_000_000_000));
    }
}
