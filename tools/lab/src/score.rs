//! Scores a history of payments with a whole cell: every payment is a session, a quote and a redemption, every label a
//! command, and what a model says is read from the decision receipts. Only the clock is the history's.

mod cell;
mod labels;
mod models;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use causeway_control::features::{Payment, Payments};
use causeway_core::time::Timestamp;
use clap::Args;

use crate::calendar::{DAY, Day};
use crate::failure::Failure;
use crate::shown::{grouped, time};
use cell::Cell;
use labels::Labels;
use models::{Models, Since};

/// What `--help` says behind the options.
const HELP: &str = "\
What it does:
  Starts a sandbox cell, the engine's own threads over a RocksDB in --data-dir, with a clock that the history turns. Every
  payment becomes a session with its customer and wallet, a quote, and a redemption that is durable before the next one
  begins; every label comes at its own time. Each --model is registered and promoted as an operator would; when several
  begin on the same day the first decides and the others score the same rows beside it. A score is read from the decision
  receipt.

  --payments is the file that `causeway features replay` reads, in US dollars; of its columns id, time, customer, amount,
  wallet, is_fraud and label_time are used. The features that a model gets here are those of the replay, but for the ages
  of the partner and of sessions and quotes, which are opened up to 64 payments ahead; and in a sandbox an amount that ends
  in .04 is declined, whatever the history says.

  1,754,155 payments with their labels are 3.6 million batches, one after the other: about ten minutes where the disk
  syncs 10,000 times a second. With --data-dir in memory (as under /dev/shm) the disk does not count.";

/// What to score, and with what.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = HELP)]
pub struct Options {
    /// The history, with its labels.
    #[arg(long, value_name = "FILE")]
    payments: PathBuf,
    /// A model package, and the day from which on it scores. May be repeated, in the order of the days.
    #[arg(long = "model", value_name = "YYYY-MM-DD=DIR", required = true)]
    models: Vec<Since>,
    /// Days that the last model scores [default: all that there are].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=3_650))]
    days: Option<u64>,
    /// The scores, as CSV: id, model, score, decided_by.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where the cell keeps its rows: a folder that is not there yet. It stays.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// The ONNX Runtime library [default: the one that `cargo xtask setup` installed].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

/// Payments whose sessions and quotes are opened at once.
const AHEAD: usize = 64;
/// How often it says how far it is.
const TELLS: Duration = Duration::from_secs(5);

/// Scores the history.
pub fn run(options: &Options) -> Result<(), Failure> {
    let mut payments = Payments::open(&options.payments, None, None).map_err(wrong)?;
    let mut models = Models::open(&options.models, options.onnxruntime.as_deref())?;
    let until = options.days.zip(models.last()).map(|(days, last)| Day(last.0 + days));
    let cell = Cell::start(&options.data_dir)?;
    let mut scores = Scores::create(&options.out)?;
    let (mut labels, mut told, started, mut done) = (Labels::default(), Instant::now(), Instant::now(), 0_u64);
    loop {
        let ahead = read(&mut payments, until)?;
        let Some(first) = ahead.first() else { break };
        // Labels that are due before the sessions are opened come before.
        labels.come(&cell, first.at)?;
        let opened = cell.open(&ahead)?;
        for (payment, opened) in ahead.iter().zip(opened) {
            labels.come(&cell, payment.at)?;
            models.turn(&cell, payment.at)?;
            let id = cell.redeem(payment.at, opened)?;
            labels.expect(payment, id);
            models.said(&cell, id, |model, score, decider| scores.add(&payment.id, model, score, decider))?;
        }
        done += ahead.len() as u64;
        if told.elapsed() >= TELLS {
            told = Instant::now();
            let rate = done as f64 / started.elapsed().as_secs_f64();
            eprintln!("score: {} payments, {}/s, {} scores", grouped(done), grouped(rate as u64), grouped(scores.rows));
        }
    }
    let rows = scores.finish()?;
    println!("{} payments, {} scores, {}", grouped(done), grouped(rows), time(started.elapsed()));
    Ok(())
}

fn read(payments: &mut Payments, until: Option<Day>) -> Result<Vec<Payment>, Failure> {
    let over = |at: Timestamp| until.is_some_and(|until| at.unix_seconds() >= until.0 * DAY);
    let mut ahead = Vec::with_capacity(AHEAD);
    while ahead.len() < AHEAD
        && let Some(payment) = payments.next_payment().map_err(wrong)?
        && !over(payment.at)
    {
        ahead.push(payment);
    }
    Ok(ahead)
}

/// The file of scores.
struct Scores {
    path: PathBuf,
    file: BufWriter<File>,
    rows: u64,
}

impl Scores {
    fn create(path: &Path) -> Result<Scores, Failure> {
        let failed = |error| Failure::missing(format!("cannot write {}: {error}", path.display()));
        let mut file = BufWriter::new(File::create(path).map_err(failed)?);
        writeln!(file, "id,model,score,decided_by").map_err(failed)?;
        Ok(Scores { path: path.to_owned(), file, rows: 0 })
    }

    fn add(&mut self, id: &str, model: &str, score: f32, decider: &str) -> Result<(), Failure> {
        self.rows += 1;
        writeln!(self.file, "{id},{model},{score},{decider}").map_err(|error| self.failed(&error))
    }

    fn finish(mut self) -> Result<u64, Failure> {
        self.file.flush().map_err(|error| self.failed(&error))?;
        Ok(self.rows)
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::wrong(format!("cannot write {}: {error}", self.path.display()))
    }
}

fn wrong(error: impl std::fmt::Display) -> Failure {
    Failure::wrong(error.to_string())
}
