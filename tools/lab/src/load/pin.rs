//! Which processors a process may use. A thread hands its set on to what it starts.

use std::io;
use std::process::{Child, Command};
use std::str::FromStr;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// A set of processors, as in `0,2-3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpus(Vec<usize>);

impl FromStr for Cpus {
    type Err = String;

    fn from_str(text: &str) -> Result<Cpus, String> {
        let mut cpus = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.trim().parse::<usize>().map_err(|_| format!("`{text}` is no processor"));
            let (first, last) = (number(first)?, number(last)?);
            if first > last || last >= CpuSet::MAX_CPU {
                return Err(format!("`{part}` is no range of processors below {}", CpuSet::MAX_CPU));
            }
            cpus.extend(first..=last);
        }
        Ok(Cpus(cpus))
    }
}

impl Cpus {
    /// Those that the calling thread may use.
    pub fn of_this_thread() -> io::Result<Cpus> {
        let set = sched_getaffinity(None)?;
        Ok(Cpus((0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect()))
    }

    /// Keeps the calling thread, and what it starts from now on, to these processors.
    pub fn pin_this_thread(&self) -> io::Result<()> {
        let mut set = CpuSet::new();
        self.0.iter().for_each(|&cpu| set.set(cpu));
        sched_setaffinity(None, &set)?;
        // Processors that do not exist are passed over in silence.
        let real = Cpus::of_this_thread()?;
        match self.0.iter().find(|cpu| !real.0.contains(cpu)) {
            Some(cpu) => Err(io::Error::other(format!("there is no processor {cpu}"))),
            None => Ok(()),
        }
    }

    /// The processors by their numbers.
    pub fn numbers(&self) -> &[usize] {
        &self.0
    }
}

/// Starts a program on these processors. All its threads inherit them, which cannot be had for a running program.
pub fn spawn(command: &mut Command, cpus: &Cpus) -> io::Result<Child> {
    let own = Cpus::of_this_thread()?;
    cpus.pin_this_thread()?;
    let child = command.spawn();
    own.pin_this_thread()?;
    child
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read() {
        assert_eq!("0".parse(), Ok(Cpus(vec![0])));
        assert_eq!("0,2-4".parse(), Ok(Cpus(vec![0, 2, 3, 4])));
        for wrong in ["", "a", "1-", "3-1", "0-99999"] {
            assert!(wrong.parse::<Cpus>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_started_program_is_pinned_and_the_starter_is_not() {
        let before = Cpus::of_this_thread().unwrap();
        let first = before.numbers()[0];
        let mut command = Command::new("sh");
        command.args(["-c", "grep Cpus_allowed_list /proc/self/status"]).stdout(std::process::Stdio::piped());
        let child = spawn(&mut command, &Cpus(vec![first])).unwrap();
        let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(output.split_whitespace().last(), Some(first.to_string().as_str()));
        assert_eq!(Cpus::of_this_thread().unwrap(), before);
    }
}
