//! The canonical line of each request, and its counters.

use std::io;

use super::{Level, RequestLabels, Telemetry};
use crate::pipeline::{Line, Observer};

impl Observer for Telemetry {
    fn answered(&self, line: &Line<'_>) {
        self.request(
            RequestLabels::new(line.operation, line.mode, line.status, line.protocol),
            line.duration.as_secs_f64(),
        );
        let account = line.account.map(|account| account.text());
        let record = self
            .record(Level::of_answer(line.status), "request")
            .text("request_id", line.request_id)
            .text_if("operation", line.operation)
            .text_if("mode", line.mode.map(|mode| mode.name()))
            .text_if("account", account.as_deref())
            .text("method", line.method)
            .text("http", line.protocol.word())
            .number("status", u64::from(line.status))
            .text_if("code", line.code)
            .number("micros", u64::try_from(line.duration.as_micros()).unwrap_or(u64::MAX))
            .text_if("replayed", line.replayed.then_some("true"))
            .text_if("cause", line.cause);
        self.write(record);
    }

    fn accept_failed(&self, error: &io::Error) {
        self.write(self.record(Level::Error, "accept_failed").text("cause", &error.to_string()));
    }
}
