//! How long a model takes, in processor time, as the guard of a running gateway measures it.

use std::time::Duration;

use causeway_core::risk::Features;
use causeway_core::risk::scorer::{CHUNK, Scorer};

use super::super::report::Timing;
use super::BATCH;
use crate::gate::processor_time;

/// Runs at most, and at least.
const RUNS: (usize, usize) = (2_000, 50);
/// Processor time that is enough to know, however few runs it was.
const ENOUGH: Duration = Duration::from_secs(2);
/// Runs that are not counted: the first ones fill caches.
const WARM_UP: usize = 20;

/// Measures single rows and batches, and judges them by the budget.
pub fn measure(scorer: &mut dyn Scorer, rows: &[Features], budget: Duration) -> Result<(Timing, String), String> {
    let (single_median, single_p99) = runs(scorer, rows, 1)?;
    let (batch_median, batch_p99) = runs(scorer, rows, BATCH)?;
    let timing = Timing { single_median, single_p99, batch_median, batch_p99 };
    let says = format!(
        "one row takes {single_median:.0} µs (99 % within {single_p99:.0} µs), {BATCH} rows {batch_median:.0} µs \
         ({batch_p99:.0} µs)"
    );
    let limit = budget.as_secs_f64() * 1e6;
    if single_p99.max(batch_p99) <= limit {
        Ok((timing, format!("{says}; the budget is {budget:?}")))
    } else {
        Err(format!(
            "it is too slow: {says}; the budget is {budget:?}: train fewer or shallower trees, or a smaller network"
        ))
    }
}

fn runs(scorer: &mut dyn Scorer, rows: &[Features], size: usize) -> Result<(f64, f64), String> {
    let mut times = Vec::with_capacity(RUNS.0);
    let (mut next, began) = (0, processor_time());
    let mut batch = Vec::with_capacity(size);
    for run in 0..RUNS.0 + WARM_UP {
        batch.clear();
        batch.extend((next..next + size).map(|place| rows[place % rows.len()]));
        // Steps that share no factor with most numbers of rows: the same ones do not come together again and again.
        next += size + 7;
        let before = processor_time();
        for chunk in batch.chunks(CHUNK) {
            scorer.score(chunk).map_err(|error| error.to_string())?;
        }
        let after = processor_time();
        if run >= WARM_UP {
            times.push((after - before).as_secs_f64() * 1e6);
        }
        if times.len() >= RUNS.1 && after - began > ENOUGH {
            break;
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
    Ok((at(0.5), at(0.99)))
}
