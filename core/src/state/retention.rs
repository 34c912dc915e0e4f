//! Retention: what was told is kept for a time, and longer while somebody still waits for it.

use super::State;
use crate::change::{Change, CustomerChange, Index};
use crate::command::Reply;
use crate::delivery::DeliveryLabel;
use crate::event::OldEvent;
use crate::id::{AccountId, DeliveryId};
use crate::planted::{self, Bug};

impl State {
    /// Removes events whose life is over, unless a redelivery has yet to look at them. What an event says never changes, so
    /// that whoever names it may have read it before.
    pub(super) fn sweep_events(&mut self, account: AccountId, events: &[OldEvent]) -> Reply {
        let jobs = self.redeliveries.get(&account);
        let running = jobs.and_then(|jobs| jobs.iter().find(|job| job.is_running())).map(|job| job.reached);
        for event in events {
            let is_old = self.now().since(event.id.made_at()) >= self.settings.event_life;
            if is_old && running.is_none_or(|reached| event.id <= reached) {
                self.sweep_event(account, *event);
            }
        }
        Reply::Done
    }

    fn sweep_event(&mut self, account: AccountId, event: OldEvent) {
        let id = DeliveryId::of(event.id);
        if let Some(label) = self.deliveries.get(&(account, id)).map(|delivery| delivery.status.label()) {
            if label == DeliveryLabel::Undelivered && !planted::has(Bug::SweepUndelivered) {
                return;
            }
            self.deliveries.remove(self.head.batch, (account, id));
            self.changes.push(Change::Index(Index::Delivery(account, label, id), false));
        }
        self.changes.push(Change::EventRemove(account, event.id));
        if let Some((customer, version)) = event.customer {
            self.changes.push(CustomerChange::VersionRemove(account, customer, version).into());
        }
    }
}
