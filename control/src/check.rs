//! Checks a model package as `causeway model check` does: what it says of itself here, what its model does in a process of
//! its own with limits. Whatever that process dies of, this one goes on.

mod child;
mod limits;
mod process;
mod report;
mod silent;

use std::path::{Path, PathBuf};
use std::time::Duration;

use causeway_core::risk::package::{Package, examine};

pub use child::run as run_child;
pub use limits::{ADDRESS_SPACE, PROCESSOR_TIME, WALL_TIME};
pub use report::{Identity, Line, Report, Timing};
pub use silent::{SILENT, silence_runtime};

/// Checks the package in `folder`; waits for the process that runs it, at most a little longer than [`WALL_TIME`].
/// `program` is this program and `runtime` the ONNX Runtime library. Without a `budget`, time is not measured.
pub fn run(program: &Path, runtime: &Path, folder: &Path, budget: Option<Duration>) -> Report {
    let examined = examine(folder);
    let mut report = Report::new(folder, examined.findings);
    if let Some(package) = examined.package {
        report.package = Some(identity(&package));
        let wanted = process::Wanted { program, runtime, folder, sha256: &package.sha256, budget };
        process::run(&wanted, &mut report);
    }
    report.verified = report.package.is_some() && report.lines.iter().all(|line| line.passed);
    report
}

/// This program's own file, which is still the same when another version has been installed in its place.
pub fn own_program() -> PathBuf {
    let own = PathBuf::from("/proc/self/exe");
    if own.exists() { own } else { std::env::current_exe().unwrap_or(own) }
}

fn identity(package: &Package) -> Identity {
    let (name, sha256) = (package.name.clone(), package.sha256.clone());
    Identity { name, version: package.version, format: package.format, sha256 }
}
