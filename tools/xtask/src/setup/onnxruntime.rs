//! The ONNX Runtime shared library, taken out of the wheel that PyPI carries: pinned by version and checksum, fetched
//! once per user, checked on every use.

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::{python, write_whole};
use crate::failure::{During, Failure};
use crate::paths;
use crate::process;

/// The file's name, in the cache and beside the program.
const LIBRARY: &str = "libonnxruntime.so";
/// Beside the library: its SHA-256 as it was extracted, in the form that `sha256sum` reads.
const CHECKSUM: &str = "libonnxruntime.so.sha256";
/// The file with version and checksums of the wheels.
const REQUIREMENTS: &str = "onnxruntime.txt";
/// The wheels' platform apart from the architecture: Linux with glibc 2.28 or newer.
const PLATFORM: &str = "manylinux_2_28";

/// Copies the library, and nothing else, out of the wheel in the directory that is the first argument.
const EXTRACT: &str = "
import glob, os, shutil, sys, zipfile
wheel, = glob.glob(os.path.join(sys.argv[1], 'onnxruntime-*.whl'))
with zipfile.ZipFile(wheel) as archive:
    name, = [n for n in archive.namelist() if '/libonnxruntime.so.' in n]
    with archive.open(name) as source, open(sys.argv[2], 'wb') as target:
        shutil.copyfileobj(source, target)
";

/// Where the library lies, whether or not it is there yet.
pub fn library(cache: &Path) -> Result<PathBuf, Failure> {
    Ok(cache.join(format!("onnxruntime-{}-{}", pinned_version()?, architecture()?)).join(LIBRARY))
}

/// The library, fetched when it is not there or no longer what was fetched.
pub fn ensure(cache: &Path) -> Result<PathBuf, Failure> {
    let library = library(cache)?;
    if is_intact(&library) {
        return Ok(library);
    }
    if library.exists() {
        println!("{} does not match its checksum; fetching it again", library.display());
    }
    fetch(cache, &library)?;
    Ok(library)
}

/// Links the library into a directory of programs. An older link is replaced.
pub fn link_into(directory: &Path, library: &Path) -> Result<(), Failure> {
    link(&directory.join(LIBRARY), library)
}

/// Makes `place` a link to `target`, whatever it pointed to before.
pub fn link(place: &Path, target: &Path) -> Result<(), Failure> {
    if fs::read_link(place).is_ok_and(|present| present == target) {
        return Ok(());
    }
    let temporary = place.with_extension(std::process::id().to_string());
    std::os::unix::fs::symlink(target, &temporary).during(|| format!("link {}", temporary.display()))?;
    fs::rename(&temporary, place).during(|| format!("rename {} to {}", temporary.display(), place.display()))
}

