//! The generated package that compiles RocksDB and nothing else.

use std::fs;
use std::path::Path;

use crate::failure::{During, Failure};
use crate::setup::write_whole;

/// The crate whose build script compiles RocksDB.
const CRATE: &str = "librocksdb-sys";
/// Its features. They have to agree with those of `rocksdb` in the workspace's `Cargo.toml`, apart from `static`, which
/// here means an archive. Each compression library costs compile time, so only the one in use is on.
pub const FEATURES: [&str; 3] = ["static", "bindgen-runtime", "zstd"];

const LIBRARY_SOURCE: &str = "//! Empty: this package exists only to compile RocksDB once.\n";

/// What the processor must offer, so that RocksDB computes its checksums with instructions instead of tables. Every
/// x86_64 server since 2011 and every aarch64 server has these.
pub fn cpu_features() -> &'static [&'static str] {
    if cfg!(target_arch = "x86_64") {
        &["sse4.2", "pclmulqdq"]
    } else if cfg!(target_arch = "aarch64") {
        &["crc", "aes"]
    } else {
        &[]
    }
}

/// The version that the workspace uses, from the text of its `Cargo.lock`.
pub fn locked_version(lock: &str) -> Result<String, Failure> {
    let name = format!("name = \"{CRATE}\"");
    let mut packages = lock.split("[[package]]").filter(|package| package.lines().any(|line| line == name));
    let version = packages
        .next()
        .and_then(|package| package.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"')));
    match (version, packages.next()) {
        (Some(version), None) => Ok(version.to_owned()),
        (Some(_), Some(_)) => Err(Failure::new(format!(
            "Cargo.lock names several versions of {CRATE}: make all packages use one version of rocksdb"
        ))),
        (None, _) => Err(Failure::new(format!(
            "Cargo.lock does not name {CRATE}, so its version is unknown: run `cargo metadata` to bring Cargo.lock up to \
             date with the package that depends on rocksdb"
        ))),
    }
}

/// Writes the package unless exactly it is there: an earlier build of it, even an unfinished one, is then taken up.
pub fn write(place: &Path, version: &str, workspace_lock: &str) -> Result<(), Failure> {
    let manifest = manifest(version);
    let path = place.join("Cargo.toml");
    if fs::read_to_string(&path).is_ok_and(|present| present == manifest) {
        return Ok(());
    }
    let source = place.join("src");
    fs::create_dir_all(&source).during(|| format!("create {}", source.display()))?;
    write_whole(&source.join("lib.rs"), LIBRARY_SOURCE.as_bytes())?;
    // The workspace's versions of everything that takes part, so that every machine compiles the same.
    write_whole(&place.join("Cargo.lock"), workspace_lock.as_bytes())?;
    write_whole(&path, manifest.as_bytes())
}

fn manifest(version: &str) -> String {
    // A requirement has no build metadata, the part behind the plus sign.
    let required = version.split('+').next().unwrap_or(version);
    let features = FEATURES.map(|feature| format!("\"{feature}\"")).join(", ");
    format!(
        "[package]\nname = \"causeway-rocksdb-build\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [lib]\npath = \"src/lib.rs\"\n\n\
         [dependencies]\n{CRATE} = {{ version = \"={required}\", default-features = false, features = [{features}] }}\n\n\
         [workspace]\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"libloading\"\nversion = \"0.8.9\"\n\n\
                        [[package]]\nname = \"librocksdb-sys\"\nversion = \"0.19.0+11.8.1\"\n\
                        dependencies = [\n \"bindgen\",\n]\n\n\
                        [[package]]\nname = \"rocksdb\"\nversion = \"0.25.0\"\ndependencies = [\n \"librocksdb-sys\",\n]\n";

    #[test]
    fn the_version_comes_from_the_lock_file() {
        assert_eq!(locked_version(LOCK).unwrap(), "0.19.0+11.8.1");
    }

    #[test]
    fn a_lock_file_without_rocksdb_or_with_two_is_refused() {
        let without = LOCK.replace("name = \"librocksdb-sys\"", "name = \"other\"");
        assert!(locked_version(&without).unwrap_err().to_string().contains("does not name librocksdb-sys"));
        let twice = format!("{LOCK}\n[[package]]\nname = \"librocksdb-sys\"\nversion = \"0.18.0\"\n");
        assert!(locked_version(&twice).unwrap_err().to_string().contains("several versions"));
    }

    #[test]
    fn the_features_agree_with_the_workspace() {
        let manifest = fs::read_to_string(paths::root().join("Cargo.toml")).unwrap();
        let row = manifest.lines().find(|line| line.starts_with("rocksdb = ")).unwrap();
        assert!(row.contains("default-features = false"), "{row}");
        let (_, features) = row.split_once("features = [").unwrap();
        let mut wanted: Vec<_> = features.split('"').skip(1).step_by(2).filter(|name| *name != "static").collect();
        let mut ours: Vec<_> = FEATURES.into_iter().filter(|name| *name != "static").collect();
        wanted.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, wanted, "FEATURES in {} and `rocksdb` in Cargo.toml differ", file!());
    }

    #[test]
    fn a_package_that_is_there_is_left_alone() {
        let place = crate::setup::scratch("rocksdb-package");
        write(&place, "0.19.0+11.8.1", LOCK).unwrap();
        assert!(fs::read_to_string(place.join("Cargo.toml")).unwrap().contains("version = \"=0.19.0\""));
        fs::write(place.join("Cargo.lock"), "as cargo left it").unwrap();
        write(&place, "0.19.0+11.8.1", LOCK).unwrap();
        assert_eq!(fs::read_to_string(place.join("Cargo.lock")).unwrap(), "as cargo left it");
        write(&place, "0.20.0", LOCK).unwrap();
        assert_eq!(fs::read_to_string(place.join("Cargo.lock")).unwrap(), LOCK);
        fs::remove_dir_all(place).unwrap();
    }
}
