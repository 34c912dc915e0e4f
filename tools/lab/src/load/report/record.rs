//! The figures for the record: a section of `benches/RESULTS.md`, the newest first.

use std::fs;
use std::path::{Path, PathBuf};

use super::date::day;
use super::figures::{FLAT_OUT, Figure, PEAK, STEADY, merged, over};
use super::table::ceiling_titles;
use super::{COUNTED, Report};
use crate::failure::Failure;
use crate::load::client::Protocol;

/// The file, below the repository's root.
const FILE: &str = "benches/RESULTS.md";
/// What it begins with.
const HEAD: &str = "\
# Results

Written by `cargo xtask load --record`, the newest run first. A figure is the median of the rounds, with their range. Flat
out: every request in flight is replaced at once, as the ceilings are measured too. Peak: the highest rate, in an open loop,
of which 97 % are answered well in time with p99 below the limit. Ratios are to the ceilings of the same rounds.
";

impl Report {
    /// Adds a section about this run. A noisy machine's figures are not worth keeping.
    pub fn record(&self) -> Result<(), Failure> {
        let verdict = self.verdict();
        if !verdict.is_quiet() {
            let why = verdict.sentence();
            return Err(Failure::wrong(format!("not recorded in {FILE}: {why}")));
        }
        let path = file()?;
        let failed = |error| Failure::wrong(format!("cannot write {}: {error}", path.display()));
        let known = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        fs::write(&path, with_section(&known, &self.section())).map_err(failed)?;
        eprintln!("recorded: {FILE}");
        Ok(())
    }

    /// The section, in Markdown.
    pub fn section(&self) -> String {
        let title = format!("## {}, commit {}", day(self.began), self.machine.commit);
        let (conditions, ceilings, mixes) = (self.conditions(), self.ceiling_rows(), self.mix_rows());
        let mut out = format!("{title}\n\n{conditions}\n\n{ceilings}\n{mixes}");
        let not_good = self.not_good();
        if !not_good.is_empty() {
            out.push_str(&format!("\nNot answered well: {}.\n", not_good.join("; ")));
        }
        out
    }

    fn conditions(&self) -> String {
        let (options, width) = (&self.options, self.options.width());
        let protocol = match options.http {
            Protocol::Http1 => "HTTP/1.1",
            Protocol::Http2 => "HTTP/2",
        };
        format!(
            "{}; generator on the same machine. {} rounds, steps of {} s, {protocol}, {} requests in flight, {}, {} copies in \
             a storm, seed {}. {COUNTED} {}",
            self.machine.line(),
            options.rounds(),
            options.time().as_secs_f64(),
            width.in_flight,
            if options.webhooks { "webhooks delivered" } else { "no webhook endpoint" },
            options.copies(),
            self.seed,
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
        let (limit, steady) = (self.options.p99_limit_ms, self.options.steady);
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

/// The file with a section added behind its head.
fn with_section(known: &str, section: &str) -> String {
    let older = known.find("\n## ").map_or("", |place| &known[place..]);
    format!("{HEAD}\n{section}{older}")
}

/// The file of the repository that this program was built in.
fn file() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe().unwrap_or_default();
    let root = program.ancestors().find(|above| above.join("Cargo.lock").is_file()).map(Path::to_path_buf);
    let missing = || Failure::missing(format!("{FILE} is not found: this program does not lie in its repository"));
    root.map(|root| root.join(FILE)).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_section_comes_first() {
        let one = with_section("", "## one\n\ntext\n");
        let two = with_section(&one, "## two\n\ntext\n");
        assert!(one.starts_with(HEAD) && two.starts_with(HEAD));
        assert_eq!(two.matches(HEAD).count(), 1);
        assert!(two.ends_with("## two\n\ntext\n\n## one\n\ntext\n"), "{two}");
    }
}
