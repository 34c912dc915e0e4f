//! The world of one simulation: the real cell without its threads, a clock in the hand, a store that fails as asked, and
//! everybody around it. The oracle hears of every batch and is compared with the disk.

mod at_rest;
mod outage;
mod retention;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::action::Action;
use super::broker::Broker;
use super::client::Clients;
use super::docket::{Docket, Door};
use super::oracle::{Fault, Oracle, Ran};
use super::rail::Rails;
use super::receiver::Receivers;
use super::redeliverer::Redeliverer;
use super::store::FaultyStore;
use super::sweeper::Sweeper;
use super::{ground, scorer, tally::Tally};
use crate::change::Head;
use crate::command::{Command, Submission};
use crate::engine::committer::{Desk, Job};
use crate::engine::cycle::{Cycle, Parts};
use crate::engine::pace::{Look, Pace};
use crate::engine::{CellStats, Link, in_time};
use crate::id::AccountId;
use crate::ingress::{CellHandle, Envelope, Lane, Lanes};
use crate::limits::{BATCH_TIMERS, BATCHES_IN_FLIGHT, IDEMPOTENCY_LIFE_MS};
use crate::routing::Catalogue;
use crate::settings::Settings;
use crate::store::{Reader, Store, StoreError};
use crate::time::{Millis, Timestamp};

use crossbeam_channel::Receiver;

/// When every simulation begins.
const START: Timestamp = Timestamp(1_790_000_000_000);

/// A cell with everything around it.
pub struct World {
    settings: Settings,
    catalogue: Arc<Catalogue>,
    store: Arc<FaultyStore>,
    reader: Reader,
    scorer_fails: Arc<AtomicBool>,
    clock: Timestamp,
    /// What a clock that is never set has counted.
    elapsed: Duration,
    cell: Cell,
    /// Batches on their way to disk, oldest first.
    pending: Vec<(Job, Logged)>,
    /// While the store is down: what the failed commit was about.
    tried: Option<Vec<Logged>>,
    /// Everything that was asked.
    docket: Docket,
    /// The truth as of the newest batch, and as of the newest durable one.
    live: Oracle,
    durable: Oracle,
    clients: Clients,
    rails: Rails,
    receivers: Receivers,
    sweeper: Sweeper,
    broker: Broker,
    redeliverer: Redeliverer,
    /// What was done how often.
    pub tally: Tally,
}

/// A process: dies as a whole.
struct Cell {
    cycle: Cycle,
    desk: Desk,
    link: Link,
    handle: CellHandle,
    lanes: Lanes<Receiver<Envelope>>,
    pace: Pace,
}

/// What ran in a batch.
#[derive(Clone)]
struct Logged {
    has_effects: bool,
    head: Head,
    scorer_fails: bool,
    ran: Vec<Ran>,
}

impl World {
    /// An empty cell, its settings by the seed.
    pub fn new(seed: u64) -> Result<World, Fault> {
        let (settings, catalogue) = (ground::settings(seed), Arc::new(ground::catalogue()));
        let store = Arc::<FaultyStore>::default();
        let scorer_fails = Arc::<AtomicBool>::default();
        let cell =
            Cell::open(&settings, &catalogue, &store, &scorer_fails, Look { clock: START, elapsed: Duration::ZERO })
                .map_err(unexpected)?;
        let oracle = Oracle::new(&settings, &catalogue);
        let mut world = World {
            reader: Reader::new(Arc::clone(&store) as Arc<dyn Store>),
            settings,
            catalogue,
            store,
            scorer_fails,
            clock: START,
            elapsed: Duration::ZERO,
            cell,
            pending: Vec::new(),
            tried: None,
            docket: Docket::default(),
            live: oracle.clone(),
            durable: oracle,
            clients: Clients::default(),
            rails: Rails::default(),
            receivers: Receivers::default(),
            sweeper: Sweeper::default(),
            broker: Broker::default(),
            redeliverer: Redeliverer::default(),
            tally: Tally::default(),
        };
        world.open()?;
        Ok(world)
    }

