//! Two models side by side.

use super::super::report::{CELLS, Comparison, Report, bin_edge};
use super::plot::{Axis, Plot};
use super::words::{count, decimals, percent_or_dash, table, verdict};
use super::{note, nothing, section};
use crate::pages::escaped;

const HEADING: &str = "Against another model";

/// The comparison.
fn told(report: &Report, comparison: &Comparison) -> String {
    let own = format!("{} {}", report.name, report.version);
    let other = format!("{} {}", comparison.name, comparison.version);
    let lead = "Both models on the same redemptions: whichever decided has its score in the receipt; the other one's is computed again from \
                the features that stand there.";
    if comparison.both == 0 {
        let why = comparison
            .trouble
            .clone()
            .unwrap_or_else(|| "No redemption was decided by either of them in this time.".to_owned());
        return section("comparison", HEADING, lead, &nothing(&why));
    }
    let mut inside = scatter(&own, &other, comparison);
    let said = format!(
        "Each cell is darker the more redemptions have these two scores; on the line both are the same. {} redemptions; the verdict is \
         the same for {}.",
        count(comparison.both),
        percent_or_dash(comparison.agreement)
    );
    inside.push_str(&note(&said));
    inside.push_str(&matrix(&own, &other, comparison));
    if let Some(trouble) = &comparison.trouble {
        inside.push_str(&nothing(&format!("Not all could be scored again: {trouble}.")));
    }
    let rows = [own, other].into_iter().enumerate().map(|(place, name)| {
        vec![name, decimals(comparison.auc[place]), decimals(comparison.average_precision[place])]
    });
    inside.push_str(&table(&["On what is judged of these", "AUC", "average precision"], &rows.collect::<Vec<_>>()));
    section("comparison", HEADING, lead, &inside)
}

/// The comparison, or how to ask for one.
pub fn compared(report: &Report) -> String {
    match &report.comparison {
        Some(comparison) => told(report, comparison),
        None => {
            let why = "Ask for it with ?against=name/version: that is how a model in the shadow is compared with the live one.";
            section("comparison", HEADING, "Both models on the same redemptions.", &nothing(why))
        }
    }
}

fn scatter(own: &str, other: &str, comparison: &Comparison) -> String {
    let mut plot = Plot::new(
        420.0,
        &Axis::scores(&format!("score of {other} (logarithmic)")),
        &Axis::scores(&format!("score of {own}")),
    );
    let most = comparison.pairs.iter().flatten().copied().max().unwrap_or(1).max(2) as f64;
    for (row, counts) in comparison.pairs.iter().enumerate() {
        for (column, number) in counts.iter().enumerate().filter(|(_, number)| **number > 0) {
            // By the logarithm: rare pairs are what one looks for.
            let opacity = 0.15 + 0.85 * (*number as f64).ln() / most.ln();
            let edges = |place| (bin_edge(place, CELLS), bin_edge(place + 1, CELLS));
            plot.cell("honest", edges(column), edges(row), opacity);
        }
    }
    plot.line("quiet dashed thin", &[(1e-4, 1e-4), (1.0, 1.0)]);
    plot.svg("How often each pair of scores occurred")
}

fn matrix(own: &str, other: &str, comparison: &Comparison) -> String {
    let heads: Vec<String> = comparison.verdicts.iter().map(|word| format!("{other}: {}", verdict(word))).collect();
    let mut out = format!(
        "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">{} \\ {}</th>",
        escaped(own),
        escaped(other)
    );
    heads.iter().for_each(|head| out.push_str(&format!("<th scope=\"col\">{}</th>", escaped(head))));
    out.push_str("</tr></thead>\n<tbody>\n");
    for (row, (word, counts)) in comparison.verdicts.iter().zip(&comparison.matrix).enumerate() {
        out.push_str(&format!("<tr><th scope=\"row\">{}</th>", escaped(&format!("{own}: {}", verdict(word)))));
        for (column, number) in counts.iter().enumerate() {
            let class = if row == column { " class=\"same\"" } else { "" };
            out.push_str(&format!("<td{class}>{}</td>", count(*number)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}