fn is_intact(library: &Path) -> bool {
    let Some(directory) = library.parent().filter(|_| library.is_file()) else {
        return false;
    };
    let mut command = process::fresh("sha256sum");
    command.args(["--check", "--status", CHECKSUM]).current_dir(directory);
    // A checksum file that is missing is an answer like a wrong one, not news for the terminal.
    command.stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Fetches into a directory of its own and renames that as a whole, so that an interrupted set-up leaves nothing half.
fn fetch(cache: &Path, library: &Path) -> Result<(), Failure> {
    println!("fetching ONNX Runtime {} from the Python package index (about 25 MB)", pinned_version()?);
    let fetched = cache.join("onnxruntime-being-fetched");
    remove(&fetched)?;
    fs::create_dir_all(&fetched).during(|| format!("create {}", fetched.display()))?;
    let python = python::with_pip()?;
    download_wheel(&python, &fetched)?;
    let file = fetched.join(LIBRARY);
    process::run(process::fresh(&python).args(["-c", EXTRACT]).arg(&fetched).arg(&file))?;
    record_checksum(&fetched)?;
    let directory = library.parent().unwrap_or(cache);
    remove(directory)?;
    fs::rename(&fetched, directory).during(|| format!("rename {} to {}", fetched.display(), directory.display()))
}

fn download_wheel(python: &Path, directory: &Path) -> Result<(), Failure> {
    let platform = format!("{PLATFORM}_{}", architecture()?);
    let mut command = process::fresh(python);
    command.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
    command.args(["--only-binary=:all:", "--platform", &platform, "--python-version", "3.12"]);
    command.args(["--implementation", "cp", "--abi", "cp312", "--require-hashes"]);
    command.arg("-r").arg(paths::requirements(REQUIREMENTS)).arg("-d").arg(directory);
    process::run(&mut command).map_err(|_| {
        Failure::missing(format!(
            "pip could not download onnxruntime {}, its output is above: connect to a Python package index, or name a \
             mirror of it with PIP_INDEX_URL or a directory of wheels with PIP_FIND_LINKS, then run this again",
            pinned_version().unwrap_or_default()
        ))
    })
}

/// Writes the checksum file, and removes the wheel, which has served its purpose.
fn record_checksum(directory: &Path) -> Result<(), Failure> {
    let library = directory.join(LIBRARY);
    let sum = process::output("sha256sum", &[&library.to_string_lossy()]);
    let sum = sum.as_deref().and_then(|line| line.split_whitespace().next());
    let sum =
        sum.ok_or_else(|| Failure::missing("`sha256sum` does not run: install coreutils, then run this again"))?;
    write_whole(&directory.join(CHECKSUM), format!("{sum}  {LIBRARY}\n").as_bytes())?;
    for entry in fs::read_dir(directory).during(|| format!("list {}", directory.display()))?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "whl") {
            fs::remove_file(entry.path()).during(|| format!("remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}

fn remove(directory: &Path) -> Result<(), Failure> {
    if !directory.exists() {
        return Ok(());
    }
    fs::remove_dir_all(directory).during(|| format!("remove {}", directory.display()))
}

/// The machine's architecture as wheels name it.
fn architecture() -> Result<&'static str, Failure> {
    let pinned = cfg!(all(target_os = "linux", target_env = "gnu")) && matches!(ARCH, "x86_64" | "aarch64");
    pinned.then_some(ARCH).ok_or_else(|| {
        Failure::missing(format!(
            "ONNX Runtime is pinned for Linux with glibc on x86_64 and aarch64, and this is {ARCH} on {}: use such a \
             machine or container",
            std::env::consts::OS
        ))
    })
}

fn pinned_version() -> Result<String, Failure> {
    let path = paths::requirements(REQUIREMENTS);
    let text = fs::read_to_string(&path).during(|| format!("read {}", path.display()))?;
    version_of("onnxruntime", &text)
        .ok_or_else(|| Failure::new(format!("{} pins no version of onnxruntime: restore the file", path.display())))
}

/// The version that a requirements file pins for a package.
fn version_of(package: &str, requirements: &str) -> Option<String> {
    let pin = requirements.lines().find_map(|line| line.strip_prefix(package)?.strip_prefix("=="))?;
    pin.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_requirements() {
        let text = "# a comment\nonnxruntime-extra==9\nonnxruntime==1.31.1 \\\n    --hash=sha256:00\n";
        assert_eq!(version_of("onnxruntime", text).as_deref(), Some("1.31.1"));
        assert_eq!(version_of("numpy", text), None);
    }

    #[test]
    fn tests_use_the_runtime_that_serves() {
        let tests = fs::read_to_string(paths::requirements("test.txt")).unwrap();
        assert_eq!(version_of("onnxruntime", &tests), pinned_version().ok());
    }

    #[test]
    fn a_changed_library_is_noticed() {
        let directory = crate::setup::scratch("onnxruntime-intact");
        let library = directory.join(LIBRARY);
        assert!(!is_intact(&library));
        fs::write(&library, b"first").unwrap();
        assert!(!is_intact(&library), "without a recorded checksum nothing is known to be intact");
        record_checksum(&directory).unwrap();
        assert!(is_intact(&library));
        fs::write(&library, b"other").unwrap();
        assert!(!is_intact(&library));
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn an_older_link_is_replaced() {
        let directory = crate::setup::scratch("onnxruntime-link");
        link_into(&directory, Path::new("/first")).unwrap();
        link_into(&directory, Path::new("/second")).unwrap();
        assert_eq!(fs::read_link(directory.join(LIBRARY)).unwrap(), Path::new("/second"));
        fs::remove_dir_all(directory).unwrap();
    }
}
