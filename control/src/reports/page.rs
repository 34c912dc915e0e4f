//! A report as a page: it holds everything that it shows, runs no script, and reads well on paper.

mod compared;
mod plot;
mod quality;
mod time;
mod words;

use bytes::Bytes;

use super::report::{BINS, Report, SpeedSeen, bin_edge};
use crate::http::Response;
use crate::pages::{Shell, escaped};

use plot::{Axis, Plot, legend, round_up};
use words::{count, decimals, minute, percent_or_dash, span, table, verdict};

const STYLE: &str = include_str!("page/report.css");

/// From here on drift is too much, by custom.
const ACT: f64 = 0.25;

/// The colour of each verdict's threshold, and its dashes.
const VERDICTS: [(&str, &str); 3] =
    [("step_up", "warn dotted"), ("review", "calm mixed"), ("decline", "strict dashed")];

/// The page of a report.
pub fn page(report: &Report) -> Response {
    let shell = Shell::styled(STYLE);
    let title = format!("Model {} {}", report.name, report.version);
    let main = [
        head(report),
        tiles(report),
        package(report),
        scores(report),
        quality::calibration(report),
        quality::precision_recall(report),
        time::drift(report),
        time::approvals(report),
        compared::compared(report),
        latency(report.speed.as_ref()),
        method(report),
    ];
    let page: Bytes = shell.page(&title, &main.concat());
    shell.response(page, "no-store")
}

/// A section with its heading and what it says; `id` is the end of its address.
fn section(id: &str, heading: &str, lead: &str, inside: &str) -> String {
    let (heading, lead) = (escaped(heading), escaped(lead));
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n<h2 id=\"{id}-heading\">{heading}</h2>\n\
         <p class=\"note\">{lead}</p>\n{inside}</section>\n"
    )
}

/// What stands where there is nothing to draw.
fn nothing(why: &str) -> String {
    format!("<p class=\"empty\">{}</p>\n", escaped(why))
}

fn note(text: &str) -> String {
    format!("<p class=\"note\">{}</p>\n", escaped(text))
}

fn head(report: &Report) -> String {
    let decisions = &report.decisions;
    let title = format!("Model {} {}", report.name, report.version);
    let found = match (decisions.first, decisions.last) {
        (Some(first), Some(last)) => {
            format!("{} decisions from {} to {} UTC.", count(decisions.counted), minute(first), minute(last))
        }
        _ => format!("No decisions from {} to {} UTC.", minute(report.from), minute(report.until)),
    };
    let mut more = Vec::new();
    if decisions.rescored > 0 {
        let rescored = count(decisions.rescored);
        more.push(format!(
            "{rescored} of them another model decided; this model's scores were computed again from their receipts."
        ));
    }
    if decisions.of_fallback > 0 {
        more.push(format!("The fallback rules decided {} more.", count(decisions.of_fallback)));
    }
    if decisions.of_others > 0 {
        more.push(format!("Other models decided {}.", count(decisions.of_others)));
    }
    if decisions.is_sample {
        more.push(format!(
            "There are more receipts than the {} that a report reads: these are the first ones of equal parts of the time, so that \
             shares of busy hours count less than they should.",
            count(decisions.most)
        ));
    }
    let more: String = if more.is_empty() { String::new() } else { note(&more.join(" ")) };
    format!(
        "<p class=\"world\">{} · report</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n{more}",
        escaped(report.mode),
        escaped(&title),
        escaped(&found)
    )
}

fn tiles(report: &Report) -> String {
    let quality = report.quality.as_ref();
    let labels = &report.labels;
    let psi = report.drift.as_ref().map(|drift| drift.score_psi);
    let has_shifted = psi.is_some_and(|psi| psi >= ACT);
    let labelled = (report.decisions.counted > 0).then(|| labels.labelled as f64 / report.decisions.counted as f64);
    let tile = |is_bad: bool, value: String, what: &str| {
        let class = if is_bad { " class=\"bad\"" } else { "" };
        format!("<li{class}><b>{}</b>{}</li>\n", escaped(&value), escaped(what))
    };
    let tiles = [
        tile(false, decimals(quality.and_then(|quality| quality.auc)), "AUC ROC"),
        tile(false, decimals(quality.and_then(|quality| quality.average_precision)), "average precision"),
        tile(has_shifted, decimals(psi), "PSI of the score"),
        tile(false, percent_or_dash(report.approvals.all.share), "approved"),
        tile(false, percent_or_dash(labelled), "have a label"),
    ];
    format!("<ul class=\"tiles\">\n{}</ul>\n", tiles.concat())
}

fn package(report: &Report) -> String {
    let Some(package) = &report.package else {
        let why = "The package of this model is not known to this gateway: neither its thresholds nor its reference are shown.";
        return section("package", "What it is", "From the package's manifest.", &nothing(why));
    };
    let mut rows: Vec<(String, String)> =
        package.training.iter().map(|(what, said)| ((*what).to_owned(), said.clone())).collect();
    rows.push(("Features".to_owned(), package.features.to_string()));
    let thresholds = package.thresholds.iter().map(|(word, score)| format!("{} from {score}", verdict(word)));
    rows.push(("Thresholds".to_owned(), thresholds.collect::<Vec<_>>().join(", ")));
    let metrics = package.metrics.iter().map(|(name, value)| format!("{name} {value:.3}"));
    let metrics = metrics.collect::<Vec<_>>().join(", ");
    if !metrics.is_empty() {
        rows.push(("In training".to_owned(), metrics));
    }
    rows.push(("SHA-256 of the model".to_owned(), package.sha256.clone()));
    let row = |(what, said): &(String, String)| format!("<dt>{}</dt><dd>{}</dd>\n", escaped(what), escaped(said));
    let list = format!("<dl class=\"members\">\n{}</dl>\n", rows.iter().map(row).collect::<String>());
    section("package", "What it is", "From the package's manifest.", &list)
}