    /// Some accounts to begin with.
    fn open(&mut self) -> Result<(), Fault> {
        for command in ground::opening() {
            let mut door = Door { handle: &self.cell.handle, docket: &mut self.docket, clock: self.clock };
            let asked = door.ask(Lane::Operator, command, None, None);
            asked.ok_or_else(|| Fault("an empty lane is full".to_owned()))?;
        }
        self.turn()?;
        self.commit(1)
    }

    /// Lets one thing happen, and everybody look at their answers.
    pub fn step(&mut self, action: Action) -> Result<(), Fault> {
        let mut door = Door { handle: &self.cell.handle, docket: &mut self.docket, clock: self.clock };
        match action {
            Action::Ask(wish, choice) => self.clients.ask(&mut door, wish, choice),
            Action::Repeat(back) => self.clients.repeat(&mut door, back),
            Action::Turn => self.turn()?,
            Action::Commit(count) => self.commit(count.into())?,
            Action::Crash(survivors) => self.crash(survivors.into())?,
            Action::FailCommit(survivors) => self.store.fail_commit(survivors.into()),
            Action::FailReads(count) => self.store.fail_reads(count.into()),
            Action::FailOpens(count) => self.store.fail_opens(count.into()),
            Action::FailScorer(fails) => self.scorer_fails.store(fails, Ordering::Relaxed),
            Action::Pass(span) => self.pass(Millis(span)),
            Action::SetBack(span) => self.clock = Timestamp(self.clock.0 - span),
            Action::Rails(count, luck) => self.move_money(count.into(), Some(luck)),
            Action::Publish(count, luck) => self.publish(count.into(), Some(luck))?,
            Action::Deliver(count, luck) => self.deliver(count.into(), Some(luck))?,
            Action::Sweep(who, count) => self.sweep(AccountId(1 + u128::from(who)), count.into())?,
            Action::Redeliver(luck) => self.redeliver(Some(luck))?,
        }
        self.listen()
    }

    /// Nothing fails any more: everything that was begun comes to its end, and then everything is compared.
    pub fn finish(&mut self) -> Result<(), Fault> {
        self.store.heal();
        self.scorer_fails.store(false, Ordering::Relaxed);
        // Verifications end after a quarter of an hour, deliveries after two hours and a half, sessions after one.
        for hour in 0..8 {
            self.settle_down()?;
            if hour < 7 {
                self.pass(Millis::seconds(3_600));
            }
        }
        // Nobody has asked for anything in the meantime: a day later no answer need be remembered.
        self.pass(Millis(IDEMPOTENCY_LIFE_MS));
        self.settle_down()?;
        self.compare()?;
        at_rest::nothing_is_remembered(self.store.disk())?;
        if self.settings.bus {
            at_rest::all_was_published(self.store.disk(), &self.reader, &self.broker)?;
        }
        self.sweep_all()?;
        let (answers, turned_away) = self.docket.counts();
        (self.tally.answers, self.tally.turned_away) = (answers, turned_away.clone());
        at_rest::check(&self.reader, self.rails.record())
    }

    fn pass(&mut self, span: Millis) {
        self.clock = self.clock.plus(span);
        self.elapsed += Duration::from_millis(span.0);
    }

    /// Works until nobody waits for anything that does not need time.
    fn settle_down(&mut self) -> Result<(), Fault> {
        for _ in 0..400 {
            self.move_money(64, None);
            self.deliver(64, None)?;
            self.publish(64, None)?;
            self.redeliver(None)?;
            let stand = |world: &World| (world.cell.cycle.head().batch, world.tried.is_some());
            let before = stand(self);
            self.turn()?;
            self.commit(BATCHES_IN_FLIGHT)?;
            self.listen()?;
            let is_still = stand(self) == before;
            let are_told = self.receivers.is_quiet() && self.redeliverer.is_quiet() && self.broker.is_quiet();
            let are_quiet = are_told && self.rails.is_quiet() && self.sweeper.is_quiet();
            if is_still && are_quiet && !self.clients.is_waiting() {
                return Ok(());
            }
        }
        Err(Fault("the cell does not come to rest: after 400 rounds there is still work".to_owned()))
    }

