//! Rounds: what is measured of a mix and of the ceilings, one after the other, so that both see the same machine.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::audience::Audience;
use super::ceilings::{Ceiling, Parts};
use super::client::Dialer;
use super::drive::{Step, drive};
use super::mix::{Mix, Stock, Work};
use super::peak::Search;
use super::plan::{Options, SUSTAINED_SHARE};
use super::schedule::{Pace, Plan};
use super::settle::Rest;
use super::tally::{Operation, Times};
use crate::failure::Failure;
use crate::machine::cpu_seconds;
use crate::seed::Seed;
use crate::target::Target;

/// How long the constant server is measured at most, for GET and for POST.
const CEILING_TIME: Duration = Duration::from_secs(1);
/// Finished journeys that reads are spread over at least.
const JOURNEYS: u64 = 4_000;
/// How long making a given number of sessions and quotes may take.
const PREPARING: Duration = Duration::from_secs(120);
/// Prepared units beyond the expected number of arrivals, in standard deviations of it.
const MARGIN: f64 = 4.0;
/// The longest uncounted lead of what only warms up or prepares.
const SHORT_LEAD: Duration = Duration::from_millis(200);

/// What is measured, and against what.
pub struct Bench<'a> {
    /// What the caller asked for.
    pub options: &'a Options,
    /// Opens clients of the gateway.
    pub dialer: Dialer,
    /// What units leave for each other.
    pub stock: Rc<Stock>,
    /// Waits until nothing is under way.
    pub rest: Rest,
    /// The constant server.
    pub constant: Target,
    /// The store's and the model's ceilings.
    pub parts: Option<Parts>,
    /// The gateway's process, when it was started here.
    pub process: Option<u32>,
    /// Where deliveries are measured.
    pub audience: Option<Audience>,
    /// Every step draws a seed of its own.
    pub seed: Seed,
}

/// One step of a mix.
#[derive(Clone)]
pub struct Measured {
    /// What came of it.
    pub step: Step,
    /// Pay-ins made a second; the copies of a storm make one.
    pub pay_ins: f64,
    /// Processors that the gateway kept busy; unknown when it was not started here.
    pub server_cores: Option<f64>,
    /// Processors that the generator kept busy.
    pub generator_cores: Option<f64>,
    /// Whether it was sustained, by the rule for the peak; what is sent flat out always is.
    pub was_sustained: bool,
}

/// One round of a mix.
#[derive(Clone, Default)]
pub struct MixRound {
    /// The place of the ceilings that were measured before it; those behind it follow.
    pub ceiling: usize,
    /// With every request in flight replaced at once.
    pub flat_out: Option<Measured>,
    /// At the highest rate that was sustained twice.
    pub peak: Option<Measured>,
    /// At a share of the peak, or at the rate that was asked for.
    pub steady: Option<Measured>,
}

