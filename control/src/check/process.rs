//! The process that runs an unknown model, seen from outside: started, listened to, and ended in time.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::child::Said;
use super::limits::{ADDRESS_SPACE, PROCESSOR_TIME, WALL_TIME};
use super::report::Report;
use super::silent::SILENT;

/// What it may say, in bytes.
const OUTPUT: u64 = 256 * 1_024;
/// How often is looked whether it has ended, once it says nothing more.
const LOOK: Duration = Duration::from_millis(2);
/// The system's numbers of the signals by which it ends.
const ABRT: i32 = Signal::ABORT.as_raw();
const KILL: i32 = Signal::KILL.as_raw();
const XCPU: i32 = Signal::XCPU.as_raw();
/// Variables that it gets: where the system's loader finds what the runtime needs.
const VARIABLES: [&str; 1] = ["LD_LIBRARY_PATH"];

/// What is to be run.
pub struct Wanted<'a> {
    /// This program.
    pub program: &'a Path,
    /// The ONNX Runtime library.
    pub runtime: &'a Path,
    /// The package.
    pub folder: &'a Path,
    /// The model that was looked at.
    pub sha256: &'a str,
    /// What a call may take; none when it is not measured.
    pub budget: Option<Duration>,
}

/// How it ended.
enum End {
    Exited(ExitStatus),
    Killed,
}

/// Runs the model in a process of its own and adds what is found to `report`.
pub fn run(wanted: &Wanted<'_>, report: &mut Report) {
    let mut child = match start(wanted) {
        Ok(child) => child,
        Err(error) => {
            return report.fault("process", format!("cannot start {}: {error}", wanted.program.display()));
        }
    };
    let deadline = Instant::now() + WALL_TIME;
    let (said, heard) = mpsc::channel();
    let (complained, complaints) = mpsc::channel();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // The threads end with the process.
    std::thread::spawn(move || stdout.map(|out| listen(out, &said)));
    std::thread::spawn(move || stderr.map(|err| complained.send(first_of(err))));
    let mut step = "it started".to_owned();
    let mut is_done = false;
    while let Ok(said) = heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        match said {
            Said::Begins(begun) => step = begun,
            Said::Found(line) => report.lines.push(line),
            Said::Took(timing) => report.timing = Some(timing),
            Said::Done => is_done = true,
        }
    }
    let end = wait(&mut child, deadline);
    if let Some(fault) = fault(&end, is_done, &complaints) {
        report.fault("process", format!("{fault}, while this was looked at: {step}"));
    }
}

fn start(wanted: &Wanted<'_>) -> std::io::Result<Child> {
    let mut command = Command::new(wanted.program);
    command.args(["model", "run-check", "--onnxruntime"]).arg(wanted.runtime).arg("--sha256").arg(wanted.sha256);
    if let Some(budget) = wanted.budget {
        command.arg(format!("--budget={}us", budget.as_micros()));
    }
    command.arg("--").arg(wanted.folder).env_clear();
    // From 1.31 on the library keeps a database of its own doings in the user's cache, and sends it home, unless it is told not to;
    // with the limit on file sizes it dies of that.
    command.env("ORT_DISABLE_TELEMETRY", "1");
    command.envs(VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    // The runtime would keep a database of its own in the home directory, which it may not write, and call home with it.
    command.env(SILENT.0, SILENT.1);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

/// What cannot be understood is passed over: then the end is not told either, and the check fails.
fn listen(out: impl Read, said: &Sender<Said>) {
    let mut out = BufReader::new(out.take(OUTPUT));
    let mut line = String::new();
    while matches!(out.read_line(&mut line), Ok(1..)) {
        if let Ok(understood) = serde_json::from_str(&line) {
            // Nobody listens any more when time is up.
            let _ = said.send(understood);
        }
        line.clear();
    }
    // What is more than it may say is read and forgotten, so that it can end.
    let _ = std::io::copy(&mut out.into_inner().into_inner(), &mut std::io::sink());
}

fn first_of(err: impl Read) -> String {
    let mut err = err;
    let mut bytes = Vec::new();
    let _ = err.by_ref().take(4_096).read_to_end(&mut bytes);
    let _ = std::io::copy(&mut err, &mut std::io::sink());
    let text = String::from_utf8_lossy(&bytes);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(512).collect::<String>().trim().to_owned()
}

fn wait(child: &mut Child, deadline: Instant) -> End {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return End::Exited(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(LOOK),
            Ok(None) | Err(_) => {
                let (_, _) = (child.kill(), child.wait());
                return End::Killed;
            }
        }
    }
}

fn fault(end: &End, is_done: bool, complaints: &Receiver<String>) -> Option<String> {
    let status = match end {
        End::Killed => return Some(format!("the process that ran the model was killed after {WALL_TIME:?}")),
        End::Exited(status) => status,
    };
    if status.success() && is_done {
        return None;
    }
    let complaint = complaints.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
    let complaint = if complaint.is_empty() { complaint } else { format!(" ({complaint})") };
    Some(match status.signal() {
        Some(XCPU) => format!("the process that ran the model used more than {PROCESSOR_TIME:?} of processor time"),
        Some(KILL) => format!(
            "the process that ran the model was killed: it used more than {PROCESSOR_TIME:?} of processor time, or the machine \
             had no memory left"
        ),
        Some(ABRT) if complaint.contains("alloc") => {
            format!("the model needs more than {} MiB of memory{complaint}", ADDRESS_SPACE >> 20)
        }
        Some(signal) => format!("the process that ran the model crashed with signal {signal}{complaint}"),
        None => format!("the process that ran the model failed with {status}{complaint}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report_of(program: &str) -> Report {
        let mut report = Report::new(Path::new("package"), Vec::new());
        let place = Path::new("/nowhere");
        let wanted = Wanted { program: Path::new(program), runtime: place, folder: place, sha256: "", budget: None };
        run(&wanted, &mut report);
        report
    }

    #[test]
    fn a_process_that_does_not_say_that_it_is_done_has_failed() {
        for (program, words) in [("/bin/true", "failed with exit status: 0"), ("/nowhere/causeway", "cannot start")] {
            let report = report_of(program);
            assert!(report.faults().contains(words), "{report}");
        }
        // A shell finds no script that is named like our command, and says so.
        let report = report_of("/bin/sh");
        assert!(report.faults().contains("failed with exit status") && report.faults().contains("model"), "{report}");
    }

    #[test]
    fn ends_are_told_in_words() {
        let said = |signal, complaint: &str| {
            let (complained, complaints) = mpsc::channel();
            complained.send(complaint.to_owned()).unwrap();
            fault(&End::Exited(ExitStatus::from_raw(signal)), true, &complaints).unwrap_or_default()
        };
        assert_eq!(said(0, ""), "");
        assert_eq!(said(11, ""), "the process that ran the model crashed with signal 11");
        assert_eq!(said(24, ""), "the process that ran the model used more than 30s of processor time");
        assert!(said(9, "").contains("was killed"));
        assert!(said(6, "memory allocation of 8 bytes failed").contains("more than 1024 MiB of memory (memory alloc"));
        assert_eq!(said(6, "what(): x"), "the process that ran the model crashed with signal 6 (what(): x)");
    }
}