    /// One turn of the engine, as its thread takes it. While the store is down, one try to open it again.
    fn turn(&mut self) -> Result<(), Fault> {
        if self.tried.is_some() {
            return self.try_again();
        }
        if self.pending.len() == BATCHES_IN_FLIGHT {
            self.commit(1)?;
            if self.tried.is_some() {
                return Ok(());
            }
        }
        let is_idle = self.pending.is_empty();
        let look = Look { clock: self.clock, elapsed: self.elapsed };
        let (now, _) = self.cell.pace.now(look, self.cell.cycle.head().now);
        let envelopes = in_time(self.cell.lanes.drain(), self.clock);
        let progress = self.cell.desk.shared.progress(self.cell.cycle.head());
        let due = match self.cell.cycle.due(now, progress) {
            Ok(due) => due,
            Err(error) => return self.fail(error, envelopes),
        };
        let timers = due.iter().map(|timer| ground::plain(Command::RunTimer(*timer)));
        let asked: Vec<Submission> = timers.chain(envelopes.iter().map(|one| one.submission.clone())).collect();
        let timers = due.len();
        match self.cell.cycle.turn(now, due, envelopes) {
            Err((error, envelopes)) => return self.fail(error, envelopes),
            Ok(None) => {}
            Ok(Some(job)) => self.log(job, asked, timers)?,
        }
        self.cell.cycle.evict(self.cell.desk.shared.synced());
        if is_idle && timers < BATCH_TIMERS { self.live.nothing_is_overdue(now.max(self.clock)) } else { Ok(()) }
    }

    /// The oracle hears of a batch and says whether it was right.
    fn log(&mut self, job: Job, asked: Vec<Submission>, timers: usize) -> Result<(), Fault> {
        let answers = job.answers.iter().map(|(_, outcome)| outcome.clone());
        let outcomes = (0..timers).map(|_| ground::done()).chain(answers);
        let ran: Vec<Ran> =
            asked.into_iter().zip(outcomes).map(|(submission, outcome)| Ran { submission, outcome }).collect();
        for Ran { submission, outcome } in &ran {
            self.tally.ran(&submission.command, outcome);
            if outcome.is_ok() {
                self.receivers.hear_of(&submission.command);
            }
        }
        for Ran { submission, outcome } in &ran[timers..] {
            self.docket.ran(submission, job.head.batch, outcome, self.clock)?;
        }
        let scorer_fails = self.scorer_fails.load(Ordering::Relaxed);
        let logged = Logged { has_effects: job.batch.is_some(), head: job.head, scorer_fails, ran };
        logged.teach(&mut self.live)?;
        self.pending.push((job, logged));
        Ok(())
    }

    /// The committer writes what has waited longest.
    fn commit(&mut self, count: usize) -> Result<(), Fault> {
        let (jobs, logged): (Vec<Job>, Vec<Logged>) = self.pending.drain(..count.min(self.pending.len())).unzip();
        if jobs.is_empty() {
            return Ok(());
        }
        self.cell.desk.commit(jobs);
        if self.cell.desk.shared.has_failed() {
            return self.give_up(logged);
        }
        self.store.take_durable();
        for Ran { submission, .. } in logged.iter().flat_map(|logged| &logged.ran) {
            if let Command::ReportDeliveries(outcomes) = &submission.command {
                self.clients.hear_of_deliveries(outcomes);
            }
        }
        self.docket.disk_has(self.store.durable_head().batch);
        logged.iter().try_for_each(|logged| logged.teach(&mut self.durable))
    }

    fn compare(&mut self) -> Result<(), Fault> {
        self.tally.comparisons += 1;
        self.durable.compare(self.store.disk())
    }