impl Bench<'_> {
    /// Makes the journeys that reads are spread over, and warms everything up.
    pub async fn warm_up(&mut self) -> Result<(), Failure> {
        let plan = Plan { pace: Pace::FlatOut, lead: Duration::ZERO, time: PREPARING, most: JOURNEYS };
        let step = self.run(Work::Trade(Rc::clone(&self.stock)), plan).await?;
        if step.tally.good == 0 {
            return Err(Failure::wrong(format!("no journey went through: {}", step.tally.others_line())));
        }
        self.constant_rate(Work::ConstantGet("/v1".to_owned()), SHORT_LEAD).await.map(drop)
    }

    /// Measures the ceilings, while the gateway is at rest.
    pub async fn ceiling(&mut self) -> Result<Ceiling, Failure> {
        self.rest.wait().await?;
        let get = Work::ConstantGet(format!("/v1/rails/pay_ins/{}", "x".repeat(34)));
        let id = "x".repeat(34);
        let body = format!(r#"{{"quote_id":"{id}","session_id":"{id}"}}"#);
        let post = Work::ConstantPost("/v1/rails/pay_ins".to_owned(), body);
        let time = CEILING_TIME.min(self.options.time());
        let http_get = self.constant_rate(get, time).await?;
        let http_post = self.constant_rate(post, time).await?;
        let mut ceiling = Ceiling { http_get, http_post, ..Ceiling::default() };
        if let Some(parts) = &mut self.parts {
            parts.measure(&mut ceiling)?;
        }
        Ok(ceiling)
    }

    /// Measures a mix once.
    pub async fn mix(&mut self, mix: Mix, progress: &mut dyn FnMut(&str)) -> Result<MixRound, Failure> {
        let mut round = MixRound::default();
        if let Some(rate) = self.options.rate {
            round.steady = Some(self.at(mix, rate, progress).await?);
            return Ok(round);
        }
        let flat_out = match mix.events() {
            Some(_) => self.backlog(mix).await?,
            None => self.step(mix, Pace::FlatOut).await?,
        };
        progress(&format!("flat out: {}", flat_out.line(mix)));
        // Making events takes as much as delivering them.
        let guess = if mix.events().is_some() { 0.45 } else { 0.9 };
        let mut search = Search::new((guess * flat_out.step.rate()).max(1.0));
        round.flat_out = Some(flat_out);
        while let Some(rate) = search.next() {
            let measured = self.at(mix, rate, progress).await?;
            search.tell(rate, measured.was_sustained);
            round.peak = search.is_confirmed().then_some(measured);
        }
        if let Some(peak) = &round.peak {
            let rate = self.options.steady() * peak.step.rate();
            round.steady = Some(self.at(mix, rate, progress).await?);
        }
        Ok(round)
    }

    async fn at(&mut self, mix: Mix, rate: f64, progress: &mut dyn FnMut(&str)) -> Result<Measured, Failure> {
        let mut measured = match mix.events() {
            Some(events) => self.deliveries(mix, events, rate).await?,
            None => self.step(mix, Pace::Rate(rate)).await?,
        };
        measured.was_sustained = measured.step.is_sustained(self.options.p99_limit_ms);
        let word = if measured.was_sustained { "sustained" } else { "not sustained" };
        progress(&format!("{rate:.0}/s offered: {}, {word}", measured.line(mix)));
        if !measured.was_sustained {
            // What it left undone would weigh on the next one.
            self.rest.wait().await?;
        }
        Ok(measured)
    }

    async fn step(&mut self, mix: Mix, pace: Pace) -> Result<Measured, Failure> {
        // What an earlier step left would expire.
        self.stock.forget_open();
        let (lead, time) = (self.options.lead(), self.options.time());
        let mut plan = Plan { pace, lead, time, most: u64::MAX };
        if mix.is_prepared() {
            if pace == Pace::FlatOut {
                plan.lead = lead.min(SHORT_LEAD);
            }
            plan.most = self.prepare(mix, pace, lead + time).await?;
        }
        let before = self.used();
        let started = Instant::now();
        let step = self.run(mix.work(&self.stock, self.options.copies()), plan).await?;
        let (seconds, after) = (started.elapsed().as_secs_f64(), self.used());
        let cores = |before: Option<f64>, after: Option<f64>| Some((after? - before?) / seconds);
        Ok(Measured {
            pay_ins: pay_ins(mix, &step),
            step,
            server_cores: cores(before.0, after.0),
            generator_cores: cores(before.1, after.1),
            was_sustained: true,
        })
    }

    /// Makes the sessions and quotes of a step; gives their number.
    async fn prepare(&mut self, mix: Mix, pace: Pace, time: Duration) -> Result<u64, Failure> {
        let (time, most) = match pace {
            // Nobody knows how many are needed. Preparing takes two writes for each, a storm more, and a burst one.
            Pace::FlatOut => (if mix == Mix::Burst { 2 * time } else { time }, u64::MAX),
            Pace::Rate(rate) => {
                let expected = rate * time.as_secs_f64();
                (PREPARING, (expected + MARGIN * expected.sqrt()).ceil() as u64)
            }
        };
        let plan = Plan { pace: Pace::FlatOut, lead: Duration::ZERO, time, most };
        let step = self.run(Work::Prepare(Rc::clone(&self.stock)), plan).await?;
        if step.tally.good < step.tally.due || step.tally.good == 0 {
            let others = step.tally.others_line();
            return Err(Failure::wrong(format!("sessions and quotes could not be prepared: {others}")));
        }
        if matches!(pace, Pace::Rate(_)) && step.tally.good < most {
            let (made, seconds) = (step.tally.good, PREPARING.as_secs());
            return Err(Failure::wrong(format!(
                "only {made} of {most} sessions and quotes could be prepared in {seconds} s: lower --rate or --seconds"
            )));
        }
        Ok(self.stock.pairs() as u64)
    }

    async fn constant_rate(&mut self, work: Work, time: Duration) -> Result<f64, Failure> {
        let dialer = self.dialer.towards(self.constant.clone());
        let plan = Plan { pace: Pace::FlatOut, lead: SHORT_LEAD, time, most: u64::MAX };
        let step = drive(&dialer, &self.options.width(), plan, &Rc::new(work), self.seed.draw()).await?;
        match step.tally.others_line() {
            others if others.is_empty() => Ok(step.rate()),
            others => Err(Failure::wrong(format!("the constant server answered otherwise: {others}"))),
        }
    }

    /// Performs a step with the partner's own clients.
    async fn run(&mut self, work: Work, plan: Plan) -> Result<Step, Failure> {
        drive(&self.dialer, &self.options.width(), plan, &Rc::new(work), self.seed.draw()).await
    }

    /// Processor seconds of the gateway and of this process so far.
    pub fn used(&self) -> (Option<f64>, Option<f64>) {
        (self.process.and_then(cpu_seconds), cpu_seconds(std::process::id()))
    }
}

impl Step {
    /// Whether the rate was sustained: enough was answered well in time, and p99 stays within `limit` milliseconds.
    fn is_sustained(&self, limit: f64) -> bool {
        self.rate() >= SUSTAINED_SHARE * self.offered() && self.tally.latency.ms(0.99) <= limit
    }
}

impl Measured {
    fn line(&self, mix: Mix) -> String {
        let Step { tally, .. } = &self.step;
        let mut line = format!(
            "{:.0} {}/s good, p50 {:.2} ms, p99 {:.2} ms",
            self.step.rate(),
            mix.unit(),
            tally.latency.ms(0.5),
            tally.latency.ms(0.99)
        );
        if tally.missed > 0 {
            line.push_str(&format!(", {} could not begin in time", tally.missed));
        }
        match tally.others_line() {
            others if others.is_empty() => line,
            others => format!("{line}, {others}"),
        }
    }
}

fn pay_ins(mix: Mix, step: &Step) -> f64 {
    match mix {
        Mix::Burst | Mix::Storm | Mix::Trade => step.rate(),
        Mix::Deliveries | Mix::JourneyDeliveries => 0.0,
        Mix::Reads => step.rate_of(step.tally.operations.get(&Operation::CreatePayIn).map_or(0, Times::count)),
    }
}
