//! Who lets redeliveries go on: reads the next page of each job that runs and hands it to the cell, some pages twice.

use std::collections::BTreeMap;

use super::docket::{Awaited, Door, Heard};
use super::oracle::Fault;
use crate::command::Command;
use crate::endpoint::{EndpointChange, WebhookEndpoint};
use crate::id::AccountId;
use crate::ingress::{CellHandle, Lane};
use crate::store::{PageBounds, Reader, StoreError};

/// So small that jobs have many pages.
const PAGE: PageBounds = PageBounds { rows: 9, events: 4 };

/// The pages on their way, one a job, each perhaps twice.
#[derive(Default)]
pub struct Redeliverer {
    awaited: BTreeMap<AccountId, Vec<Awaited>>,
}

impl Redeliverer {
    /// The process starts: jobs go on where the store says that they stand.
    pub fn restart(&mut self) {
        self.awaited.clear();
    }

    /// Whether nothing is on its way.
    pub fn is_quiet(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Reads the next page of every job that waits for one. Gives the accounts whose events were read. Without `luck` no page
    /// comes twice, and operators bring back endpoints that are disabled and stop what can go nowhere.
    pub fn work(
        &mut self,
        reader: &Reader,
        door: &mut Door<'_>,
        luck: Option<u8>,
    ) -> Result<Vec<AccountId>, StoreError> {
        let mut read = Vec::new();
        for job in reader.running_redeliveries()? {
            if self.awaited.contains_key(&job.account) {
                continue;
            }
            let endpoint = endpoint(door.handle, job.account);
            let goes_nowhere = !endpoint.as_ref().is_some_and(WebhookEndpoint::takes_events);
            if luck.is_none() && goes_nowhere {
                let resume = Command::ChangeEndpoint(job.account, EndpointChange::Resume);
                let help = if endpoint.is_some() { resume } else { Command::CancelRedelivery(job.account, job.id) };
                door.ask(Lane::Operator, help, None, None);
                continue;
            }
            let step = reader.redelivery_step(&job, PAGE)?;
            let times = if luck.is_some_and(|luck| luck.is_multiple_of(4)) { 2 } else { 1 };
            let command = Command::AdvanceRedelivery(job.account, job.id, Box::new(step));
            let asked = (0..times).filter_map(|_| door.ask(Lane::Internal, command.clone(), None, None)).collect();
            self.awaited.insert(job.account, asked);
            read.push(job.account);
        }
        Ok(read)
    }

    /// Looks for answers. Whatever they are, the store says where the job stands.
    pub fn listen(&mut self, door: &mut Door<'_>) -> Result<(), Fault> {
        for (account, pages) in std::mem::take(&mut self.awaited) {
            let mut waiting = Vec::new();
            for mut awaited in pages {
                if let Heard::Nothing = door.listen(&mut awaited)? {
                    waiting.push(awaited);
                }
            }
            if !waiting.is_empty() {
                self.awaited.insert(account, waiting);
            }
        }
        Ok(())
    }
}

fn endpoint(handle: &CellHandle, account: AccountId) -> Option<WebhookEndpoint> {
    handle.directory().account(account)?.webhook.clone()
}
