//! What operators see: log lines on standard error, and numbers for Prometheus.
//!
//! Nothing secret is written here: no header, no body, no key. A line is logged once, where the matter is handled.

mod log;
mod metrics;
mod observer;
mod reading;
mod record;

use std::sync::Arc;

use causeway_core::engine::Alarm;
use causeway_core::id::Mode;

use crate::config::LogFormat;

pub use metrics::{CONTENT_TYPE, RequestLabels};
pub use reading::{Group, Kind, Labels, Reading};
pub use record::{Level, Record};

use log::Log;
use metrics::Metrics;

/// Log and metrics of one process. Clones share them.
#[derive(Clone)]
pub struct Telemetry {
    shared: Arc<Shared>,
}

struct Shared {
    format: LogFormat,
    log: Log,
    metrics: Metrics,
}

impl Telemetry {
    /// Starts the log, on standard error, and an empty set of metrics.
    pub fn start(format: LogFormat) -> Telemetry {
        Telemetry::writing_to(format, std::io::stderr())
    }

    /// Starts the log on any writer.
    pub fn writing_to(format: LogFormat, writer: impl std::io::Write + Send + 'static) -> Telemetry {
        let log = Log::start(writer);
        let metrics = Metrics::new(log.lost());
        Telemetry { shared: Arc::new(Shared { format, log, metrics }) }
    }

    /// A log line about `event`, to be filled and then given to [`Telemetry::write`].
    pub fn record(&self, level: Level, event: &'static str) -> Record {
        Record::new(self.shared.format, level, event, crate::gate::system_time())
    }

    /// Writes a log line. It never waits: when lines come faster than they can be written they are dropped and counted.
    pub fn write(&self, record: Record) {
        self.shared.log.write(record.finish());
    }

    /// Counts an answered request.
    pub fn request(&self, labels: RequestLabels, seconds: f64) {
        self.shared.metrics.request(labels, seconds);
    }

    /// Adds numbers that others count; they are read at each scrape. Without a `mode` they are the whole program's.
    pub fn add_readings(&self, mode: impl Into<Option<Mode>>, readings: Vec<Reading>) {
        self.shared.metrics.add_readings(mode.into(), readings);
    }

    /// Adds numbers that come and go; which there are is asked at each scrape.
    pub fn add_groups(&self, mode: impl Into<Option<Mode>>, groups: Vec<Group>) {
        self.shared.metrics.add_groups(mode.into(), groups);
    }

    /// All metrics as Prometheus reads them; see [`CONTENT_TYPE`].
    pub fn scrape(&self) -> String {
        self.shared.metrics.text()
    }

    /// Logs an alarm of a cell.
    pub fn alarm(&self, mode: Mode, alarm: &Alarm) {
        let (level, event) = match alarm {
            Alarm::ClockJumped { .. } => (Level::Warn, "clock_jumped"),
            Alarm::ClockSetBack { .. } => (Level::Warn, "clock_set_back"),
            Alarm::StoreFailed(_) => (Level::Error, "store_failed"),
            Alarm::StoreStillFailing(_) => (Level::Error, "store_still_failing"),
            Alarm::StoreReopened => (Level::Info, "store_reopened"),
            Alarm::CommitterNotFavoured(_) => (Level::Info, "committer_not_favoured"),
        };
        let record = self.record(level, event).text("mode", mode.name());
        self.write(match alarm {
            Alarm::ClockJumped { by } | Alarm::ClockSetBack { by } => record.number("by_ms", *by),
            Alarm::StoreFailed(reason) | Alarm::StoreStillFailing(reason) | Alarm::CommitterNotFavoured(reason) => {
                record.text("reason", reason)
            }
            Alarm::StoreReopened => record,
        });
    }

    /// Waits until every line so far is written, for a second at most; later ones are still taken.
    pub fn flush(&self) {
        self.shared.log.flush();
    }
}

#[cfg(test)]
mod tests;
