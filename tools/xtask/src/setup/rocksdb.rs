//! RocksDB, compiled once per machine. The archive lies in the user's cache, and `ROCKSDB_LIB_DIR` leads every build to it,
//! whatever its profile, target directory or dependencies. Without it cargo would compile RocksDB again for each of them.

mod compile;
mod package;

use std::fs;
use std::path::{Path, PathBuf};

use super::system::{Compiler, Libclang};
use crate::failure::{During, Failure};
use crate::paths;
use crate::process;

/// How long it compiles on two cores, as measured; README.md says it too.
pub const MINUTES: u32 = 13;

const ARCHIVE: &str = "librocksdb.a";

/// The directory with `librocksdb.a`, compiled when this machine has none for this version, compiler and feature list.
pub fn ensure(cache: &Path, compiler: &Compiler, libclang: &Libclang) -> Result<PathBuf, Failure> {
    let lock_file = paths::root().join("Cargo.lock");
    let lock = fs::read_to_string(&lock_file).during(|| format!("read {}", lock_file.display()))?;
    let version = package::locked_version(&lock)?;
    let directory = cache.join(key(&version, &host_triple()?, &compiler.id));
    let archive = directory.join(ARCHIVE);
    if archive.is_file() {
        return Ok(directory);
    }
    let place = cache.join("rocksdb-build");
    package::write(&place, &version, &lock)?;
    let built = compile::run(&place, compiler, libclang)?.join(ARCHIVE);
    keep(&built, &archive)?;
    // A quarter of a gigabyte that nobody needs any more.
    let leftover = place.join("target");
    fs::remove_dir_all(&leftover).during(|| format!("remove {}", leftover.display()))?;
    println!("RocksDB is compiled and kept in {}", directory.display());
    Ok(directory)
}

/// The name of the cached directory: everything that the archive's content depends on.
fn key(version: &str, triple: &str, compiler_id: &str) -> String {
    let features = [&package::FEATURES[..], package::cpu_features()].concat().join("+");
    format!("rocksdb-{version}-{triple}-{compiler_id}-{features}")
}

/// Copies to a temporary name first: a copy that was interrupted is never taken for the archive.
fn keep(built: &Path, archive: &Path) -> Result<(), Failure> {
    let temporary = archive.with_extension("a.being-copied");
    if let Some(directory) = archive.parent() {
        fs::create_dir_all(directory).during(|| format!("create {}", directory.display()))?;
    }
    fs::copy(built, &temporary).during(|| format!("copy {} to {}", built.display(), temporary.display()))?;
    fs::rename(&temporary, archive).during(|| format!("rename {} to {}", temporary.display(), archive.display()))
}

fn host_triple() -> Result<String, Failure> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    process::output(rustc, &["-vV"])
        .as_deref()
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("host: ")))
        .map(str::to_owned)
        .ok_or_else(|| Failure::missing("`rustc -vV` does not name the host: install a Rust toolchain with rustup"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_names_all_that_the_archive_depends_on() {
        let key = key("0.19.0+11.8.1", "x86_64-unknown-linux-gnu", "gcc-12.2.0");
        assert!(key.starts_with("rocksdb-0.19.0+11.8.1-x86_64-unknown-linux-gnu-gcc-12.2.0-static+"), "{key}");
        assert!(package::FEATURES.iter().chain(package::cpu_features()).all(|feature| key.contains(feature)));
        assert!(!key.contains('/'));
    }

    #[test]
    fn the_archive_appears_whole() {
        let directory = crate::setup::scratch("rocksdb-keep");
        let (built, archive) = (directory.join("built.a"), directory.join("kept").join(ARCHIVE));
        fs::write(&built, b"archive").unwrap();
        keep(&built, &archive).unwrap();
        assert_eq!(fs::read(&archive).unwrap(), b"archive");
        assert_eq!(fs::read_dir(archive.parent().unwrap()).unwrap().count(), 1);
        fs::remove_dir_all(directory).unwrap();
    }
}
