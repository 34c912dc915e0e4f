//! The closed loop: every connection takes the next number, performs it, and takes the next one.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::Instant;

use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::failure::Failure;
use crate::seed::Seed;
use crate::target::Target;

/// Where the load goes and how wide it is.
#[derive(Clone, Debug)]
pub struct Load {
    /// The server.
    pub target: Target,
    /// Connections, each with one request in flight.
    pub connections: usize,
    /// Where the random numbers start.
    pub seed: u64,
}

/// What is performed, number by number.
pub trait Work {
    /// Performs this number to its end.
    async fn perform(&self, number: usize, hands: &mut Hands) -> io::Result<Verdict>;
}

/// What one connection works with.
pub struct Hands {
    /// The connection.
    pub connection: Connection,
    /// Its random numbers.
    pub seed: Seed,
    /// Room for the request.
    pub request: Vec<u8>,
}

/// How a number ended.
pub enum Verdict {
    /// As it should.
    Good,
    /// With this answer instead.
    Other(String),
}

/// What came of a round.
#[derive(Debug, Default)]
pub struct Round {
    /// Numbers that ended as they should.
    pub good: u64,
    /// The others, by what was answered.
    pub other: BTreeMap<String, u64>,
    /// From the first request to the last answer.
    pub seconds: f64,
    /// How long the good ones took, in microseconds, ascending.
    pub micros: Vec<u32>,
}

/// Performs the numbers below `total`. Connections are opened before the clock starts.
pub async fn drive<W: Work + 'static>(load: &Load, total: usize, work: &Rc<W>) -> Result<Round, Failure> {
    let failed = |error| Failure::wrong(format!("the load on {} broke off: {error}", load.target.url()));
    let mut seed = Seed::new(load.seed);
    let mut hands = Vec::with_capacity(load.connections);
    for _ in 0..load.connections.min(total) {
        let connection = Connection::open(load.target.address).await.map_err(failed)?;
        hands.push(Hands { connection, seed: Seed::new(seed.draw()), request: Vec::with_capacity(2_048) });
    }
    let next = Rc::new(Cell::new(0));
    let mut loops = JoinSet::new();
    let start = Instant::now();
    for hands in hands {
        loops.spawn_local(one_loop(hands, total, Rc::clone(work), Rc::clone(&next)));
    }
    let mut round = Round::default();
    while let Some(ended) = loops.join_next().await {
        round.merge(ended.map_err(io::Error::other).and_then(|result| result).map_err(failed)?);
    }
    round.seconds = start.elapsed().as_secs_f64();
    round.micros.sort_unstable();
    Ok(round)
}

async fn one_loop<W: Work>(mut hands: Hands, total: usize, work: Rc<W>, next: Rc<Cell<usize>>) -> io::Result<Round> {
    let mut round = Round::default();
    while next.get() < total {
        let number = next.replace(next.get() + 1);
        let start = Instant::now();
        let verdict = work.perform(number, &mut hands).await?;
        let micros = start.elapsed().as_micros() as u32;
        match verdict {
            Verdict::Good => {
                round.good += 1;
                round.micros.push(micros);
            }
            Verdict::Other(answer) => *round.other.entry(answer).or_default() += 1,
        }
    }
    Ok(round)
}

impl Round {
    fn merge(&mut self, part: Round) {
        self.good += part.good;
        self.micros.extend(part.micros);
        for (answer, count) in part.other {
            *self.other.entry(answer).or_default() += count;
        }
    }

    /// Good ones per second.
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.good as f64 / self.seconds } else { 0.0 }
    }

    /// The time that this share of the good ones did not exceed, in microseconds.
    pub fn percentile(&self, share: f64) -> u32 {
        let rank = (share * self.micros.len() as f64).ceil() as usize;
        self.micros.get(rank.saturating_sub(1)).copied().unwrap_or(0)
    }

    /// The other answers as one line.
    pub fn others(&self) -> String {
        let parts: Vec<String> = self.other.iter().map(|(answer, count)| format!("{count} × {answer}")).collect();
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_taken_from_the_sorted_times() {
        let round = Round { micros: (1..=100).collect(), ..Round::default() };
        assert_eq!((round.percentile(0.5), round.percentile(0.99), round.percentile(1.0)), (50, 99, 100));
        assert_eq!(Round::default().percentile(0.5), 0);
    }

    #[test]
    fn parts_add_up() {
        let part = |good, answer: &str| Round {
            good,
            other: [(answer.to_owned(), 2)].into(),
            micros: vec![5; good as usize],
            ..Round::default()
        };
        let mut round = part(1, "503 overloaded");
        round.merge(part(3, "503 overloaded"));
        assert_eq!((round.good, round.micros.len(), round.others().as_str()), (4, 4, "4 × 503 overloaded"));
    }
}
