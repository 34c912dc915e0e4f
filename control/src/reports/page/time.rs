//! What changes over time: drift and approvals.

use causeway_core::time::{Millis, Timestamp};

use super::super::report::{DriftSeen, FEW, Report, WORST};
use super::plot::{Axis, Plot, Scale, legend, round_up};
use super::words::{count, percent, percent_or_dash, span, table, tick};
use super::{ACT, note, nothing, section};
use crate::wire::Time;

/// From here on one looks, by custom.
const LOOK: f64 = 0.1;
/// Ticks of a time axis at most.
const TICKS: usize = 9;
/// Features in the table.
const IN_TABLE: usize = 12;
/// How the worst features are drawn.
const FEATURES: [&str; WORST] = ["calm thin", "warn thin dashed", "strict thin mixed", "quiet thin dotted"];

/// Where each part stands, counted in parts from the first one on: a part without decisions leaves a gap.
fn places(parts: &[Time], part_seconds: u64) -> Vec<f64> {
    let first = parts.first().map_or(Timestamp(0), |first| first.0);
    let width = part_seconds.max(1) as f64 * 1_000.0;
    parts.iter().map(|at| at.0.since(first).0 as f64 / width).collect()
}

/// An axis of the parts.
fn times(parts: &[Time], part_seconds: u64) -> Axis {
    let places = places(parts, part_seconds);
    let (first, last) = (parts.first().map_or(Timestamp(0), |first| first.0), places.last().copied().unwrap_or(0.0));
    let step = (last as usize + 1).div_ceil(TICKS).max(1);
    let at = |place: usize| Time(first.plus(Millis::seconds(part_seconds * place as u64)));
    let ticks = (0..=last as usize).step_by(step).map(|place| (place as f64, tick(at(place), part_seconds)));
    let label = match part_seconds {
        0..86_400 => "hour of decision (UTC)".to_owned(),
        86_400 => "day of decision (UTC)".to_owned(),
        _ => format!("stretches of {} days, by their first (UTC)", part_seconds / 86_400),
    };
    Axis { scale: Scale::Linear(-0.5, last + 0.5), label, ticks: ticks.collect() }
}

/// The index over time, and which features drift most.
pub fn drift(report: &Report) -> String {
    let (heading, lead) = (
        "Drift",
        "The population stability index against the package's reference: 0 when shares are the same; from 0.1 on one looks, from \
         0.25 on one acts.",
    );
    let why = match (&report.drift, &report.package) {
        (Some(drift), _) => return section("drift", heading, lead, &drawn(drift)),
        (None, None) => "The package of this model is not known to this gateway, and so there is no reference.",
        (None, Some(_)) if report.decisions.counted == 0 => "This model has decided nothing in this time.",
        (None, Some(_)) => "The package states no reference: one of format 2 with [reference] does.",
    };
    section("drift", heading, lead, &nothing(why))
}

