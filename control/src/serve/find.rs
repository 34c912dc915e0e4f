//! Finds what is installed beside the program: the ONNX Runtime library and the default model. Says where it looked.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

/// The library's file name, beside the program and in the cache.
const LIBRARY: &str = "libonnxruntime.so";
/// The default model's folder, below a folder `models`.
const MODEL: &str = "models/baseline/2";
/// The pinned version, in the same file from which the set-up reads it.
const REQUIREMENTS: &str = include_str!("../../../tools/requirements/onnxruntime.txt");

/// What was looked for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    what: &'static str,
    setting: &'static str,
    places: Vec<PathBuf>,
}

/// Where this machine may have things.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The directory of the program.
    pub program: Option<PathBuf>,
    /// The user's cache directory for Causeway.
    pub cache: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_this_process() -> Surroundings {
        let program = env::current_exe().and_then(|program| program.canonicalize()).ok();
        let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = named("CAUSEWAY_CACHE")
            .or_else(|| named("XDG_CACHE_HOME").map(|base| base.join("causeway")))
            .or_else(|| named("HOME").map(|home| home.join(".cache/causeway")));
        Surroundings { program: program.and_then(|program| program.parent().map(Path::to_path_buf)), cache }
    }

    /// The ONNX Runtime library: the one that is named, else beside the program, else in the cache.
    pub fn library(&self, named: Option<&Path>) -> Search {
        let cached = pinned_version().map(|version| format!("onnxruntime-{version}-{}/{LIBRARY}", env::consts::ARCH));
        Search {
            what: "the ONNX Runtime library",
            setting: "--onnxruntime",
            places: self.places(named, Path::new(LIBRARY), cached.as_deref().map(Path::new)),
        }
    }

    /// The model package: the one that is named, else beside the program, else in the cache, else in the repository that
    /// the program was built in.
    pub fn model(&self, named: Option<&Path>) -> Search {
        let mut places = self.places(named, Path::new(MODEL), Some(Path::new(MODEL)));
        let repository = self.program.as_deref().and_then(|program| program.ancestors().nth(2));
        places.extend(repository.filter(|_| named.is_none()).map(|root| root.join(MODEL)));
        Search { what: "the model package", setting: "--model-dir", places }
    }

    fn places(&self, named: Option<&Path>, beside: &Path, cached: Option<&Path>) -> Vec<PathBuf> {
        if let Some(named) = named {
            return vec![named.to_owned()];
        }
        let beside = self.program.as_deref().map(|program| program.join(beside));
        let cached = self.cache.as_deref().zip(cached).map(|(cache, cached)| cache.join(cached));
        [beside, cached].into_iter().flatten().collect()
    }
}

impl Search {
    /// The first place where it is.
    pub fn found(&self) -> Option<&Path> {
        self.places.iter().find(|place| place.exists()).map(PathBuf::as_path)
    }
}

/// Says what was not found, where it was looked for, and what to do.
impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<String> = self.places.iter().map(|place| place.display().to_string()).collect();
        write!(f, "{} was not found; looked for {}", self.what, places.join(", "))?;
        write!(f, " (run the set-up, or name it with {})", self.setting)
    }
}

fn pinned_version() -> Option<&'static str> {
    let pin = REQUIREMENTS.lines().find_map(|line| line.strip_prefix("onnxruntime=="))?;
    pin.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_beside_the_program_wins_over_the_cache() {
        let directory = tempfile::tempdir().unwrap();
        let (program, cache) = (directory.path().join("program"), directory.path().join("cache"));
        let surroundings = Surroundings { program: Some(program.clone()), cache: Some(cache.clone()) };
        assert_eq!(surroundings.library(None).found(), None);
        let cached = cache.join(format!("onnxruntime-{}-{}", pinned_version().unwrap(), env::consts::ARCH));
        fs::create_dir_all(&cached).unwrap();
        fs::write(cached.join(LIBRARY), "").unwrap();
        assert_eq!(surroundings.library(None).found(), Some(cached.join(LIBRARY).as_path()));
        fs::create_dir_all(&program).unwrap();
        fs::write(program.join(LIBRARY), "").unwrap();
        assert_eq!(surroundings.library(None).found(), Some(program.join(LIBRARY).as_path()));
    }

    #[test]
    fn what_is_named_is_not_looked_for_elsewhere() {
        let surroundings = Surroundings { program: Some("/program".into()), cache: Some("/cache".into()) };
        let search = surroundings.library(Some(Path::new("/named/lib.so")));
        let text = search.to_string();
        assert!(
            text.contains("/named/lib.so") && !text.contains("/program") && text.contains("--onnxruntime"),
            "{text}"
        );
    }

    #[test]
    fn the_model_is_found_in_the_repository() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
        let surroundings = Surroundings { program: Some(root.join("target/elsewhere")), cache: None };
        let search = surroundings.model(None);
        assert_eq!(search.found(), Some(root.join(MODEL).as_path()), "{search}");
    }
}
