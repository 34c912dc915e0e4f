use std::io::Write;
use std::sync::Mutex;

use super::*;
use crate::http::Protocol;
use crate::pipeline::{Line, Observer};

/// A writer that a test can read.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_are_written_in_order() {
    let memory = Memory::default();
    let telemetry = Telemetry::writing_to(LogFormat::Logfmt, memory.clone());
    for number in 0..3 {
        telemetry.write(telemetry.record(Level::Info, "example").number("number", number));
    }
    telemetry.alarm(Mode::Live, &Alarm::StoreFailed("disk full".to_owned()));
    telemetry.flush();
    let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
    let ends: Vec<&str> = text.lines().map(|line| line.split_once(" level=").unwrap().1).collect();
    assert_eq!(
        ends,
        [
            "info event=example number=0",
            "info event=example number=1",
            "info event=example number=2",
            "error event=store_failed mode=live reason=\"disk full\"",
        ]
    );
}

#[test]
fn the_line_of_a_request_names_the_version_of_http() {
    let memory = Memory::default();
    let telemetry = Telemetry::writing_to(LogFormat::Logfmt, memory.clone());
    telemetry.answered(&Line {
        method: "GET",
        protocol: Protocol::Http3,
        operation: Some("list_sessions"),
        status: 200,
        code: None,
        duration: std::time::Duration::from_micros(70),
        account: None,
        request_id: "req_1",
        mode: Some(Mode::Live),
        replayed: false,
        cause: None,
    });
    telemetry.flush();
    let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains(" method=GET http=3 status=200 "), "{text}");
}

/// A writer that does not get on until it is let go.
struct Stuck(std::sync::mpsc::Receiver<()>);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stuck_reader_costs_lines_and_no_time() {
    let (release, stuck) = std::sync::mpsc::channel();
    let telemetry = Telemetry::writing_to(LogFormat::Json, Stuck(stuck));
    for _ in 0..20_000 {
        telemetry.write(telemetry.record(Level::Info, "example"));
    }
    let begun = std::time::Instant::now();
    telemetry.flush();
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
    drop(release);
    let text = telemetry.scrape();
    let lost = text.lines().find_map(|line| line.strip_prefix("causeway_log_lines_lost_total ")).unwrap();
    assert!(lost.parse::<u64>().unwrap() > 0, "{lost}");
}

#[test]
fn requests_and_readings_are_scraped() {
    let telemetry = Telemetry::writing_to(LogFormat::Json, std::io::sink());
    telemetry.request(RequestLabels::new(Some("lock_quote"), Some(Mode::Sandbox), 201, Protocol::Http3), 0.003);
    telemetry.request(RequestLabels::new(None, None, 404, Protocol::Http11), 0.0001);
    for (mode, depth) in [(Mode::Sandbox, 3.0), (Mode::Live, 4.0)] {
        let reading = |lane: &str| Reading {
            name: "lane_depth",
            help: "Commands that wait",
            kind: Kind::Gauge,
            labels: vec![("lane", lane.to_owned())],
            value: Box::new(move || depth),
        };
        telemetry.add_readings(mode, vec![reading("partner"), reading("operator")]);
    }
    let text = telemetry.scrape();
    for expected in [
        "causeway_requests_total{operation=\"lock_quote\",mode=\"sandbox\",status=\"2xx\",http=\"3\"} 1",
        "causeway_requests_total{operation=\"none\",mode=\"none\",status=\"4xx\",http=\"1.1\"} 1",
        "causeway_request_seconds_bucket{le=\"0.004\",operation=\"lock_quote\"} 1",
        "causeway_request_seconds_bucket{le=\"0.002\",operation=\"lock_quote\"} 0",
        "causeway_lane_depth{mode=\"sandbox\",lane=\"partner\"} 3.0",
        "causeway_lane_depth{mode=\"live\",lane=\"operator\"} 4.0",
        "causeway_log_lines_lost_total 0",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert_eq!(text.matches("# TYPE causeway_lane_depth gauge").count(), 1, "{text}");
    assert!(text.ends_with("# EOF\n"));
}
