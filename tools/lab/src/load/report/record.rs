//! The figures for the record: an entry among the results, and the newest figures in the specification.

use super::figures::{FLAT_OUT, Figure, PEAK, STEADY, THROUGHPUT, merged, over};
use super::table::ceiling_titles;
use super::{Report, steady_rounds};
use crate::calendar::Moment;
use crate::failure::Failure;
use crate::load::client::Protocol;
use crate::load::mix::Mix;
use crate::load::round::MixRound;
use crate::load::statistics::Quietness;
use crate::record::{self, Document, Promise};

/// The section of the results, without its entries.
const SECTION: &str = "\
## Load

Written by `cargo xtask load --record`, the newest run first. A figure is the median of the rounds, with their range. Flat
out: every request in flight is replaced at once, as the ceilings are measured too. Peak: the highest rate, in an open loop,
of which 97 % are answered well in time with p99 below the limit, twice. Of deliveries flat out is a backlog, and a rate that
of events which are made while earlier ones are delivered. Ratios are to the ceilings before and behind each
round of a mix; the store's ceiling writes the rows of pay-ins alone.
";

impl Report {
    /// Writes this run down. A noisy machine's figures are not worth keeping.
    pub fn record(&self) -> Result<(), Failure> {
        let verdict = self.verdict();
        if verdict.quietness() == Quietness::Noisy {
            return Err(Failure::wrong(format!("not recorded: {}", verdict.sentence())));
        }
        // Medians bear one round in three that came to nothing; what is written down says so.
        let fails = |rounds: &[MixRound]| 3 * steady_rounds(rounds) < 2 * rounds.len();
        if let Some((mix, _)) = self.rounds.mixes.iter().find(|(_, rounds)| fails(rounds)) {
            return Err(Failure::wrong(format!("not recorded: {} has no steady rate in most rounds", mix.name())));
        }
        Document::Results.change(|known| record::with_entry(known, SECTION, &self.entry()))?;
        let promises: Vec<Promise> = self.rounds.mixes.iter().map(|(mix, rounds)| self.promise(*mix, rounds)).collect();
        record::promise(&promises)
    }

    /// The entry, in Markdown.
    pub fn entry(&self) -> String {
        let title = format!("### {}, commit {}", Moment::at(self.began).day(), self.machine.commit);
        let (conditions, ceilings, mixes) = (self.conditions(), self.ceiling_rows(), self.mix_rows());
        let mut out = format!("{title}\n\n{conditions}\n\n{ceilings}\n{mixes}");
        let not_good = self.not_good();
        if !not_good.is_empty() {
            out.push_str(&format!("\nNot answered well: {}.\n", not_good.join("; ")));
        }
        out
    }

    fn promise(&self, mix: Mix, rounds: &[MixRound]) -> Promise {
        let rate = cell(over(rounds, THROUGHPUT, |measured| measured.step.rate()), 0);
        let ms = |share: f64| over(rounds, STEADY, move |measured| measured.step.tally.latency.ms(share));
        let median = |share| ms(share).map_or("–".to_owned(), |figure| format!("{:.1}", figure.median));
        let (p50, p99, steady) = (median(0.5), median(0.99), self.options.steady());
        Promise {
            what: format!("{}: {}, {}", mix.name(), mix.about(), self.way()),
            aim: mix.aim(self.options.webhooks),
            measured: format!("{rate} {} a second; at {steady} of the peak p50 {p50}, p99 {p99} ms", mix.unit()),
            share: self.rounds.shares(rounds).http.map_or("–".to_owned(), |share| format!("{:.2}", share.median)),
            shown_by: self.command(mix),
            date: Moment::at(self.began).day().to_string(),
            commit: self.machine.commit.clone(),
        }
    }

    /// The command that measures this mix in this way.
    fn command(&self, mix: Mix) -> String {
        let protocol = match self.options.http {
            Protocol::Http1 => "",
            Protocol::Http2 => " --http 2",
        };
        let webhooks = if self.options.webhooks { " --webhooks" } else { "" };
        format!("cargo xtask load {}{protocol}{webhooks}", mix.name())
    }

    /// How requests came and whether webhooks went.
    fn way(&self) -> String {
        let options = &self.options;
        let protocol = match options.http {
            Protocol::Http1 => "HTTP/1.1",
            Protocol::Http2 => "HTTP/2",
        };
        let webhooks = match (options.is_of_deliveries(), options.webhooks) {
            (true, _) => "receiver in the generator's process",
            (false, true) => "webhooks delivered",
            (false, false) => "no webhook endpoint",
        };
        format!("{protocol}, {} requests in flight, {webhooks}", options.width().in_flight)
    }

    fn conditions(&self) -> String {
        let options = &self.options;
        format!(
            "{}; generator on the same machine. {} rounds, steps of {} s, {}, {} copies in a storm, seed {}. {} {}",
            self.machine.line(),
            options.rounds(),
            options.time().as_secs_f64(),
            self.way(),
            options.copies(),
            self.seed,
            self.counted(),
            self.verdict().sentence(),
        )
    }

    fn ceiling_rows(&self) -> String {
        let mut out = "| ceiling | per second |\n|---|---|\n".to_owned();
        for (title, (_, rounds)) in ceiling_titles().iter().zip(self.rounds.ceiling_rounds()) {
            out.push_str(&format!("| {title} | {} |\n", cell(Figure::of(&rounds), 0)));
        }
        out
    }

    fn mix_rows(&self) -> String {
        let (limit, steady) = (self.options.p99_limit_ms, self.options.steady());
        let mut out = format!(
            "| mix | counts | flat out/s | of HTTP | of store | of model | peak/s (p99 ≤ {limit} ms) | at {steady} of it: p50 \
             ms | p99 ms | p99.9 ms |\n|---|---|---|---|---|---|---|---|---|---|\n"
        );
        for (mix, rounds) in &self.rounds.mixes {
            let shares = self.rounds.shares(rounds);
            let ms = |share: f64| cell(over(rounds, STEADY, move |measured| measured.step.tally.latency.ms(share)), 2);
            let cells = [
                mix.name().to_owned(),
                mix.unit().to_owned(),
                cell(over(rounds, FLAT_OUT, |measured| measured.step.rate()), 0),
                cell(shares.http, 3),
                cell(shares.store, 3),
                cell(shares.model, 3),
                cell(over(rounds, PEAK, |measured| measured.step.rate()), 0),
                ms(0.5),
                ms(0.99),
                format!("{:.2}", merged(rounds, STEADY).latency.ms(0.999)),
            ];
            out.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        out
    }
}

fn cell(figure: Option<Figure>, decimals: usize) -> String {
    figure.map_or("–".to_owned(), |figure| figure.text(decimals))
}
