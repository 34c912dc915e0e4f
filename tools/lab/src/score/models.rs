//! Models that score from a day on.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use causeway_control::serve::find::Surroundings;
use causeway_core::command::Command;
use causeway_core::id::PaymentId;
use causeway_core::risk::scorer::{OnnxRuntime, OnnxScorer, ScoreError, Scorer};
use causeway_core::risk::{Decider, Features, ModelId, ModelStep, Thresholds};
use causeway_core::time::Timestamp;
use parking_lot::Mutex;

use super::cell::Cell;
use super::wrong;
use crate::calendar::{DAY, Day};
use crate::failure::Failure;

/// A package and the day from which on it scores.
#[derive(Clone, Debug)]
pub struct Since {
    day: Day,
    folder: PathBuf,
}

impl FromStr for Since {
    type Err = String;

    /// Reads `2018-08-08=models/week/1`.
    fn from_str(text: &str) -> Result<Since, String> {
        let (day, folder) = text.split_once('=').ok_or_else(|| format!("{text:?} is not like 2018-08-08=DIR"))?;
        Ok(Since { day: day.parse()?, folder: folder.into() })
    }
}

/// All models, in the order of their days.
pub struct Models {
    coming: std::collections::VecDeque<(Day, Panel)>,
    /// What scores now: the names, and what each of them said last.
    present: Option<(Vec<ModelId>, Said)>,
}

/// The scores of the last call, a list of rows for each model.
type Said = Arc<Mutex<Vec<Vec<f32>>>>;

/// Models of one day as one scorer: the first decides, the others score the same rows.
struct Panel {
    models: Vec<OnnxScorer>,
    ids: Vec<ModelId>,
    sha256: [u8; 32],
    said: Said,
}

impl Models {
    /// Loads all packages, golden rows included.
    pub fn open(wanted: &[Since], library: Option<&Path>) -> Result<Models, Failure> {
        let library = Surroundings::of_this_process().library(library);
        let library = library.found().map(PathBuf::from).ok_or_else(|| Failure::missing(library.to_string()))?;
        let runtime = OnnxRuntime::load(&library).map_err(Failure::missing)?;
        if !wanted.is_sorted_by_key(|one| one.day) {
            return Err(Failure::missing("name each --model in the order of the days"));
        }
        let mut coming = std::collections::VecDeque::new();
        for of_a_day in wanted.chunk_by(|one, other| one.day == other.day) {
            let scorers = of_a_day.iter().map(|one| OnnxScorer::load(&runtime, &one.folder).map_err(wrong));
            coming.push_back((of_a_day[0].day, Panel::new(scorers.collect::<Result<_, _>>()?)?));
        }
        Ok(Models { coming, present: None })
    }

    /// The day on which the last ones take over.
    pub fn last(&self) -> Option<Day> {
        self.coming.back().map(|(day, _)| *day)
    }

    /// Lets the models of the day take over.
    pub fn turn(&mut self, cell: &Cell, now: Timestamp) -> Result<(), Failure> {
        while let Some((_, panel)) = self.coming.pop_front_if(|(day, _)| now.unix_seconds() >= day.0 * DAY) {
            let (ids, said, sha256) = (panel.ids.clone(), Arc::clone(&panel.said), panel.sha256);
            let id = ids[0].clone();
            cell.operate_at(now, Command::ChangeModels(ModelStep::Register(id.clone(), sha256)))?;
            let put = cell.running.shelf.ask(id.clone(), Some(Box::new(panel)));
            put.ok_or_else(|| wrong("the shelf takes no model"))?.blocking_recv().map_err(wrong)?;
            cell.operate_at(now, Command::ChangeModels(ModelStep::Promote(id)))?;
            self.present = Some((ids, said));
        }
        Ok(())
    }

    /// What each model said of a payment: the first by the decision receipt, the others by themselves.
    pub fn said(
        &self,
        cell: &Cell,
        payment: PaymentId,
        mut note: impl FnMut(&str, f32, &str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Some((ids, said)) = &self.present else { return Ok(()) };
        let receipt = cell.running.reader.decision(payment).map_err(wrong)?;
        let receipt = receipt.ok_or_else(|| wrong("a payment has no decision receipt"))?;
        match &receipt.risk.decider {
            Decider::Model { name, version } => note(&ids[0].name, receipt.risk.score, &format!("{name} {version}"))?,
            Decider::Fallback { reason } => return Err(wrong(format!("a model did not decide: {reason}"))),
        }
        let said = said.lock();
        for (id, rows) in ids.iter().zip(&*said).skip(1) {
            let [score] = rows[..] else { return Err(wrong("one row was to be scored at a time")) };
            note(&id.name, score, "")?;
        }
        Ok(())
    }
}

impl Panel {
    fn new(models: Vec<OnnxScorer>) -> Result<Panel, Failure> {
        let id = |model: &OnnxScorer| ModelId { name: model.package().name.clone(), version: model.package().version };
        let ids: Vec<ModelId> = models.iter().map(id).collect();
        let sha256 = sha256(&models[0].package().sha256).ok_or_else(|| wrong("a package's SHA-256 is none"))?;
        Ok(Panel { models, ids, sha256, said: Said::default() })
    }
}

impl Scorer for Panel {
    fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
        let all = self.models.iter_mut().map(|model| model.score(rows)).collect::<Result<Vec<_>, _>>()?;
        let first = all[0].clone();
        *self.said.lock() = all;
        Ok(first)
    }

    fn model(&self) -> (&str, &str) {
        self.models[0].model()
    }

    fn thresholds(&self) -> Thresholds {
        self.models[0].thresholds()
    }
}

fn sha256(digits: &str) -> Option<[u8; 32]> {
    let digit = |at: usize| digits.get(at * 2..at * 2 + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    (0..32).map(digit).collect::<Option<Vec<u8>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_a_folder() {
        let since: Since = "2018-08-08=out/week=1".parse().unwrap();
        assert_eq!((since.day.to_string().as_str(), since.folder.to_str()), ("2018-08-08", Some("out/week=1")));
        for wrong in ["2018-08-08", "08.08.2018=out"] {
            assert!(wrong.parse::<Since>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_checksum_is_read() {
        assert_eq!(sha256(&"0a".repeat(32)), Some([10; 32]));
        assert_eq!((sha256("0a"), sha256(&"0x".repeat(32))), (None, None));
    }
}
