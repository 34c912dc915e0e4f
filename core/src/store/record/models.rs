//! The record of the plan of models.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Malformed, read, write};
use crate::risk::plan::{By, Canary, ModelId, ModelPlan, PlannedModel, Stage};
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct PlanV1<'a> {
    version: u64,
    #[serde(borrow)]
    before: Option<(&'a str, u32)>,
    #[serde(borrow)]
    models: Vec<ModelV1<'a>>,
}

#[derive(Serialize, Deserialize)]
struct ModelV1<'a> {
    name: &'a str,
    version: u32,
    sha256: [u8; 32],
    stage: StageV1,
    since: u64,
}

#[derive(Serialize, Deserialize)]
enum StageV1 {
    Registered,
    Shadow,
    Canary { share: u16, by: ByV1 },
    Live,
    Retired,
}

#[derive(Serialize, Deserialize)]
enum ByV1 {
    Persons,
    Accounts,
}

/// Appends the record of `plan`.
pub fn encode(plan: &ModelPlan, out: &mut Vec<u8>) {
    let before = plan.before.as_ref().map(|before| (before.name.as_str(), before.version));
    write(out, &PlanV1 { version: plan.version, before, models: plan.models.iter().map(Into::into).collect() });
}

/// Reads a plan.
pub fn decode(bytes: &[u8]) -> Result<ModelPlan, Malformed> {
    let fields: PlanV1<'_> = read(bytes)?;
    let id = |name: &str, version| Arc::new(ModelId { name: name.to_owned(), version });
    let model = |model: ModelV1<'_>| PlannedModel {
        id: id(model.name, model.version),
        sha256: model.sha256,
        stage: model.stage.into(),
        since: Timestamp(model.since),
    };
    Ok(ModelPlan {
        version: fields.version,
        before: fields.before.map(|(name, version)| id(name, version)),
        models: fields.models.into_iter().map(model).collect(),
    })
}

impl<'a> From<&'a PlannedModel> for ModelV1<'a> {
    fn from(model: &'a PlannedModel) -> ModelV1<'a> {
        let PlannedModel { id, sha256, stage, since } = model;
        ModelV1 { name: &id.name, version: id.version, sha256: *sha256, stage: (*stage).into(), since: since.0 }
    }
}

impl From<Stage> for StageV1 {
    fn from(stage: Stage) -> StageV1 {
        match stage {
            Stage::Registered => StageV1::Registered,
            Stage::Shadow => StageV1::Shadow,
            Stage::Canary(Canary { share, by: By::Persons }) => StageV1::Canary { share, by: ByV1::Persons },
            Stage::Canary(Canary { share, by: By::Accounts }) => StageV1::Canary { share, by: ByV1::Accounts },
            Stage::Live => StageV1::Live,
            Stage::Retired => StageV1::Retired,
        }
    }
}

impl From<StageV1> for Stage {
    fn from(stage: StageV1) -> Stage {
        match stage {
            StageV1::Registered => Stage::Registered,
            StageV1::Shadow => Stage::Shadow,
            StageV1::Canary { share, by: ByV1::Persons } => Stage::Canary(Canary { share, by: By::Persons }),
            StageV1::Canary { share, by: ByV1::Accounts } => Stage::Canary(Canary { share, by: By::Accounts }),
            StageV1::Live => Stage::Live,
            StageV1::Retired => Stage::Retired,
        }
    }
}
