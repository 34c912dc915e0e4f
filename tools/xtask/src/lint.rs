//! `cargo xtask lint` and `cargo xtask ci`.

use crate::args::TestPlan;
use crate::failure::Failure;
use crate::process;
use crate::setup;
use crate::stages::Stages;
use crate::test;

/// Checks formatting and lints of the whole workspace.
pub fn run() -> Result<(), Failure> {
    let mut stages = Stages::default();
    let result = add_stages(&mut stages);
    let table = stages.finish();
    result.and(table)
}

/// Lint, then test, with one table.
pub fn ci() -> Result<(), Failure> {
    let mut stages = Stages::default();
    let result = add_stages(&mut stages).and_then(|()| test::add_stages(&mut stages, &TestPlan::default()));
    let table = stages.finish();
    result.and(table)
}

fn add_stages(stages: &mut Stages) -> Result<(), Failure> {
    require_component("fmt", "rustfmt")?;
    require_component("clippy", "clippy")?;
    stages.run("format", || process::run(&mut process::cargo(&["fmt", "--all", "--check"])));
    stages.require("set-up for lints", setup::for_building)?;
    stages.run("lints", || {
        let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
        process::run(&mut process::cargo(&arguments))?;
        let complete = ["clippy", "-p", "causeway-control", "--features=amqp", "--all-targets"];
        process::run(process::cargo(&complete).args(["--", "-D", "warnings"]))?;
        let simulator = ["clippy", "-p", "causeway-core", "--no-default-features", "--features=sim", "--all-targets"];
        process::run(process::cargo(&simulator).args(["--", "-D", "warnings"]))
    });
    Ok(())
}

fn require_component(subcommand: &str, component: &str) -> Result<(), Failure> {
    let mut probe = process::cargo(&[subcommand, "--version"]);
    if probe.output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    Err(Failure::missing(format!("`cargo {subcommand}` is missing: run `rustup component add {component}`")))
}
