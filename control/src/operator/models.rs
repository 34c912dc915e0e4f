//! The life of models: registered, shadow, canary, live, retired, and the way back.

use std::path::Path;
use std::sync::Arc;

use causeway_core::id::Mode;
use causeway_core::risk::plan::{By, Canary, PlannedModel, Stage, WHOLE};
use causeway_core::risk::scorer::Quarantine;
use causeway_core::risk::{ModelId, ModelPlan, ModelStep};
use serde::{Deserialize, Serialize};

use super::body::ModeWord;
use super::call::{Call, Handled, Target, answer};
use crate::models::{Models, ShadowView, by_word, percent};
use crate::problem::{Code, Problem};
use crate::reports::Named;
use crate::wire::{Time, mode_word};

/// Shows all models: `mode`.
pub async fn list_models(call: Call<'_>) -> Handled {
    let models = asked(&call)?;
    answer(200, &PlanView::new(models, &models.plan()))
}

/// Shows one model: `mode`.
pub async fn retrieve_model(call: Call<'_>) -> Handled {
    let models = asked(&call)?;
    let (plan, id) = (models.plan(), named(&call)?);
    let model = plan.model(&id).ok_or_else(unknown)?;
    answer(200, &ModelView::new(models, model))
}

/// Checks the package in a directory of this machine, keeps a copy, and adds it to the models.
pub async fn register_model(call: Call<'_>) -> Handled {
    let request: RegisterModel = call.read()?;
    let models = of_mode(&call, request.mode.mode())?;
    let reason = given(&request.reason)?;
    let folder = Path::new(&request.directory);
    if !folder.is_absolute() || request.directory.len() > DIRECTORY_BYTES {
        let message = "directory must be the absolute path of a package on the gateway's machine.";
        return Err(Problem::invalid("directory", message));
    }
    let target = Target { mode: Some(models.mode()), object: Some(&request.directory), ..Target::default() };
    call.record(target, Some(reason)).await?;
    let import = models.import(folder).await;
    let refused = |reason| Problem::invalid("directory", format!("The package is refused: {reason}"));
    let import = import.map_err(refused)?;
    let (id, turn) = (import.identity.id.clone(), models.turn().await);
    let step = ModelStep::Register(id.clone(), import.identity.sha256);
    let recorded = match turn.preview(&step) {
        Ok(said) => call.record(Target { object: Some(&said), ..target }, Some(reason)).await,
        Err(problem) => Err(problem),
    };
    if let Err(problem) = recorded {
        import.give_up().await;
        return Err(problem);
    }
    let plan = turn.make(step).await?;
    answer(201, &ModelView::new(models, plan.model(&id).ok_or_else(unknown)?))
}

/// Lets a model score everything and decide nothing.
pub async fn shadow_model(call: Call<'_>) -> Handled {
    let request: StepModel = call.read()?;
    make(&call, &request, ModelStep::Shadow(named(&call)?)).await
}

/// Lets a model decide a share.
pub async fn canary_model(call: Call<'_>) -> Handled {
    let request: CanaryModel = call.read()?;
    let canary = Canary { share: share(request.share)?, by: request.by.unwrap_or(ByWord::Persons).by() };
    let step = ModelStep::Canary(named(&call)?, canary);
    make(&call, &StepModel { mode: request.mode, reason: request.reason }, step).await
}

/// Lets a model decide.
pub async fn promote_model(call: Call<'_>) -> Handled {
    let request: StepModel = call.read()?;
    make(&call, &request, ModelStep::Promote(named(&call)?)).await
}

/// Takes a model out of use.
pub async fn retire_model(call: Call<'_>) -> Handled {
    let request: StepModel = call.read()?;
    make(&call, &request, ModelStep::Retire(named(&call)?)).await
}

/// Takes back the canary, or else the live model.
pub async fn rollback_model(call: Call<'_>) -> Handled {
    let request: StepModel = call.read()?;
    make(&call, &request, ModelStep::Rollback(None)).await
}

