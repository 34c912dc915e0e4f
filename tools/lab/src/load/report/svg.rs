//! The result as a picture that needs nothing beside it: latencies by percentile, and what each round reached, against the
//! ceilings.

mod chart;

use super::Report;
use super::figures::{STEADY, THROUGHPUT, merged};
use crate::calendar::Moment;
use crate::load::ceilings::{Ceiling, GROUP};
use crate::load::mix::Mix;
use crate::load::round::Measured;
use crate::load::tally::Times;
use crate::shown::number;
use chart::{Axis, Chart, Series, text};

const WIDTH: f64 = 1_040.0;
const HEIGHT: f64 = 780.0;
/// Points of a latency curve for each power of ten.
const POINTS: u32 = 40;
/// Where a latency curve begins: the very fastest requests say little.
const FIRST: f64 = 0.1;
const GREY: &str = "#6b7280";
const STYLE: &str = "text{font-family:system-ui,sans-serif;font-size:12px;fill:#111827}\
    .head{font-size:16px;font-weight:600}.title{font-size:13px;font-weight:600}\
    .note,.tick,.axis{fill:#4b5563;font-size:11px}.name{font-size:12px}\
    .grid{stroke:#e5e7eb}.line{fill:none;stroke-width:2}.ceiling{fill:none;stroke-width:1.5;stroke-dasharray:5 4}";

/// One of the ceilings.
type Level = fn(&Ceiling) -> f64;

