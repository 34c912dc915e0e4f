//! Settings that are one of a few words.

use causeway_core::id::Mode;
use clap::ValueEnum;

/// Which cells run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deployment {
    /// Simulated money only.
    Sandbox,
    /// Real money only.
    Live,
    /// Both, side by side; they share nothing.
    Both,
}

/// Whether something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// `key=value` pairs.
    Logfmt,
    /// One JSON object per line.
    Json,
}

impl Deployment {
    /// The modes whose cells run.
    pub fn modes(self) -> &'static [Mode] {
        match self {
            Deployment::Sandbox => &[Mode::Sandbox],
            Deployment::Live => &[Mode::Live],
            Deployment::Both => &[Mode::Sandbox, Mode::Live],
        }
    }
}
