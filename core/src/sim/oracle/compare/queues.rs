//! What is to be done: deliveries that are due, work for rails, timers.

use crate::change::BusRow;
use crate::command::{Timer, TimerTask};
use crate::delivery::DeliveryStatus;
use crate::rail::RailWork;
use crate::time::Timestamp;

use super::super::deliveries::Stand;
use super::super::names::{UNNAMED, is_outbox_row};
use super::super::{Fault, Oracle, differ, equal, same};
use super::shelf::Shelf;
use super::there;
use super::webhooks::Paired;

impl Oracle {
    /// One row for each delivery that is due, in the order in which they became due.
    pub(super) fn compare_outbox(&self, shelf: &Shelf, paired: &Paired) -> Result<(), Fault> {
        let mut due = Vec::new();
        for (letter, id) in self.kept(paired) {
            if let Stand::Due { since, place } = letter.stand {
                due.push((place, since, letter, id));
            }
        }
        due.sort_by_key(|(place, ..)| *place);
        let mut rows = shelf.reader.outboxes()?;
        rows.sort_unstable_by_key(|row| row.id);
        let expected: Vec<_> = due.iter().map(|(_, _, letter, id)| (letter.account, *id)).collect();
        let found: Vec<_> = rows.iter().map(|row| (row.account, row.delivery)).collect();
        equal("what is due", &expected, &found)?;
        for ((_, since, letter, _), row) in due.iter().zip(&rows) {
            if !is_outbox_row(row.id, *since, &letter.spent) {
                return Err(differ("when a row was put there", since, row));
            }
            let delivery = there(shelf.reader.delivery(row.account, row.delivery)?, &row.delivery)?;
            equal("the row that asks for the attempt", &DeliveryStatus::Due { row: row.id }, &delivery.status)?;
        }
        Ok(())
    }

    /// Where there is a bus, one row for each event that it was not reported to have.
    pub(super) fn compare_bus(&self, shelf: &Shelf, paired: &Paired) -> Result<(), Fault> {
        let all = self.told.iter().zip(&paired.events).filter(|_| self.settings.bus);
        let waiting = all.filter(|(_, id)| !self.published.contains(*id));
        let mut expected: Vec<_> =
            waiting.map(|(event, id)| BusRow { event: *id, account: event.account, lane: event.lane }).collect();
        expected.sort_unstable_by_key(|row| row.event);
        equal("what waits for the event bus", &expected, &shelf.reader.bus(None, usize::MAX)?)
    }

    /// One row for each payment on its way, in the order in which rails were asked, under the id of its last attempt.
    pub(super) fn compare_rail_work(&self, shelf: &Shelf) -> Result<(), Fault> {
        let rows = shelf.reader.rail_work(None, usize::MAX)?;
        equal("the number of rows", &self.errands.len(), &rows.len())?;
        for (errand, found) in self.errands.iter().zip(&rows) {
            let known = errand.work.attempt;
            let attempt = if known == UNNAMED { found.attempt } else { known };
            equal("work", &RailWork { attempt, ..errand.work.clone() }, found)?;
            same::terms(&errand.work.terms, &found.terms)?;
            let payment = there(shelf.reader.payment(found.account, found.payment)?, &found.payment)?;
            equal("the payment's last attempt", &Some(found.attempt), &payment.attempts.last().map(|last| last.id))?;
        }
        Ok(())
    }

    /// A timer stays until it ran, whatever its object does.
    pub(super) fn compare_timers(&self, shelf: &Shelf, paired: &Paired) -> Result<(), Fault> {
        let rows = shelf.reader.timers(None, Timestamp(u64::MAX), usize::MAX)?;
        let retries = self.retries(shelf, paired)?;
        let expected: Vec<Timer> = self.timers.iter().chain(&retries).copied().collect();
        if let Some(stray) = rows.iter().find(|row| !expected.contains(row)) {
            return Err(Fault(format!("nobody set {stray:?}")));
        }
        match expected.iter().find(|timer| self.is_needed(timer) && !rows.contains(timer)) {
            Some(missing) => Err(Fault(format!("{missing:?} is not there"))),
            None => Ok(()),
        }
    }

    /// The timers of deliveries that wait: their times are compared with the deliveries.
    fn retries(&self, shelf: &Shelf, paired: &Paired) -> Result<Vec<Timer>, Fault> {
        let mut timers = Vec::new();
        for (letter, id) in self.kept(paired) {
            let found = there(shelf.reader.delivery(letter.account, id)?, &id)?;
            if let DeliveryStatus::Waiting { until } = found.status {
                timers.push(Timer { due: until, task: TimerTask::RetryDelivery(id), account: letter.account });
            }
        }
        Ok(timers)
    }
}
