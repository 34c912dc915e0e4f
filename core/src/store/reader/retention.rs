//! What is older than its life.

use super::Reader;
use crate::delivery::DeliveryLabel;
use crate::event::OldEvent;
use crate::id::{AccountId, EventId};
use crate::store::record::event;
use crate::store::{Column, Key, Scan, StoreError, key};
use crate::time::Timestamp;

impl Reader {
    /// Up to `limit` events of an account that were made before `until`, oldest first, behind `after`; each with what is needed
    /// to remove it, or nothing while its delivery has not ended, the event bus does not have it, or a redelivery has yet to look
    /// at it.
    pub fn old_events(
        &self,
        account: AccountId,
        after: Option<EventId>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(EventId, Option<OldEvent>)>, StoreError> {
        let end = EventId(u128::from(until.0) << 80);
        let from =
            after.map_or_else(|| Key::account(account).to_vec(), |after| key::after(&Key::object(account, after)));
        let range = Scan { from, until: Some(Key::object(account, end).to_vec()), newest_first: false };
        let events = self.list(Column::Events, &range, limit, |key, value| {
            let (account, id) = key::parse_object(key)?;
            Ok(event::decode(account, id.into(), value)?.old())
        })?;
        let ids: Vec<EventId> = events.iter().map(|event| event.id).collect();
        let labels = self.labels_of(account, &ids)?;
        let jobs = self.redeliveries(account)?;
        let running = jobs.iter().find(|job| job.is_running()).map(|job| job.reached);
        let judged = events.into_iter().zip(labels).map(|(event, label)| {
            let waits = self.get(Column::Bus, &Key::alone(event.id), |_| Ok(()))?.is_some();
            let has_ended = label != Some(DeliveryLabel::Undelivered) && !waits;
            let is_passed = running.is_none_or(|reached| event.id <= reached);
            Ok((event.id, (has_ended && is_passed).then_some(event)))
        });
        judged.collect()
    }
}
