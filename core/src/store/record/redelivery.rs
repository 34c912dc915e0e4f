//! The record of an account's redeliveries: all that are kept, oldest first.

use serde::{Deserialize, Serialize};

use super::numbers::Numbered;
use super::{Distance, Malformed, read, write};
use crate::event::EventKind;
use crate::id::{AccountId, RedeliveryId};
use crate::redelivery::{Redelivery, RedeliveryRange, RedeliveryStatus, Which};
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct JobV1 {
    id: [u8; 16],
    from: u64,
    until: u64,
    kinds: Vec<u8>,
    which: u8,
    status: StatusV1,
    reached: [u8; 16],
    scanned: u64,
    sent: u64,
    created_at: Distance,
}

#[derive(Serialize, Deserialize)]
enum StatusV1 {
    Running,
    Done { at: Distance },
    Cancelled { at: Distance },
}

/// Appends the record of an account's `jobs`.
pub fn encode(jobs: &[Redelivery], out: &mut Vec<u8>) {
    let fields: Vec<JobV1> = jobs.iter().map(JobV1::new).collect();
    write(out, &fields);
}

/// Reads the record of the account with this key.
pub fn decode(account: AccountId, bytes: &[u8]) -> Result<Vec<Redelivery>, Malformed> {
    let fields: Vec<JobV1> = read(bytes)?;
    fields.into_iter().map(|job| job.job(account)).collect()
}

impl JobV1 {
    fn new(job: &Redelivery) -> JobV1 {
        let at = |at| Distance::new(at, job.id.0);
        JobV1 {
            id: job.id.into(),
            from: job.range.from.0,
            until: job.range.until.0,
            kinds: job.range.kinds.iter().map(|kind| kind.number()).collect(),
            which: job.range.which.number(),
            status: match job.status {
                RedeliveryStatus::Running => StatusV1::Running,
                RedeliveryStatus::Done { at: ended } => StatusV1::Done { at: at(ended) },
                RedeliveryStatus::Cancelled { at: ended } => StatusV1::Cancelled { at: at(ended) },
            },
            reached: job.reached.into(),
            scanned: job.scanned,
            sent: job.sent,
            created_at: at(job.created_at),
        }
    }

    fn job(self, account: AccountId) -> Result<Redelivery, Malformed> {
        let id = RedeliveryId::from(self.id);
        let kinds = self.kinds.into_iter().map(<EventKind as Numbered>::from_number).collect::<Result<_, _>>()?;
        let which = Which::from_number(self.which)?;
        Ok(Redelivery {
            id,
            account,
            range: RedeliveryRange { from: Timestamp(self.from), until: Timestamp(self.until), kinds, which },
            status: match self.status {
                StatusV1::Running => RedeliveryStatus::Running,
                StatusV1::Done { at } => RedeliveryStatus::Done { at: at.from(id.0) },
                StatusV1::Cancelled { at } => RedeliveryStatus::Cancelled { at: at.from(id.0) },
            },
            reached: self.reached.into(),
            scanned: self.scanned,
            sent: self.sent,
            created_at: self.created_at.from(id.0),
        })
    }
}
