//! Starting other programs.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

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
