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

/// Numbers of one name that come and go: which there are is known at each scrape alone. Their labels must be bounded.
pub struct Group {
    /// As in [`Reading`].
    pub name: &'static str,
    /// As in [`Reading`].
    pub help: &'static str,
    /// As in [`Reading`].
    pub kind: Kind,
    /// Reads them: labels beside the mode, and the number.
    pub values: Box<dyn Fn() -> Vec<(Labels, f64)> + Send + Sync>,
}

/// Labels beside the mode.
pub type Labels = Vec<(&'static str, String)>;

/// Readings of one mode, or of the whole program.
type Added<T> = Arc<Mutex<Vec<(Option<Mode>, T)>>>;

/// One number as it stands in the text.
struct Row {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    labels: Labels,
    value: f64,
}

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
    added: Added<Reading>,
    groups: Added<Group>,
}

impl Readings {
    /// Adds the readings of one mode, or of the whole program.
    pub fn add(&self, mode: Option<Mode>, readings: Vec<Reading>) {
        self.added.lock().extend(readings.into_iter().map(|reading| (mode, reading)));
    }

    /// Adds numbers that come and go.
    pub fn add_groups(&self, mode: Option<Mode>, groups: Vec<Group>) {
        self.groups.lock().extend(groups.into_iter().map(|group| (mode, group)));
    }

    fn rows(&self) -> Vec<Row> {
        let labels = |mode: &Option<Mode>, own: Labels| {
            let mode = mode.map(|mode| ("mode", mode.name().to_owned()));
            mode.into_iter().chain(own).collect()
        };
        let mut rows = Vec::new();
        for (mode, Reading { name, help, kind, labels: own, value }) in self.added.lock().iter() {
            rows.push(Row { name, help, kind: *kind, labels: labels(mode, own.clone()), value: value() });
        }
        for (mode, Group { name, help, kind, values }) in self.groups.lock().iter() {
            let read = values().into_iter();
            rows.extend(read.map(|(own, value)| Row { name, help, kind: *kind, labels: labels(mode, own), value }));
        }
        rows
    }
}

impl Collector for Readings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let rows = self.rows();
        let mut done: Vec<&str> = Vec::new();
        for first in &rows {
            if done.contains(&first.name) {
                continue;
            }
            done.push(first.name);
            let mut family = encoder.encode_descriptor(first.name, first.help, None, first.kind.metric())?;
            for row in rows.iter().filter(|row| row.name == first.name) {
                let labels: Vec<(&str, &str)> =
                    row.labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let one = family.encode_family(&labels)?;
                match first.kind {
                    Kind::Counter => ConstCounter::new(row.value).encode(one)?,
                    Kind::Gauge => ConstGauge::new(row.value).encode(one)?,
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