    /// Everybody looks at their answers, which are judged.
    fn listen(&mut self) -> Result<(), Fault> {
        let mut door = Door { handle: &self.cell.handle, docket: &mut self.docket, clock: self.clock };
        self.clients.listen(&mut door)?;
        self.rails.listen(&mut door)?;
        self.redeliverer.listen(&mut door)?;
        self.receivers.listen(&mut door)?;
        self.sweeper.listen(&mut door)?;
        self.broker.listen(&mut door)
    }

    fn move_money(&mut self, count: usize, luck: Option<u8>) {
        let mut door = Door { handle: &self.cell.handle, docket: &mut self.docket, clock: self.clock };
        // A read that fails leaves the work where it is.
        let _ = self.rails.work(&self.reader, &mut door, count, luck);
    }

    fn publish(&mut self, count: usize, luck: Option<u8>) -> Result<(), Fault> {
        // What is read while the store is down may be of batches that the oracle is told of when it is up again.
        if self.tried.is_some() {
            return Ok(());
        }
        let mut door = Door { handle: &self.cell.handle, docket: &mut self.docket, clock: self.clock };
        match self.broker.work(&self.reader, &mut door, count, luck) {
            Ok(Some(disorder)) => Err(Fault(disorder)),
            // A read that fails leaves the events where they are.
            Ok(None) | Err(_) => Ok(()),
        }
    }

    fn redeliver(&mut self, luck: Option<u8>) -> Result<(), Fault> {
        // What is read while the store is down may be of batches that the oracle does not know yet.
        if self.tried.is_some() {
            return Ok(());
        }
        let mut door = Door { handle: &self.cell.handle, docket: &mut self.docket, clock: self.clock };
        // A read that fails leaves the job where it is.
        let worked = self.redeliverer.work(&self.reader, &mut door, luck).unwrap_or_default();
        worked.into_iter().try_for_each(|account| self.hear_of_events(account))
    }

    fn deliver(&mut self, count: usize, luck: Option<u8>) -> Result<(), Fault> {
        // What is read while the store is down may be of batches that the oracle is told of when it is up again.
        if self.tried.is_some() {
            return Ok(());
        }
        let mut door = Door { handle: &self.cell.handle, docket: &mut self.docket, clock: self.clock };
        let worked = self.receivers.work(&self.reader, &mut door, count, luck);
        for (id, event) in self.receivers.take_unordered() {
            self.live.hear_of_letter(id, &event);
            self.durable.hear_of_letter(id, &event);
        }
        match worked {
            Ok(Some(disorder)) => Err(Fault(disorder)),
            // A read that fails leaves the work where it is.
            Ok(None) | Err(_) => Ok(()),
        }
    }
}

impl Cell {
    fn open(
        settings: &Settings,
        catalogue: &Arc<Catalogue>,
        store: &Arc<FaultyStore>,
        scorer_fails: &Arc<AtomicBool>,
        look: Look,
    ) -> Result<Cell, StoreError> {
        let store = Arc::clone(store) as Arc<dyn Store>;
        let stats = Arc::<CellStats>::default();
        let cycle = Cycle::open(Parts {
            settings: settings.clone(),
            catalogue: Arc::clone(catalogue),
            store: Arc::clone(&store),
            shelf: scorer::shelf(scorer_fails),
            stats: Arc::clone(&stats),
            tick: Duration::ZERO,
        })?;
        let (link, handle, lanes) = Link::new(settings.mode, &cycle, stats);
        let desk = Desk::new(store, link.clone(), cycle.head());
        let pace = Pace::new(cycle.head().now, look);
        Ok(Cell { cycle, desk, link, handle, lanes, pace })
    }
}

impl Logged {
    fn teach(&self, oracle: &mut Oracle) -> Result<(), Fault> {
        oracle.batch(self.head.batch, self.head.now, self.scorer_fails, &self.ran)
    }
}

fn unexpected(error: StoreError) -> Fault {
    Fault(format!("the store fails where it must not: {error}"))
}
