//! One step: tickets from the schedule, clients that perform them, and what came of it.
//!
//! Clients queue for the next ticket, and the first in the queue waits until it is due. When all are busy nobody takes the
//! tickets that become due; whoever is free next finds them late, performs them if their callers would still wait, and
//! counts the others as missed. So nothing queues up here, and no delay is left out.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::client::{Client, Dialer};
use super::clock::Clock;
use super::mix::Work;
use super::schedule::{Pace, Plan, Schedule, Ticket};
use super::tally::Tally;
use crate::failure::Failure;
use crate::seed::Seed;

/// How long the last answers may take once the last unit has begun.
const DRAIN: Duration = Duration::from_secs(10);

/// How wide the load is.
#[derive(Clone, Debug)]
pub struct Width {
    /// Requests in flight at most.
    pub in_flight: usize,
    /// How late a unit may begin; later ones are missed.
    pub patience: Duration,
}

/// What one worker works with.
pub struct Hands {
    /// Its clients: as many as its work sends at once.
    pub clients: Vec<Client>,
    /// Its random numbers.
    pub seed: Seed,
    /// Where it counts; shared by all workers of the step.
    pub tally: Rc<RefCell<Tally>>,
    /// From when on the next call's time is counted.
    pub since: Instant,
    /// Whether the present unit is counted.
    pub counts: bool,
}

/// What came of a step.
#[derive(Clone, Default)]
pub struct Step {
    /// The counts and times.
    pub tally: Tally,
    /// How long it was counted, in seconds.
    pub window: f64,
    /// When counting began; nothing before a step was done.
    pub from: Option<Instant>,
}

struct Shared {
    schedule: Mutex<Schedule>,
    clock: Clock,
    patience: Duration,
    work: Rc<Work>,
    dialer: Dialer,
    tally: Rc<RefCell<Tally>>,
    /// Counted units that have begun and not ended.
    under_way: Cell<u64>,
    /// When counting begins and ends.
    window: (Instant, Instant),
    last_answer: Cell<Instant>,
}

/// Performs `plan`. Connections are opened before it starts. Must run inside a `LocalSet`.
pub async fn drive(dialer: &Dialer, width: &Width, plan: Plan, work: &Rc<Work>, seed: u64) -> Result<Step, Failure> {
    let failed = |error| Failure::wrong(format!("the load on {} broke off: {error}", dialer.target().url()));
    let mut seed = Seed::new(seed);
    let per_worker = work.width();
    let workers = (width.in_flight / per_worker).max(1);
    let mut clients = dialer.open(workers * per_worker).await.map_err(failed)?.into_iter();
    let start = Instant::now();
    let schedule = Schedule::new(plan, start, seed.draw());
    let window = (schedule.counted_from(), schedule.counted_from() + plan.time);
    let shared = Rc::new(Shared {
        schedule: Mutex::new(schedule),
        clock: Clock::new().map_err(failed)?,
        patience: width.patience,
        work: Rc::clone(work),
        dialer: dialer.clone(),
        tally: Rc::default(),
        under_way: Cell::new(0),
        window,
        last_answer: Cell::new(window.0),
    });
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        let clients = clients.by_ref().take(per_worker).collect();
        let tally = Rc::clone(&shared.tally);
        let hands = Hands { clients, seed: Seed::new(seed.draw()), tally, since: start, counts: false };
        tasks.spawn_local(Rc::clone(&shared).work(hands));
    }
    let end = tokio::time::Instant::from_std(window.1 + width.patience + DRAIN);
    let ended = tokio::time::timeout_at(end, all(&mut tasks)).await;
    tasks.abort_all();
    ended.unwrap_or(Ok(())).map_err(failed)?;
    let mut tally = shared.tally.take();
    // Nobody knows how long they would have taken; it was this long at least.
    (0..shared.under_way.get()).for_each(|_| tally.unanswered(DRAIN));
    // Flat out, a number of units may be done early.
    let is_early = plan.pace == Pace::FlatOut && plan.most < u64::MAX;
    let last = if is_early { shared.last_answer.get().min(window.1) } else { window.1 };
    Ok(Step { tally, window: (last - window.0).as_secs_f64(), from: Some(window.0) })
}

async fn all(tasks: &mut JoinSet<io::Result<()>>) -> io::Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(io::Error::other).flatten()?;
    }
    Ok(())
}

impl Shared {
    /// Performs tickets until there are no more. A client whose connection broke is replaced; when that fails, nothing
    /// listens any more and the step is over.
    async fn work(self: Rc<Shared>, mut hands: Hands) -> io::Result<()> {
        while let Some(ticket) = self.next().await? {
            hands.since = ticket.due;
            hands.counts = ticket.counts;
            self.count_under_way(ticket, 1);
            let sent = Instant::now();
            let outcome = self.work.perform(&mut hands).await;
            let ended = Instant::now();
            self.count_under_way(ticket, -1);
            self.count_answered(matches!(outcome, Ok(true)), ended);
            if ticket.counts {
                let mut tally = self.tally.borrow_mut();
                match &outcome {
                    Ok(is_good) => tally.unit(*is_good, ended - ticket.due, ended - sent),
                    Err(error) => tally.other(format!("connection lost: {error}")),
                }
            }
            if outcome.is_err() {
                hands.clients = self.dialer.open(hands.clients.len()).await?;
            }
        }
        Ok(())
    }

    /// The next ticket that somebody would still wait for, once it is due.
    async fn next(&self) -> io::Result<Option<Ticket>> {
        let mut schedule = self.schedule.lock().await;
        loop {
            let now = Instant::now();
            let Some(ticket) = schedule.next(now) else { return Ok(None) };
            if ticket.counts {
                self.tally.borrow_mut().due += 1;
            }
            if ticket.due > now {
                self.clock.reach(ticket.due).await?;
                return Ok(Some(ticket));
            }
            let late = now - ticket.due;
            if late <= self.patience {
                return Ok(Some(ticket));
            }
            if ticket.counts {
                self.tally.borrow_mut().missed(late);
            }
        }
    }

    /// Throughput counts what is answered in the window, whenever it began.
    fn count_answered(&self, is_good: bool, ended: Instant) {
        self.last_answer.set(ended.max(self.window.0));
        if is_good && (self.window.0..self.window.1).contains(&ended) {
            self.tally.borrow_mut().answered += 1;
        }
    }

    fn count_under_way(&self, ticket: Ticket, change: i64) {
        if ticket.counts {
            self.under_way.set(self.under_way.get().saturating_add_signed(change));
        }
    }
}

impl Step {
    /// Good units a second.
    pub fn rate(&self) -> f64 {
        self.per_second(self.tally.answered)
    }

    /// Units that became due a second.
    pub fn offered(&self) -> f64 {
        self.per_second(self.tally.due)
    }

    /// This many of something for each good unit, a second.
    pub fn rate_of(&self, count: u64) -> f64 {
        self.rate() * count as f64 / self.tally.good.max(1) as f64
    }

    fn per_second(&self, count: u64) -> f64 {
        if self.window > 0.0 { count as f64 / self.window } else { 0.0 }
    }
}

#[cfg(test)]
mod tests;
