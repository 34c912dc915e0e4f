//! The gateway under load: started here in a data directory of its own, or one that runs already.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::pin::{self, Cpus};
use crate::failure::Failure;
use crate::sandbox::Sandbox;

/// How long the server may take until it listens, and until it has stopped.
const PATIENCE: Duration = Duration::from_secs(60);
/// The gap between two looks at it.
const GAP: Duration = Duration::from_millis(20);
/// Its log, beside its data.
const LOG: &str = "log";
/// How much of the log's end is read, in bytes.
const LAST_BYTES: u64 = 16 * 1_024;
/// Quotes live as long as they may: what is prepared must not expire before it is redeemed. Of a history that was filled in
/// nothing is removed meanwhile.
const SETTINGS: [&str; 9] = [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--operator-listen",
    "127.0.0.1:0",
    "--quote-life",
    "300s",
    "--event-retention",
    "365d",
];

/// A gateway that was started here. It is stopped, and data that were made for it removed, when this value goes.
pub struct Server {
    process: Process,
    /// The demo partner that it made.
    pub partner: Sandbox,
    /// The operator interface.
    pub operator_url: String,
}

/// The process, the directory of its log, and that of its data, which may lie elsewhere.
struct Process {
    child: Child,
    home: TempDir,
    data: PathBuf,
}

impl Server {
    /// Starts `program` in a new directory below `place`, on these processors.
    pub fn start(program: &Path, place: &Path, cpus: &Cpus) -> Result<Server, Failure> {
        Server::up(Process::start(program, place, None, cpus)?)
    }

    /// Starts `program` over data that are there, and stay when it is stopped; its log goes below `place`.
    pub fn over(data: &Path, program: &Path, place: &Path, cpus: &Cpus) -> Result<Server, Failure> {
        Server::up(Process::start(program, place, Some(data), cpus)?)
    }

    fn up(mut process: Process) -> Result<Server, Failure> {
        let operator = process.wait_until_up()?;
        let partner = Sandbox::read(&process.directory())?;
        Ok(Server { process, partner, operator_url: format!("http://{operator}") })
    }

    /// The process.
    pub fn process(&self) -> u32 {
        self.process.child.id()
    }

    /// Where its data lie.
    pub fn directory(&self) -> PathBuf {
        self.process.directory()
    }

    /// Stops it in good order.
    pub fn stop(mut self) -> Result<(), Failure> {
        self.process.stop()
    }
}

impl Process {
    fn start(program: &Path, place: &Path, data: Option<&Path>, cpus: &Cpus) -> Result<Process, Failure> {
        let failed = |what: String, error: std::io::Error| Failure::wrong(format!("cannot {what}: {error}"));
        let home = tempfile::Builder::new().prefix("data-").tempdir_in(place);
        let home = home.map_err(|error| failed(format!("make a data directory in {}", place.display()), error))?;
        let log =
            File::create(home.path().join(LOG)).map_err(|error| failed("write the server's log".into(), error))?;
        let mut command = Command::new(program);
        let data = data.map_or_else(|| home.path().join("data"), Path::to_owned);
        command.args(SETTINGS).arg("--data-dir").arg(&data);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = pin::spawn(&mut command, cpus).map_err(|error| {
            Failure::missing(format!("cannot start {}: {error}; build it with: cargo xtask build", program.display()))
        })?;
        Ok(Process { child, home, data })
    }

    fn directory(&self) -> PathBuf {
        self.data.clone()
    }

    /// Waits until it says that it is up; gives the operator interface's address.
    fn wait_until_up(&mut self) -> Result<String, Failure> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(operator) = operator_address(&self.last_lines()) {
                return Ok(operator);
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.fault(&format!("ended with {status}")));
            }
            if Instant::now() > end {
                return Err(self.fault(&format!("did not listen within {} s", PATIENCE.as_secs())));
            }
            sleep(GAP);
        }
    }

    fn stop(&mut self) -> Result<(), Failure> {
        // It may have ended by itself; that is seen below.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(self.fault(&format!("ended with {status}"))),
                Ok(None) => sleep(GAP),
                Err(error) => return Err(self.fault(&format!("cannot be waited for: {error}"))),
            }
        }
        Err(self.fault(&format!("did not stop within {} s", PATIENCE.as_secs())))
    }

    fn fault(&self, what: &str) -> Failure {
        let log = self.last_lines();
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(3)..];
        Failure::wrong(format!("the server {what}; its last lines:\n{}", last.join("\n")))
    }

    /// The end of its log: it has a line for each request.
    fn last_lines(&self) -> String {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(self.home.path().join(LOG))?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(LAST_BYTES)))?;
            let mut text = Vec::new();
            file.read_to_end(&mut text).map(|_| text)
        };
        String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // Nothing that was acknowledged is lost by ending it at once.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The line that says that the server is up names its addresses.
fn operator_address(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("event=started"))?;
    line.split_whitespace().find_map(|pair| pair.strip_prefix("operator_listen=")).map(str::to_owned)
}

/// The gateway's program: `CAUSEWAY_BIN`, else `causeway` beside this program.
pub fn program() -> PathBuf {
    let named = std::env::var_os("CAUSEWAY_BIN").map(PathBuf::from);
    named.unwrap_or_else(|| std::env::current_exe().unwrap_or_default().with_file_name("causeway"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn all() -> Cpus {
        Cpus::of_this_thread().unwrap()
    }

    fn script(home: &Path, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = home.join("program");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    #[test]
    fn a_server_that_does_not_start_says_why() {
        let home = tempfile::tempdir().unwrap();
        let program = script(home.path(), "echo 'causeway: cannot listen on 127.0.0.1:0' >&2; exit 1");
        let failure = Server::start(&program, home.path(), &all()).err().unwrap();
        assert!(failure.to_string().contains("cannot listen on"), "{failure}");
        let failure = Server::start(&home.path().join("absent"), home.path(), &all()).err().unwrap();
        assert_eq!(failure.exit_code(), 2);
    }

    #[test]
    fn a_started_server_is_known_and_stopped() {
        let home = tempfile::tempdir().unwrap();
        let partner = r#"{"account_id":"acct","secret_key":"sk","publishable_key":"pk","allowed_origins":[],"base_url":"http://127.0.0.1:9"}"#;
        let start = format!(
            "for word; do last=$word; done; mkdir $last; echo '{partner}' >$last/sandbox.json\n\
             echo 'level=info event=started operator_listen=127.0.0.1:7' >&2; exec sleep 100"
        );
        let server = Server::start(&script(home.path(), &start), home.path(), &all()).unwrap();
        assert_eq!((server.partner.secret_key.as_str(), server.operator_url.as_str()), ("sk", "http://127.0.0.1:7"));
        let (process, directory) = (server.process(), server.directory());
        assert!(directory.exists());
        let failure = server.stop().unwrap_err();
        assert!(failure.to_string().contains("signal: 15"), "sleep ends by the signal: {failure}");
        assert!(!directory.exists() && !Path::new(&format!("/proc/{process}")).exists());
    }
}
