//! What rails and receivers say, some of it twice or about nothing.

use crate::command::Command;
use crate::delivery::DeliveryOutcome;
use crate::endpoint::EndpointChange;
use crate::event::EventKind;
use crate::id::{AccountId, DeliveryId, EventId, OutboxId, PaymentId, RedeliveryId};
use crate::rail::{RailOutcome, RailReport};
use crate::redelivery::{RedeliveryRange, Which};
use crate::store::PageBounds;
use crate::time::{Millis, Timestamp};

use super::super::cell::Cell;
use super::{Script, pick};

impl Script {
    /// Words on some of the work, and words that were said before or are about nothing.
    pub(super) fn rails(&mut self, cell: &Cell) -> Command {
        let mut reports = Vec::new();
        for work in cell.reader.rail_work(None, 8).unwrap() {
            let outcome =
                [RailOutcome::Settled, RailOutcome::SoftFailed, RailOutcome::Rejected, RailOutcome::Cancelled];
            let outcome = outcome[(self.rng.below(6) % 4) as usize];
            if self.rng.below(2) == 0 {
                let (attempt, payment, account, session) = (work.attempt, work.payment, work.account, work.session);
                reports.push(RailReport { attempt, payment, account, session, outcome });
            }
        }
        if let Some(said) = pick(&mut self.rng, &self.said) {
            let twisted = [
                said,
                RailReport { outcome: RailOutcome::Settled, ..said },
                RailReport { payment: PaymentId(said.payment.0 + 1), ..said },
                RailReport { account: AccountId(99), ..said },
            ];
            reports.push(twisted[self.rng.below(4) as usize]);
        }
        self.said.extend(&reports);
        Command::ReportRails(reports)
    }

    /// Some of an account's oldest events, whatever their age and whether or not they were delivered.
    pub(super) fn sweeper(&mut self, cell: &Cell) -> Command {
        let (account, count) = (self.account(), 1 + self.rng.below(32) as usize);
        let found = cell.reader.old_events(account, None, Timestamp(cell.now.0 + 1), count).unwrap();
        let waits = |id: &EventId| cell.reader.bus(None, usize::MAX).unwrap().iter().any(|row| row.event == *id);
        let published = found.into_iter().map(|(id, _)| id).filter(|id| !waits(id));
        let event = |id| cell.reader.event(account, id).unwrap().unwrap().old();
        Command::SweepEvents(account, published.map(event).collect())
    }

    /// The next page of each redelivery that runs, sometimes twice.
    pub(super) fn redeliveries(&mut self, cell: &Cell) -> Vec<Command> {
        let mut pages = Vec::new();
        for job in cell.reader.running_redeliveries().unwrap() {
            let bounds = PageBounds { rows: 1 + self.rng.below(40) as usize, events: 1 + self.rng.below(8) as usize };
            let step = cell.reader.redelivery_step(&job, bounds).unwrap();
            let page = Command::AdvanceRedelivery(job.account, job.id, Box::new(step));
            self.redeliveries.push((job.account, job.id));
            pages.extend(vec![page; 1 + usize::from(self.rng.below(4) == 0)]);
        }
        pages
    }

    /// A job over everything, or over what happened lately, or the end of one.
    pub(super) fn redelivery(&mut self, account: AccountId) -> Command {
        if self.rng.below(6) == 0 {
            let (account, job) = pick(&mut self.rng, &self.redeliveries).unwrap_or((account, RedeliveryId(9)));
            return Command::CancelRedelivery(account, job);
        }
        let lately = self.sessions.last().map(|session| session.created_at).filter(|_| self.rng.below(4) == 0);
        let kinds = vec![EventKind::SessionCreated, EventKind::SessionFailed];
        let range = RedeliveryRange {
            from: lately.unwrap_or(Timestamp(0)),
            until: Timestamp(u64::MAX),
            kinds: if self.rng.below(4) == 0 { kinds } else { Vec::new() },
            which: if self.rng.below(3) == 0 { Which::All } else { Which::Missed },
        };
        Command::StartRedelivery(account, Box::new(range))
    }

    /// What an operator changes of an endpoint.
    pub(super) fn endpoint_change(&mut self) -> EndpointChange {
        match self.rng.below(6) {
            0 => EndpointChange::Pause,
            1 | 2 => EndpointChange::Resume,
            3 => EndpointChange::AddSecret(vec![self.rng.byte()]),
            4 => EndpointChange::ActivateSecret(Millis::seconds(self.rng.below(3) * 600)),
            _ => EndpointChange::DropSecret,
        }
    }

    /// Events that the bus has, some of them reported before.
    pub(super) fn bus(&mut self, cell: &Cell) -> Command {
        let waiting = cell.reader.bus(None, 12).unwrap();
        let mut events: Vec<_> = waiting.iter().map(|row| row.event).filter(|_| self.rng.below(3) == 0).collect();
        events.extend(pick(&mut self.rng, &self.published));
        self.published.extend(&events);
        Command::ReportPublished(events)
    }

    /// What came of what is due, and answers that were told before. One that was told before comes again only while its
    /// delivery is not due.
    pub(super) fn receivers(&mut self, cell: &Cell) -> Command {
        let mut outcomes = Vec::new();
        for row in cell.reader.outboxes().unwrap().into_iter().take(8) {
            let delivery = cell.reader.delivery(row.account, row.delivery).unwrap().unwrap();
            let fails = self.rng.below(3) == 0;
            let account = cell.reader.accounts().unwrap().into_iter().find(|one| one.id == row.account);
            let url = account.and_then(|account| Some(account.webhook.as_ref()?.url.clone()));
            let url = url.filter(|_| self.rng.below(2) == 0);
            let status = [500, 500, 500, 410][self.rng.below(4) as usize];
            if self.rng.below(3) != 0 {
                outcomes.push(DeliveryOutcome {
                    delivery: row.delivery,
                    account: row.account,
                    lane: delivery.lane,
                    outbox: row.id,
                    target_url: url
                        .or_else(|| (self.rng.below(4) != 0).then(|| format!("https://{}.example", self.rng.byte()))),
                    response_status: (self.rng.below(4) != 0).then_some(if fails { status } else { 200 }),
                    error: fails.then(|| format!("attempt {} failed", self.rng.byte())),
                    retry_after: (self.rng.below(8) == 0).then(|| Millis::seconds(self.rng.below(200) * 600)),
                });
            }
        }
        // What was told already comes again, at once or much later.
        outcomes.extend(pick(&mut self.rng, &self.answered));
        if self.rng.below(8) == 0 {
            let nobody = DeliveryId(3);
            let lane = self.sessions.last().map(|session| session.id);
            let (account, outbox) = (AccountId(1), OutboxId(3));
            outcomes.push(DeliveryOutcome {
                delivery: nobody,
                account,
                lane,
                outbox,
                target_url: None,
                response_status: None,
                error: None,
                retry_after: None,
            });
        }
        self.answered.extend(outcomes.iter().cloned());
        Command::ReportDeliveries(outcomes)
    }
}
