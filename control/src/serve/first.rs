//! The models of a cell at its start: those of the plan are loaded; without any, the package that is shipped or named takes
//! over.

use std::path::Path;
use std::sync::Arc;

use causeway_core::risk::ModelStep;

use super::model::Found;
use crate::models::Models;
use crate::operator::Audit;
use crate::telemetry::{Level, Telemetry};

/// Why the audit says that this was done.
const REASON: &str = "the first model of a cell that has none";

/// When the plan knows no model, the first package is registered and made live. Gives what scores, for people; a model that
/// is missing stops nothing.
pub async fn settle(
    models: &Arc<Models>,
    found: &Found,
    is_named: bool,
    missing: &[String],
    audit: &Audit,
    telemetry: &Telemetry,
) -> String {
    let mut missing = missing.to_vec();
    if models.plan().models.is_empty() {
        let made = match &found.first {
            Ok(folder) => begin(models, folder, audit).await,
            Err(reason) => Err(reason.clone()),
        };
        missing.extend(made.err());
    }
    for reason in &missing {
        let record = telemetry.record(Level::Warn, "model_missing").text("mode", models.mode().name());
        telemetry.write(record.text("decider", "fallback").text("reason", reason));
    }
    let plan = models.plan();
    let aside = is_named && plan.version > FIRST_STEPS;
    let aside = if aside { " (--model-dir is only used while no model is registered)" } else { "" };
    match (plan.live(), missing.is_empty()) {
        (Some(live), true) => format!("{}{aside}", live.id),
        (Some(live), false) => format!("{}, not all is there: {}{aside}", live.id, missing.join("; ")),
        (None, true) => format!("none is live, the fallback rules decide{aside}"),
        (None, false) => format!("none, the fallback rules decide: {}{aside}", missing.join("; ")),
    }
}

/// Steps by which the first package becomes live.
const FIRST_STEPS: u64 = 2;

async fn begin(models: &Arc<Models>, folder: &Path, audit: &Audit) -> Result<(), String> {
    let refused = |reason| format!("model package {}: {reason}", folder.display());
    let import = models.import(folder).await.map_err(refused)?;
    let identity = import.identity.clone();
    let turn = models.turn().await;
    let steps = [ModelStep::Register(identity.id.clone(), identity.sha256), ModelStep::Promote(identity.id)];
    for step in steps {
        let words = |problem: crate::problem::Problem| refused(problem.message.into_owned());
        let said = turn.preview(&step).map_err(words)?;
        turn.prepare(&step).await.map_err(refused)?;
        let recorded = audit.record_own("settle_model", models.mode(), &said, REASON).await;
        recorded.map_err(|error| format!("the audit cannot be written: {error}"))?;
        turn.make(step).await.map_err(words)?;
    }
    Ok(())
}
