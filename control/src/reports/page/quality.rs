//! How good scores were: calibration, and precision over recall.

use super::super::Basis;
use super::super::report::{LEAST_SCORE, Measured, Report};
use super::plot::{Axis, Plot, legend};
use super::words::{count, decimals, percent, percent_or_dash, table, verdict};
use super::{VERDICTS, note, nothing, section};

/// Which decisions are judged, in words.
fn basis(report: &Report) -> String {
    let labels = &report.labels;
    match labels.basis {
        Basis::Mature => format!(
            "Judged are {} decisions older than {} days: {} of them have no label and count as honest, and {} that moved no \
             money and have no label are left out.",
            count(labels.judged),
            labels.maturity_days,
            count(labels.taken_as_honest),
            count(labels.declined_unknown)
        ),
        Basis::Labelled => format!(
            "Judged are the {} decisions that have a label, however old they are; if frauds are labelled sooner than honest payments, \
             this shows too many frauds.",
            count(labels.judged)
        ),
    }
}

/// Why nothing is judged.
fn why_not(report: &Report) -> String {
    let labels = &report.labels;
    match labels.basis {
        _ if report.decisions.counted == 0 => "This model has decided nothing in this time.".to_owned(),
        _ if labels.labelled == 0 => "No labels came back yet: PUT /operator/labels brings them.".to_owned(),
        Basis::Mature | Basis::Labelled => {
            format!("No decision that is older than {} days can be judged yet.", labels.maturity_days)
        }
    }
}

/// What share of the payments with a score are fraud.
pub fn calibration(report: &Report) -> String {
    let (heading, lead) = (
        "Calibration",
        "What share of the payments with a score are fraud. A score that is a probability lies on the line.",
    );
    let Some(quality) = &report.quality else {
        return section("calibration", heading, lead, &nothing(&why_not(report)));
    };
    let y = Axis { label: "share of frauds (logarithmic)".to_owned(), ..Axis::scores("") };
    let x = Axis::scores("mean score of the bin (logarithmic)");
    let mut plot = Plot::new(320.0, &x, &y);
    plot.line("quiet dashed thin", &[(LEAST_SCORE, LEAST_SCORE), (1.0, 1.0)]);
    let bins = &quality.calibration;
    for bin in bins {
        plot.whisker("honest thin", bin.score, (bin.frauds.low, bin.frauds.high));
    }
    let seen: Vec<(f64, f64)> = bins.iter().filter_map(|bin| Some((bin.score, bin.frauds.share?))).collect();
    let seen: Vec<(f64, f64)> = seen.into_iter().filter(|(_, share)| *share > 0.0).collect();
    plot.line("honest", &seen);
    seen.iter().for_each(|dot| plot.dot("honest", *dot));
    let mut inside = plot.svg("Share of frauds over the mean score, by bins of the score");
    inside.push_str(&legend(&[
        ("honest", "dot", "seen, for each bin of scores".to_owned()),
        ("honest thin", "line", "95 % interval".to_owned()),
        ("quiet dashed thin", "line", "a score is the share of frauds".to_owned()),
    ]));
    let rows: Vec<Vec<String>> = bins
        .iter()
        .map(|bin| {
            let interval = format!("{} to {}", percent(bin.frauds.low), percent(bin.frauds.high));
            let scores = format!("{} to {}", bin.from, bin.to);
            vec![scores, count(bin.frauds.of), format!("{:.4}", bin.score), percent_or_dash(bin.frauds.share), interval]
        })
        .collect();
    inside.push_str(&table(&["Scores", "payments", "mean score", "frauds", "95 % interval"], &rows));
    inside.push_str(&note(&format!("{} Brier score {:.4}.", basis(report), quality.brier)));
    section("calibration", heading, lead, &inside)
}

/// What thresholds catch, and what they catch wrongly.
pub fn precision_recall(report: &Report) -> String {
    let (heading, lead) = (
        "Precision and recall",
        "Recall: the share of the frauds that reach a score. Precision: the share of frauds among what reaches it.",
    );
    let Some(quality) = report.quality.as_ref() else {
        return section("precision-recall", heading, lead, &nothing(&why_not(report)));
    };
    if quality.frauds == 0 {
        let why = "None of the payments that are judged is known as a fraud.";
        return section("precision-recall", heading, lead, &nothing(why));
    }
    let mut inside = curve(quality);
    let rate = |share: Option<f64>, low: f64, high: f64| match share {
        Some(share) => format!("{} ({:.0}–{:.0})", percent(share), low * 100.0, high * 100.0),
        None => "–".to_owned(),
    };
    let rows: Vec<Vec<String>> = quality
        .thresholds
        .iter()
        .map(|mark| {
            let cells = [&mark.precision, &mark.recall, &mark.honest].map(|one| rate(one.share, one.low, one.high));
            [vec![verdict(mark.verdict), mark.score.to_string(), count(mark.precision.of)], cells.to_vec()].concat()
        })
        .collect();
    if !rows.is_empty() {
        let heads = ["Verdict", "from score", "payments", "precision, %", "recall, %", "honest that reach it, %"];
        inside.push_str(&table(&heads, &rows));
    }
    inside.push_str(&note(&format!("{} In brackets: 95 % intervals.", basis(report))));
    section("precision-recall", heading, lead, &inside)
}

fn curve(quality: &Measured) -> String {
    let mut plot = Plot::new(
        320.0,
        &Axis::percent("recall: share of the frauds that reach a score", 0.0, 1.0),
        &Axis::percent("precision", 0.0, 1.0),
    );
    let chance = quality.frauds as f64 / quality.payments.max(1) as f64;
    plot.level("quiet dashed thin", chance);
    let mut steps = Vec::with_capacity(quality.curve.len() * 2);
    let mut before: Option<f64> = None;
    for point in &quality.curve {
        // Precision holds from the recall of the point before up to this one's.
        steps.push((before.unwrap_or(0.0), point.precision));
        steps.push((point.recall, point.precision));
        before = Some(point.recall);
    }
    plot.line("honest", &steps);
    let means = format!("average precision {}, AUC {}", decimals(quality.average_precision), decimals(quality.auc));
    let mut entries = vec![
        ("honest", "line", means),
        ("quiet dashed thin", "line", format!("by chance: {} of the payments are fraud", percent(chance))),
    ];
    for mark in &quality.thresholds {
        let class = VERDICTS.iter().find(|(word, _)| *word == mark.verdict).map_or("quiet", |(_, class)| class);
        let class = class.split(' ').next().unwrap_or_default();
        if let (Some(precision), Some(recall)) = (mark.precision.share, mark.recall.share) {
            plot.dot(class, (recall, precision));
            entries.push((class, "dot", format!("{} from {}", verdict(mark.verdict), mark.score)));
        }
    }
    plot.svg("Precision over recall, with the thresholds marked") + &legend(&entries)
}