/// The thresholds with the class that draws them.
fn marks(report: &Report) -> impl Iterator<Item = (&'static str, f32, &'static str)> + '_ {
    let thresholds = report.package.iter().flat_map(|package| &package.thresholds);
    thresholds.filter_map(|(word, score)| {
        let (_, class) = VERDICTS.iter().find(|(verdict, _)| verdict == word)?;
        Some((*word, *score, *class))
    })
}

fn scores(report: &Report) -> String {
    let lead = "How the scores of honest, fraudulent and yet unknown payments are distributed: the share of each kind, per bin.";
    let kinds = [
        ("honest", "honest", &report.scores.honest),
        ("fraud", "fraud", &report.scores.fraud),
        ("quiet", "not labelled", &report.scores.unlabelled),
    ];
    let total = |counts: &[u64]| counts.iter().sum::<u64>();
    let shown: Vec<_> = kinds.into_iter().filter(|(_, _, counts)| total(counts) > 0).collect();
    if shown.is_empty() {
        return section("scores", "Scores", lead, &nothing("This model has decided nothing in this time."));
    }
    let share = |counts: &[u64], place: usize| counts[place] as f64 / total(counts).max(1) as f64;
    let highest = shown.iter().flat_map(|(_, _, counts)| (0..BINS).map(|place| share(counts, place)));
    let most = round_up(highest.fold(0.0, f64::max));
    let x = Axis::scores("score (logarithmic)");
    let mut plot = Plot::new(300.0, &x, &Axis::percent("share of each kind", 0.0, most));
    for (class, _, counts) in &shown {
        // Each bin is a step: two points at its height.
        let steps =
            (0..BINS).flat_map(|place| [place, place + 1].map(|edge| (bin_edge(edge, BINS), share(counts, place))));
        let steps: Vec<(f64, f64)> = steps.collect();
        let area: Vec<(f64, f64, f64)> = steps.iter().map(|(x, y)| (*x, 0.0, *y)).collect();
        plot.band(class, &area);
        plot.line(&format!("{class} thin"), &steps);
    }
    let mut entries: Vec<(&str, &str, String)> = shown
        .iter()
        .map(|(class, words, counts)| (*class, "area", format!("{words}: {} payments", count(total(counts)))))
        .collect();
    for (word, score, class) in marks(report) {
        plot.upright(class, f64::from(score));
        entries.push((class, "line", format!("{} from {score}", verdict(word))));
    }
    let mut inside = plot.svg("Distribution of the scores by what payments turned out to be");
    inside.push_str(&legend(&entries));
    if report.labels.labelled == 0 {
        inside.push_str(&note("No labels came back yet: nobody knows which of these were frauds."));
    }
    section("scores", "Scores", lead, &inside)
}

fn latency(speed: Option<&SpeedSeen>) -> String {
    let lead = "How long the calls of the model took, for all redemptions of a batch at once: the engine's, or those of a shadow \
                beside it. Receipts do not say it: these are counters of this process.";
    let cut_off = speed.and_then(|speed| speed.quarantine.as_deref());
    let cut_off = cut_off.map(|reason| nothing(&format!("It is cut off and not run any more: {reason}.")));
    let Some(speed) = speed.filter(|speed| speed.calls > 0) else {
        let unasked = || nothing("This model has not been asked for scores since the gateway was started.");
        return section("latency", "Latency", lead, &cut_off.unwrap_or_else(unasked));
    };
    let micros = |micros: Option<f64>| micros.map_or_else(|| "–".to_owned(), |micros| format!("{micros:.1} µs"));
    let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), count);
    let heads =
        ["Since", "calls", "redemptions", "mean of a call", "mean of a redemption", "beyond the budget", "errors"];
    let row = vec![
        speed.since.to_owned(),
        count(speed.calls),
        count(speed.rows),
        micros(speed.micros_per_call),
        micros(speed.micros_per_row),
        number(speed.late),
        number(speed.errors),
    ];
    let mut inside = table(&heads, &[row]);
    inside.extend(cut_off);
    section("latency", "Latency", lead, &inside)
}

/// What the numbers are of, so that nobody reads more out of them.
fn method(report: &Report) -> String {
    let labels = &report.labels;
    let delay = match (labels.delay_median, labels.delay_p90) {
        (Some(median), Some(p90)) => {
            format!(" Half of the labels came within {}, nine of ten within {}.", span(median), span(p90))
        }
        _ => String::new(),
    };
    let text = format!(
        "Made {} UTC from {} stored decision receipts and their labels. {} decisions have a label, {} of them as fraud.{delay} \
         {} decisions are older than {} days. Intervals of shares are Wilson's, of 95 %.",
        minute(report.made_at),
        count(report.decisions.read),
        count(labels.labelled),
        count(labels.frauds),
        count(labels.mature),
        labels.maturity_days,
    );
    section("method", "How this was made", &text, "")
}
