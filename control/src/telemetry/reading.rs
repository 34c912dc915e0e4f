//! Numbers that other parts count themselves: read at each scrape, one family for all modes, or one for the whole program.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use causeway_core::id::Mode;

/// A number that is read at each scrape.
pub struct Reading {
    /// The metric's name, without the program's prefix and without `_total`.
    pub name: &'static str,
    /// What it counts, as a sentence without its full stop.
    pub help: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// Labels beside the mode.
    pub labels: Vec<(&'static str, String)>,
    /// Reads it.
    pub value: Box<dyn Fn() -> f64 + Send + Sync>,
}

/// A reading of one mode, or of the whole program.
type Added = (Option<Mode>, Reading);

/// How a number behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// All readings; grows while the program starts.
#[derive(Clone, Default)]
pub struct Readings {
    added: Arc<Mutex<Vec<Added>>>,
}

impl Readings {
    /// Adds the readings of one mode, or of the whole program.
    pub fn add(&self, mode: Option<Mode>, readings: Vec<Reading>) {
        self.added.lock().extend(readings.into_iter().map(|reading| (mode, reading)));
    }
}

impl Collector for Readings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let readings = self.added.lock();
        let mut done: Vec<&str> = Vec::new();
        for (_, first) in readings.iter() {
            if done.contains(&first.name) {
                continue;
            }
            done.push(first.name);
            let kind = first.kind.metric();
            let mut family = encoder.encode_descriptor(first.name, first.help, None, kind)?;
            for (mode, reading) in readings.iter().filter(|(_, reading)| reading.name == first.name) {
                let own = reading.labels.iter().map(|(name, value)| (*name, value.as_str()));
                let labels: Vec<(&str, &str)> = mode.map(|mode| ("mode", mode.name())).into_iter().chain(own).collect();
                let one = family.encode_family(&labels)?;
                match first.kind {
                    Kind::Counter => ConstCounter::new((reading.value)()).encode(one)?,
                    Kind::Gauge => ConstGauge::new((reading.value)()).encode(one)?,
                }
            }
        }
        Ok(())
    }
}

impl Kind {
    fn metric(self) -> prometheus_client::metrics::MetricType {
        match self {
            Kind::Counter => prometheus_client::metrics::MetricType::Counter,
            Kind::Gauge => prometheus_client::metrics::MetricType::Gauge,
        }
    }
}

impl fmt::Debug for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readings")
    }
}
