//! The registry: requests by operation, and what other parts count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use causeway_core::id::Mode;

use super::reading::{Group, Reading, Readings};
use crate::http::Protocol;

/// The content type of what [`super::Telemetry::scrape`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the latency histogram, in seconds.
const LATENCIES: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What requests are counted by. All values come from closed sets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The operation's word, or `none` where no operation was found.
    pub operation: &'static str,
    /// `sandbox`, `live`, or `none` before authentication.
    pub mode: &'static str,
    /// `2xx`, `4xx` or `5xx`.
    pub status: &'static str,
    /// The version of HTTP: `1.0`, `1.1`, `2` or `3`.
    pub http: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LatencyLabels {
    operation: &'static str,
}

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latencies: Family<LatencyLabels, Histogram, fn() -> Histogram>,
    readings: Readings,
}

impl RequestLabels {
    /// The labels of an answered request.
    pub fn new(operation: Option<&'static str>, mode: Option<Mode>, status: u16, protocol: Protocol) -> RequestLabels {
        let class = match status {
            200..=299 => "2xx",
            300..=399 => "3xx",
            500..=599 => "5xx",
            _ => "4xx",
        };
        RequestLabels {
            operation: operation.unwrap_or("none"),
            mode: mode.map_or("none", Mode::name),
            status: class,
            http: protocol.word(),
        }
    }
}

impl Metrics {
    /// Empty metrics, apart from the count of `lost` log lines.
    pub fn new(lost: Arc<AtomicU64>) -> Metrics {
        let mut registry = Registry::with_prefix("causeway");
        let requests = Family::<RequestLabels, Counter>::default();
        registry.register("requests", "Requests answered", requests.clone());
        let histogram: fn() -> Histogram = || Histogram::new(LATENCIES);
        let latencies = Family::new_with_constructor(histogram);
        registry.register("request_seconds", "Time from the whole request to its answer", latencies.clone());
        let readings = Readings::default();
        registry.register_collector(Box::new(readings.clone()));
        registry.register("log_lines_lost", "Log lines dropped because they could not be written in time", Lost(lost));
        Metrics { registry, requests, latencies, readings }
    }

    /// Counts an answered request.
    pub fn request(&self, labels: RequestLabels, seconds: f64) {
        self.latencies.get_or_create(&LatencyLabels { operation: labels.operation }).observe(seconds);
        self.requests.get_or_create(&labels).inc();
    }

    /// Adds numbers that others count.
    pub fn add_readings(&self, mode: Option<Mode>, readings: Vec<Reading>) {
        self.readings.add(mode, readings);
    }

    /// Adds numbers that come and go.
    pub fn add_groups(&self, mode: Option<Mode>, groups: Vec<Group>) {
        self.readings.add_groups(mode, groups);
    }

    /// The text that Prometheus reads.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to memory does not fail; a half text would lack its end mark and be refused by its reader.
        if text::encode(&mut text, &self.registry).is_err() {
            text.clear();
        }
        text
    }
}

#[derive(Debug)]
struct Lost(Arc<AtomicU64>);

impl prometheus_client::encoding::EncodeMetric for Lost {
    fn encode(&self, encoder: prometheus_client::encoding::MetricEncoder<'_>) -> std::fmt::Result {
        prometheus_client::metrics::counter::ConstCounter::new(self.0.load(Ordering::Relaxed)).encode(encoder)
    }

    fn metric_type(&self) -> prometheus_client::metrics::MetricType {
        prometheus_client::metrics::MetricType::Counter
    }
}
