//! Starting other programs.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{During, Failure};
use crate::paths;

/// What the set-up writes into `.cargo/local.toml`. Cargo hands these to this program, possibly with the values of an
/// earlier set-up; they are removed before another program starts, so that it reads the current ones.
pub const CONFIGURED: [&str; 4] = ["ROCKSDB_LIB_DIR", "ROCKSDB_STATIC", "LIBCLANG_PATH", "CAUSEWAY_ONNXRUNTIME"];

/// `cargo` with these arguments, in the repository.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = fresh(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(paths::root());
    command
}

/// A program without the variables that cargo gave to this one. Some build scripts watch them, and would run again
/// whenever `cargo xtask` and plain `cargo` alternate.
pub fn fresh(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in CONFIGURED {
        command.env_remove(name);
    }
    let names = ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_CRATE_NAME", "CARGO_BIN_NAME"];
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || names.contains(&text.as_ref()) {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a program to its end with its output on the terminal; anything but success is a failure.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let line = shown(command);
    let status = command.stdin(Stdio::null()).status().during(|| format!("start `{line}`"))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("`{line}` failed ({status}); its output is above")))
    }
}

/// Like [`run`], but after `limit` the program is ended with everything that it started.
pub fn run_within(limit: Duration, command: &mut Command) -> Result<(), Failure> {
    let line = shown(command);
    let mut child = command.stdin(Stdio::null()).spawn().during(|| format!("start `{line}`"))?;
    let started = Instant::now();
    loop {
        match child.try_wait().during(|| format!("wait for `{line}`"))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(Failure::new(format!("`{line}` failed ({status}); its output is above"))),
            None if started.elapsed() >= limit => {
                end_with_descendants(child.id());
                child.wait().during(|| format!("wait for `{line}`"))?;
                let minutes = limit.as_secs() / 60;
                return Err(Failure::new(format!("`{line}` was ended: it took longer than {minutes} minutes")));
            }
            None => thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// Ends a process, then what it started, then what those started: nobody is left to start one anew.
fn end_with_descendants(root: u32) {
    let parents = parents();
    let mut doomed = vec![root];
    let mut next = 0;
    while let Some(&parent) = doomed.get(next) {
        doomed.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child));
        next += 1;
    }
    let ids: Vec<_> = doomed.iter().map(u32::to_string).collect();
    let kill = format!("kill -KILL {}", ids.join(" "));
    // One that ended by itself meanwhile makes `kill` complain, and is no reason to.
    Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status().ok();
}

/// Every process with its parent.
fn parents() -> Vec<(u32, u32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pair = |entry: fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // Behind the program's name, which may hold anything, stand the state and the parent.
        let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        Some((id, parent))
    };
    entries.filter_map(pair).collect()
}

/// The standard output of a program that succeeds; `None` when it is absent or fails.
pub fn output(program: impl AsRef<Path>, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program.as_ref());
    let output = command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command line of a program, shortened to the program's name and its arguments.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_with_its_arguments() {
        let failure = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(failure.contains("`sh -c exit 3`") && failure.contains('3'), "{failure}");
    }

    #[test]
    fn what_takes_too_long_is_ended_with_its_children() {
        let file = crate::setup::scratch("too-long").join("child");
        let script = format!("sleep 600 & echo $! >{}; wait", file.display());
        let limit = Duration::from_millis(500);
        let failure = run_within(limit, Command::new("sh").args(["-c", &script])).unwrap_err().to_string();
        assert!(failure.contains("longer than"), "{failure}");
        let child = fs::read_to_string(&file).unwrap();
        let stat = || fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        let (started, ended) = (Instant::now(), |stat: &str| stat.is_empty() || stat.contains(") Z"));
        while !ended(&stat()) {
            assert!(started.elapsed() < Duration::from_secs(10), "it runs on: {}", stat());
            thread::yield_now();
        }
        assert!(run_within(limit, &mut Command::new("true")).is_ok());
        assert!(run_within(limit, &mut Command::new("false")).is_err());
    }

    #[test]
    fn cargo_does_not_inherit_what_an_earlier_set_up_configured() {
        let command = cargo(&["build"]);
        let removed: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        assert!(CONFIGURED.iter().all(|name| removed.iter().any(|gone| gone == name)));
    }

    #[test]
    fn output_is_none_for_absent_and_failing_programs() {
        assert_eq!(output("no-such-program-anywhere", &[]), None);
        assert_eq!(output("false", &[]), None);
        assert_eq!(output("echo", &["yes"]).as_deref(), Some("yes\n"));
    }
}
