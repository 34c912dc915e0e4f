//! What was found: figures over the rounds, for the terminal, as JSON, as a picture, and for the record.

mod figures;
mod json;
mod record;
mod svg;
mod table;

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::ceilings::Ceiling;
use super::mix::{DIFFERENT, Mix};
use super::plan::Options;
use super::round::{Measured, MixRound};
use super::statistics::Verdict;
use super::tally::Tally;
use crate::calendar::Moment;
use crate::failure::Failure;
use crate::machine::Machine;
use crate::seed::Seed;

/// What counts where answers are measured.
const COUNTED: &str = "Counted is only what was approved and answered 2xx; latencies run from when a request was due.";

/// What was measured.
#[derive(Default)]
pub struct Rounds {
    /// The ceilings: before each round of a mix, and after the last.
    pub ceilings: Vec<Ceiling>,
    /// The rounds of each mix.
    pub mixes: Vec<(Mix, Vec<MixRound>)>,
    /// Webhooks that arrived over the whole run.
    pub webhooks: u64,
}

/// What was measured, of what and on what.
pub struct Report {
    /// What the caller asked for.
    pub options: Options,
    /// Where the random numbers started.
    pub seed: u64,
    /// What it ran on.
    pub machine: Machine,
    /// When it began.
    pub began: SystemTime,
    /// Puts and bytes of a pay-in in the store's ceiling.
    pub per_pay_in: (f64, f64),
    /// Which share of the processors' time the host took away.
    pub stolen: f64,
    /// Which share of it others used: the host, programs that have nothing to do with the run, and the kernel's own threads.
    /// Unknown when the gateway was not started here.
    pub others: Option<f64>,
    /// The figures.
    pub rounds: Rounds,
}

impl Rounds {
    /// Nothing yet, of these mixes.
    pub fn new(mixes: Vec<Mix>) -> Rounds {
        Rounds { mixes: mixes.into_iter().map(|mix| (mix, Vec::new())).collect(), ..Rounds::default() }
    }

    /// Adds a round of the ceilings.
    pub fn add_ceiling(&mut self, ceiling: Ceiling) {
        self.ceilings.push(ceiling);
    }

    /// Adds a round of a mix, which came behind the ceilings that were added last.
    pub fn add(&mut self, mix: Mix, round: MixRound) {
        let round = MixRound { ceiling: self.ceilings.len().saturating_sub(1), ..round };
        self.mixes.iter_mut().filter(|(known, _)| *known == mix).for_each(|(_, rounds)| rounds.push(round.clone()));
    }

    /// The rounds of the ceiling with each name.
    pub fn ceiling_rounds(&self) -> Vec<(&'static str, Vec<f64>)> {
        let names = Ceiling::default().named().map(|(name, _)| name);
        let rounds = |place: usize| self.ceilings.iter().map(|ceiling| ceiling.named()[place].1).collect();
        names.into_iter().enumerate().map(|(place, name)| (name, rounds(place))).collect()
    }
}

impl Report {
    /// Nothing measured yet.
    pub fn begin(options: &Options, machine: Machine) -> Report {
        let seed = options.seed.unwrap_or_else(Seed::fresh);
        let (options, rounds) = (options.clone(), Rounds::new(options.mixes()));
        let (began, per_pay_in) = (SystemTime::now(), (0.0, 0.0));
        Report { options, seed, machine, began, per_pay_in, stolen: 0.0, others: None, rounds }
    }

    /// What counts, for everybody who reads a figure.
    fn counted(&self) -> &'static str {
        if self.options.is_of_deliveries() {
            "Counted is what arrives at the receiver; latencies run from the millisecond of the batch that made the event, \
             before its commit."
        } else {
            COUNTED
        }
    }

    /// What is about to be measured, in a few lines.
    pub fn headline(&self) -> String {
        let options = &self.options;
        let mixes: Vec<&str> = options.mixes().into_iter().map(Mix::name).collect();
        format!(
            "{} in {} rounds, steps of {:.1} s, {} requests in flight, seed {}\n{}; commit {}",
            mixes.join(", "),
            options.rounds(),
            options.time().as_secs_f64(),
            options.width().in_flight,
            self.seed,
            self.machine.line(),
            self.machine.commit,
        )
    }

    /// Whether the machine was quiet enough.
    pub fn verdict(&self) -> Verdict {
        let rounds = self.rounds.ceiling_rounds();
        Verdict::of(
            rounds.iter().map(|(name, rounds)| (*name, rounds.as_slice())),
            self.options.noise_share(),
            self.others,
        )
    }

    /// Shows and writes everything. Fails when an answer was wrong, when nothing went through, or when figures were to be
    /// recorded that nobody should believe.
    pub fn finish(&self, options: &Options, place: &Path) -> Result<(), Failure> {
        let name = Moment::at(self.began).stamp();
        let (json, svg) = (format!("{:#}\n", self.json()), self.svg());
        for (ending, text) in [("json", &json), ("svg", &svg)] {
            let path = place.join(format!("{name}.{ending}"));
            let written = fs::write(&path, text);
            written.map_err(|error| Failure::wrong(format!("cannot write {}: {error}", path.display())))?;
        }
        if options.json {
            print!("{json}")
        } else {
            print!("{}", self.table())
        }
        let place = place.display();
        eprintln!("\nwritten: {place}/{name}.json, {place}/{name}.svg");
        self.check()?;
        if options.record { self.record() } else { Ok(()) }
    }

    fn check(&self) -> Result<(), Failure> {
        let different: u64 = self.tallies().filter_map(|tally| tally.others.get(DIFFERENT)).sum();
        if different > 0 {
            return Err(Failure::wrong(format!("{different} × {DIFFERENT}: this must never happen")));
        }
        for (mix, rounds) in &self.rounds.mixes {
            if rounds.iter().all(|round| round.steady.is_none()) {
                return Err(Failure::wrong(format!("{} sustained no rate at all", mix.name())));
            }
            if self.options.rate.is_some() && steady_rounds(rounds) < rounds.len() {
                return Err(Failure::wrong(format!("{} did not sustain this rate in every round", mix.name())));
            }
        }
        Ok(())
    }

    fn tallies(&self) -> impl Iterator<Item = &Tally> {
        let rounds = self.rounds.mixes.iter().flat_map(|(_, rounds)| rounds);
        rounds.flat_map(MixRound::steps).map(|measured| &measured.step.tally)
    }
}

/// The rounds that have a peak, or were asked for a rate, and sustained what their latencies were taken at.
fn steady_rounds(rounds: &[MixRound]) -> usize {
    rounds.iter().filter(|round| round.steady.as_ref().is_some_and(|steady| steady.was_sustained)).count()
}

impl MixRound {
    /// What was measured in it.
    fn steps(&self) -> impl Iterator<Item = &Measured> {
        [&self.flat_out, &self.peak, &self.steady].into_iter().flatten()
    }
}
