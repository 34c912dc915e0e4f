//! Redeliveries: every event that an operator asked for is queued once by the job, and nothing else is.
//!
//! When a job starts, the oracle writes down what it owes: the events that were given up, that never had a delivery, or, where
//! they are asked for, that arrived. Nobody else can queue these but a partner that replays one, which ends the debt. Each page
//! must hold what is owed up to its end, and after the last page nothing is owed any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::command::{Refusal, Reply, Subject};
use crate::id::{AccountId, DeliveryId, EventId, RedeliveryId};
use crate::redelivery::{Redelivery, RedeliveryRange, RedeliveryStatus, RedeliveryStep, Which};
use crate::time::Timestamp;

use super::against::when;
use super::deliveries::Stand;
use super::{Fault, Oracle, differ, equal, names};

/// Redeliveries of an account that are kept.
const KEPT: usize = 16;

/// A redelivery, with what it owes and what it has queued: places in the list of events.
#[derive(Clone)]
pub struct Order {
    pub job: Redelivery,
    owed: BTreeSet<usize>,
    queued: BTreeSet<usize>,
}

impl Oracle {
    /// A partner has replayed the delivery of this event: no redelivery owes it any more.
    pub(super) fn nobody_owes(&mut self, event: usize) {
        for order in self.orders.values_mut().flatten() {
            order.owed.remove(&event);
        }
    }

    pub(super) fn start_redelivery(
        &mut self,
        account: AccountId,
        range: &RedeliveryRange,
        found: &Reply,
    ) -> Result<Reply, Fault> {
        let id = names::redelivery(found)?.id;
        self.hear(id.0)?;
        self.touch();
        let from = range.from.max(Timestamp((self.now().0 + 1).saturating_sub(self.settings.event_life.0)));
        let range = RedeliveryRange { from, until: range.until.min(self.now()), ..range.clone() };
        let before = (u128::from(range.from.0) << 80).saturating_sub(1);
        let owed = (0..self.told.len()).filter(|event| self.is_owed(*event, account, &range)).collect();
        let job = Redelivery {
            id,
            account,
            range,
            status: RedeliveryStatus::Running,
            reached: EventId(before),
            scanned: 0,
            sent: 0,
            created_at: self.now(),
        };
        let orders = self.orders.entry(account).or_default();
        if orders.len() == KEPT {
            orders.remove(0);
        }
        orders.push(Order { job: job.clone(), owed, queued: BTreeSet::new() });
        Ok(Reply::Redelivery(Arc::new(job)))
    }

    pub(super) fn cancel_redelivery(&mut self, account: AccountId, id: RedeliveryId) -> Result<Reply, Fault> {
        let mut order = self.order(account, id)?;
        if order.job.status == RedeliveryStatus::Running {
            self.touch();
            order.job.status = RedeliveryStatus::Cancelled { at: self.now() };
        }
        Ok(self.put_order(order))
    }

    /// A page is taken once, and only where the job stands.
    pub(super) fn advance_redelivery(
        &mut self,
        account: AccountId,
        id: RedeliveryId,
        step: &RedeliveryStep,
    ) -> Result<Reply, Fault> {
        let mut order = self.order(account, id)?;
        if order.job.status != RedeliveryStatus::Running || order.job.reached != step.after {
            return Ok(self.put_order(order));
        }
        self.touch();
        self.check_page(&order, step)?;
        for (event, _) in &step.events {
            let place = self.place_of(*event)?;
            order.owed.remove(&place);
            if !self.queue_again(place, *event, order.job.range.which)? {
                continue;
            }
            order.job.sent += 1;
            if !order.queued.insert(place) {
                return Err(Fault(format!("{event:?} is queued twice by one redelivery")));
            }
        }
        (order.job.reached, order.job.scanned) = (step.through, order.job.scanned + step.scanned);
        if step.is_last {
            order.job.status = RedeliveryStatus::Done { at: self.now() };
        }
        let passed: Vec<usize> = self.named.range(..=step.through).map(|(_, place)| *place).collect();
        let is_due = |place: &&usize| step.is_last || passed.contains(place);
        if let Some(left) = order.owed.iter().find(is_due) {
            return Err(Fault(format!("the redelivery has left out {:?}", self.told[*left])));
        }
        Ok(self.put_order(order))
    }

    pub(super) fn against_order(&self, account: AccountId) -> Vec<Refusal> {
        if !self.accounts.contains_key(&account) {
            return vec![Refusal::UnknownAccount];
        }
        let is_running = |order: &Order| order.job.status == RedeliveryStatus::Running;
        let runs = self.orders.get(&account).is_some_and(|orders| orders.iter().any(is_running));
        [self.against_telling(account), when(runs, Refusal::RedeliveryRunning)].concat()
    }

