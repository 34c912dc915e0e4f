//! What the commands for a stopped gateway are told.

use std::path::PathBuf;

use causeway_core::id::Mode;
use clap::{Args, ValueEnum};

/// Where a stopped gateway's data lie.
#[derive(Clone, Debug, Args)]
pub struct StoppedGateway {
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    pub data_dir: PathBuf,
}

/// Where the data of one of a stopped gateway's cells lie.
#[derive(Clone, Debug, Args)]
pub struct Stopped {
    /// The data directory.
    #[arg(long, value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Whose data.
    #[arg(long, value_enum, default_value = "sandbox")]
    pub mode: StoppedMode,
}

/// The mode of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoppedMode {
    /// Simulated money.
    Sandbox,
    /// Real money.
    Live,
}

impl Stopped {
    /// The mode as the cell knows it.
    pub fn mode(&self) -> Mode {
        match self.mode {
            StoppedMode::Sandbox => Mode::Sandbox,
            StoppedMode::Live => Mode::Live,
        }
    }
}
