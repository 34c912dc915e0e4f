//! Redeliveries: how they stand, and the next page of one.

use super::{Reader, within};
use crate::delivery::DeliveryLabel;
use crate::event::EventKind;
use crate::id::{AccountId, DeliveryId, EventId, SessionId};
use crate::planted::{self, Bug};
use crate::redelivery::{Redelivery, RedeliveryStep};
use crate::store::record::{delivery, event, redelivery};
use crate::store::{Column, Key, Scan, StoreError, key};

/// How much a page takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageBounds {
    /// Events that are looked at.
    pub rows: usize,
    /// Events that are chosen.
    pub events: usize,
}

/// An event of a page: its id, its type, and the session in whose order it is delivered.
type Found = (EventId, EventKind, Option<SessionId>);

impl Reader {
    /// The redeliveries of an account that are kept, oldest first.
    pub fn redeliveries(&self, account: AccountId) -> Result<Vec<Redelivery>, StoreError> {
        let found =
            self.get(Column::Redeliveries, &Key::account(account), |bytes| redelivery::decode(account, bytes))?;
        Ok(found.unwrap_or_default())
    }

    /// All redeliveries that run: one an account at most.
    pub fn running_redeliveries(&self) -> Result<Vec<Redelivery>, StoreError> {
        let kept = self.list(Column::Redeliveries, &within(&[]), usize::MAX, |key, value| {
            redelivery::decode(AccountId::from(key::parse_alone(key)?), value)
        })?;
        Ok(kept.into_iter().flatten().filter(Redelivery::is_running).collect())
    }

    /// The next page of a job. What it leaves out is not chosen, for good: it arrived, is of another type, or is on its way.
    pub fn redelivery_step(&self, job: &Redelivery, bounds: PageBounds) -> Result<RedeliveryStep, StoreError> {
        let found = self.events_of(job, bounds.rows)?;
        let mut step = RedeliveryStep {
            after: job.reached,
            through: job.reached,
            scanned: 0,
            events: Vec::new(),
            is_last: found.len() < bounds.rows,
        };
        let ids: Vec<EventId> = found.iter().map(|(event, ..)| *event).collect();
        let labels = self.labels_of(job.account, &ids)?;
        for ((event, kind, lane), label) in found.iter().zip(labels) {
            let is_chosen = job.range.has_kind(*kind) && job.range.which.takes(label);
            let is_full = step.events.len() == bounds.events;
            if is_chosen && is_full && !planted::has(Bug::LeaveOut) {
                step.is_last = false;
                break;
            }
            step.through = *event;
            step.scanned += 1;
            step.events.extend((is_chosen && !is_full).then_some((*event, *lane)));
        }
        Ok(step)
    }

    /// How many deliveries of an account have not ended, counted up to `limit`.
    pub fn count_undelivered(&self, account: AccountId, limit: usize) -> Result<usize, StoreError> {
        let range = within(&Key::labelled(account, DeliveryLabel::Undelivered, None));
        self.list(Column::DeliveryIndex, &range, limit, |_, _| Ok(())).map(|rows| rows.len())
    }

    /// The next events of the job's stretch, oldest first.
    fn events_of(&self, job: &Redelivery, limit: usize) -> Result<Vec<Found>, StoreError> {
        let range = Scan {
            from: key::after(&Key::object(job.account, job.reached)),
            until: Some(Key::object(job.account, job.range.ends_before()).to_vec()),
            newest_first: false,
        };
        self.list(Column::Events, &range, limit, |key, value| {
            let (account, id) = key::parse_object(key)?;
            let event = event::decode(account, id.into(), value)?;
            Ok((event.id, event.kind, event.lane))
        })
    }

    /// How the deliveries of these events stand; `None` for those that never had one.
    pub(super) fn labels_of(
        &self,
        account: AccountId,
        events: &[EventId],
    ) -> Result<Vec<Option<DeliveryLabel>>, StoreError> {
        let ids: Vec<DeliveryId> = events.iter().map(|event| DeliveryId::of(*event)).collect();
        let places: Vec<(Column, Key)> = ids.iter().map(|id| (Column::Deliveries, Key::object(account, *id))).collect();
        let values = self.store.get_many(&places)?;
        let rows = ids.iter().zip(&places).zip(values);
        rows.map(|((id, (column, key)), value)| {
            let found = value.map(|bytes| delivery::decode(account, *id, &bytes)).transpose();
            let found = found.map_err(|malformed| super::corrupt(*column, key, malformed))?;
            Ok(found.map(|delivery| delivery.status.label()))
        })
        .collect()
    }
}