async fn make(call: &Call<'_>, request: &StepModel, step: ModelStep) -> Handled {
    let models = of_mode(call, request.mode.mode())?;
    let reason = given(&request.reason)?;
    let turn = models.turn().await;
    let said = turn.preview(&step)?;
    let prepared = turn.prepare(&step).await;
    if let Err(fault) = prepared
        && !matches!(step, ModelStep::Rollback(_))
    {
        // A rollback is never kept waiting: what it leads to may be missing, and then the fallback decides.
        let message = format!("The model cannot be loaded: {fault}.");
        return Err(Problem { message: message.into(), ..Problem::new(Code::ModelNotReady, "") });
    }
    let target = Target { mode: Some(models.mode()), object: Some(&said), ..Target::default() };
    call.record(target, Some(reason)).await?;
    let plan = turn.make(step).await?;
    answer(200, &PlanView::new(models, &plan))
}

/// The longest path of a directory, in bytes.
const DIRECTORY_BYTES: usize = 4_096;

/// `POST /operator/models`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterModel {
    /// The world in which it is registered.
    mode: ModeWord,
    /// Where the package lies on the gateway's machine.
    directory: String,
    /// Why.
    reason: String,
}

/// A step that says no more than where and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepModel {
    /// The world in which it is made.
    mode: ModeWord,
    /// Why.
    reason: String,
}

/// `POST /operator/models/{name}/{version}/canary`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CanaryModel {
    /// The world in which it decides.
    mode: ModeWord,
    /// What it decides, in percent.
    share: f64,
    /// Who is drawn for it; persons otherwise.
    by: Option<ByWord>,
    /// Why.
    reason: String,
}

/// Who is drawn.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ByWord {
    /// Each person.
    Persons,
    /// Each account.
    Accounts,
}

impl ByWord {
    fn by(self) -> By {
        match self {
            ByWord::Persons => By::Persons,
            ByWord::Accounts => By::Accounts,
        }
    }
}

/// A percentage as thousandths.
fn share(percent: f64) -> Result<u16, Problem> {
    let tenths = percent * 10.0;
    let is_one = (1.0..=f64::from(WHOLE)).contains(&tenths) && (tenths - tenths.round()).abs() < 1e-6;
    let message = "share must be a percentage from 0.1 to 100 with at most one decimal.";
    if is_one { Ok(tenths.round() as u16) } else { Err(Problem::invalid("share", message)) }
}

fn given(reason: &str) -> Result<&str, Problem> {
    let said = reason.trim();
    if said.is_empty() { Err(Problem::invalid("reason", "reason must say why: the audit keeps it.")) } else { Ok(said) }
}

fn asked<'c>(call: &Call<'c>) -> Result<&'c Arc<Models>, Problem> {
    let mode = call.query.parsed("mode", "sandbox or live", ModeWord::parse)?;
    let mode = mode.ok_or_else(|| Problem::invalid("mode", "mode must be sandbox or live."))?;
    of_mode(call, mode.mode())
}

fn of_mode<'c>(call: &Call<'c>, mode: Mode) -> Result<&'c Arc<Models>, Problem> {
    call.cell(mode)?;
    let found = call.interface.models.iter().find(|models| models.mode() == mode);
    found.ok_or_else(|| Problem::internal("a cell has no models"))
}

fn named(call: &Call<'_>) -> Result<ModelId, Problem> {
    let named = Named::parse(&format!("{}/{}", call.parameter(0), call.parameter(1))).ok_or_else(unknown)?;
    let version = named.version.parse().map_err(|_| unknown())?;
    Ok(ModelId { name: named.name, version })
}

fn unknown() -> Problem {
    Problem::new(Code::NotFound, "There is no such model; register it first.")
}

/// All models of a mode.
#[derive(Serialize)]
struct PlanView {
    object: &'static str,
    mode: &'static str,
    /// How often it was changed.
    version: u64,
    live: Option<String>,
    canary: Option<String>,
    /// What a rollback of the live model leads to; null: the fallback rules.
    before: Option<String>,
    models: Vec<ModelView>,
}

