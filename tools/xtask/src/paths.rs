//! Where things lie: the repository, its target directory, and the cache that all checkouts of a user share.

use std::env;
use std::path::PathBuf;

use crate::failure::{During, Failure};

/// The root of the repository: the one whose `cargo xtask` this is, also when checkouts share a target directory and this
/// program was compiled in another one.
pub fn root() -> PathBuf {
    let package =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.ancestors().nth(2).unwrap_or(&package).to_path_buf()
}

/// Cargo's target directory: `CARGO_TARGET_DIR`, else `target` in the repository.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |directory| root().join(directory))
}

/// The directory of the release programs.
pub fn release() -> PathBuf {
    target().join("release")
}

/// The Python virtual environment of the tests.
pub fn venv() -> PathBuf {
    target().join("venv")
}

/// The Python virtual environment in which models are trained.
pub fn training_venv() -> PathBuf {
    target().join("training")
}

/// Where the tests' Node.js packages are installed.
pub fn node_packages() -> PathBuf {
    target().join("node")
}

/// A file or folder of pinned requirements.
pub fn requirements(name: &str) -> PathBuf {
    root().join("tools/requirements").join(name)
}

/// What is made once per machine lies here: `CAUSEWAY_CACHE`, else `causeway` in the user's cache directory.
pub fn cache() -> Result<PathBuf, Failure> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = named("CAUSEWAY_CACHE")
        .or_else(|| named("XDG_CACHE_HOME").map(|base| base.join("causeway")))
        .or_else(|| named("HOME").map(|home| home.join(".cache/causeway")))
        .ok_or_else(|| Failure::missing("no cache directory: set CAUSEWAY_CACHE or HOME to a directory"))?;
    std::path::absolute(&directory).during(|| format!("resolve the cache directory {}", directory.display()))
}

/// The program of this name on the search path, as an absolute path.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(name)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.starts_with("[workspace]"));
    }

    #[test]
    fn programs_are_found_on_the_search_path() {
        assert!(program("sh").unwrap().is_absolute());
        assert_eq!(program("no-such-program-anywhere"), None);
    }
}
