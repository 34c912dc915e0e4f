//! Rules and lists: all that fire are gathered, and the one that counts most decides.

use std::sync::Arc;

use crate::command::Reply;
use crate::id::{AccountId, PaymentId};
use crate::payment::Payment;
use crate::risk::policy::{Bound, List, ListAction, Rule};
use crate::risk::{Entities, Entity, Features, LateBlock, NewPolicy, Policied, RiskPolicy, Verdict};
use crate::session::Session;
use crate::terms::Terms;

use super::{Fault, Oracle};

/// Versions that are kept.
const KEPT: usize = 16;

/// Whether something exceeds its bound: 256 rules with 16 conditions each, 64 lists with 10,000 entries in all.
pub fn is_too_large(new: &NewPolicy) -> bool {
    let entries = new.lists.iter().map(|list| list.keys().len()).sum::<usize>();
    new.rules.len() > 256 || new.lists.len() > 64 || entries > 10_000 || new.rules.iter().any(|one| one.when.len() > 16)
}

impl Oracle {
    /// A new version comes before all others.
    pub(super) fn set_risk_policy(&mut self, new: &NewPolicy) -> Reply {
        self.touch();
        let NewPolicy { rules, lists, file } = new.clone();
        let last = self.policies.first();
        let version = last.map_or(0, |last| last.version) + 1;
        let file = file.or(last.and_then(|last| last.file));
        self.policies.insert(0, RiskPolicy { version, set_at: self.now(), file, rules, lists });
        self.policies.truncate(KEPT);
        Reply::Done
    }

    /// The verdict, and what fired.
    pub(super) fn policed(
        &self,
        session: &Session,
        terms: &Terms,
        row: &Features,
        whom: Entities,
        scored: Verdict,
    ) -> (Verdict, Policied) {
        let Some(policy) = self.policies.first() else { return (scored, Policied::default()) };
        let (mut verdict, mut fired) = (scored, Vec::new());
        let (mut is_blocked, mut is_allowed) = (false, false);
        for list in &policy.lists {
            let key = match list.entity {
                Entity::Person => Some(whom.person),
                Entity::Device => whom.device,
                Entity::Network => whom.network,
                Entity::Destination => whom.destination,
                Entity::Partner => Some(session.account.0.to_be_bytes()),
            };
            if key.is_some_and(|key| list.keys().contains(&key)) {
                fired.push(list.name.clone());
                match list.action {
                    ListAction::Block => is_blocked = true,
                    ListAction::Allow => is_allowed = true,
                }
            }
        }
        for rule in policy.rules.iter().filter(|rule| fires(rule, session.account, terms, row)) {
            fired.push(rule.name.clone());
            verdict = stricter(verdict, rule.verdict);
        }
        let verdict = match (is_blocked, is_allowed) {
            (true, _) => Verdict::Decline,
            (false, true) => Verdict::Approve,
            (false, false) => verdict,
        };
        (verdict, Policied { version: policy.version, fired, late: None })
    }

    /// The block lists of the newest version that name somebody of a payment that waited, unless its script or its account's
    /// own rule comes before all lists.
    pub(super) fn late_block(&self, payment: &Payment) -> Result<Option<LateBlock>, Fault> {
        let Some(policy) = self.policies.first() else { return Ok(None) };
        let visit = self.visits.iter().find(|visit| visit.payment == payment.id);
        let visit = visit.ok_or_else(|| Fault(format!("the oracle itself has lost the visit of {:?}", payment.id)))?;
        let keys: Vec<_> = visit.beings.iter().map(|being| (being.entity(), being.key(self.settings.mode))).collect();
        let named = |list: &&List| keys.iter().any(|(entity, key)| *entity == list.entity && list.keys().contains(key));
        let lists = policy.lists.iter().filter(|list| list.action == ListAction::Block).filter(named);
        let lists: Vec<String> = lists.map(|list| list.name.clone()).collect();
        let binds = self.applied(payment, Verdict::Decline)? == Verdict::Decline;
        Ok((binds && !lists.is_empty()).then_some(LateBlock { version: policy.version, lists }))
    }

    /// The receipt names them, and they count like any decline.
    pub(super) fn count_late_block(&mut self, id: PaymentId, late: LateBlock) {
        for receipt in self.receipts.iter_mut().filter(|receipt| receipt.payment == id) {
            Arc::make_mut(receipt).policied.late = Some(late.clone());
        }
        self.new_declines.push(id);
    }
}

fn stricter(one: Verdict, other: Verdict) -> Verdict {
    let order = [Verdict::Decline, Verdict::Review, Verdict::StepUp];
    order.into_iter().find(|verdict| [one, other].contains(verdict)).unwrap_or(Verdict::Approve)
}

fn fires(rule: &Rule, account: AccountId, terms: &Terms, row: &Features) -> bool {
    let accounts = rule.accounts.is_empty() || rule.accounts.contains(&account);
    let sides = rule.sides.is_empty() || rule.sides.contains(&terms.side);
    let methods = rule.methods.is_empty() || rule.methods.contains(&terms.payment_method);
    let currencies = rule.currencies.is_empty() || rule.currencies.contains(&terms.currency);
    let conditions = rule.when.iter().all(|condition| match condition.bound {
        Bound::AtLeast(least) => row.0[condition.feature] >= least,
        Bound::AtMost(most) => row.0[condition.feature] <= most,
    });
    accounts && sides && methods && currencies && conditions
}