impl Report {
    /// The picture.
    pub fn svg(&self) -> String {
        let mut out = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}'>\n\
             <style>{STYLE}</style>\n<rect width='100%' height='100%' fill='#ffffff'/>\n"
        );
        let head = format!("Causeway under load, {}, commit {}", Moment::at(self.began).day(), self.machine.commit);
        text(&mut out, (20.0, 30.0), "head", "start", &head);
        text(&mut out, (20.0, 50.0), "note", "start", &self.machine.line());
        text(&mut out, (20.0, 66.0), "note", "start", &self.verdict().sentence());
        self.latency_chart().draw(&mut out);
        self.requests_chart().draw(&mut out);
        self.pay_ins_chart().draw(&mut out);
        out.push_str("</svg>\n");
        out
    }

    fn latency_chart(&self) -> Chart {
        let curves = self.rounds.mixes.iter().map(|(mix, rounds)| (*mix, merged(rounds, STEADY).latency));
        let curves: Vec<(Mix, Times)> = curves.filter(|(_, times)| times.count() > 0).collect();
        let reach = curves.iter().map(|(_, times)| (times.count() as f64).log10()).fold(2.0, f64::max);
        let shares = [
            ("50 %", 0.5),
            ("90 %", 0.9),
            ("99 %", 0.99),
            ("99.9 %", 0.999),
            ("99.99 %", 0.9999),
            ("99.999 %", 0.99999),
        ];
        let ticks = shares.map(|(label, share)| (-(1.0f64 - share).log10(), label.to_owned()));
        let at = match self.options.rate {
            Some(rate) => format!("{}/s", number(rate, 0)),
            None => format!("{} of the peak", self.options.steady()),
        };
        let since =
            if self.options.is_of_deliveries() { "an event's batch to its arrival" } else { "when a request was due" };
        Chart {
            title: format!("Latency from {since}, at {at}, all rounds"),
            place: (20.0, 86.0, WIDTH - 40.0, 340.0),
            x: Axis {
                title: "share of requests that took no longer".to_owned(),
                from: 0.0,
                to: reach,
                ticks: ticks.into_iter().filter(|(tick, _)| *tick <= reach).collect(),
            },
            y: Axis::logarithmic("ms", curves.iter().flat_map(|(_, times)| [times.ms(FIRST), times.ms(1.0)]), plain),
            series: curves.iter().map(|(mix, times)| curve(*mix, times)).collect(),
        }
    }

    fn requests_chart(&self) -> Chart {
        let calls = |measured: &Measured| {
            let tally = &measured.step.tally;
            measured.step.rate_of(tally.gets + tally.posts)
        };
        let ceilings: [(&str, Level); 2] =
            [("constant, GET", |ceiling| ceiling.http_get), ("constant, POST", |ceiling| ceiling.http_post)];
        let place = (20.0, 440.0, WIDTH / 2.0 - 25.0, 330.0);
        self.rounds_chart("Requests a second, by round, and the constant server", place, calls, &ceilings)
    }

    fn pay_ins_chart(&self) -> Chart {
        let ceilings: [(&str, Level); 3] = [
            ("store, one a sync", |ceiling| ceiling.store_single),
            ("store, grouped", |ceiling| ceiling.store_grouped),
            ("model, grouped", |ceiling| ceiling.model_grouped),
        ];
        let title = format!("Pay-ins a second, by round; store and model (grouped: {GROUP} at once)");
        let place = (WIDTH / 2.0 + 5.0, 440.0, WIDTH / 2.0 - 25.0, 330.0);
        self.rounds_chart(&title, place, |measured| measured.pay_ins, &ceilings)
    }

    fn rounds_chart(
        &self,
        title: &str,
        place: (f64, f64, f64, f64),
        of: impl Fn(&Measured) -> f64,
        ceilings: &[(&str, Level)],
    ) -> Chart {
        let mut series = Vec::new();
        // Everything stands in the order of its time: a mix between the ceilings before and behind it.
        let place_of = |ceilings: f64| 0.5 + ceilings / self.rounds.mixes.len() as f64;
        for (mix, rounds) in &self.rounds.mixes {
            let points =
                rounds.iter().filter_map(|round| Some((place_of(round.ceiling as f64 + 0.5), of(THROUGHPUT(round)?))));
            series.push(Series {
                name: mix.name().to_owned(),
                colour: colour(*mix),
                is_ceiling: false,
                points: points.collect(),
            });
        }
        for (name, of) in ceilings {
            let points = self.rounds.ceilings.iter().enumerate();
            let points = points.map(|(number, ceiling)| (place_of(number as f64), of(ceiling)));
            series.push(Series { name: (*name).to_owned(), colour: GREY, is_ceiling: true, points: points.collect() });
        }
        let y = Axis::logarithmic(
            "per second",
            series.iter().flat_map(|series| series.points.iter().map(|(_, y)| *y)),
            |value| number(value, 0),
        );
        for series in &mut series {
            series.points.retain(|(_, y)| *y > 0.0);
            series.points.iter_mut().for_each(|(_, y)| *y = y.log10());
        }
        series.retain(|series| !series.points.is_empty());
        let count = self.options.rounds();
        let step = count.div_ceil(10) as usize;
        let ticks = (1..=count).step_by(step).map(|number| (f64::from(number), number.to_string())).collect();
        let x = Axis { title: "round".to_owned(), from: 0.5, to: f64::from(count) + 0.5, ticks };
        Chart { title: title.to_owned(), place, x, y, series }
    }
}

fn curve(mix: Mix, times: &Times) -> Series {
    let last = ((times.count() as f64).log10() * f64::from(POINTS)) as u32;
    let nines = (0..=last).map(|place| f64::from(place) / f64::from(POINTS));
    let points = nines.map(|nines| (nines, 1.0 - 10f64.powf(-nines))).filter(|(_, share)| *share >= FIRST);
    let points = points.map(|(nines, share)| (nines, times.ms(share).log10()));
    Series { name: mix.name().to_owned(), colour: colour(mix), is_ceiling: false, points: points.collect() }
}

fn colour(mix: Mix) -> &'static str {
    match mix {
        Mix::Reads => "#2563eb",
        Mix::Trade => "#b45309",
        Mix::Burst => "#047857",
        Mix::Storm => "#9d174d",
        Mix::Deliveries => "#6d28d9",
        Mix::JourneyDeliveries => "#0e7490",
    }
}

fn plain(value: f64) -> String {
    format!("{value}")
}
