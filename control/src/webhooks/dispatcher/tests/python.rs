//! A receiver that shares no code with us.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};

use tokio::time::Instant;

use super::*;

#[tokio::test]
async fn a_receiver_in_python_verifies_what_we_sign() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("events.jsonl");
    let python = PythonReceiver::start(&["--fail-first", "1", "--status", "503"], &log);
    let rows = (1..=50).flat_map(due).collect();
    let bench = Bench::start(Some(&format!("http://127.0.0.1:{}/hooks", python.port)), rows);
    let mut outcomes = Vec::new();
    while outcomes.len() < 50 {
        outcomes.extend(bench.outcomes().await);
    }
    let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome.error.is_some()).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].response_status, Some(503));
    let lines = lines_of(&log, 49).await;
    for line in lines {
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["data"]["user_reference"], "žofie");
    }
    bench.stop().await;
}

struct PythonReceiver {
    process: Child,
    port: u16,
}

impl PythonReceiver {
    fn start(options: &[&str], log: &Path) -> PythonReceiver {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/receiver/receiver.py");
        let mut command = Process::new("python3");
        command.arg(program).args(["--port", "0", "--secret", SECRET, "--log"]).arg(log).args(options);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the tests need python3");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        PythonReceiver { process, port: line.trim().parse().unwrap() }
    }
}

impl Drop for PythonReceiver {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// The lines of a file once it has `count` of them.
async fn lines_of(path: &Path, count: usize) -> Vec<String> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.len() >= count || Instant::now() > deadline {
            assert_eq!(lines.len(), count);
            return lines;
        }
        tokio::task::yield_now().await;
    }
}