fn drawn(drift: &DriftSeen) -> String {
    let parts: Vec<Time> = drift.parts.iter().map(|part| part.from).collect();
    let places = places(&parts, drift.part_seconds);
    let counted = drift.parts.iter().flat_map(|part| part.feature_psi.iter().copied().chain([part.score_psi]));
    let most = counted.fold(1.5 * ACT, f64::max);
    // Features can drift without bounds; the score is what is looked at.
    let top = round_up(most.min(drift.parts.iter().map(|part| part.score_psi).fold(4.0 * ACT, f64::max)));
    let ticks = (0..=5).map(|step| top * f64::from(step) / 5.0).map(|value| (value, format!("{value:.2}")));
    let y = Axis { scale: Scale::Linear(0.0, top), label: "stability index".to_owned(), ticks: ticks.collect() };
    let mut plot = Plot::new(300.0, &times(&parts, drift.part_seconds), &y);
    plot.level("warn mixed thin", LOOK);
    plot.level("fraud dashed thin", ACT);
    let worst = &drift.features[..WORST.min(drift.features.len())];
    for (number, class) in FEATURES.iter().enumerate().take(worst.len()) {
        let line = places.iter().zip(&drift.parts).map(|(place, part)| (*place, part.feature_psi[number]));
        plot.line(class, &line.collect::<Vec<_>>());
    }
    let line: Vec<(f64, f64)> = places.iter().zip(&drift.parts).map(|(place, part)| (*place, part.score_psi)).collect();
    plot.line("honest", &line);
    for (dot, part) in line.iter().zip(&drift.parts) {
        plot.dot(if part.decisions < FEW { "honest hollow" } else { "honest" }, *dot);
    }
    let mut entries = vec![
        ("honest", "dot", "the score".to_owned()),
        ("honest hollow", "dot", format!("of fewer than {FEW} decisions: high by chance")),
        ("warn mixed thin", "line", format!("look from {LOOK} on")),
        ("fraud dashed thin", "line", format!("act from {ACT} on")),
    ];
    let features = worst.iter().zip(FEATURES).map(|((name, _), class)| (class, "line", (*name).to_owned()));
    entries.extend(features);
    let mut inside = plot.svg("Stability index of the score and of the features that drift most, over time");
    inside.push_str(&legend(&entries));
    let mut rows = vec![vec!["the score".to_owned(), format!("{:.3}", drift.score_psi)]];
    rows.extend(drift.features.iter().take(IN_TABLE).map(|(name, psi)| vec![(*name).to_owned(), format!("{psi:.3}")]));
    inside.push_str(&table(&["Over all decisions", "stability index"], &rows));
    if most > top {
        inside.push_str(&note("Lines along the upper end lie beyond it; the table has their numbers."));
    }
    let features = drift.features.len();
    if features > IN_TABLE {
        inside
            .push_str(&note(&format!("The {IN_TABLE} features that drift most, of {features}; ?format=json has all.")));
    }
    inside
}

/// How many are approved over time.
pub fn approvals(report: &Report) -> String {
    let (heading, lead) = (
        "Approvals",
        "The share of the decisions whose verdict was approve, with its 95 % interval, against the training's test window.",
    );
    let approvals = &report.approvals;
    if approvals.all.of == 0 {
        return section("approvals", heading, lead, &nothing("This model has decided nothing in this time."));
    }
    let parts: Vec<Time> = approvals.parts.iter().map(|(at, _)| *at).collect();
    let part_seconds = approvals.part_seconds;
    let lowest =
        approvals.parts.iter().filter_map(|(_, rate)| rate.share).chain(approvals.reference).fold(1.0, f64::min);
    // The axis begins a little below, at a whole number of steps of five percent.
    let bottom = ((lowest * 20.0 - 0.5).floor() / 20.0).clamp(0.0, 0.95);
    let mut plot = Plot::new(260.0, &times(&parts, part_seconds), &Axis::percent("approved", bottom, 1.0));
    let places = places(&parts, part_seconds);
    let rates = || places.iter().zip(&approvals.parts).map(|(place, (_, rate))| (*place, rate));
    for (place, rate) in rates() {
        plot.whisker("honest thin", place, (rate.low, rate.high));
    }
    let line: Vec<(f64, f64)> = rates().filter_map(|(place, rate)| Some((place, rate.share?))).collect();
    plot.line("honest", &line);
    line.iter().for_each(|dot| plot.dot("honest", *dot));
    let mut entries =
        vec![("honest", "dot", "approved".to_owned()), ("honest thin", "line", "95 % interval".to_owned())];
    if let Some(reference) = approvals.reference {
        plot.level("quiet dashed thin", reference);
        entries.push(("quiet dashed thin", "line", format!("in the test window: {}", percent(reference))));
    }
    let mut inside = plot.svg("Share of approved decisions over time");
    inside.push_str(&legend(&entries));
    let all = &approvals.all;
    let mut said = format!(
        "Over all {} decisions {} were approved (95 %: {} to {}).",
        count(all.of),
        percent_or_dash(all.share),
        percent(all.low),
        percent(all.high)
    );
    if let Some([low, high]) = approvals.change_99 {
        said.push_str(&format!(
            " Against the test window that is a change of {:+.1} to {:+.1} percentage points (99 %).",
            low * 100.0,
            high * 100.0
        ));
    }
    said.push_str(&format!(" Each point is {}.", span(part_seconds as f64)));
    inside.push_str(&note(&said));
    section("approvals", heading, lead, &inside)
}
