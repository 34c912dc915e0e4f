//! Which tests a test program would run: asked before they are run, because a filter that matches nothing passes otherwise.

use std::process::{Command, Stdio};

use crate::failure::{During, Failure};
use crate::process;

/// The names of the tests that `command`, a `cargo test` with its words behind `--`, would run. Compiles them.
pub fn tests(mut command: Command) -> Result<Vec<String>, Failure> {
    let line = process::shown(&command);
    command.arg("--list").stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().during(|| format!("list the tests of `{line}`"))?;
    if !output.status.success() {
        return Err(Failure::new(format!("`{line} --list` failed ({}); its output is above", output.status)));
    }
    Ok(names(&String::from_utf8_lossy(&output.stdout)))
}

fn names(listing: &str) -> Vec<String> {
    listing.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_named_and_nothing_else() {
        let listing = "sim::tests::one: test\nsim::two: test\na::bench: benchmark\n\n2 tests, 1 benchmark\n";
        assert_eq!(names(listing), ["sim::tests::one", "sim::two"]);
        assert!(names("0 tests, 0 benchmarks\n").is_empty());
    }

    #[test]
    fn a_program_that_cannot_list_is_a_failure() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]);
        assert!(tests(command).unwrap_err().to_string().contains("sh -c exit 3"));
    }
}
