//! What the process asks of the operating system before anything else.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

/// Files that the stores, the rail's record and the log keep open beside the connections.
const FILES_BESIDE_CONNECTIONS: u64 = 1_024;

/// What is written is for this user alone; and as many files may be open as the system allows us to ask for, since stores
/// and connections share them.
pub fn prepare() {
    umask(Mode::RWXG | Mode::RWXO);
    let limit = getrlimit(Resource::Nofile);
    // Refused: the limit stays, and `connections` keeps below it.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// How many of `wanted` connections each of `listeners` may hold, so that the stores can always open their files.
pub fn connections(wanted: usize, listeners: u64) -> usize {
    let Some(files) = getrlimit(Resource::Nofile).current else { return wanted };
    let left = files.saturating_sub(FILES_BESIDE_CONNECTIONS).max(files / 4);
    wanted.min(usize::try_from(left / listeners).unwrap_or(usize::MAX)).max(1)
}
