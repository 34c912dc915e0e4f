//! The programs that tests start, by the variables that name them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What keeps the ONNX Runtime library silent. Cargo sets it for this process; the gateway must do so by itself.
const SILENT: &str = "ORT_DISABLE_TELEMETRY";

/// The gateway: `CAUSEWAY_BIN`, else the release build of this workspace. It gets none of this process's settings.
pub fn causeway() -> Command {
    let program = named("CAUSEWAY_BIN").unwrap_or_else(|| target().join("release/causeway"));
    let missing = "build it with `cargo xtask build`, or name it in CAUSEWAY_BIN";
    assert!(program.is_file(), "there is no {}: {missing}", program.display());
    let mut command = Command::new(program);
    command.env_remove(SILENT);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CAUSEWAY_") {
            command.env_remove(name);
        }
    }
    command
}

/// The lab: `CAUSEWAY_LAB`, else the release build of this workspace.
pub fn lab() -> Command {
    let program = named("CAUSEWAY_LAB").unwrap_or_else(|| target().join("release/causeway-lab"));
    let missing = "build it with `cargo xtask build`, or name it in CAUSEWAY_LAB";
    assert!(program.is_file(), "there is no {}: {missing}", program.display());
    Command::new(program)
}

/// curl: `CAUSEWAY_CURL`, else the one on the path.
pub fn curl() -> PathBuf {
    named("CAUSEWAY_CURL").unwrap_or_else(|| "curl".into())
}

/// Node.js, 18 or newer: `CAUSEWAY_NODE`, else the one on the path.
pub fn node() -> PathBuf {
    named("CAUSEWAY_NODE").unwrap_or_else(|| "node".into())
}

/// The directory from which Node.js finds the packages of the set-up: `CAUSEWAY_NODE_PACKAGES`, else its own one.
pub fn node_packages() -> PathBuf {
    named("CAUSEWAY_NODE_PACKAGES").unwrap_or_else(|| target().join("node"))
}

/// A Python with `requests`: `CAUSEWAY_PYTHON`, else the one of the set-up's virtual environment.
pub fn python() -> PathBuf {
    named("CAUSEWAY_PYTHON").unwrap_or_else(|| target().join("venv/bin/python"))
}

/// The directory of RabbitMQ's own scripts: `CAUSEWAY_RABBITMQ`, else where the system's package puts them.
pub fn rabbitmq() -> PathBuf {
    let installed = || {
        let versions = std::fs::read_dir("/usr/lib/rabbitmq/lib").into_iter().flatten().flatten();
        versions.map(|version| version.path().join("sbin")).find(|sbin| sbin.join("rabbitmq-server").is_file())
    };
    named("CAUSEWAY_RABBITMQ").or_else(installed).expect("RabbitMQ is missing: run `cargo xtask setup`")
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// Flags that name corridors and rates for live: those that the program ships for the sandbox, of which live connects none.
pub fn live_catalogue() -> [String; 2] {
    ["corridors", "rates"].map(|name| {
        let file = repository().join(format!("control/catalogue/{name}.toml"));
        format!("--live-{name}={}", file.display())
    })
}

/// A file below `tests/fixtures`.
pub fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository().join("target"), |directory| repository().join(directory))
}

fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}
