//! Tidies up behind a test process that dies, or that ends while a server shared by all its tests still runs: a shell that
//! waits on a pipe, which the system closes whatever happens.

use std::path::Path;
use std::process::{Child, Command, Stdio};

const SCRIPT: &str = r#"read -r _; kill -9 "$0" 2>/dev/null; rm -rf "$1""#;

/// Watches over one child process and its directory.
pub struct Janitor(Child);

impl Janitor {
    /// Kills process `id` and removes `directory` when this process ends before [`Janitor::dismiss`].
    pub fn watch(id: u32, directory: &Path) -> Janitor {
        Janitor::over(&id.to_string(), directory)
    }

    /// The same for all processes of a group.
    pub fn watch_group(id: u32, directory: &Path) -> Janitor {
        Janitor::over(&format!("-{id}"), directory)
    }

    fn over(target: &str, directory: &Path) -> Janitor {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, target]).arg(directory);
        let shell = shell.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        Janitor(shell.unwrap())
    }

    /// There is nothing to tidy up any more.
    pub fn dismiss(&mut self) {
        // It cannot have ended: it waits for a line that nobody writes.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
