//! Whether a model's decisions have shifted in its present stage, whoever makes the most payments. One account alone cannot have
//! a model taken back: it has a bounded part of the window, and what it does must not make the difference.

use std::collections::{BTreeMap, VecDeque};

use causeway_core::id::AccountId;
use causeway_core::receipt::Receipt;
use causeway_core::risk::drift::{Drift, Expected, Limits, Window};
use causeway_core::risk::features::COUNT;
use causeway_core::risk::{Features, Verdict};
use causeway_core::time::{Millis, Timestamp};

/// One account has this part of the window at most: its oldest decisions go first, not those of others.
const PART: usize = 5;
/// An account with less than this part of the decisions is not left out on trial: it moves no share by two points.
const SMALL: usize = 50;

/// What a model is judged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// When it began. What was decided before, or at that moment, says nothing of it.
    pub since: Timestamp,
    /// How many accounts the gateway has.
    pub accounts: usize,
}

/// The last decisions of a model in its stage.
pub struct Panel {
    expected: Option<Expected>,
    window: Window,
    /// By their numbers, in commit order. One takes 60 bytes or so, and 470 more where features are judged.
    rows: BTreeMap<u64, Row>,
    /// The numbers of each account's decisions.
    of: BTreeMap<AccountId, VecDeque<u64>>,
    next: u64,
    /// What was found, after how many decisions and in which stage: nobody looks twice at the same.
    found: Option<(u64, usize, Stage, Option<String>)>,
}

struct Row {
    at: Timestamp,
    account: AccountId,
    score: f32,
    is_approved: bool,
    /// Where they are judged.
    features: Option<Box<Features>>,
}

impl Panel {
    /// Nothing seen yet.
    pub fn new(expected: Option<Expected>, window: Window, limits: &Limits) -> Panel {
        let mut expected = expected;
        if let (Some(expected), None) = (&mut expected, limits.feature_psi) {
            expected.reference.features.clear();
        }
        Panel { expected, window, rows: BTreeMap::new(), of: BTreeMap::new(), next: 0, found: None }
    }

    /// Sees a decision of the model.
    pub fn see(&mut self, receipt: &Receipt) {
        let is_judged = self.expected.as_ref().is_some_and(|expected| !expected.reference.features.is_empty());
        let row = Row {
            at: receipt.at,
            account: receipt.account,
            score: receipt.risk.score,
            is_approved: receipt.risk.verdict == Verdict::Approve,
            features: is_judged.then(|| Box::new(receipt.features)),
        };
        let own = self.of.entry(row.account).or_default();
        own.push_back(self.next);
        self.rows.insert(self.next, row);
        self.next += 1;
        if own.len() > (self.window.decisions / PART).max(1) {
            own.pop_front().map(|oldest| self.rows.remove(&oldest));
        }
        if self.rows.len() > self.window.decisions {
            self.drop_first();
        }
    }

    /// Why the model is said to have shifted in this stage, in words; none when it has not, or when too little is known.
    pub fn shift(&mut self, stage: Stage, limits: &Limits, now: Timestamp) -> Option<String> {
        let oldest = Timestamp(now.0.saturating_sub(self.window.span.0));
        while self.rows.first_key_value().is_some_and(|(_, row)| row.at <= stage.since || row.at < oldest) {
            self.drop_first();
        }
        let seen = (self.next, self.rows.len(), stage);
        if let Some((next, count, before, found)) = &self.found
            && (*next, *count, *before) == seen
        {
            return found.clone();
        }
        let found = self.judge(stage.accounts, limits);
        self.found = Some((seen.0, seen.1, stage, found.clone()));
        found
    }

    /// A shift is one when it is one without any single account, too. A gateway with one account has nobody else to ask.
    fn judge(&self, accounts: usize, limits: &Limits) -> Option<String> {
        let words = self.drift(None).shift_in_words(limits)?;
        if accounts < 2 {
            return Some(words);
        }
        let least = self.rows.len() / SMALL;
        let mut busy = self.of.iter().filter(|(_, own)| own.len() >= least).map(|(account, _)| *account);
        let holds = busy.all(|account| self.drift(Some(account)).shift(limits).is_some());
        holds.then(|| format!("{words}; so it is without the decisions of any one account"))
    }

    /// How many decisions it is judged by.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The drift of all decisions but those of one account.
    fn drift(&self, without: Option<AccountId>) -> Drift {
        let mut drift = Drift::new(self.expected.clone(), Window { span: Millis(u64::MAX), ..self.window });
        let none = Features([0.0; COUNT]);
        for row in self.rows.values().filter(|row| Some(row.account) != without) {
            drift.see(row.at, row.features.as_deref().unwrap_or(&none), row.score, row.is_approved);
        }
        drift
    }

    fn drop_first(&mut self) {
        let Some((_, row)) = self.rows.pop_first() else { return };
        if let Some(own) = self.of.get_mut(&row.account) {
            own.pop_front();
            if own.is_empty() {
                self.of.remove(&row.account);
            }
        }
    }
}
