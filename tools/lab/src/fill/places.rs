//! Where a history is written: nothing is overwritten, and no place lies in the other.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::failure::Failure;
use crate::sandbox;

/// Where a history is written. One of the two is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The data directory.
    pub data_dir: Option<PathBuf>,
    /// The folder of the tables.
    pub csv: Option<PathBuf>,
}

/// Below `target`: what is filled when nothing is named.
const DEFAULT: &str = "fill";

impl Places {
    /// Those that are named, else the default; all are empty or missing.
    pub fn choose(data_dir: Option<&Path>, csv: Option<&Path>) -> Result<Places, Failure> {
        let named = |place: Option<&Path>| place.map(Path::to_path_buf);
        let data_dir = match (data_dir, csv) {
            (None, None) => Some(sandbox::in_target(DEFAULT)),
            (data_dir, _) => named(data_dir),
        };
        let places = Places { data_dir, csv: named(csv) };
        places.refuse_nested()?;
        places.data_dir.iter().try_for_each(|place| require_empty(place, "--data-dir"))?;
        places.csv.iter().try_for_each(|place| require_empty(place, "--csv"))?;
        Ok(places)
    }

    /// The data directory, then the folder.
    pub fn all(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.data_dir, &self.csv].into_iter().flatten()
    }

    fn refuse_nested(&self) -> Result<(), Failure> {
        let (Some(data_dir), Some(csv)) = (&self.data_dir, &self.csv) else { return Ok(()) };
        let (one, other) = (resolved(data_dir)?, resolved(csv)?);
        if !one.starts_with(&other) && !other.starts_with(&one) {
            return Ok(());
        }
        Err(Failure::missing(format!(
            "--data-dir {} and --csv {} are the same directory, or one lies in the other: name two apart",
            data_dir.display(),
            csv.display()
        )))
    }
}

/// What is there already is nobody's to overwrite.
fn require_empty(place: &Path, option: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::wrong(format!("cannot use {}: {error}", place.display()));
    match fs::read_dir(place).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let place = place.display();
            Err(Failure::missing(format!(
                "{place} is not empty: name a new directory with {option}, or remove this one"
            )))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// The absolute path without links, of which the last parts may be missing.
fn resolved(place: &Path) -> Result<PathBuf, Failure> {
    let wrong = |error: io::Error| Failure::wrong(format!("cannot use {}: {error}", place.display()));
    let mut resolved = PathBuf::new();
    for part in std::path::absolute(place).map_err(wrong)?.components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => resolved.push(part),
        }
        resolved = match fs::canonicalize(&resolved) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => resolved,
            found => found.map_err(wrong)?,
        };
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(data_dir: &Path, csv: &Path) -> String {
        Places::choose(Some(data_dir), Some(csv)).unwrap_err().to_string()
    }

    #[test]
    fn only_an_empty_place_is_written_to() {
        let parent = tempfile::tempdir().unwrap();
        let choose = |place: &Path| Places::choose(Some(place), None).map(|places| places.all().count());
        assert_eq!(choose(parent.path()), Ok(1));
        assert_eq!(choose(&parent.path().join("missing")), Ok(1));
        fs::write(parent.path().join("thesis.tex"), "x").unwrap();
        let said = choose(parent.path()).unwrap_err().to_string();
        assert!(said.contains("not empty") && said.contains("--data-dir"), "{said}");
        assert!(choose(&parent.path().join("thesis.tex")).is_err());
    }

    #[test]
    fn two_places_are_apart() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| parent.path().join(name);
        fs::create_dir(at("real")).unwrap();
        std::os::unix::fs::symlink(at("real"), at("link")).unwrap();
        for (data_dir, csv) in
            [("a", "a"), ("a", "a/csv"), ("a/data", "a"), ("a/b", "a/x/../b"), ("real", "link"), ("link/data", "real")]
        {
            assert!(refused(&at(data_dir), &at(csv)).contains("--csv"), "{data_dir} {csv}");
        }
        assert!(Places::choose(Some(&at("a")), Some(&at("ab"))).is_ok());
    }

    #[test]
    fn without_a_name_a_data_directory_below_target_is_filled() {
        let target = sandbox::in_target(DEFAULT);
        assert!(target.ends_with("target/fill") || target.ends_with(DEFAULT), "{}", target.display());
        match Places::choose(None, None) {
            Ok(places) => assert_eq!(places, Places { data_dir: Some(target), csv: None }),
            Err(failure) => assert!(failure.to_string().contains("not empty"), "{failure}"),
        }
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Places::choose(None, Some(folder.path())).unwrap().data_dir, None);
    }
}
