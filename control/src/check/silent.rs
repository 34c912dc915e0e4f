//! The ONNX Runtime library reports how it is used to its makers, from the moment it is loaded. It asks the environment whether
//! it may, and only before anything can be said to it: so a gateway whose environment does not forbid it begins anew with one
//! that does.

use std::io;

/// The variable, and the value that forbids it.
pub const SILENT: (&str, &str) = ("ORT_DISABLE_TELEMETRY", "1");

/// Makes sure that the library is told to be silent: this process goes on as it is when it is, and begins anew otherwise. It
/// comes back with an error when it cannot.
#[cfg(unix)]
pub fn silence_runtime() -> io::Result<()> {
    use std::os::unix::process::CommandExt;

    let (name, value) = SILENT;
    if std::env::var_os(name).is_some_and(|set| set == value) {
        return Ok(());
    }
    let mut words = std::env::args_os();
    let mut command = std::process::Command::new(super::own_program());
    command.arg0(words.next().unwrap_or_default()).args(words).env(name, value);
    Err(command.exec())
}

/// Where a process cannot be replaced, its environment must be right.
#[cfg(not(unix))]
pub fn silence_runtime() -> io::Result<()> {
    let (name, value) = SILENT;
    if std::env::var_os(name).is_some_and(|set| set == value) { Ok(()) } else { Err(io::ErrorKind::Unsupported.into()) }
}
