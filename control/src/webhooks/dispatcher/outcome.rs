//! What the cell is told of an attempt.

use causeway_core::delivery::DeliveryOutcome;
use http::StatusCode;

use super::Job;
use crate::config::duration::millis;
use crate::webhooks::client::Answer;

/// What came of an attempt, in words for the partner where it failed. `target_url`: where it went, if it went anywhere.
pub fn outcome(job: &Job, target_url: Option<String>, answer: Result<Answer, String>) -> DeliveryOutcome {
    let status = answer.as_ref().ok().map(|answer| answer.status);
    let retry_after = answer.as_ref().ok().and_then(|answer| answer.retry_after).map(millis);
    let error = match answer.map(|answer| answer.status) {
        Ok(status) if status.is_success() => None,
        Ok(status) if status.is_redirection() && status != StatusCode::NOT_MODIFIED => {
            Some(format!("the receiver answered {}; redirects are not followed", status.as_u16()))
        }
        Ok(status) => Some(format!("the receiver answered {}", status.as_u16())),
        Err(error) => Some(error),
    };
    DeliveryOutcome {
        delivery: job.row.delivery,
        account: job.row.account,
        lane: job.found.as_ref().ok().and_then(|(delivery, _)| delivery.lane),
        outbox: job.row.id,
        target_url,
        response_status: status.map(|status| status.as_u16()),
        error,
        retry_after,
    }
}
