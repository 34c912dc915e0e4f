//! The policy file: applied to each cell that has not applied this content last.

use causeway_core::command::{Command, Refusal};

use crate::gate::{Cell, Gate, Lane, known_to, system_time};
use crate::operator::Audit;
use crate::risk_policy::{Known, PolicyFile, PolicyFileError};
use crate::telemetry::{Level, Telemetry};

/// Why a file was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The file is at fault.
    #[error(transparent)]
    File(#[from] PolicyFileError),
    /// The audit cannot be written, and nothing is done that is not recorded.
    #[error("the risk policy could not be recorded in the audit: {0}")]
    Audit(#[from] std::io::Error),
    /// The cell refused.
    #[error("the risk policy could not be applied: {0}")]
    Refused(#[from] Refusal),
}

/// Applies a file wherever another content was applied last. What operators have set since the same content was applied stays.
pub async fn apply(file: &PolicyFile, gate: &Gate, audit: &Audit, telemetry: &Telemetry) -> Result<(), ApplyError> {
    for cell in gate.cells() {
        if cell.directory().risk_policy().file != Some(file.hash) {
            apply_to(cell, file, known_to(gate.cells()), audit, telemetry).await?;
        }
    }
    Ok(())
}

/// One file is for all cells: what one of them knows is no mistake.
async fn apply_to(
    cell: &Cell,
    file: &PolicyFile,
    known: Known<'_>,
    audit: &Audit,
    telemetry: &Telemetry,
) -> Result<(), ApplyError> {
    let (new, warnings) = file.policy(cell.keys(), known)?;
    let (before, mode) = (cell.directory().risk_policy().version, cell.mode().name());
    let object = format!("{mode}: {} replaces version {before}", file.path.display());
    audit.record_command("set_risk_policy", &object, system_time())?;
    cell.submit(Lane::Operator, Command::SetRiskPolicy(Box::new(new)), None).await?;
    let record = telemetry.record(Level::Info, "risk_policy_applied").text("mode", mode);
    telemetry.write(record.text("file", &file.path.display().to_string()));
    for warning in &warnings {
        let record = telemetry.record(Level::Warn, "risk_policy_doubtful").text("mode", mode);
        telemetry.write(record.text("notice", warning));
    }
    Ok(())
}
