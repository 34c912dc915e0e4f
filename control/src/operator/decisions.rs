//! Why a payment was decided as it was: its receipt.

use causeway_core::id::Mode;
use causeway_core::receipt::Receipt;
use causeway_core::risk::{Decider, FEATURE_NAMES, Labelled, LateBlock};
use serde::Serialize;

use super::call::{Call, Handled, answer};
use crate::problem::{Code, Problem};
use crate::wire::{Time, mode_word, named_payment};

/// Shows what decided a payment. Its id names its mode.
pub async fn retrieve_decision(call: Call<'_>) -> Handled {
    let unknown = || Problem::new(Code::NotFound, "There is no such payment; check the id.");
    let (kind, mode, id) = named_payment(call.parameter(0)).ok_or_else(unknown)?;
    let cell = call.interface.gate.cell(mode).ok_or_else(unknown)?;
    let receipt = cell.read(move |reader| reader.decision(id)).await?.ok_or_else(unknown)?;
    let account = receipt.account;
    let payment = cell.read(move |reader| reader.payment(account, id)).await?;
    payment.filter(|payment| payment.kind == kind).ok_or_else(unknown)?;
    let label = cell.read(move |reader| reader.label(id)).await?;
    answer(200, &DecisionView::new(call.parameter(0), mode, &receipt, label))
}

/// A decision as operators see it.
#[derive(Serialize)]
struct DecisionView<'a> {
    object: &'static str,
    payment: &'a str,
    mode: &'static str,
    account_id: String,
    decided_at: Time,
    /// The part of the plan of models that it fell to: `live`, `canary`, `canary_left` (the canary had no usable score, and
    /// the live model was asked in its place) or `none`.
    arm: &'static str,
    /// The model that gave the score; null when the fallback rules did.
    model: Option<ModelView<'a>>,
    /// Why the fallback rules did.
    fallback_reason: Option<&'a str>,
    score: f32,
    /// What the score means.
    verdict: &'static str,
    /// What was done: the sandbox obeys magic amounts.
    applied: &'static str,
    /// The lists and rules that fired, and the version of the policy in which they stand.
    fired: &'a [String],
    policy_version: u64,
    /// The block lists that were set while it waited, for which it was declined; null where there were none.
    blocked_later: Option<LateBlockView<'a>>,
    /// What it turned out to be; null while nobody has said.
    label: Option<LabelView>,
    amount_usd_cents: u64,
    features: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct ModelView<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct LabelView {
    label: &'static str,
    /// Since when that is known.
    since: Time,
}

#[derive(Serialize)]
struct LateBlockView<'a> {
    policy_version: u64,
    lists: &'a [String],
}

impl<'a> LateBlockView<'a> {
    fn of(late: &'a LateBlock) -> LateBlockView<'a> {
        LateBlockView { policy_version: late.version, lists: &late.lists }
    }
}

impl<'a> DecisionView<'a> {
    fn new(payment: &'a str, mode: Mode, receipt: &'a Receipt, label: Option<Labelled>) -> DecisionView<'a> {
        let (model, fallback_reason) = match &receipt.risk.decider {
            Decider::Model { name, version } => (Some(ModelView { name, version }), None),
            Decider::Fallback { reason } => (None, Some(reason.as_str())),
        };
        let features = FEATURE_NAMES.iter().zip(receipt.features.0);
        DecisionView {
            object: "decision",
            payment,
            mode: mode_word(mode),
            account_id: receipt.account.text(),
            decided_at: Time(receipt.at),
            arm: receipt.arm.word(),
            model,
            fallback_reason,
            score: receipt.risk.score,
            verdict: receipt.risk.verdict.word(),
            applied: receipt.applied.word(),
            fired: &receipt.policied.fired,
            policy_version: receipt.policied.version,
            blocked_later: receipt.policied.late.as_ref().map(LateBlockView::of),
            label: label.map(|known| LabelView { label: known.label.word(), since: Time(known.at) }),
            amount_usd_cents: receipt.amount_cents,
            features: features.map(|(name, value)| ((*name).to_owned(), value.into())).collect(),
        }
    }
}
