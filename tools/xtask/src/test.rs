//! `cargo xtask test`: the stages of the test run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::{Extent, TestPlan};
use crate::build;
use crate::failure::{During, Failure};
use crate::full;
use crate::paths;
use crate::process;
use crate::setup::{self, TestTools};
use crate::stages::Stages;

/// The packages whose tests look inside. They are tested together: one profile, one build of what they stand on.
const UNIT_TESTED: [&str; 4] = ["causeway-core", "causeway-control", "causeway-lab", "xtask"];
/// Black-box tests with this in their names take long; a quick run leaves them out.
const LONG: &str = "long_";
/// What Python's unittest says by its exit code when no test ran.
const NO_TEST_RAN: i32 = 5;

/// Runs what the plan asks for, and prints the minutes of each stage.
pub fn run(plan: &TestPlan) -> Result<(), Failure> {
    if let Extent::Full(part) = &plan.extent {
        full::check_name(part.as_deref())?;
    }
    let mut stages = Stages::default();
    let result = add_stages(&mut stages, plan);
    // The table is worth having after a failure too; the failure that stopped the run is what counts then.
    let table = stages.finish();
    result.and(table)
}

/// Runs the plan's stages as part of a larger run. An error means that later stages could not be tried.
pub fn add_stages(stages: &mut Stages, plan: &TestPlan) -> Result<(), Failure> {
    let tools = stages.require("set-up", setup::for_testing)?;
    stages.require("release build", build::programs)?;
    let filter = plan.filter.as_deref();
    match &plan.extent {
        Extent::Full(part) => stages.run("long parts", || full::run(part.as_deref(), &tools)),
        Extent::Quick => {
            stages.run("unit tests", || unit_tests(filter));
            if filter.is_none_or(|filter| filter.contains("sim")) {
                stages.run("simulation", || simulation(filter));
            }
            stages.run("black-box tests", || black_box_tests(&tools, filter, &["--skip", LONG]));
        }
        Extent::Ordinary => {
            stages.run("unit tests", || unit_tests(filter));
            if filter.is_none_or(|filter| filter.contains("sim")) {
                stages.run("simulation", || simulation(filter));
            }
            stages.run("black-box tests", || black_box_tests(&tools, filter, &[]));
            stages.run("model tests", || model_tests(&tools, filter));
        }
    }
    Ok(())
}

/// `cargo test` of the black-box tests with what they start. The words behind `--` are still to be added.
fn black_box(tools: &TestTools) -> Command {
    let mut command = process::cargo(&["test", "-p", "causeway-tests"]);
    command.envs(build::environment(tools));
    command
}

fn unit_tests(filter: Option<&str>) -> Result<(), Failure> {
    let mut command = process::cargo(&["test", "--no-fail-fast"]);
    for package in UNIT_TESTED {
        command.args(["-p", package]);
    }
    process::run(command.arg("--").args(filter))
}

/// The tests of the simulator are built apart: its feature must not come near the shipped program.
fn simulation(filter: Option<&str>) -> Result<(), Failure> {
    let mut command =
        process::cargo(&["test", "-p", "causeway-core", "--no-default-features", "--features=sim", "--lib"]);
    process::run(command.args(["--", "--nocapture"]).arg(filter.unwrap_or("sim::")))
}

fn black_box_tests(tools: &TestTools, filter: Option<&str>, options: &[&str]) -> Result<(), Failure> {
    process::run(black_box(tools).arg("--").args(filter).args(options))
}

/// Python's unittest in each directory below `models/` that has tests.
fn model_tests(tools: &TestTools, filter: Option<&str>) -> Result<(), Failure> {
    let models = paths::root().join("models");
    let directories = test_directories(&models)?;
    if directories.is_empty() {
        return Err(Failure::new(format!("there is no test_*.py below {}", models.display())));
    }
    let failed: Vec<_> = directories.iter().filter(|directory| !discover(tools, directory, filter)).collect();
    match failed.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(format!("tests failed in {}", first.display()))),
    }
}

fn discover(tools: &TestTools, directory: &Path, filter: Option<&str>) -> bool {
    let mut command = process::fresh(&tools.python);
    command.args(["-m", "unittest", "discover", "-p", "test_*.py", "-s"]).arg(directory).current_dir(paths::root());
    if let Some(filter) = filter {
        command.args(["-k", filter]);
    }
    let status = command.status();
    status.is_ok_and(|status| status.success() || (filter.is_some() && status.code() == Some(NO_TEST_RAN)))
}

fn test_directories(root: &Path) -> Result<BTreeSet<PathBuf>, Failure> {
    let mut found = BTreeSet::new();
    let mut pending = vec![root.to_path_buf()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(&directory).during(|| format!("list {}", directory.display()))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() {
                pending.push(entry.path());
            } else if name.starts_with("test_") && name.ends_with(".py") {
                found.insert(directory.clone());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_with_python_tests_are_found_at_every_depth() {
        let root = setup::scratch("model-tests");
        fs::create_dir_all(root.join("one/two")).unwrap();
        for file in ["train.py", "one/test_a.py", "one/two/test_b.py", "one/two/test_c.py", "one/test_d.txt"] {
            fs::write(root.join(file), "").unwrap();
        }
        let found: Vec<_> = test_directories(&root).unwrap().into_iter().collect();
        assert_eq!(found, [root.join("one"), root.join("one/two")]);
        fs::remove_dir_all(root).unwrap();
    }
}
