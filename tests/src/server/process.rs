//! The child process, what it prints, and its end.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::janitor::Janitor;
use crate::poll::poll;
use crate::program;

/// What a process has printed, to read while it runs.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Printed>>);

#[derive(Default)]
struct Printed {
    out: String,
    error: String,
}

/// A process. Dropped, it is killed.
pub struct Running {
    child: Child,
    log: Log,
    janitor: Janitor,
    readers: Vec<std::thread::JoinHandle<()>>,
}

/// Where a gateway listens.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The partner API.
    pub partners: SocketAddr,
    /// The operator interface.
    pub operator: SocketAddr,
}

/// How a process ended.
#[derive(Clone, Debug)]
pub struct Exit {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub error: String,
}

impl Running {
    /// Starts the gateway's program with these words. `directory` is removed when this process dies without tidying up.
    pub fn start(words: &[&str], directory: &Path) -> Running {
        Running::start_with(&[], words, directory)
    }

    /// The same with these variables in its environment.
    pub fn start_with(environment: &[(&str, &str)], words: &[&str], directory: &Path) -> Running {
        let mut command = program::causeway();
        command.args(words).envs(environment.iter().copied()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let janitor = Janitor::watch(child.id(), directory);
        let log = Log::default();
        let (out, error) = (child.stdout.take(), child.stderr.take());
        let readers = vec![
            collect(out.unwrap(), log.clone(), |printed| &mut printed.out),
            collect(error.unwrap(), log.clone(), |printed| &mut printed.error),
        ];
        Running { child, log, janitor, readers }
    }

    /// What it has printed so far.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Waits until it says where it listens; gives its end when it ends instead.
    pub fn addresses(&mut self, deadline: Duration) -> Result<Addresses, Exit> {
        poll(deadline, "the gateway says where it listens", || {
            let ended = self.ended();
            let addresses = self.log.addresses();
            addresses.map(Ok).or(ended.map(Err))
        })
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The number of the process that was started.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
    }

    /// Sends SIGHUP.
    pub fn hang_up(&self) {
        kill_process(self.pid(), Signal::HUP).unwrap();
    }

    /// Waits for its end; fails the test when it does not come.
    pub fn wait(mut self, deadline: Duration) -> Exit {
        poll(deadline, "the program ends", || self.ended())
    }

    fn ended(&mut self) -> Option<Exit> {
        let status = self.child.try_wait().unwrap()?;
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        Some(self.log.exit(status.code()))
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.janitor.dismiss();
        // It may have ended by itself; then there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the gateway said:\n{}", self.log.tail());
        }
    }
}

impl Log {
    /// The last lines of standard error.
    pub fn tail(&self) -> String {
        let printed = self.0.lock().unwrap();
        let lines: Vec<&str> = printed.error.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Standard output so far.
    pub fn out(&self) -> String {
        self.0.lock().unwrap().out.clone()
    }

    /// Standard error so far.
    pub fn error(&self) -> String {
        self.0.lock().unwrap().error.clone()
    }

    fn exit(&self, code: Option<i32>) -> Exit {
        let printed = self.0.lock().unwrap();
        Exit { code, out: printed.out.clone(), error: printed.error.clone() }
    }

    /// The addresses, once both are printed: each stands in a line of its own that names what listens there.
    fn addresses(&self) -> Option<Addresses> {
        let printed = self.0.lock().unwrap();
        let lines = || printed.out.lines();
        let operator = lines().find(|line| line.contains("operator")).and_then(address)?;
        let partners = lines().find(|line| line.contains("partner")).and_then(address)?;
        Some(Addresses { partners, operator })
    }
}

fn address(line: &str) -> Option<SocketAddr> {
    let from = line.find("127.0.0.1:")?;
    let text = &line[from..];
    let until = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(text.len());
    text[..until].parse().ok()
}

fn collect(
    stream: impl Read + Send + 'static,
    log: Log,
    part: fn(&mut Printed) -> &mut String,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            part(&mut log.0.lock().unwrap()).push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    })
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or("by a signal".to_owned(), |code| code.to_string());
        write!(f, "ended {code}; output:\n{}\nerrors:\n{}", self.out, self.error)
    }
}
