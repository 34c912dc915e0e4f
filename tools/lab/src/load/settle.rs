//! Waiting until the rails have answered and the webhooks are delivered: one round must not pay for the work of another.

use std::time::{Duration, Instant};

use super::ceiling::Ceiling;
use crate::api::Api;
use crate::failure::Failure;

/// How long settlement may lag behind the last answer.
const DEADLINE: Duration = Duration::from_secs(120);
/// The gap between two looks at a payment.
const GAP: Duration = Duration::from_millis(5);
/// How long no webhook may arrive until there are no more.
const QUIET: Duration = Duration::from_millis(300);

/// Waits until none of these payments is processing; gives how long that took.
pub async fn wait(api: &mut Api, payments: &[String]) -> Result<Duration, Failure> {
    let start = Instant::now();
    for payment in payments {
        let path = format!("/v1/rails/pay_ins/{payment}");
        while api.get(&path).await?.expect(200, "retrieving a pay-in")?.text("status") == "processing" {
            if start.elapsed() > DEADLINE {
                let seconds = DEADLINE.as_secs();
                return Err(Failure::wrong(format!("{payment} is still processing {seconds} s after the last answer")));
            }
            tokio::time::sleep(GAP).await;
        }
    }
    Ok(start.elapsed())
}

/// Waits until no webhook has arrived for a while; gives how long it was until the last one.
pub async fn webhooks(receiver: &Ceiling) -> Result<Duration, Failure> {
    let start = Instant::now();
    let (mut count, mut last) = (receiver.webhooks(), start);
    while last.elapsed() < QUIET {
        if start.elapsed() > DEADLINE {
            return Err(Failure::wrong(format!(
                "webhooks still arrive {} s after the last answer",
                DEADLINE.as_secs()
            )));
        }
        tokio::time::sleep(GAP).await;
        if receiver.webhooks() != count {
            (count, last) = (receiver.webhooks(), Instant::now());
        }
    }
    Ok(last - start)
}
