//! Steps of which not the answers count but what arrives at the receiver: deliveries while events are made, and a backlog.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::audience::Audience;
use super::drive::{Step, drive};
use super::mix::Mix;
use super::plan::SUSTAINED_SHARE;
use super::receiver::{Arrival, unix_micros};
use super::round::{Bench, Measured};
use super::schedule::{Pace, Plan};
use super::tally::Tally;
use crate::failure::Failure;

/// How long nothing may arrive until there is no more: rails settle within this time.
const QUIET: Duration = Duration::from_secs(1);
/// Events of a backlog.
const BACKLOG: u64 = 24_000;
/// The same in a quick run.
const QUICK_BACKLOG: u64 = 6_000;
/// How long making a backlog may take.
const MAKING: Duration = Duration::from_secs(120);

impl Bench<'_> {
    /// Lets so many events a second be made, each unit of work making `events`, and looks at what arrives meanwhile.
    pub async fn deliveries(&mut self, mix: Mix, events: u64, rate: f64) -> Result<Measured, Failure> {
        let plan = Plan {
            pace: Pace::Rate(rate / events as f64),
            lead: self.options.lead(),
            time: self.options.time(),
            most: u64::MAX,
        };
        let (before, started) = (self.used(), Instant::now());
        let asked = self.ask(mix, plan).await?;
        let (seconds, after) = (started.elapsed().as_secs_f64(), self.used());
        let receiver = &self.audience()?.receiver;
        receiver.is_quiet(QUIET).await?;
        let step = arrived(&asked, &receiver.take()?, events);
        Ok(measured(step, seconds, before, after))
    }

    /// Makes events while their endpoints are paused, and looks how fast they arrive when that is over.
    pub async fn backlog(&mut self, mix: Mix) -> Result<Measured, Failure> {
        let events = mix.events().unwrap_or(1);
        let wanted = if self.options.quick { QUICK_BACKLOG } else { BACKLOG };
        let plan = Plan { pace: Pace::FlatOut, lead: Duration::ZERO, time: MAKING, most: wanted / events };
        self.audience()?.pause().await?;
        let asked = self.ask(mix, plan).await?;
        if asked.tally.good < asked.tally.due {
            return Err(Failure::wrong(format!("a backlog could not be made: {}", asked.tally.others_line())));
        }
        // Rails settle meanwhile, which makes the last events.
        tokio::time::sleep(QUIET).await;
        self.rest.wait().await?;
        let audience = self.audience()?;
        audience.receiver.take()?;
        let made = asked.tally.good * events;
        let (before, started) = (self.used(), Instant::now());
        let audience = self.audience()?;
        audience.resume().await?;
        audience.receiver.has(made as usize).await?;
        let seconds = started.elapsed().as_secs_f64();
        let after = self.used();
        self.audience()?.receiver.is_quiet(QUIET).await?;
        let arrivals = self.audience()?.receiver.take()?;
        if arrivals.len() as u64 != made {
            return Err(Failure::wrong(format!("{} deliveries came of {made} events", arrivals.len())));
        }
        // The receiver looks at its count a little late; when the last one came is known better.
        let last = arrivals.iter().map(|arrival| arrival.at).max().unwrap_or_default();
        let window = last.saturating_sub(unix_micros(started)) as f64 / 1e6;
        let tally = Tally { due: made, good: made, answered: made, posts: made, ..Tally::default() };
        Ok(measured(Step { tally, window, from: Some(started) }, seconds, before, after))
    }

    async fn ask(&mut self, mix: Mix, plan: Plan) -> Result<Step, Failure> {
        let (work, seed) = (Rc::new(mix.work(&self.stock, 1)), self.seed.draw());
        let width = self.options.width();
        let asked = drive(&self.audience()?.dialer, &width, plan, &work, seed).await;
        // They are of other partners than the one whose payments are waited for.
        self.stock.take_payments();
        asked
    }

    fn audience(&mut self) -> Result<&mut Audience, Failure> {
        self.audience.as_mut().ok_or_else(|| Failure::wrong("nobody takes the deliveries that are to be measured"))
    }
}

type Used = (Option<f64>, Option<f64>);

fn measured(step: Step, seconds: f64, before: Used, after: Used) -> Measured {
    let cores = |before: Option<f64>, after: Option<f64>| Some((after? - before?) / seconds);
    let (server_cores, generator_cores) = (cores(before.0, after.0), cores(before.1, after.1));
    Measured { step, pay_ins: 0.0, server_cores, generator_cores, was_sustained: true }
}

/// What arrived while it was asked for: answered is what arrived in that time, and latencies are those of what was made in it.
/// Due is what was made, as long as the requests for it were answered in time; else what should have been made.
fn arrived(asked: &Step, arrivals: &[Arrival], events: u64) -> Step {
    let from = asked.from.map_or(0, unix_micros);
    let until = from + (asked.window * 1e6) as u64;
    let answers = &asked.tally;
    let mut tally = Tally {
        missed: answers.missed * events,
        unanswered: answers.unanswered,
        others: answers.others.clone(),
        gets: answers.gets,
        posts: answers.posts,
        operations: answers.operations.clone(),
        ..Tally::default()
    };
    for Arrival { made, at } in arrivals {
        tally.answered += u64::from((from..until).contains(at));
        if (from..until).contains(made) {
            // The millisecond of a batch may lie a little ahead of the clock.
            let took = Duration::from_micros(at.saturating_sub(*made));
            tally.unit(true, took, took);
        }
    }
    let was_made = answers.answered as f64 >= SUSTAINED_SHARE * answers.due as f64;
    tally.due = if was_made { tally.good } else { tally.good.max(answers.due * events) };
    Step { tally, window: asked.window, from: asked.from }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_in_the_window_gives_times_and_what_arrives_in_it_the_rate() {
        let from = Instant::now();
        let begin = unix_micros(from) + 500;
        let tally = Tally { due: 2, good: 2, answered: 2, missed: 1, posts: 2, ..Tally::default() };
        let asked = Step { tally, window: 1.0, from: Some(from) };
        let arrival = |made: u64, at: u64| Arrival { made: begin + made - 500_000, at: begin + at - 500_000 };
        let early = arrival(400_000, 600_000);
        let within = arrival(600_000, 620_000);
        let late = arrival(1_400_000, 1_900_000);
        let step = arrived(&asked, &[early, within, late], 6);
        assert_eq!((step.tally.due, step.tally.missed, step.tally.posts), (2, 6, 2));
        assert_eq!((step.tally.good, step.tally.answered), (2, 2));
        assert!((499.0..501.0).contains(&step.tally.latency.ms(1.0)), "{}", step.tally.latency.ms(1.0));
        assert!((19.9..20.1).contains(&step.tally.latency.ms(0.1)));
        let slow = Tally { answered: 1, ..asked.tally.clone() };
        let step = arrived(&Step { tally: slow, ..asked }, &[early, within, late], 6);
        assert_eq!(step.tally.due, 12, "what the gateway did not answer in time was due all the same");
    }
}
