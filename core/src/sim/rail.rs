//! The rails of a simulation: they keep their own record, which outlives every crash, and their word is not to be trusted:
//! it comes twice, late, contradicts itself or is about nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::docket::{Awaited, Door, Heard};
use super::oracle::Fault;
use super::rng::Rng;
use crate::command::Command;
use crate::id::{AccountId, AttemptId, PaymentId};
use crate::ingress::Lane;
use crate::rail::{RailOutcome, RailReport, RailWork};
use crate::store::{Reader, StoreError};

/// The number by which an attempt settles.
const SETTLES: u8 = 7;

/// All rails, and the dispatcher that stands between them and the cell.
#[derive(Default)]
pub struct Rails {
    /// What became of each attempt, on the rails' side.
    record: BTreeMap<AttemptId, (RailOutcome, RailReport)>,
    /// Attempts that this process has handed over; forgotten when it dies.
    sent: BTreeSet<AttemptId>,
    /// Rows up to here were there when the process started: their attempts may have been sent before.
    enquire_until: Option<AttemptId>,
    /// Words on their way to the cell.
    awaited: Vec<(Vec<AttemptId>, Awaited)>,
}

impl Rails {
    /// The process starts: what lies in the store now was perhaps sent already.
    pub fn restart(&mut self, reader: &Reader) -> Result<(), StoreError> {
        self.sent.clear();
        self.awaited.clear();
        self.enquire_until = reader.rail_work(None, usize::MAX)?.last().map(|work| work.attempt);
        Ok(())
    }

    /// Takes up to `count` pieces of work and gives words on them. Without `luck` everything settles, and nothing is said
    /// that was not asked for.
    pub fn work(
        &mut self,
        reader: &Reader,
        door: &mut Door<'_>,
        count: usize,
        luck: Option<u8>,
    ) -> Result<(), StoreError> {
        let mut numbers = luck.map(|luck| Rng::new(u64::from(luck)));
        let work = reader.rail_work(None, 64)?;
        let open: Vec<RailWork> = work.into_iter().filter(|work| !self.sent.contains(&work.attempt)).collect();
        let mut reports = Vec::new();
        for work in open.into_iter().take(count) {
            reports.push(self.settle(&work, numbers.as_mut().map_or(SETTLES, Rng::byte)));
            self.sent.insert(work.attempt);
        }
        reports.extend(numbers.iter_mut().flat_map(|numbers| self.mischief(numbers)).collect::<Vec<_>>());
        self.say(door, reports);
        Ok(())
    }

    /// Whether every word has arrived.
    pub fn is_quiet(&self) -> bool {
        self.awaited.is_empty()
    }

    /// What became of each attempt, on the rails' side.
    pub fn record(&self) -> impl Iterator<Item = (AttemptId, AccountId, PaymentId, RailOutcome)> {
        self.record.iter().map(|(attempt, (outcome, said))| (*attempt, said.account, said.payment, *outcome))
    }

    /// The outcome of an attempt: decided when it is first sent. An attempt that was perhaps sent by a process that died is
    /// only asked about; one that never arrived ends softly.
    fn settle(&mut self, work: &RailWork, luck: u8) -> RailReport {
        let is_enquiry = self.enquire_until.is_some_and(|until| work.attempt <= until);
        let outcome = match luck % 8 {
            _ if is_enquiry => RailOutcome::SoftFailed,
            0 | 1 => RailOutcome::SoftFailed,
            2 => RailOutcome::Rejected,
            3 => RailOutcome::Cancelled,
            _ => RailOutcome::Settled,
        };
        let said = report(work, outcome);
        let (_, known) = self.record.entry(work.attempt).or_insert((outcome, said));
        *known
    }

    /// Words that nobody asked for: said twice, contradicting the record, or about nothing.
    fn mischief(&self, luck: &mut Rng) -> Vec<RailReport> {
        if luck.below(3) != 0 || self.record.is_empty() {
            return Vec::new();
        }
        let place = luck.below(self.record.len() as u64) as usize;
        let said = self.record.values().nth(place).map(|(_, said)| *said);
        let twist = luck.below(4);
        said.into_iter()
            // A word that contradicts must not arrive before the true one.
            .filter(|said| self.sent.contains(&said.attempt) && self.arrived(said.attempt))
            .map(|said| match twist {
                0 => said,
                1 => RailReport { outcome: RailOutcome::Cancelled, ..said },
                2 => RailReport { outcome: RailOutcome::Settled, ..said },
                _ => RailReport { payment: PaymentId(said.payment.0 + 1), ..said },
            })
            .collect()
    }

    fn arrived(&self, attempt: AttemptId) -> bool {
        !self.awaited.iter().any(|(attempts, _)| attempts.contains(&attempt))
    }

    fn say(&mut self, door: &mut Door<'_>, reports: Vec<RailReport>) {
        if reports.is_empty() {
            return;
        }
        let attempts: Vec<AttemptId> = reports.iter().map(|report| report.attempt).collect();
        match door.ask(Lane::Internal, Command::ReportRails(reports), None, None) {
            Some(awaited) => self.awaited.push((attempts, awaited)),
            None => self.take_back(&attempts),
        }
    }

    /// Looks for answers. What was answered is done; what was not done is said again with the row that is still there.
    pub fn listen(&mut self, door: &mut Door<'_>) -> Result<(), Fault> {
        for (attempts, mut awaited) in std::mem::take(&mut self.awaited) {
            match door.listen(&mut awaited)? {
                Heard::Nothing => self.awaited.push((attempts, awaited)),
                Heard::Answer(Ok(_)) => {}
                Heard::Answer(Err(_)) | Heard::Lost => self.take_back(&attempts),
            }
        }
        Ok(())
    }

    fn take_back(&mut self, attempts: &[AttemptId]) {
        attempts.iter().for_each(|attempt| {
            self.sent.remove(attempt);
        });
    }
}

fn report(work: &RailWork, outcome: RailOutcome) -> RailReport {
    RailReport { attempt: work.attempt, payment: work.payment, account: work.account, session: work.session, outcome }
}
