//! Failures of the store and deaths of the process, and what is left after them.

use std::sync::Arc;

use super::{Cell, Logged, World, unexpected};
use crate::command::Submission;
use crate::engine::committer::{Desk, Job};
use crate::engine::pace::Look;
use crate::engine::recovery;
use crate::ingress::{Envelope, Lane};
use crate::sim::oracle::Fault;
use crate::store::{Store, StoreError};

impl World {
    /// The engine could not read.
    pub(super) fn fail(&mut self, error: StoreError, envelopes: Vec<Envelope>) -> Result<(), Fault> {
        self.cell.desk.shared.fail_reading(error, envelopes);
        self.give_up(Vec::new())
    }

    /// As the engine does after a failure: what waits for the committer is given up, and the engine tries to go on. `tried`:
    /// what the failed commit was about.
    pub(super) fn give_up(&mut self, tried: Vec<Logged>) -> Result<(), Fault> {
        self.tally.failures += 1;
        let (jobs, waiting): (Vec<Job>, Vec<Logged>) = self.pending.drain(..).unzip();
        self.docket.store_failed(tried.iter().chain(&waiting).flat_map(Logged::asked));
        self.cell.desk.commit(jobs);
        self.tried = Some(tried);
        self.try_again()
    }

    /// One try to go on after a failure. Until one works, everybody who asks is refused at the next.
    pub(super) fn try_again(&mut self) -> Result<(), Fault> {
        let Cell { cycle, link, lanes, .. } = &mut self.cell;
        if recovery::go_on(cycle, link, lanes).is_err() {
            self.tally.outages += 1;
            return self.nobody_waits();
        }
        let store = Arc::clone(&self.store) as Arc<dyn Store>;
        self.cell.desk = Desk::new(store, self.cell.link.clone(), self.cell.cycle.head());
        self.docket.store_works();
        let tried = self.tried.take().unwrap_or_default();
        self.survived(tried)
    }

    fn nobody_waits(&self) -> Result<(), Fault> {
        let lanes = [Lane::Partner, Lane::Internal, Lane::Operator];
        match lanes.map(|lane| self.cell.handle.depth(lane)).iter().sum() {
            0 => Ok(()),
            count => Err(Fault(format!("the store is down and nobody refuses the {count} commands that wait"))),
        }
    }

    /// The process dies with whatever is on its way, and another one starts.
    pub(super) fn crash(&mut self, survivors: usize) -> Result<(), Fault> {
        self.tally.crashes += 1;
        let (jobs, logged): (Vec<Job>, Vec<Logged>) = self.pending.drain(..).unzip();
        let batches: Vec<_> = jobs.into_iter().filter_map(|job| job.batch).take(survivors).collect();
        self.store.crash(&batches);
        let look = Look { clock: self.clock, elapsed: self.elapsed };
        // A full disk keeps the process from starting, not from being started again.
        while self.store.reopen().is_err() {}
        let opened = Cell::open(&self.settings, &self.catalogue, &self.store, &self.scorer_fails, look);
        self.cell = opened.map_err(unexpected)?;
        self.docket.process_died();
        self.rails.restart(&self.reader).map_err(unexpected)?;
        self.receivers.restart();
        self.sweeper.restart();
        self.broker.restart();
        self.redeliverer.restart();
        let mut on_the_way = self.tried.take().unwrap_or_default();
        on_the_way.extend(logged);
        self.survived(on_the_way)
    }

    /// What is on disk is the truth now: it must be exactly what the oracle knows of the batches that survived, and nothing
    /// that anybody has heard may be missing.
    fn survived(&mut self, on_the_way: Vec<Logged>) -> Result<(), Fault> {
        let mut durable = self.store.take_durable();
        self.docket.disk_has(self.store.durable_head().batch);
        for logged in on_the_way.into_iter().filter(|logged| logged.has_effects) {
            if durable > 0 {
                logged.teach(&mut self.durable)?;
                durable -= 1;
            }
        }
        self.live = self.durable.clone();
        self.compare()
    }
}

impl Logged {
    /// What clients and dispatchers asked.
    fn asked(&self) -> impl Iterator<Item = &Submission> {
        self.ran.iter().map(|ran| &ran.submission)
    }
}
