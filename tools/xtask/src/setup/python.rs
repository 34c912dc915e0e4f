//! Python: found on the machine, with the tests' packages in a virtual environment below cargo's target directory.

use std::fs;
use std::path::{Path, PathBuf};

use super::{system, write_whole};
use crate::failure::{During, Failure};
use crate::paths;
use crate::process;

/// The oldest Python for which all pinned packages of the tests exist.
const OLDEST: (u32, u32) = (3, 11);
/// In the virtual environment: what was installed into it, and for which Python.
const MARKER: &str = "causeway-requirements.txt";

/// A Python whose pip works: the machine's own, else one in a virtual environment.
pub fn with_pip() -> Result<PathBuf, Failure> {
    let python = python3()?;
    if process::output(&python, &["-m", "pip", "--version"]).is_some() {
        return Ok(python);
    }
    let venv = paths::venv();
    if process::output(in_venv(&venv), &["-m", "pip", "--version"]).is_none() {
        create(&python, &venv)?;
    }
    Ok(in_venv(&venv))
}

/// The virtual environment's Python with the packages of `tools/requirements/test.txt`, made anew when they change.
pub fn for_tests() -> Result<PathBuf, Failure> {
    with_packages(&paths::venv(), &["test.txt"])
}

/// The same with what training models takes beside that.
pub fn for_training() -> Result<PathBuf, Failure> {
    with_packages(&paths::training_venv(), &["training.txt", "test.txt"])
}

/// A virtual environment with the packages of the first file, which includes the others.
fn with_packages(venv: &Path, files: &[&str]) -> Result<PathBuf, Failure> {
    let python = python3()?;
    let version = version(&python).filter(|version| *version >= OLDEST).ok_or_else(|| too_old(&python))?;
    let requirements = files.iter().map(|name| paths::requirements(name)).collect::<Vec<_>>();
    let text = |path: &PathBuf| fs::read_to_string(path).during(|| format!("read {}", path.display()));
    let wanted = marker(version, &requirements.iter().map(text).collect::<Result<String, _>>()?);
    if !is_current(venv, &wanted) {
        println!("installing the Python packages of {} into {}", requirements[0].display(), venv.display());
        create(&python, venv)?;
        install(venv, &requirements[0])?;
        write_whole(&venv.join(MARKER), wanted.as_bytes())?;
    }
    Ok(in_venv(venv))
}

fn python3() -> Result<PathBuf, Failure> {
    let why = "Python 3 is missing, and it fetches the ONNX Runtime and runs tests";
    system::found_or_installed(|| paths::program("python3"), &["python3", "python3-venv"], why)
}

fn create(python: &Path, venv: &Path) -> Result<(), Failure> {
    let complete = || process::output(python, &["-c", "import ensurepip, venv"]);
    let why = format!("{} cannot make virtual environments with pip", python.display());
    system::found_or_installed(complete, &["python3-venv"], &why)?;
    if venv.exists() {
        fs::remove_dir_all(venv).during(|| format!("remove {}", venv.display()))?;
    }
    process::run(process::fresh(python).args(["-m", "venv"]).arg(venv))
}

fn install(venv: &Path, requirements: &Path) -> Result<(), Failure> {
    let mut command = process::fresh(in_venv(venv));
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    command.arg("--only-binary=:all:").arg("-r").arg(requirements);
    process::run(&mut command).map_err(|_| {
        Failure::missing(format!(
            "pip could not install the packages of {}, its output is above: connect to a Python package index or name \
             a mirror with PIP_INDEX_URL, then run this again",
            requirements.display()
        ))
    })
}

fn in_venv(venv: &Path) -> PathBuf {
    venv.join("bin/python")
}

/// A virtual environment is used again when it holds exactly what is wanted and its Python still starts.
fn is_current(venv: &Path, wanted: &str) -> bool {
    fs::read_to_string(venv.join(MARKER)).is_ok_and(|present| present == wanted) && version(&in_venv(venv)).is_some()
}

/// The requirements themselves, not a hash of them: whoever wonders why it was made anew can compare.
fn marker((major, minor): (u32, u32), requirements: &str) -> String {
    format!("# Python {major}.{minor}\n{requirements}")
}

fn version(python: &Path) -> Option<(u32, u32)> {
    parse_version(&process::output(python, &["-c", "import sys; print(*sys.version_info[:2])"])?)
}

fn parse_version(printed: &str) -> Option<(u32, u32)> {
    let (major, minor) = printed.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn too_old(python: &Path) -> Failure {
    let (major, minor) = OLDEST;
    Failure::missing(format!(
        "the tests need Python {major}.{minor} or newer, and {} is older: install one and put it first on PATH as python3",
        python.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(parse_version("3 9\n").unwrap() < OLDEST);
        assert!(parse_version("3 14\n").unwrap() > OLDEST);
        assert_eq!(parse_version("three"), None);
    }

    #[test]
    fn other_requirements_or_another_python_need_a_new_environment() {
        let venv = crate::setup::scratch("venv");
        fs::create_dir_all(venv.join("bin")).unwrap();
        std::os::unix::fs::symlink(paths::program("python3").unwrap(), in_venv(&venv)).unwrap();
        let wanted = marker((3, 12), "numpy==2\n");
        assert!(!is_current(&venv, &wanted), "an environment without a marker is unfinished");
        fs::write(venv.join(MARKER), &wanted).unwrap();
        assert!(is_current(&venv, &wanted));
        assert!(!is_current(&venv, &marker((3, 13), "numpy==2\n")));
        assert!(!is_current(&venv, &marker((3, 12), "numpy==3\n")));
        fs::remove_file(in_venv(&venv)).unwrap();
        assert!(!is_current(&venv, &wanted), "its Python is gone");
        fs::remove_dir_all(venv).unwrap();
    }
}
