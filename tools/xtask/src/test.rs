//! `cargo xtask test`: the stages of the test run.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::{Extent, TestPlan};
use crate::build;
use crate::conformance;
use crate::failure::{During, Failure};
use crate::full;
use crate::listing;
use crate::paths;
use crate::process;
use crate::setup::{self, TestTools};
use crate::stages::Stages;

/// The packages whose tests look inside. They are tested together: one profile, one build of what they stand on.
const UNIT_TESTED: [&str; 4] = ["causeway-core", "causeway-control", "causeway-lab", "xtask"];
/// The tests of the simulation, by their module. They are compiled with a feature of their own.
const SIMULATION: &str = "sim::";
/// Black-box tests with this in their names take long; a quick run leaves them out.
const LONG: &str = "long_";
/// What Python's unittest says by its exit code when no test ran, as in a directory without the wanted ones.
const NO_TEST_RAN: i32 = 5;
/// Prints the names of the tests in a directory (first word) that contain a text (second word), a line each.
const LIST_MODEL_TESTS: &str = "
import sys, unittest
loader = unittest.TestLoader()
loader.testNamePatterns = ['*' + sys.argv[2] + '*']
def show(test):
    if isinstance(test, unittest.TestSuite):
        for one in test: show(one)
    else:
        print(test.id())
show(loader.discover(sys.argv[1], 'test_*.py'))
";

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

/// Runs the plan's stages as part of a larger run. An error means that later stages could not be tried, or that no stage
/// has a test that the filter chooses.
pub fn add_stages(stages: &mut Stages, plan: &TestPlan) -> Result<(), Failure> {
    let tools = stages.require("set-up", setup::for_testing)?;
    stages.require("release build", build::programs)?;
    let quick = match &plan.extent {
        Extent::Full(part) => {
            stages.run("long parts", || full::run(part.as_deref(), &tools));
            return Ok(());
        }
        Extent::Quick => true,
        Extent::Ordinary => false,
    };
    let chosen = Chosen { filter: plan.filter.as_deref(), found: Cell::new(0) };
    let skipped: &[&str] = if quick { &["--skip", LONG] } else { &[] };
    chosen.stage(
        stages,
        "unit tests",
        |filter| listing::tests(unit_tests(Some(filter))),
        |_| process::run(&mut unit_tests(plan.filter.as_deref())),
    );
    chosen.stage(stages, "simulation", simulations, |names| process::run(&mut simulation(names)));
    chosen.stage(
        stages,
        "black-box tests",
        |filter| listing::tests(black_box_tests(&tools, Some(filter), skipped)),
        |_| process::run(&mut black_box_tests(&tools, plan.filter.as_deref(), skipped)),
    );
    if !quick {
        chosen.stage(
            stages,
            conformance::NAME,
            |filter| Ok(Vec::from_iter(conformance::NAME.contains(filter).then(|| conformance::NAME.to_owned()))),
            |_| conformance::run(&tools),
        );
        chosen.stage(
            stages,
            "model tests",
            |filter| list_model_tests(&tools, filter),
            |_| model_tests(&tools, plan.filter.as_deref()),
        );
    }
    chosen.anything()
}

/// Which tests are wanted: all, or those with the filter in their names, and how many of these were found so far.
struct Chosen<'a> {
    filter: Option<&'a str>,
    found: Cell<usize>,
}

