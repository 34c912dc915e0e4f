//! What a request's head decides: where it goes, who sends it, and whether the account may send it now.

use std::sync::Arc;

use causeway_core::account::Account;

use crate::auth::{self, Authenticated};
use crate::http::{self, Head, Response};
use crate::operations::{self, Operation};
use crate::problem::{Code, Problem};
use crate::quota::{Place, Reason, Refused, Standing};

use super::{Observer, Pipeline, headers};

/// The longest path with its query, in bytes.
const TARGET_BYTES: usize = 8 * 1_024;

/// A request as far as its head says. It holds the request's place among those of its account that are in progress.
pub struct Admission {
    pub(super) operation: Option<&'static Operation>,
    pub(super) caller: Option<Authenticated>,
    /// Whose credential was refused.
    pub(super) denied: Option<Arc<Account>>,
    pub(super) standing: Option<Standing>,
    verdict: Result<Step, Problem>,
    place: Option<Place>,
}

/// What is to be done.
pub(super) enum Step {
    /// Nothing: this is the answer.
    Answer(Response),
    /// An operation.
    Perform(Performance),
}

/// An operation that is to be performed for a caller.
pub(super) struct Performance {
    pub(super) operation: &'static Operation,
    pub(super) parameter: String,
    pub(super) caller: Authenticated,
}

impl http::Admission for Admission {
    fn is_refused(&self) -> bool {
        self.verdict.is_err()
    }
}

impl Admission {
    pub(super) fn new<O: Observer>(pipeline: &Pipeline<O>, head: Head<'_>) -> Admission {
        let unknown = Err(Problem::not_found());
        let (operation, caller, denied, standing, place) = (None, None, None, None, None);
        let mut admission = Admission { operation, caller, denied, standing, verdict: unknown, place };
        admission.verdict = admission.judge(pipeline, head);
        admission
    }

    fn judge<O: Observer>(&mut self, pipeline: &Pipeline<O>, head: Head<'_>) -> Result<Step, Problem> {
        headers::host(head.headers)?;
        // Match: a question about methods, a page for people, or an operation.
        target_is_short(head)?;
        if let Some(answer) = pipeline.options(head) {
            return answer.map(Step::Answer);
        }
        if let Some(page) = pipeline.pages.find(&pipeline.gate, head.method, head.path) {
            return page.map(Step::Answer);
        }
        let found = operations::find(head.method, head.path)?;
        let operation = *self.operation.insert(found.operation);
        // Authenticate: a wrong key is told before anything else that is wrong.
        let found_out = auth::authenticate(&pipeline.gate, operation.credential, head.headers);
        let (cell, caller) = found_out.map_err(|denied| {
            self.denied = denied.account;
            denied.problem
        })?;
        let caller = self.caller.insert(caller).clone();
        // Quota: whoever asks for too much hears it before anything is done for him.
        if !operation.credential.is_for_browsers() {
            self.enter(pipeline, operation, &caller)?;
        }
        operation.exists_in(caller.mode())?;
        auth::permitted(cell, &caller, operation.credential, head.headers)?;
        auth::entitled(&caller, operation.entitlement)?;
        Ok(Step::Perform(Performance { operation, parameter: found.parameter.into_owned(), caller }))
    }

    /// What the head decided, now that the body is there: the key may have been revoked meanwhile. Browsers take their place
    /// only now: anybody has a publishable key, and could hold places with bodies that never come.
    pub(super) fn settled<O: Observer>(&mut self, pipeline: &Pipeline<O>) -> Result<Step, Problem> {
        let step = std::mem::replace(&mut self.verdict, Err(Problem::not_found()))?;
        if let Step::Perform(Performance { operation, caller, .. }) = &step {
            let cell = pipeline.gate.cell(caller.mode()).ok_or_else(Problem::not_found)?;
            auth::stands(cell, caller)?;
            if operation.credential.is_for_browsers() {
                self.enter(pipeline, operation, caller)?;
            }
        }
        Ok(step)
    }

    fn enter<O: Observer>(
        &mut self,
        pipeline: &Pipeline<O>,
        operation: &Operation,
        caller: &Authenticated,
    ) -> Result<(), Problem> {
        let tier = caller.account().tier.as_deref();
        let answer = pipeline.quotas.ask(caller.mode(), caller.id(), tier, operation.class);
        self.standing = answer.standing;
        self.place = Some(answer.place.map_err(|refused| too_many(operation, refused))?);
        Ok(())
    }
}

fn too_many(operation: &Operation, refused: Refused) -> Problem {
    let seconds = refused.retry_after;
    let (class, unit) = (operation.class.word(), if seconds == 1 { "second" } else { "seconds" });
    let message = match refused.reason {
        Reason::Rate => {
            format!(
                "The account's rate for {class} is used up: retry after {seconds} {unit}, or ask the operator for another tier."
            )
        }
        Reason::InProgress => {
            "The account has too many requests in progress: wait for the answers to some of them.".to_owned()
        }
    };
    Problem { retry_after: Some(seconds), ..Problem::new(Code::RateLimited, message) }
}

/// Refuses a request target that no client of ours has reason to send.
fn target_is_short(head: Head<'_>) -> Result<(), Problem> {
    let length = head.path.len() + head.query.len();
    if length <= TARGET_BYTES { Ok(()) } else { Err(Problem::new(Code::UriTooLong, Code::UriTooLong.explanation())) }
}
