//! What the figures were measured on, and how much of it was used.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::record;

/// A description of the machine, for readers of the figures.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Processors, whether or not this process may use them all.
    pub cores: usize,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// The kernel's release.
    pub kernel: String,
    /// Type and device of the file system that holds the data.
    pub file_system: String,
    /// The commit that the programs were built from, with a plus sign when files differ from it.
    pub commit: String,
    /// Runnable tasks on average over the last minute before the run.
    pub load_before: f64,
}

impl Machine {
    /// Looks at this machine; `data` is where the store lies.
    pub fn look(data: &Path) -> Machine {
        let unknown = || "unknown".to_owned();
        let load = read("/proc/loadavg");
        Machine {
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown),
            cores: read("/proc/cpuinfo").lines().filter(|line| line.starts_with("processor")).count(),
            memory_mib: field(&read("/proc/meminfo"), "MemTotal")
                .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
                .map_or(0, |kib| kib / 1_024),
            kernel: Some(read("/proc/sys/kernel/osrelease").trim().to_owned())
                .filter(|text| !text.is_empty())
                .unwrap_or_else(unknown),
            file_system: fs::canonicalize(data)
                .ok()
                .and_then(|data| file_system(&read("/proc/self/mountinfo"), &data))
                .unwrap_or_else(unknown),
            commit: record::commit().unwrap_or_else(unknown),
            load_before: load.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0.0),
        }
    }

    /// The description in one line.
    pub fn line(&self) -> String {
        let Machine { cpu, cores, memory_mib, kernel, file_system, .. } = self;
        let gib = *memory_mib as f64 / 1_024.0;
        format!("{cpu}, {cores} cores, {gib:.0} GiB, Linux {kernel}, data on {file_system}")
    }

    /// The description as JSON.
    pub fn json(&self) -> Value {
        json!({
            "cpu": self.cpu,
            "cores": self.cores,
            "memory_mib": self.memory_mib,
            "kernel": self.kernel,
            "file_system": self.file_system,
            "load_average_before": self.load_before,
        })
    }
}

/// Processor seconds that a process has used so far; nothing when it is not there.
pub fn cpu_seconds(process: u32) -> Option<f64> {
    cpu_ticks(process).map(|ticks| ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn cpu_ticks(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which stands in brackets and may hold anything: user and system time are the 12th and 13th.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// Processor time of the whole machine so far, in ticks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    all: u64,
    idle: u64,
    stolen: u64,
    ours: u64,
}

impl Usage {
    /// Until now; `ours` are the processes of the run beside this one.
    pub fn now(ours: &[u32]) -> Usage {
        let text = read("/proc/stat");
        let line = text.lines().next().unwrap_or_default();
        let ticks: Vec<u64> = line.split_whitespace().skip(1).take(8).filter_map(|text| text.parse().ok()).collect();
        let of = |place: usize| ticks.get(place).copied().unwrap_or(0);
        let processes = ours.iter().copied().chain([std::process::id()]);
        Usage {
            all: ticks.iter().sum(),
            idle: of(3) + of(4),
            stolen: of(7),
            ours: processes.filter_map(cpu_ticks).sum(),
        }
    }

    /// The share that the host took away since then.
    pub fn stolen_since(self, then: Usage) -> f64 {
        share(self.stolen - then.stolen, self.all - then.all)
    }

    /// The share that others used since then: programs that have nothing to do with the run, and the kernel's own threads.
    pub fn others_since(self, then: Usage) -> f64 {
        let of = |usage: Usage| usage.idle + usage.stolen + usage.ours;
        let all = self.all - then.all;
        share(all.saturating_sub(of(self).saturating_sub(of(then))), all)
    }
}

fn share(part: u64, all: u64) -> f64 {
    part as f64 / all.max(1) as f64
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The value in a line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start().strip_prefix(':')?.trim().to_owned())
}

/// Type and device of the mount with the longest path above `place`.
fn file_system(mounts: &str, place: &Path) -> Option<String> {
    let mount = |line: &str| {
        let (head, tail) = line.split_once(" - ")?;
        let point = PathBuf::from(head.split_whitespace().nth(4)?);
        let mut tail = tail.split_whitespace();
        let found = format!("{} ({})", tail.next()?, tail.next()?);
        place.starts_with(&point).then_some((point.as_os_str().len(), found))
    };
    mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length).map(|(_, found)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_is_that_of_the_deepest_mount() {
        let mounts = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
                      23 22 0:5 / /dev rw shared:2 - devtmpfs devtmpfs rw\n\
                      40 22 0:31 / /data rw,relatime - xfs /dev/vdb rw\n";
        let of = |place: &str| file_system(mounts, Path::new(place)).unwrap();
        assert_eq!(of("/data/store"), "xfs (/dev/vdb)");
        assert_eq!(of("/database"), "ext4 (/dev/vda)");
    }

    #[test]
    fn this_machine_can_be_described() {
        let machine = Machine::look(Path::new("/"));
        assert!(machine.cores > 0 && machine.memory_mib > 0, "{machine:?}");
        assert_ne!(machine.file_system, "unknown");
        assert!(machine.line().contains("cores"));
        assert!(cpu_seconds(std::process::id()).is_some());
        assert_eq!(cpu_seconds(u32::MAX), None);
    }

    #[test]
    fn what_others_use_is_what_is_left() {
        let then = Usage { all: 1_000, idle: 500, stolen: 10, ours: 200 };
        let now = Usage { all: 2_000, idle: 900, stolen: 30, ours: 700 };
        assert_eq!((now.stolen_since(then), now.others_since(then)), (0.02, 0.08));
        let usage = Usage::now(&[]);
        assert!(usage.all > usage.idle && usage.others_since(usage) == 0.0, "{usage:?}");
    }
}