impl Chosen<'_> {
    /// Runs the wanted tests of one stage. `run` is told their names, or nothing for all; a stage that has none is passed
    /// over.
    fn stage(
        &self,
        stages: &mut Stages,
        name: &'static str,
        list: impl FnOnce(&str) -> Result<Vec<String>, Failure>,
        run: impl FnOnce(&[String]) -> Result<(), Failure>,
    ) {
        let Some(filter) = self.filter else { return stages.run(name, || run(&[])) };
        stages.run(name, || {
            let names = list(filter);
            // What cannot be listed may have it; the stage fails by itself.
            self.found.set(self.found.get() + names.as_ref().map_or(1, Vec::len));
            match names?.as_slice() {
                [] => {
                    println!("no test of this stage has `{filter}` in its name");
                    Ok(())
                }
                names => run(names),
            }
        });
    }

    /// A filter that chooses nothing anywhere is a mistake: a run of no tests would pass.
    fn anything(&self) -> Result<(), Failure> {
        match self.filter {
            Some(filter) if self.found.get() == 0 => {
                Err(Failure::new(format!("no test of any stage has `{filter}` in its name: nothing was tested")))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn unit_tests(filter: Option<&str>) -> Command {
    let mut command = process::cargo(&["test", "--no-fail-fast"]);
    for package in UNIT_TESTED {
        command.args(["-p", package]);
    }
    command.args(["--features=causeway-control/amqp", "--"]).args(filter);
    command
}

/// The tests of the simulator are built apart: its feature must not come near the shipped program. Without names all of
/// them run.
fn simulation(names: &[String]) -> Command {
    let mut command =
        process::cargo(&["test", "-p", "causeway-core", "--no-default-features", "--features=sim", "--lib"]);
    command.args(["--", "--nocapture"]);
    if names.is_empty() {
        command.arg(SIMULATION)
    } else {
        command.arg("--exact").args(names)
    };
    command
}

/// Those of the stage's own tests that the filter chooses: with the feature, all other unit tests of the core are there too.
fn simulations(filter: &str) -> Result<Vec<String>, Failure> {
    let names = listing::tests(simulation(&[]))?;
    Ok(names.into_iter().filter(|name| name.starts_with(SIMULATION) && name.contains(filter)).collect())
}

/// `cargo test` of the black-box tests with what they start.
fn black_box_tests(tools: &TestTools, filter: Option<&str>, options: &[&str]) -> Command {
    let mut command = process::cargo(&["test", "-p", "causeway-tests"]);
    command.envs(build::environment(tools)).arg("--").args(filter).args(options);
    command
}

/// Python's unittest in each directory below `models/` that has tests.
fn model_tests(tools: &TestTools, filter: Option<&str>) -> Result<(), Failure> {
    let directories = model_directories()?;
    let failed: Vec<_> = directories.iter().filter(|directory| !discover(tools, directory, filter)).collect();
    match failed.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(format!("tests failed in {}", first.display()))),
    }
}

fn list_model_tests(tools: &TestTools, filter: &str) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for directory in model_directories()? {
        let mut command = process::fresh(&tools.python);
        command.args(["-c", LIST_MODEL_TESTS]).arg(&directory).arg(filter).current_dir(paths::root());
        let output = command.output().during(|| format!("list the tests in {}", directory.display()))?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure::new(format!("the tests in {} cannot be listed: {reason}", directory.display())));
        }
        names.extend(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned));
    }
    Ok(names)
}

fn model_directories() -> Result<BTreeSet<PathBuf>, Failure> {
    let models = paths::root().join("models");
    let directories = test_directories(&models)?;
    if directories.is_empty() {
        return Err(Failure::new(format!("there is no test_*.py below {}", models.display())));
    }
    Ok(directories)
}

fn discover(tools: &TestTools, directory: &Path, filter: Option<&str>) -> bool {
    let mut command = process::fresh(&tools.python);
    command.args(["-m", "unittest", "discover", "-p", "test_*.py", "-s"]).arg(directory).current_dir(paths::root());
    // Features and checks are the program's: the tests ask the one that was just built.
    command.envs(build::environment(tools));
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

    /// Two stages with these tests; which of them ran with which names, and whether anything was chosen.
    fn filtered(filter: Option<&str>, tests: [&[&str]; 2]) -> (Vec<(&'static str, Vec<String>)>, bool, bool) {
        let (mut stages, mut ran) = (Stages::default(), Vec::new());
        let chosen = Chosen { filter, found: Cell::new(0) };
        for (stage, tests) in ["one", "two"].into_iter().zip(tests) {
            let list = |filter: &str| {
                if tests == ["broken"] {
                    return Err(Failure::new("it does not compile"));
                }
                let names = tests.iter().filter(|name| name.contains(filter));
                Ok(names.map(|name| (*name).to_owned()).collect())
            };
            chosen.stage(&mut stages, stage, list, |names| {
                ran.push((stage, names.to_vec()));
                Ok(())
            });
        }
        (ran, chosen.anything().is_ok(), stages.finish().is_ok())
    }

    #[test]
    fn a_filter_reaches_every_stage_and_only_one_that_matches_nowhere_fails() {
        let tests: [&[&str]; 2] = [&["state::quotes"], &["sim::tests::seeds_agree", "sim::quotes"]];
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(filtered(None, tests), (vec![("one", vec![]), ("two", vec![])], true, true));
        let seeds = vec![("two", names(&["sim::tests::seeds_agree"]))];
        assert_eq!(filtered(Some("seeds_agree"), tests), (seeds, true, true));
        let both = vec![("one", names(&["state::quotes"])), ("two", names(&["sim::quotes"]))];
        assert_eq!(filtered(Some("quotes"), tests), (both, true, true));
        assert_eq!(filtered(Some("sedes"), tests), (vec![], false, true), "no stage fails, the run does");
        assert_eq!(filtered(Some("sedes"), [&[], &["broken"]]), (vec![], true, false), "the stage fails, and says why");
    }

    #[test]
    fn the_simulations_stage_runs_its_own_tests_alone() {
        let shown = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            process::shown(&simulation(&names))
        };
        assert!(shown(&[]).ends_with("-- --nocapture sim::"), "{}", shown(&[]));
        assert!(shown(&["sim::one", "sim::two"]).ends_with("-- --nocapture --exact sim::one sim::two"));
    }

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
