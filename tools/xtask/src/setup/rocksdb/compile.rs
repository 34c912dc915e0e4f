//! Runs the build of the generated package and shows how far it is.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::{MINUTES, package};
use crate::failure::{During, Failure};
use crate::paths;
use crate::process;
use crate::setup::system::{Compiler, Libclang};

/// How many objects RocksDB consists of, for the progress display.
const ABOUT_OBJECTS: usize = 343;
/// How many lines of the log a failure shows.
const LOG_TAIL: usize = 25;

/// Builds the package in `place` and returns the directory of the build script's output, where the archive is.
pub fn run(place: &Path, compiler: &Compiler, libclang: &Libclang) -> Result<PathBuf, Failure> {
    let (log, messages) = (place.join("setup.log"), place.join("setup.messages.json"));
    let create = |path: &Path| File::create(path).during(|| format!("create {}", path.display()));
    println!("compiling RocksDB, once for this machine: about {MINUTES} minutes on two cores (log: {})", log.display());
    let mut command = command(place, compiler, libclang);
    command.stdin(Stdio::null()).stdout(create(&messages)?).stderr(create(&log)?);
    let child = command.spawn().during(|| format!("start `{}`", process::shown(&command)))?;
    if !watch(child, place)? {
        return Err(Failure::new(format!(
            "RocksDB did not compile: the last lines of {} are\n{}",
            log.display(),
            tail(&log)
        )));
    }
    let text = fs::read_to_string(&messages).during(|| format!("read {}", messages.display()))?;
    output_directory(&text)
        .ok_or_else(|| Failure::new(format!("cargo did not say where RocksDB was built; see {}", messages.display())))
}

fn command(place: &Path, compiler: &Compiler, libclang: &Libclang) -> Command {
    let mut command = process::cargo(&["build", "--release", "--target-dir", "target"]);
    command.arg("--message-format=json-render-diagnostics").current_dir(place);
    for name in ["CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR", "ROCKSDB_COMPILE"] {
        command.env_remove(name);
    }
    let features: Vec<_> = package::cpu_features().iter().map(|feature| format!("+{feature}")).collect();
    if !features.is_empty() {
        command.env("RUSTFLAGS", format!("-Ctarget-feature={}", features.join(",")));
    }
    // A build script looks for `c++` by itself; only where there is another is it told.
    if compiler.program != "c++" {
        command.env("CXX", &compiler.program);
    }
    // A cache inside the repository lies below `.cargo/local.toml`, which names an archive to use instead of compiling.
    if place.starts_with(paths::root()) {
        command.env("ROCKSDB_COMPILE", "1");
    }
    if libclang.by_variable {
        command.env("LIBCLANG_PATH", &libclang.directory);
    }
    command
}

/// Waits for the build, telling its progress: on a terminal every two seconds in place, else a line every minute.
fn watch(mut child: Child, place: &Path) -> Result<bool, Failure> {
    let terminal = io::stdout().is_terminal();
    let interval = Duration::from_secs(if terminal { 2 } else { 60 });
    let (started, since) = (Instant::now(), SystemTime::now());
    let mut told = started;
    loop {
        if let Some(status) = child.try_wait().during(|| "wait for the build of RocksDB".to_owned())? {
            if terminal {
                println!();
            }
            return Ok(status.success());
        }
        if told.elapsed() >= interval {
            told = Instant::now();
            tell(started.elapsed(), objects(place, since), terminal);
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn tell(elapsed: Duration, objects: usize, terminal: bool) {
    let (minutes, seconds) = (elapsed.as_secs() / 60, elapsed.as_secs() % 60);
    let line = format!("  RocksDB: {minutes} min {seconds:02} s, {objects} of about {ABOUT_OBJECTS} objects");
    if terminal {
        print!("\r{line}");
        io::stdout().flush().unwrap_or_default();
    } else {
        println!("{line}");
    }
}

/// How many objects this build has compiled; those that an interrupted one left do not count, they are made again.
fn objects(place: &Path, since: SystemTime) -> usize {
    let outputs =
        entries(&place.join("target/release/build")).filter(|path| path.file_name().is_some_and(is_rocksdb_output));
    let objects = outputs.flat_map(|path| entries(&path.join("out")));
    objects
        .filter(|path| path.extension().is_some_and(|extension| extension == "o"))
        .filter(|path| is_newer(path, since))
        .count()
}

fn is_rocksdb_output(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with("librocksdb-sys-")
}

fn is_newer(path: &Path, since: SystemTime) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified >= since)
}

/// The paths in a directory; none while it does not exist yet.
fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let listing = fs::read_dir(directory).into_iter().flatten().flatten();
    listing.map(|entry| entry.path())
}

/// Cargo's own word for where the build script of `librocksdb-sys` put its output.
fn output_directory(messages: &str) -> Option<PathBuf> {
    let line = messages
        .lines()
        .find(|line| line.contains("\"reason\":\"build-script-executed\"") && line.contains("#librocksdb-sys@"))?;
    let (_, rest) = line.split_once("\"out_dir\":\"")?;
    rest.split('"').next().map(PathBuf::from)
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_directory_is_that_of_rocksdb() {
        let messages = "{\"reason\":\"compiler-artifact\",\"package_id\":\"r#librocksdb-sys@0.19.0\",\"x\":1}\n\
            {\"reason\":\"build-script-executed\",\"package_id\":\"r#zstd-sys@2.1.2\",\"out_dir\":\"/b/zstd/out\"}\n\
            {\"reason\":\"build-script-executed\",\"package_id\":\"r#librocksdb-sys@0.19.0\",\"out_dir\":\"/b/rocks/out\"}\n";
        assert_eq!(output_directory(messages), Some(PathBuf::from("/b/rocks/out")));
        assert_eq!(output_directory("{}"), None);
    }

    #[test]
    fn the_package_is_built_without_what_leads_other_builds_to_its_result() {
        let compiler = Compiler { program: "g++".into(), id: "gcc-12.2.0".into() };
        let libclang = Libclang { directory: "/opt/clang/lib".into(), by_variable: true };
        let command = command(Path::new("/place"), &compiler, &libclang);
        let value = |name: &str| command.get_envs().find(|(key, _)| *key == name).map(|(_, value)| value);
        assert_eq!(value("ROCKSDB_LIB_DIR"), Some(None));
        assert_eq!(value("ROCKSDB_STATIC"), Some(None));
        assert_eq!(value("CXX"), Some(Some("g++".as_ref())));
        assert_eq!(value("LIBCLANG_PATH"), Some(Some("/opt/clang/lib".as_ref())));
    }

    #[test]
    fn progress_counts_objects_and_a_failure_shows_the_end_of_the_log() {
        let place = crate::setup::scratch("rocksdb-progress");
        assert_eq!(objects(&place, SystemTime::UNIX_EPOCH), 0);
        let out = place.join("target/release/build/librocksdb-sys-1/out");
        fs::create_dir_all(&out).unwrap();
        for name in ["a.o", "b.o", "bindings.rs"] {
            fs::write(out.join(name), "").unwrap();
        }
        assert_eq!(objects(&place, SystemTime::UNIX_EPOCH), 2);
        let later = SystemTime::now() + Duration::from_secs(60);
        assert_eq!(objects(&place, later), 0, "left by an earlier build");
        let log = place.join("log");
        fs::write(&log, (0..100).map(|n| format!("line {n}\n")).collect::<String>()).unwrap();
        assert_eq!(tail(&log).lines().count(), LOG_TAIL);
        assert!(tail(&log).ends_with("line 99"));
        fs::remove_dir_all(place).unwrap();
    }
}
