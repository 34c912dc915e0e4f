//! The risk policy: rules and lists, replaced as a whole.

use causeway_core::command::{Command, Refusal};
use causeway_core::id::Mode;
use causeway_core::risk::{NewPolicy, RiskPolicy};
use serde::{Deserialize, Serialize};

use super::body::ModeWord;
use super::call::{Call, Handled, Target, answer};
use super::reviews::{asked_mode, stated};
use crate::gate::{Cell, Lane, known_to};
use crate::keys::hex;
use crate::problem::{Code, Problem};
use crate::risk_policy::{Builder, Keyed, ListRow, ListView, RuleRow, RuleView};
use crate::wire::{Time, mode_word};

/// Shows what applies: `mode`, and `version` for one of before that is kept.
pub async fn retrieve_risk_policy(call: Call<'_>) -> Handled {
    let mode = asked_mode(&call)?;
    let version = call.query.parsed("version", "a whole number", |text| text.parse::<u64>().ok())?;
    shown(call.cell(mode)?, version, Vec::new()).await
}

/// Replaces everything that applies, from the next payment on.
pub async fn set_risk_policy(call: Call<'_>) -> Handled {
    let request: SetRiskPolicy = call.read()?;
    let (mode, reason) = (request.mode.mode(), stated(&request.reason)?);
    let cell = call.cell(mode)?;
    let (new, warnings) = request.policy(cell)?;
    let said = said(&new, cell.directory().risk_policy().version);
    call.record(Target { account: None, mode: Some(mode), object: Some(&said) }, Some(reason)).await?;
    let refused = |refusal| {
        if refusal == Refusal::LimitReached {
            return Problem::new(Code::LimitReached, "The policy has more than a policy may have.");
        }
        Problem::from(refusal)
    };
    cell.submit(Lane::Operator, Command::SetRiskPolicy(Box::new(new)), None).await.map_err(refused)?;
    shown(cell, None, warnings).await
}

/// `PUT /operator/risk-policy`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRiskPolicy {
    /// The world in which it applies.
    mode: ModeWord,
    /// All rules.
    rules: Vec<RuleRow>,
    /// All lists.
    lists: Vec<ListRow>,
    /// Why.
    reason: String,
}

impl SetRiskPolicy {
    /// The policy; what is wrong with it is told of the rule or list at fault.
    fn policy(&self, cell: &Cell) -> Result<(NewPolicy, Vec<String>), Problem> {
        let mut builder = Builder::new(Keyed::by(cell.keys())).knowing(known_to(std::iter::once(cell)));
        let wrong = |what: &str, place: usize, reason: &str| {
            let param = format!("{what}[{place}]");
            let message = format!("{param} {reason}.");
            Problem::invalid(param, message)
        };
        for (place, row) in self.rules.iter().enumerate() {
            builder.rule(row).map_err(|reason| wrong("rules", place, &reason))?;
        }
        for (place, row) in self.lists.iter().enumerate() {
            builder.list(row).map_err(|reason| wrong("lists", place, &reason))?;
        }
        Ok(builder.finish())
    }
}

/// A policy as operators see it. Its rules and lists can be sent again as they are.
#[derive(Serialize)]
struct PolicyView<'a> {
    object: &'static str,
    mode: &'static str,
    version: u64,
    /// Null before anything was ever set.
    set_at: Option<Time>,
    /// The first half of SHA-256 over the file that was applied last.
    file: Option<String>,
    rules: Vec<RuleView<'a>>,
    lists: Vec<ListView<'a>>,
    /// The versions that are kept, newest first.
    history: Vec<VersionView>,
    /// What may be a mistake in what was just set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct VersionView {
    version: u64,
    set_at: Time,
    rules: usize,
    lists: usize,
    entries: usize,
}

impl<'a> PolicyView<'a> {
    fn new(mode: Mode, policy: &'a RiskPolicy, kept: &[RiskPolicy]) -> PolicyView<'a> {
        PolicyView {
            object: "risk_policy",
            mode: mode_word(mode),
            version: policy.version,
            set_at: (policy.version > 0).then_some(Time(policy.set_at)),
            file: policy.file.map(|file| hex::encode(&file)),
            rules: policy.rules.iter().map(RuleView::of).collect(),
            lists: policy.lists.iter().map(ListView::of).collect(),
            history: kept.iter().map(VersionView::new).collect(),
            warnings: Vec::new(),
        }
    }
}

impl VersionView {
    fn new(policy: &RiskPolicy) -> VersionView {
        VersionView {
            version: policy.version,
            set_at: Time(policy.set_at),
            rules: policy.rules.len(),
            lists: policy.lists.len(),
            entries: policy.lists.iter().map(|list| list.keys().len()).sum(),
        }
    }
}

/// In the words of the audit.
pub(super) fn said(new: &NewPolicy, before: u64) -> String {
    let entries: usize = new.lists.iter().map(|list| list.keys().len()).sum();
    let (rules, lists) = (new.rules.len(), new.lists.len());
    format!("replaces version {before}: {rules} rules, {lists} lists with {entries} entries")
}

/// The newest version, or the one that is asked for.
async fn shown(cell: &Cell, version: Option<u64>, warnings: Vec<String>) -> Handled {
    let kept = cell.read(causeway_core::store::Reader::risk_policies).await?;
    let nothing = RiskPolicy::default();
    let policy = match version {
        None => kept.first().unwrap_or(&nothing),
        Some(version) => kept
            .iter()
            .find(|one| one.version == version)
            .ok_or_else(|| Problem::new(Code::NotFound, "This version is not kept; `history` lists those that are."))?,
    };
    answer(200, &PolicyView { warnings, ..PolicyView::new(cell.mode(), policy, &kept) })
}
