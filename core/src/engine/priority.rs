//! The committer goes before other threads: everybody waits for its sync, and it seldom uses a processor for long.

/// The niceness of the committer's thread.
#[cfg(target_os = "linux")]
const COMMITTER: i32 = -10;

/// Lets the calling thread go before others; the reason when the system does not allow it. On Linux niceness belongs to a
/// thread, whatever the manual of the call says.
#[cfg(target_os = "linux")]
pub(super) fn raise() -> Result<(), String> {
    rustix::process::setpriority_process(None, COMMITTER).map_err(|error| error.to_string())
}

/// Elsewhere niceness belongs to the whole process.
#[cfg(not(target_os = "linux"))]
pub(super) fn raise() -> Result<(), String> {
    Err("only Linux has priorities of threads".to_owned())
}