    pub(super) fn against_step(&self, account: AccountId, id: RedeliveryId, step: &RedeliveryStep) -> Vec<Refusal> {
        let Ok(order) = self.order(account, id) else { return vec![Refusal::NotFound(Subject::Path)] };
        let counts = order.job.status == RedeliveryStatus::Running && order.job.reached == step.after;
        if counts { self.against_telling(account) } else { Vec::new() }
    }

    pub(super) fn against_cancel(&self, account: AccountId, id: RedeliveryId) -> Vec<Refusal> {
        let is_unknown = self.order(account, id).is_err();
        [self.against_account(account), when(is_unknown, Refusal::NotFound(Subject::Path))].concat()
    }

    /// A page holds events of the job's stretch and types, in their order, and counts all that it has passed.
    fn check_page(&self, order: &Order, step: &RedeliveryStep) -> Result<(), Fault> {
        let (job, end) = (&order.job, EventId(u128::from(order.job.range.until.0) << 80));
        let own = |(_, place): &(&EventId, &usize)| self.told[**place].account == job.account;
        let all = |from: EventId, to: EventId| self.named.range(from..to).filter(own);
        let of = |from, to| all(from, to).filter(|(_, place)| !self.swept.contains_key(place)).count() as u64;
        let behind = |id: EventId| EventId(id.0 + 1);
        if step.through < step.after || step.through > step.after && step.through >= end {
            return Err(Fault("a page reaches beyond the stretch".to_owned()));
        }
        // What was there when the page was read may be gone.
        let passed = (behind(step.after), behind(step.through));
        if step.scanned < of(passed.0, passed.1) || step.scanned > all(passed.0, passed.1).count() as u64 {
            return Err(differ("how much was passed", &of(passed.0, passed.1), &step.scanned));
        }
        let rest = if behind(step.through) < end { of(behind(step.through), end) } else { 0 };
        if step.is_last && rest > 0 {
            return Err(Fault(format!("after the last page there are {rest} events more")));
        }
        if !step.events.is_sorted_by(|one, other| one.0 < other.0) {
            return Err(Fault("a page is out of order".to_owned()));
        }
        for (event, lane) in &step.events {
            let told = &self.told[self.place_of(*event)?];
            equal("whose event, and in which order", &(job.account, told.lane), &(told.account, *lane))?;
            let fits = job.range.kinds.is_empty() || job.range.kinds.contains(&told.kind);
            if !fits || *event <= step.after || *event > step.through {
                return Err(differ("an event of the page", &job.range, told));
            }
        }
        Ok(())
    }

    /// Queues an event once more if it still is to be; says whether.
    fn queue_again(&mut self, event: usize, id: EventId, which: Which) -> Result<bool, Fault> {
        let name = Some(DeliveryId(id.0));
        let Some(place) = self.letters.iter().position(|one| one.event == event) else {
            let url = self.goes_to(self.told[event].account).ok_or_else(|| Fault("it goes nowhere".to_owned()))?;
            self.write_letter(event, url);
            if let Some(letter) = self.letters.last_mut() {
                letter.name = name;
            }
            return Ok(true);
        };
        let letter = &mut self.letters[place];
        if letter.name.is_some() && letter.name != name {
            return Err(differ("the name of the event's delivery", &letter.name, &name));
        }
        letter.name = name;
        if !is_chosen(letter.stand, which) {
            return Ok(false);
        }
        letter.attempts = 0;
        self.join(place);
        Ok(true)
    }

    /// Whether a job over this range must queue an event as things stand.
    fn is_owed(&self, event: usize, account: AccountId, range: &RedeliveryRange) -> bool {
        let told = &self.told[event];
        let is_within = range.from <= told.created_at && told.created_at < range.until;
        let is_of_kind = range.kinds.is_empty() || range.kinds.contains(&told.kind);
        let letter = self.letters.iter().find(|letter| letter.event == event);
        let is_wanted = letter.is_none_or(|letter| is_chosen(letter.stand, range.which));
        told.account == account && is_within && is_of_kind && is_wanted
    }

    fn place_of(&self, event: EventId) -> Result<usize, Fault> {
        self.named.get(&event).copied().ok_or_else(|| Fault(format!("nobody was ever told of {event:?}")))
    }

    fn order(&self, account: AccountId, id: RedeliveryId) -> Result<Order, Fault> {
        let found = self.orders.get(&account).and_then(|orders| orders.iter().find(|order| order.job.id == id));
        found.cloned().ok_or_else(|| Fault(format!("the oracle itself has lost {id:?}")))
    }

    fn put_order(&mut self, order: Order) -> Reply {
        let job = order.job.clone();
        let orders = self.orders.entry(job.account).or_default();
        orders.iter_mut().filter(|one| one.job.id == job.id).for_each(|one| one.clone_from(&order));
        Reply::Redelivery(Arc::new(job))
    }
}

fn is_chosen(stand: Stand, which: Which) -> bool {
    match stand {
        Stand::Dead => true,
        Stand::Succeeded { .. } => which == Which::All,
        Stand::Held | Stand::Due { .. } | Stand::Waiting { .. } => false,
    }
}
