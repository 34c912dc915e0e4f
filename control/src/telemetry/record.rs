//! One log line: a time, a level, an event, and fields in the order in which they are added.

use causeway_core::time::Timestamp;

use crate::config::LogFormat;
use crate::wire::{Time, to_json};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Ordinary course of things.
    Info,
    /// Something to look at.
    Warn,
    /// Something is broken.
    Error,
}

/// A log line that is being filled. Names of fields are words of ours: they are written as they are.
pub struct Record {
    format: LogFormat,
    text: String,
}

impl Record {
    /// A line with its time, level and event.
    pub(super) fn new(format: LogFormat, level: Level, event: &'static str, now: Timestamp) -> Record {
        let mut record = Record { format, text: String::with_capacity(320) };
        if format == LogFormat::Json {
            record.text.push('{');
        }
        let time = String::from_utf8(to_json(&Time(now))).unwrap_or_default();
        record.text("ts", time.trim_matches('"')).text("level", level.word()).text("event", event)
    }

    /// Adds a text.
    pub fn text(mut self, name: &'static str, value: &str) -> Record {
        self.name(name);
        if self.format == LogFormat::Json || needs_quotes(value) {
            // A JSON string keeps the line one line, whatever the value holds.
            self.text.push_str(&String::from_utf8(to_json(&value)).unwrap_or_default());
        } else {
            self.text.push_str(value);
        }
        self
    }

    /// Adds a text if there is one.
    pub fn text_if(self, name: &'static str, value: Option<&str>) -> Record {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds a number.
    pub fn number(mut self, name: &'static str, value: u64) -> Record {
        self.name(name);
        self.text.push_str(&value.to_string());
        self
    }

    /// The line with its end.
    pub(super) fn finish(mut self) -> String {
        if self.format == LogFormat::Json {
            self.text.push('}');
        }
        self.text.push('\n');
        self.text
    }

    fn name(&mut self, name: &'static str) {
        let is_first = self.text.len() <= 1;
        match self.format {
            LogFormat::Logfmt => {
                self.text.push_str(if is_first { "" } else { " " });
                self.text.push_str(name);
                self.text.push('=');
            }
            LogFormat::Json => {
                self.text.push_str(if is_first { "\"" } else { ",\"" });
                self.text.push_str(name);
                self.text.push_str("\":");
            }
        }
    }
}

impl Level {
    /// How much the line of an answered request matters. What was refused for overload or a store that is down is to be
    /// looked at; broken is what we answered with 500.
    pub fn of_answer(status: u16) -> Level {
        match status {
            500 => Level::Error,
            503 => Level::Warn,
            _ => Level::Info,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

fn needs_quotes(value: &str) -> bool {
    value.is_empty() || value.chars().any(|c| matches!(c, ' ' | '"' | '=' | '\\') || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: LogFormat) -> String {
        let record = Record::new(format, Level::Warn, "example", Timestamp(0));
        record.text("plain", "a/b").text("odd", "a \"b\"\nc").text_if("none", None).number("count", 7).finish()
    }

    #[test]
    fn logfmt_quotes_what_needs_it() {
        assert_eq!(
            line(LogFormat::Logfmt),
            "ts=1970-01-01T00:00:00.000Z level=warn event=example plain=a/b odd=\"a \\\"b\\\"\\nc\" count=7\n"
        );
    }

    #[test]
    fn an_answer_matters_by_its_cause() {
        let levels = [200, 401, 409, 499, 500, 501, 503].map(Level::of_answer);
        use Level::*;
        assert_eq!(levels, [Info, Info, Info, Info, Error, Info, Warn]);
    }

    #[test]
    fn json_is_one_object() {
        let line = line(LogFormat::Json);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((value["odd"].as_str(), value["count"].as_u64()), (Some("a \"b\"\nc"), Some(7)));
        assert_eq!(line.matches('\n').count(), 1);
    }
}
