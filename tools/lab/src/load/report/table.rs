//! The result for the terminal.

use super::Report;
use super::figures::{FLAT_OUT, Figure, PEAK, STEADY, merged, over};
use crate::load::ceilings::GROUP;
use crate::load::tally::Tally;
use crate::shown::number;

/// What the ceilings are, in the order of their names.
pub fn ceiling_titles() -> [String; 6] {
    [
        "constant server, GET".to_owned(),
        "constant server, POST".to_owned(),
        "store, a sync for each pay-in".to_owned(),
        format!("store, a sync for {GROUP} pay-ins"),
        "model, a row a call".to_owned(),
        format!("model, {GROUP} rows a call"),
    ]
}

impl Report {
    /// Everything in tables of fixed-width characters.
    pub fn table(&self) -> String {
        let mut out = String::new();
        out.push_str(&self.ceilings());
        if self.rounds.mixes.iter().any(|(_, rounds)| rounds.iter().any(|round| round.flat_out.is_some())) {
            out.push_str(&self.throughput());
        }
        out.push_str(&self.latencies());
        out.push_str(&self.operations());
        let lines = self.not_good();
        out.push_str(if lines.is_empty() { "\nEverything was answered well.\n" } else { "\nNot answered well:\n" });
        lines.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
        if self.rounds.webhooks > 0 {
            out.push_str(&format!("{} webhooks arrived.\n", number(self.rounds.webhooks as f64, 0)));
        }
        out.push_str(&format!("{}\n{}\n", self.counted(), self.verdict().sentence()));
        if self.stolen > 0.01 {
            out.push_str(&format!("The host took {:.0} % of the processors' time away.\n", self.stolen * 100.0));
        }
        out
    }

    fn ceilings(&self) -> String {
        let head = ["ceilings, per second", "median (range)"];
        let rounds = self.rounds.ceiling_rounds();
        let rows = ceiling_titles()
            .into_iter()
            .zip(rounds)
            .map(|(title, (_, rounds))| vec![title, figure(Figure::of(&rounds), 0)]);
        let (puts, bytes) = self.per_pay_in;
        format!("{}  a pay-in is {puts:.1} puts and {} bytes\n", grid(&head, rows.collect()), number(bytes, 0))
    }

    fn throughput(&self) -> String {
        let limit = format!("peak/s (p99 ≤ {:.0} ms)", self.options.p99_limit_ms);
        let head = ["throughput", "counts", "flat out/s", "of HTTP", "of store", "of model", &limit];
        let rows = self.rounds.mixes.iter().map(|(mix, rounds)| {
            let shares = self.rounds.shares(rounds);
            let share =
                |figure: Option<Figure>| figure.map_or("-".to_owned(), |figure| format!("{:.3}", figure.median));
            vec![
                mix.name().to_owned(),
                mix.unit().to_owned(),
                figure(over(rounds, FLAT_OUT, |measured| measured.step.rate()), 0),
                share(shares.http),
                share(shares.store),
                share(shares.model),
                figure(over(rounds, PEAK, |measured| measured.step.rate()), 0),
            ]
        });
        grid(&head, rows.collect())
    }

    fn latencies(&self) -> String {
        let title = match self.options.rate {
            Some(rate) => format!("latency at {}/s, ms", number(rate, 0)),
            None => format!("latency at {} of the peak, ms", self.options.steady()),
        };
        let head = [&title, "good/s", "p50", "p99", "p99.9", "max", "server cores", "generator cores"];
        let rows = self.rounds.mixes.iter().map(|(mix, rounds)| {
            let all = merged(rounds, STEADY);
            let ms = |share: f64| over(rounds, STEADY, move |measured| measured.step.tally.latency.ms(share));
            let cores = |cores: Option<Figure>| cores.map_or("-".to_owned(), |cores| format!("{:.2}", cores.median));
            vec![
                mix.name().to_owned(),
                figure(over(rounds, STEADY, |measured| measured.step.rate()), 0),
                figure(ms(0.5), 2),
                figure(ms(0.99), 2),
                format!("{:.2}", all.latency.ms(0.999)),
                format!("{:.2}", all.latency.ms(1.0)),
                cores(
                    over(rounds, STEADY, |measured| measured.server_cores.unwrap_or(f64::NAN))
                        .filter(|cores| !cores.median.is_nan()),
                ),
                cores(over(rounds, STEADY, |measured| measured.generator_cores.unwrap_or(f64::NAN))),
            ]
        });
        grid(&head, rows.collect())
    }

    /// Calls by operation, over all mixes, where a mix has several.
    fn operations(&self) -> String {
        let head = ["calls, as above", "", "p50", "p99", "p99.9"];
        let mut rows = Vec::new();
        for (mix, rounds) in &self.rounds.mixes {
            let Tally { operations, .. } = merged(rounds, STEADY);
            if operations.len() < 2 {
                continue;
            }
            for (operation, times) in operations {
                let ms = |share| format!("{:.2}", times.ms(share));
                rows.push(vec![mix.name().to_owned(), operation.name().to_owned(), ms(0.5), ms(0.99), ms(0.999)]);
            }
        }
        if rows.is_empty() { String::new() } else { grid(&head, rows) }
    }
}

fn figure(figure: Option<Figure>, decimals: usize) -> String {
    figure.map_or("-".to_owned(), |figure| figure.text(decimals))
}

/// Columns as wide as their widest cell, words to the left, numbers to the right.
fn grid(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let all = || std::iter::once(head.iter().map(|cell| cell.to_string()).collect()).chain(rows.iter().cloned());
    let width = |column: usize| all().map(|row: Vec<String>| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let is_word = |column: usize| {
        let starts = |row: &Vec<String>| row[column].starts_with(|c: char| c.is_alphabetic());
        rows.iter().any(starts)
    };
    let mut out = String::from("\n");
    for row in all() {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = widths[column];
            if is_word(column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        out.push_str(&format!("  {}\n", line.trim_end()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = vec![vec!["a".to_owned(), "1,000".to_owned()], vec!["longer".to_owned(), "5 (1–9)".to_owned()]];
        assert_eq!(grid(&["word", "number"], rows), "\n  word     number\n  a         1,000\n  longer  5 (1–9)\n");
    }
}
