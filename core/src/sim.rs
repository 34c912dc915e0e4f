//! The simulator: the whole cell, with a failing store, lying rails, refusing receivers and impatient clients, in one thread
//! and from a seed. An [`oracle`] that shares no code with the cell's decisions checks every reply and everything on disk; a
//! [`docket`] of everything that was asked checks that what is said of it is true: that it ran, in time, or never.
//!
//! `cargo xtask sim --seed N` runs one seed; a failing one is cut down to the actions that matter and printed.

pub mod action;
mod broker;
mod client;
mod docket;
mod ground;
mod oracle;
mod rail;
mod redeliverer;
mod receiver;
mod rng;
mod scorer;
mod shrink;
mod store;
mod sweeper;
pub mod tally;
#[cfg(test)]
mod tests;
mod world;

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::planted::planted;
pub use crate::planted::{Bug, plant};
use action::Action;
use oracle::Fault;
use tally::Tally;
use world::World;

/// How many actions a script has, unless somebody asks for another number.
pub const STEPS: usize = 400;

/// A seed whose simulation went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What is wrong, as the whole script showed it.
    pub first: String,
    /// The same kind of fault, as the needed actions show it.
    pub fault: String,
    /// The actions that are needed to see it.
    pub actions: Vec<Action>,
    /// How many there were.
    pub steps: usize,
    /// The bug that was planted.
    pub planted: Option<Bug>,
}

/// `count` seeds from `first` on; `None` when there are not so many.
pub fn seeds(first: u64, count: u64) -> Option<RangeInclusive<u64>> {
    let last = first.checked_add(count.checked_sub(1)?)?;
    Some(first..=last)
}

/// Runs a seed; a failing one is cut down.
pub fn simulate(seed: u64, steps: usize) -> Result<Tally, Box<Failure>> {
    let script = action::script(seed, steps);
    run(seed, &script).map_err(|first| {
        let (actions, last) = shrink::cut_down(&script, &first, |script| run(seed, script).err());
        Box::new(Failure { seed, first: first.0, fault: last.0, actions, steps, planted: planted() })
    })
}

/// Runs a script. A panic of the cell is a fault like any other.
fn run(seed: u64, script: &[Action]) -> Result<Tally, Fault> {
    let _quiet = Quiet::new();
    let whole = || {
        let mut world = World::new(seed)?;
        script.iter().try_for_each(|action| world.step(*action))?;
        world.finish()?;
        Ok(world.tally)
    };
    catch_unwind(AssertUnwindSafe(whole)).unwrap_or_else(|panic| Err(Fault(format!("a panic: {}", message(&*panic)))))
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, panics of this thread print nothing: they are told of as faults.
struct Quiet;

impl Quiet {
    fn new() -> Quiet {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let usual = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                if !IS_QUIET.get() {
                    usual(panic);
                }
            }));
        });
        IS_QUIET.set(true);
        Quiet
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        IS_QUIET.set(false);
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.fault)?;
        writeln!(f, "{} of its {} actions are needed:", self.actions.len(), self.steps)?;
        for action in &self.actions {
            writeln!(f, "    {action:?}")?;
        }
        if self.first != self.fault {
            writeln!(f, "with all of them it was: {}", self.first)?;
        }
        write!(f, "run it again with: cargo xtask sim --seed {} --steps {}", self.seed, self.steps)?;
        self.planted.map_or(Ok(()), |bug| write!(f, " --plant {}", bug.name()))
    }
}