impl PlanView {
    fn new(models: &Models, plan: &ModelPlan) -> PlanView {
        PlanView {
            object: "models",
            mode: mode_word(models.mode()),
            version: plan.version,
            live: plan.live().map(|model| model.id.to_string()),
            canary: plan.canary().map(|model| model.id.to_string()),
            before: plan.before.as_ref().map(|before| before.to_string()),
            models: plan.models.iter().map(|model| ModelView::new(models, model)).collect(),
        }
    }
}

/// One model.
#[derive(Serialize)]
struct ModelView {
    object: &'static str,
    name: String,
    version: u32,
    sha256: String,
    stage: &'static str,
    since: Time,
    /// What a canary decides, in percent, and of whom.
    share: Option<f64>,
    by: Option<&'static str>,
    /// How it fares in the engine; null while it is not loaded there.
    health: Option<HealthView>,
    /// Why it is not loaded there though it decides, or a rollback would lead to it; null otherwise.
    not_loaded: Option<String>,
    /// What it says as a shadow, since that began or the gateway was started.
    shadow: Option<ShadowedView>,
}

#[derive(Serialize)]
struct HealthView {
    calls: u64,
    late: u64,
    errors: u64,
    quarantine: Option<QuarantineView>,
}

#[derive(Serialize)]
struct QuarantineView {
    reason: String,
    since: Time,
}

#[derive(Serialize)]
struct ShadowedView {
    scored: u64,
    errors: u64,
    /// Upper ends in microseconds for a row, and how many rows took so long; the last count is of what took longer.
    latency_micros: &'static [u64],
    latency: Vec<u64>,
    score_edges: Vec<f64>,
    scores: Vec<u64>,
    /// Why the newest redemption without a usable score has none.
    last_error: Option<String>,
    /// Why it scores nothing any more; null while it does.
    quarantine: Option<QuarantineView>,
    /// The live model that `agreement` compares it with.
    against: Option<String>,
    agreement: Vec<AgreementView>,
}

#[derive(Serialize)]
struct AgreementView {
    /// The live model's verdict.
    live: &'static str,
    /// The shadow's.
    shadow: &'static str,
    count: u64,
}

impl ModelView {
    fn new(models: &Models, model: &PlannedModel) -> ModelView {
        let (share, by) = match model.stage {
            Stage::Canary(Canary { share, by }) => (Some(percent(share)), Some(by_word(by))),
            Stage::Registered | Stage::Shadow | Stage::Live | Stage::Retired => (None, None),
        };
        ModelView {
            object: "model",
            name: model.id.name.clone(),
            version: model.id.version,
            sha256: model.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            stage: model.stage.word(),
            since: Time(model.since),
            share,
            by,
            health: models.health(&model.id).map(|health| HealthView::new(&health)),
            not_loaded: models.not_loaded(&model.id),
            // What it said as one stays until the next look; it says nothing of what it does now.
            shadow: models.shadow(&model.id).filter(|_| model.stage == Stage::Shadow).map(ShadowedView::new),
        }
    }
}

impl QuarantineView {
    fn new(one: &Quarantine) -> QuarantineView {
        QuarantineView { reason: one.reason.clone(), since: Time(one.since) }
    }
}

impl HealthView {
    fn new(health: &causeway_core::risk::scorer::Health) -> HealthView {
        let number = |count: &std::sync::atomic::AtomicU64| count.load(std::sync::atomic::Ordering::Relaxed);
        let quarantine = health.quarantine();
        HealthView {
            calls: number(&health.calls),
            late: number(&health.late),
            errors: number(&health.errors),
            quarantine: quarantine.map(QuarantineView::new),
        }
    }
}

impl ShadowedView {
    fn new(view: ShadowView) -> ShadowedView {
        let agreement = view.agreement.iter();
        ShadowedView {
            scored: view.scored,
            errors: view.errors,
            latency_micros: ShadowView::latencies(),
            latency: view.latency.to_vec(),
            score_edges: view.edges,
            scores: view.scores,
            last_error: view.last_error,
            quarantine: view.cut_off.as_ref().map(QuarantineView::new),
            against: view.against.map(|(name, version)| format!("{name} {version}")),
            agreement: agreement.map(|(&(live, shadow), &count)| AgreementView { live, shadow, count }).collect(),
        }
    }
}
