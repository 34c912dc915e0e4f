//! `cargo xtask fraud-benchmark`: the public fraud benchmark, from the transactions to the table and its plots.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::FraudBenchmark;
use crate::build;
use crate::failure::{During, Failure};
use crate::paths;
use crate::process;
use crate::setup;
use crate::stages::Stages;

/// The last ten characters of a package's name are the first day that it scores.
const DAY_LENGTH: usize = "2018-08-08".len();

/// Runs the benchmark, and prints the table and the minutes of each stage.
pub fn run(wanted: &FraudBenchmark) -> Result<(), Failure> {
    let mut stages = Stages::default();
    let result = add_stages(&mut stages, wanted);
    let table = stages.finish();
    result.and(table)
}

fn add_stages(stages: &mut Stages, wanted: &FraudBenchmark) -> Result<(), Failure> {
    let python = stages.require("set-up", setup::for_training)?;
    stages.require("release build", build::programs)?;
    let folder = paths::target().join("fraud-benchmark");
    let out = folder.join(if wanted.validate { "validation" } else { "test" });
    let (payments, table) = (folder.join("payments.csv"), folder.join("table.parquet"));
    // A name of its own: what is there under it can only be what an earlier run left.
    let engine =
        wanted.engine_dir.as_ref().map_or_else(|| folder.clone(), PathBuf::from).join("fraud-benchmark-engine");
    let validate: &[&str] = if wanted.validate { &["--validate"] } else { &[] };
    let script = |name: &str| script(&python, name);
    stages.require("tests", || process::run(script("-m").args(["unittest", "discover"])))?;
    stages.require("transactions", || process::run(script("generate.py").arg(&folder)))?;
    if !wanted.validate {
        let transactions = folder.join("transactions.csv");
        stages.require("the book's models", || process::run(script("baselines.py").arg(&transactions).arg(&out)))?;
    }
    stages.require("replay", || process::run(replay().arg(&payments).arg("--out").arg(&table)))?;
    stages.require("training", || {
        remove(&out.join("packages"))?;
        process::run(script("run.py").arg(&table).arg(&out).args(validate))
    })?;
    let scores = out.join("engine.csv");
    stages.require("scores of the engine", || {
        remove(&engine)?;
        let mut command = score(&payments, &out.join("packages"))?;
        process::run(command.arg("--out").arg(&scores).arg("--data-dir").arg(&engine))?;
        remove(&engine)
    })?;
    stages
        .require("results", || process::run(script("engine.py").arg(&table).arg(&out).arg(&scores).args(validate)))?;
    println!("the table and its plots are in {}", out.display());
    Ok(())
}

fn script(python: &Path, name: &str) -> Command {
    let mut command = process::fresh(python);
    command.current_dir(paths::root().join("models/benchmark")).arg(name);
    command
}

fn replay() -> Command {
    let mut command = process::fresh(paths::release().join("causeway"));
    command.args(["features", "replay"]);
    command
}

/// The lab with every package, each from its first day on, that of the shorter name first.
fn score(payments: &Path, packages: &Path) -> Result<Command, Failure> {
    let mut command = process::fresh(paths::release().join("causeway-lab"));
    command.arg("score").arg("--payments").arg(payments).args(["--days", "7"]);
    for (day, folder) in from_days(packages)? {
        command.arg("--model").arg(format!("{day}={}", folder.display()));
    }
    Ok(command)
}

/// Packages with their first days, in the order of the days.
fn from_days(packages: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let reading = || format!("read {}", packages.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(packages).during(reading)? {
        let entry = entry.during(reading)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let day = name.len().checked_sub(DAY_LENGTH).and_then(|start| name.get(start..));
        let day =
            day.ok_or_else(|| Failure::new(format!("{} is no package of the benchmark", entry.path().display())))?;
        found.push((day.to_owned(), entry.path().join("1")));
    }
    found.sort();
    Ok(found)
}

fn remove(folder: &Path) -> Result<(), Failure> {
    if folder.exists() { fs::remove_dir_all(folder).during(|| format!("remove {}", folder.display())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_come_in_the_order_of_their_days() {
        let folder = setup::scratch("packages");
        for name in ["benchmark-week-2018-08-15", "benchmark-long-2018-08-08", "benchmark-week-2018-08-08"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        let found = from_days(&folder).unwrap();
        let days: Vec<&str> = found.iter().map(|(day, _)| day.as_str()).collect();
        assert_eq!(days, ["2018-08-08", "2018-08-08", "2018-08-15"]);
        assert!(found[0].1.ends_with("benchmark-long-2018-08-08/1"));
        fs::remove_dir_all(folder).unwrap();
    }
}
