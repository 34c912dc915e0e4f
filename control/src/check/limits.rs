//! What the process that runs an unknown model may take.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

/// Its address space, in bytes: enough for ONNX Runtime with the largest model that is allowed, several times.
pub const ADDRESS_SPACE: u64 = 1 << 30;
/// Its processor time.
pub const PROCESSOR_TIME: Duration = Duration::from_secs(30);
/// The time until it is killed.
pub const WALL_TIME: Duration = Duration::from_secs(60);
/// Its open files.
const FILES: u64 = 64;

/// Takes from the calling process what it does not need, for good. Before anything of the model is read.
pub fn confine() -> Result<(), String> {
    let set = |resource, value: u64, what: &str| {
        let limit = Rlimit { current: Some(value), maximum: Some(value) };
        setrlimit(resource, limit).map_err(|error| format!("the limit of {what} cannot be set: {error}"))
    };
    set(Resource::As, ADDRESS_SPACE, "memory")?;
    set(Resource::Cpu, PROCESSOR_TIME.as_secs(), "processor time")?;
    set(Resource::Core, 0, "core files")?;
    set(Resource::Fsize, 0, "file sizes")?;
    set(Resource::Nofile, FILES, "open files")?;
    // It is of no use without the process that reads what it says.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| format!("it would outlive its parent: {error}"))
}
