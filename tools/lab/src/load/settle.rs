//! Waiting until rails have answered and webhooks are delivered: nothing may pay for the work of another.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::ceilings::http::WEBHOOKS;
use super::mix::Stock;
use crate::api::Api;
use crate::failure::Failure;
use crate::machine::cpu_seconds;

/// How long settlement and delivery may lag behind the last answer.
const DEADLINE: Duration = Duration::from_secs(120);
/// The gap between two looks.
const GAP: Duration = Duration::from_millis(10);
/// How long no webhook may arrive until there are no more, and how long the server is watched.
const QUIET: Duration = Duration::from_millis(300);
/// The share of a processor up to which the server counts as idle: its timers run on.
const IDLE: f64 = 0.1;

/// Waits until nothing is under way any more.
pub struct Rest {
    gateway: Api,
    receiver: Option<Api>,
    stock: Rc<Stock>,
    process: Option<u32>,
    webhooks: u64,
}

impl Rest {
    /// Looks at payments of `stock` through `gateway`, at `receiver` when webhooks are sent, and at the gateway's process
    /// when it is on this machine.
    pub fn new(gateway: Api, receiver: Option<Api>, stock: Rc<Stock>, process: Option<u32>) -> Rest {
        Rest { gateway, receiver, stock, process, webhooks: 0 }
    }

    /// Returns when the last payments are settled, no webhook arrives any more, and the gateway has nothing left to do.
    pub async fn wait(&mut self) -> Result<(), Failure> {
        payments(&mut self.gateway, self.stock.take_payments()).await?;
        if let Some(receiver) = &mut self.receiver {
            self.webhooks = webhooks(receiver).await?;
        }
        match self.process {
            Some(process) => idle(process).await,
            None => Ok(()),
        }
    }

    /// Webhooks that have arrived.
    pub fn webhooks(&self) -> u64 {
        self.webhooks
    }
}

/// Waits until none of these payments is processing.
async fn payments(api: &mut Api, payments: impl IntoIterator<Item = String>) -> Result<(), Failure> {
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
    Ok(())
}

/// Waits until no webhook has arrived for a while; gives how many there were since the receiver started.
async fn webhooks(receiver: &mut Api) -> Result<u64, Failure> {
    let start = Instant::now();
    let (mut count, mut last) = (arrived(receiver).await?, start);
    while last.elapsed() < QUIET {
        if start.elapsed() > DEADLINE {
            let seconds = DEADLINE.as_secs();
            return Err(Failure::wrong(format!("webhooks still arrive {seconds} s after the last answer")));
        }
        tokio::time::sleep(GAP).await;
        let now = arrived(receiver).await?;
        if now != count {
            (count, last) = (now, Instant::now());
        }
    }
    Ok(count)
}

/// Waits until a process is idle: the store goes on compacting after the last answer.
async fn idle(process: u32) -> Result<(), Failure> {
    let start = Instant::now();
    while start.elapsed() < DEADLINE {
        // One that has ended is idle; whoever calls it next learns more.
        let Some(before) = cpu_seconds(process) else { return Ok(()) };
        tokio::time::sleep(QUIET).await;
        if cpu_seconds(process).is_none_or(|after| after - before <= IDLE * QUIET.as_secs_f64()) {
            return Ok(());
        }
    }
    Err(Failure::wrong(format!("the server is still busy {} s after the last answer", DEADLINE.as_secs())))
}

async fn arrived(receiver: &mut Api) -> Result<u64, Failure> {
    let reply = receiver.get(WEBHOOKS).await?.expect(200, "counting webhooks")?;
    reply.raw.parse().map_err(|_| Failure::wrong(format!("the receiver's count is no number: {}", reply.raw)))
}
