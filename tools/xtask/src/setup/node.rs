//! The packages that tests import in Node.js, in a directory below cargo's target directory.

use std::fs;
use std::path::{Path, PathBuf};

use super::{system, write_whole};
use crate::failure::{During, Failure};
use crate::paths;
use crate::process;

/// What names the packages, and pins them with all that they bring along by version and hash.
const FILES: [&str; 2] = ["package.json", "package-lock.json"];
/// In the directory: what was installed into it.
const MARKER: &str = "causeway-package-lock.json";

/// The directory with the packages of `tools/requirements/node`, made anew when they change.
pub fn packages() -> Result<PathBuf, Failure> {
    let [named, pinned] = FILES.map(|name| paths::requirements("node").join(name));
    let read = |path: &Path| fs::read_to_string(path).during(|| format!("read {}", path.display()));
    let (named, pinned) = (read(&named)?, read(&pinned)?);
    let directory = paths::node_packages();
    if !is_current(&directory, &pinned) {
        println!("installing the tests' Node.js packages into {}", directory.display());
        if directory.exists() {
            fs::remove_dir_all(&directory).during(|| format!("remove {}", directory.display()))?;
        }
        fs::create_dir_all(&directory).during(|| format!("create {}", directory.display()))?;
        for (name, text) in FILES.into_iter().zip([&named, &pinned]) {
            write_whole(&directory.join(name), text.as_bytes())?;
        }
        install(&directory)?;
        write_whole(&directory.join(MARKER), pinned.as_bytes())?;
    }
    Ok(directory)
}

/// Exactly what is pinned, whose own scripts are not run.
fn install(directory: &Path) -> Result<(), Failure> {
    let mut command = process::fresh(system::npm()?);
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]);
    process::run(command.current_dir(directory)).map_err(|_| {
        Failure::missing(format!(
            "npm could not install the packages of {}, its output is above: connect to an npm registry or name a mirror \
             with NPM_CONFIG_REGISTRY, then run this again",
            directory.join(FILES[1]).display()
        ))
    })
}

/// The marker is written last: without it the packages may not all be there.
fn is_current(directory: &Path, pinned: &str) -> bool {
    fs::read_to_string(directory.join(MARKER)).is_ok_and(|present| present == pinned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_packages_or_an_unfinished_directory_are_installed_anew() {
        let directory = crate::setup::scratch("node");
        assert!(!is_current(&directory, "{}"), "a directory without a marker is unfinished");
        fs::write(directory.join(MARKER), "{}").unwrap();
        assert!(is_current(&directory, "{}"));
        assert!(!is_current(&directory, "{ }"));
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn what_is_pinned_names_no_registry_and_every_hash() {
        let pinned = fs::read_to_string(paths::requirements("node").join(FILES[1])).unwrap();
        assert!(
            !pinned.contains("resolved") && !pinned.contains("://"),
            "npm install --omit-lockfile-registry-resolved"
        );
        let packages = pinned.matches("\"node_modules/").count();
        assert!(packages > 0 && pinned.matches("\"integrity\": \"sha512-").count() == packages);
    }
}
