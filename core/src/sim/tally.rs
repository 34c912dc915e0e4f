//! What was done how often: a simulation that never does something does not test it.

use std::collections::BTreeMap;

use crate::command::{Command, Outcome};

/// Counts of one or more runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By command: how often it was done, replayed and refused.
    pub commands: BTreeMap<&'static str, (u64, u64, u64)>,
    /// By refusal: what ran and was refused.
    pub refusals: BTreeMap<String, u64>,
    /// Answers that told their askers what came of it.
    pub answers: u64,
    /// By refusal: answers that told only that it was not done or is not known.
    pub turned_away: BTreeMap<String, u64>,
    /// Deaths of the process.
    pub crashes: u64,
    /// Failures of the store.
    pub failures: u64,
    /// Tries to open the store again that failed while others asked.
    pub outages: u64,
    /// Comparisons of oracle and disk.
    pub comparisons: u64,
}

impl Tally {
    /// A command ran.
    pub fn ran(&mut self, command: &Command, outcome: &Outcome) {
        let counts = self.commands.entry(command.name()).or_default();
        match outcome {
            Ok(answer) if answer.replayed => counts.1 += 1,
            Ok(_) => counts.0 += 1,
            Err(refusal) => {
                counts.2 += 1;
                *self.refusals.entry(format!("{refusal:?}")).or_default() += 1;
            }
        }
    }

    /// Adds another run.
    pub fn add(&mut self, other: &Tally) {
        for (name, (done, replayed, refused)) in &other.commands {
            let counts = self.commands.entry(name).or_default();
            *counts = (counts.0 + done, counts.1 + replayed, counts.2 + refused);
        }
        add(&mut self.refusals, &other.refusals);
        add(&mut self.turned_away, &other.turned_away);
        self.answers += other.answers;
        self.crashes += other.crashes;
        self.failures += other.failures;
        self.outages += other.outages;
        self.comparisons += other.comparisons;
    }

    /// The commands that were never done: a simulation without them says nothing about them.
    pub fn never_done(&self) -> Vec<&'static str> {
        let is_done = |name: &&str| self.commands.get(name).is_some_and(|(done, _, _)| *done > 0);
        Command::NAMES.iter().copied().filter(|name| !is_done(name)).collect()
    }
}

fn add(counts: &mut BTreeMap<String, u64>, others: &BTreeMap<String, u64>) {
    for (name, count) in others {
        *counts.entry(name.clone()).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Refusal;
    use crate::id::{AccountId, SessionId};

    #[test]
    fn a_command_that_is_only_refused_was_never_done() {
        let mut tally = Tally::default();
        tally.ran(&Command::CancelSession(AccountId(1), SessionId(1)), &Err(Refusal::SessionBusy));
        assert_eq!(tally.never_done(), Command::NAMES);
        tally.commands.extend(Command::NAMES.iter().map(|name| (*name, (1, 0, 0))));
        assert!(tally.never_done().is_empty());
        tally.commands.remove("SetOrigins");
        assert_eq!(tally.never_done(), ["SetOrigins"]);
    }
}
