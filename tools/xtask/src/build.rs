//! Building the programs and starting them.

use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::failure::Failure;
use crate::full;
use crate::paths;
use crate::process;
use crate::setup::{self, TestTools};

/// `cargo xtask build`: the server and the lab, optimised.
pub fn everything() -> Result<(), Failure> {
    setup::for_building()?;
    programs()
}

/// The server and the lab, one after the other: built together the server would get the features that the lab asks for.
pub fn programs() -> Result<(), Failure> {
    server()?;
    release("causeway-lab", &[])
}

/// Builds the server alone, with everything that it can do: built together with other packages it would get the features
/// that those ask for.
pub fn server() -> Result<(), Failure> {
    release("causeway-control", &["--features=amqp"])
}

/// `cargo xtask run`: builds the server and becomes it, so that signals reach it.
pub fn run(extra: &[String]) -> Result<(), Failure> {
    setup::for_building()?;
    server()?;
    let sandbox = paths::target().join("sandbox");
    let mut command = process::fresh(paths::release().join("causeway"));
    command.arg("serve").args(defaults(&sandbox, extra)).args(extra);
    Err(become_program(command))
}

/// `cargo xtask bench`: the criterion benches.
pub fn bench(extra: &[String]) -> Result<(), Failure> {
    setup::for_building()?;
    process::run(process::cargo(&["bench", "-p", "causeway-benches"]).args(extra))
}

/// `cargo xtask sim`: seeds of the simulation. It needs nothing that the set-up brings.
pub fn simulate(extra: &[String]) -> Result<(), Failure> {
    let package = ["-p", "causeway-core", "--no-default-features", "--features=sim", "--bin=causeway-sim", "--"];
    process::run(process::cargo(&["run", "--quiet"]).args(package).args(extra))
}

/// `cargo xtask demo|load|fill|lists`: builds the lab and becomes it. Load and lists measure the server as it is now.
pub fn lab(command: &str, extra: &[String]) -> Result<(), Failure> {
    let tools = setup::for_testing()?;
    if ["load", "lists"].contains(&command) {
        server()?;
    }
    release("causeway-lab", &[])?;
    let mut lab = process::fresh(paths::release().join("causeway-lab"));
    lab.arg(command).args(extra);
    for (name, value) in environment(&tools) {
        lab.env(name, value);
    }
    // What it writes down names what was measured. Without git it can only be looked at.
    lab.env("CAUSEWAY_COMMIT", full::commit().unwrap_or_default());
    Err(become_program(lab))
}

/// What the black-box tests and the lab start, by the variables that they read.
pub fn environment(tools: &TestTools) -> [(&'static str, std::path::PathBuf); 6] {
    [
        ("CAUSEWAY_BIN", paths::release().join("causeway")),
        ("CAUSEWAY_PYTHON", tools.python.clone()),
        ("CAUSEWAY_NODE", tools.node.clone()),
        ("CAUSEWAY_NODE_PACKAGES", tools.node_packages.clone()),
        ("CAUSEWAY_CURL", tools.curl.clone()),
        ("CAUSEWAY_RABBITMQ", tools.rabbitmq.clone()),
    ]
}

fn release(package: &str, features: &[&str]) -> Result<(), Failure> {
    process::run(process::cargo(&["build", "--release", "-p", package]).args(features))?;
    setup::place_runtime()
}

/// The server's arguments for a sandbox at home, without those that the caller gives.
fn defaults(sandbox: &Path, extra: &[String]) -> Vec<String> {
    let sandbox = sandbox.to_string_lossy();
    let defaults =
        [("--data-dir", sandbox.as_ref()), ("--listen", "127.0.0.1:8080"), ("--operator-listen", "127.0.0.1:8081")];
    let given = |option: &str| extra.iter().any(|word| word.split('=').next() == Some(option));
    let kept = defaults.into_iter().filter(|(option, _)| !given(option));
    kept.flat_map(|(option, value)| [option.to_owned(), value.to_owned()]).collect()
}

/// Replaces this process; comes back only when that fails.
fn become_program(mut command: std::process::Command) -> Failure {
    let error = command.exec();
    Failure::new(format!("could not start {}: {error}", command.get_program().to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(extra: &str) -> String {
        let extra: Vec<String> = extra.split_whitespace().map(str::to_owned).collect();
        defaults(Path::new("/sandbox"), &extra).join(" ")
    }

    #[test]
    fn the_server_gets_a_sandbox_on_loopback() {
        assert_eq!(with(""), "--data-dir /sandbox --listen 127.0.0.1:8080 --operator-listen 127.0.0.1:8081");
    }

    #[test]
    fn what_the_caller_gives_replaces_its_default() {
        assert_eq!(with("--listen 127.0.0.1:9"), "--data-dir /sandbox --operator-listen 127.0.0.1:8081");
        assert_eq!(with("--data-dir=/x --operator-listen=y"), "--listen 127.0.0.1:8080");
    }
}
