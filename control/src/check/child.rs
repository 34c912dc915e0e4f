//! What the process does that runs an unknown model. It says everything at once, a JSON object a line, so that it is known
//! how far it came when it dies.

mod time;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use causeway_core::risk::Features;
use causeway_core::risk::features::COUNT;
use causeway_core::risk::package::{GOLDEN_TOLERANCE, Package};
use causeway_core::risk::scorer::{OnnxRuntime, OnnxScorer, Scorer, is_probability};
use serde::{Deserialize, Serialize};

use super::limits::{ADDRESS_SPACE, confine};
use super::report::{Line, Timing};

/// Rows of a batch.
const BATCH: usize = 64;
/// Golden rows that are also scored alone and in batches.
const ROWS: usize = 256;

/// What the process says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// It begins to look at something.
    Begins(String),
    /// What it has found.
    Found(Line),
    /// How long the model takes.
    Took(Timing),
    /// It has looked at everything.
    Done,
}

/// Runs the model of the package in `folder`, which must be the one with this SHA-256. Whether it could say so.
pub fn run(runtime: &Path, folder: &Path, sha256: &str, budget: Option<Duration>) -> std::io::Result<()> {
    confine().map_err(std::io::Error::other)?;
    if let Some(mut scorer) = look("load", || load(runtime, folder, sha256))? {
        let golden = |scorer: &mut OnnxScorer| {
            scorer.check_golden()?;
            Ok(format!("{} rows score as the package says", scorer.package().golden.len()))
        };
        let is_good = look("golden scores", || golden(&mut scorer).map(|says| ((), says)))?.is_some();
        if is_good {
            look("batches", || batches(&mut scorer).map(|says| ((), says)))?;
            look("extreme rows", || extremes(&mut scorer).map(|says| ((), says)))?;
        }
        if let Some(budget) = budget.filter(|_| is_good) {
            let rows = varied(&golden_rows(&scorer));
            if let Some(timing) = look("time", || time::measure(&mut scorer, &rows, budget))? {
                say(&Said::Took(timing))?;
            }
        }
    }
    say(&Said::Done)
}

/// Looks at one thing and says what is found; gives what the next things need.
fn look<T>(topic: &str, check: impl FnOnce() -> Result<(T, String), String>) -> std::io::Result<Option<T>> {
    say(&Said::Begins(topic.to_owned()))?;
    let (found, passed, says) = match check() {
        Ok((found, says)) => (Some(found), true, says),
        Err(says) => (None, false, explained(&says)),
    };
    say(&Said::Found(Line { topic: topic.to_owned(), passed, says }))?;
    Ok(found)
}

fn say(said: &Said) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    let mut out = std::io::stdout();
    out.write_all(&line)?;
    out.flush()
}

/// The runtime's own words are long and lead into its sources; what they mean comes first.
fn explained(says: &str) -> String {
    let short: String = says.chars().map(|c| if c.is_control() { ' ' } else { c }).take(600).collect();
    let is_about_memory = ["bad_alloc", "bad allocation", "Failed to allocate", "memory allocation"];
    if is_about_memory.iter().any(|words| says.contains(words)) {
        return format!("it needs more than {} MiB of memory: {short}", ADDRESS_SPACE >> 20);
    }
    short
}

fn load(runtime: &Path, folder: &Path, sha256: &str) -> Result<(OnnxScorer, String), String> {
    let runtime = OnnxRuntime::load(runtime)
        .map_err(|error| format!("the ONNX Runtime library {} cannot be used: {error}", runtime.display()))?;
    let package = Package::read(folder).map_err(|error| error.to_string())?;
    if package.sha256 != sha256 {
        return Err("the package changed while it was looked at: check it again".to_owned());
    }
    let scorer = OnnxScorer::of_package(&runtime, package);
    let scorer = scorer.map_err(|error| format!("ONNX Runtime does not take the model: {}", error.reason))?;
    Ok((scorer, "ONNX Runtime takes the model".to_owned()))
}

fn golden_rows(scorer: &OnnxScorer) -> Vec<Features> {
    scorer.package().golden.iter().map(|(row, _)| *row).take(ROWS).collect()
}

/// Each feature from another golden row, so that trees are walked along other ways than those that were shown.
fn varied(rows: &[Features]) -> Vec<Features> {
    let mixed = |number: usize| {
        let mut row = rows[number];
        for (place, value) in row.0.iter_mut().enumerate() {
            *value = rows[(number + number * place) % rows.len()].0[place];
        }
        row
    };
    rows.iter().copied().chain((0..rows.len()).map(mixed)).collect()
}

/// A score depends on its own row alone, however many others come with it.
fn batches(scorer: &mut OnnxScorer) -> Result<String, String> {
    let rows = varied(&golden_rows(scorer));
    let mut alone = Vec::with_capacity(rows.len());
    for row in &rows {
        let scores = scorer.score(&[*row]).map_err(|error| format!("it does not score one row: {error}"))?;
        alone.push(scores.first().copied().ok_or("it gave no score for one row")?);
    }
    if let Some(score) = alone.iter().find(|score| !is_probability(**score)) {
        return Err(format!("it gave the score {score}, which is no probability between 0 and 1"));
    }
    for size in [2, 3, 16, BATCH] {
        for start in (0..rows.len()).step_by(size) {
            let places: Vec<usize> = (start..start + size).map(|place| place % rows.len()).collect();
            let batch: Vec<Features> = places.iter().map(|&place| rows[place]).collect();
            let scores = scorer.score(&batch).map_err(|error| format!("it does not score {size} rows: {error}"))?;
            let differs =
                |(place, score): (&usize, &f32)| (alone[*place] - score).abs() > GOLDEN_TOLERANCE || score.is_nan();
            if scores.len() != size || places.iter().zip(&scores).any(differs) {
                return Err(format!(
                    "a row among {size} scores differently than alone: nothing may be computed over the rows of a batch"
                ));
            }
        }
    }
    Ok(format!("{} rows score the same alone and among up to {BATCH}", rows.len()))
}

/// Whatever comes, it answers. What is no probability is decided by the fallback rules.
fn extremes(scorer: &mut OnnxScorer) -> Result<String, String> {
    let zeros = scorer.score(&[Features([0.0; COUNT])]).map_err(|error| format!("a row of zeros fails: {error}"))?;
    if !zeros.first().is_some_and(|score| is_probability(*score)) {
        return Err(format!("a row of zeros scores {zeros:?}, which is no probability between 0 and 1"));
    }
    let values =
        [1e30, -1e30, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-42, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    let rows = values.map(|value| Features([value; COUNT]));
    let mut unusable = 0;
    for row in &rows {
        let scores = scorer.score(&[*row]).unwrap_or_default();
        unusable += usize::from(!scores.first().is_some_and(|score| is_probability(*score)));
    }
    // Together they must not do what they do not do alone.
    let _ = scorer.score(&rows);
    Ok(match unusable {
        0 => format!("{} rows far beyond anything real get a probability", rows.len()),
        _ => format!(
            "{unusable} of {} rows far beyond anything real get no probability: the fallback decides those",
            rows.len()
        ),
    })
}
