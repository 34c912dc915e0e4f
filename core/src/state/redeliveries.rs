//! Redeliveries: an operator's job that sends events once more. What it queues and how far it has come are one commit.

use std::sync::Arc;

use super::State;
use crate::command::{Refusal, Reply, Subject};
use crate::id::{AccountId, CommandIds, DeliveryId, EventId, RedeliveryId, SessionId};
use crate::limits::REDELIVERIES_KEPT;
use crate::planted::{self, Bug};
use crate::redelivery::{Redelivery, RedeliveryRange, RedeliveryStatus, RedeliveryStep, Which};

impl State {
    /// Starts a job, for as much of the range as it can send.
    pub(super) fn start_redelivery(&mut self, account: AccountId, range: &RedeliveryRange) -> Result<Reply, Refusal> {
        self.account(account)?;
        if !self.has_endpoint(account) {
            return Err(Refusal::NoEndpoint);
        }
        let mut jobs = self.redeliveries_of(account);
        if jobs.iter().any(Redelivery::is_running) {
            return Err(Refusal::RedeliveryRunning);
        }
        if jobs.len() >= REDELIVERIES_KEPT {
            jobs.remove(0);
        }
        let range = range.within(self.now(), self.settings.event_life);
        let job = Redelivery {
            id: RedeliveryId(self.ids().draw(&self.settings.id_key)),
            account,
            reached: range.begins_behind(),
            range,
            status: RedeliveryStatus::Running,
            scanned: 0,
            sent: 0,
            created_at: self.now(),
        };
        jobs.push(job.clone());
        self.redeliveries.put(self.head.batch, account, Arc::new(jobs));
        Ok(Reply::Redelivery(Arc::new(job)))
    }

    /// Takes the job's next page. A page that was taken before, or comes when the job has ended, changes nothing.
    pub(super) fn advance_redelivery(
        &mut self,
        account: AccountId,
        id: RedeliveryId,
        step: &RedeliveryStep,
    ) -> Result<Reply, Refusal> {
        let mut job = self.redelivery(account, id)?;
        if !job.is_running() || job.reached != step.after {
            return Ok(Reply::Redelivery(Arc::new(job)));
        }
        if !self.has_endpoint(account) {
            return Err(Refusal::NoEndpoint);
        }
        let mut ids = self.ids();
        for (event, lane) in &step.events {
            if self.redeliver(&mut ids, account, job.range.which, *event, *lane) {
                job.sent += 1;
            }
        }
        job.scanned += step.scanned;
        job.reached = step.through;
        if step.is_last {
            job.status = RedeliveryStatus::Done { at: self.now() };
        }
        if !planted::has(Bug::LoseProgress) {
            self.put_redelivery(&job);
        }
        Ok(Reply::Redelivery(Arc::new(job)))
    }

    /// Stops a job; one that has ended stays as it is.
    pub(super) fn cancel_redelivery(&mut self, account: AccountId, id: RedeliveryId) -> Result<Reply, Refusal> {
        self.account(account)?;
        let mut job = self.redelivery(account, id)?;
        if job.is_running() {
            job.status = RedeliveryStatus::Cancelled { at: self.now() };
            self.put_redelivery(&job);
        }
        Ok(Reply::Redelivery(Arc::new(job)))
    }

    /// Queues an event once more, unless it is not chosen (any more): the page was read before this batch, and its deliveries
    /// may have moved on since then. Says whether it did.
    fn redeliver(
        &mut self,
        ids: &mut CommandIds,
        account: AccountId,
        which: Which,
        event: EventId,
        lane: Option<SessionId>,
    ) -> bool {
        let known = self.deliveries.get(&(account, DeliveryId::of(event))).cloned();
        let label = known.as_ref().map(|delivery| delivery.status.label());
        if !which.takes(label) {
            return false;
        }
        match (known, self.endpoint_url(account)) {
            (Some(delivery), _) => drop(self.begin_anew(ids, &delivery)),
            (None, Some(url)) => drop(self.queue_delivery(ids, account, lane, event, url)),
            (None, None) => return false,
        }
        true
    }

    fn redelivery(&self, account: AccountId, id: RedeliveryId) -> Result<Redelivery, Refusal> {
        let job = self.redeliveries.get(&account).and_then(|jobs| jobs.iter().find(|job| job.id == id));
        job.cloned().ok_or(Refusal::NotFound(Subject::Path))
    }

    fn redeliveries_of(&self, account: AccountId) -> Vec<Redelivery> {
        self.redeliveries.get(&account).map(|jobs| Vec::clone(jobs)).unwrap_or_default()
    }

    fn put_redelivery(&mut self, job: &Redelivery) {
        let mut jobs = self.redeliveries_of(job.account);
        jobs.iter_mut().filter(|one| one.id == job.id).for_each(|one| one.clone_from(job));
        self.redeliveries.put(self.head.batch, job.account, Arc::new(jobs));
    }
}
