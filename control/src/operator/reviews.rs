//! Payments that wait for somebody at the bank: the queue, what is known of each, and the decision.

use causeway_core::command::{Command, Reply};
use causeway_core::id::{Mode, PaymentId};
use causeway_core::payment::Payment;
use causeway_core::receipt::Receipt;
use causeway_core::review::{ReviewDecision, ReviewRow};
use causeway_core::risk::{Decider, FEATURE_NAMES};
use causeway_core::store::{Reader, StoreError};
use serde::{Deserialize, Serialize};

use super::body::ModeWord;
use super::call::{Call, Handled, Target, answer};
use crate::gate::{Cell, Lane};
use crate::problem::{Code, Problem};
use crate::wire::{self, Decimal, List, Time, mode_word, named_payment};

/// Lists what waits, oldest first: `mode`, `limit`, and `starting_after` with a payment's id.
pub async fn list_reviews(call: Call<'_>) -> Handled {
    let mode = asked_mode(&call)?;
    let limit = call.query.limit(10, 100)?;
    let of_mode = |text: &str| named_payment(text).filter(|named| named.1 == mode).map(|named| named.2);
    let after = call.query.parsed("starting_after", "a payment's id of this mode", of_mode)?;
    let cell = call.cell(mode)?;
    let mut waiting = cell.read(move |reader| page(reader, after, limit + 1)).await?;
    let has_more = waiting.len() > limit;
    waiting.truncate(limit);
    let data = waiting.iter().map(|waiting| ReviewView::new(mode, waiting)).collect();
    answer(200, &List::new(call.row.path, data, has_more))
}

/// Shows a payment that waits with all that was known when it was judged.
pub async fn retrieve_review(call: Call<'_>) -> Handled {
    let (mode, _, waiting) = named(&call).await?;
    answer(200, &WholeView::new(mode, &waiting))
}

/// Lets a payment go on.
pub async fn approve_review(call: Call<'_>) -> Handled {
    decide(call, ReviewDecision::Approve).await
}

/// Ends a payment: its partner hears what it hears of every decline.
pub async fn decline_review(call: Call<'_>) -> Handled {
    decide(call, ReviewDecision::Decline).await
}

async fn decide(call: Call<'_>, decision: ReviewDecision) -> Handled {
    let request: Decide = call.read()?;
    let reason = stated(&request.reason)?;
    let (mode, cell, Waiting { row, .. }) = named(&call).await?;
    let target = Target { account: Some(row.account), mode: Some(mode), object: Some(call.parameter(0)) };
    call.record(target, Some(reason)).await?;
    let command = Command::DecideReview(row.account, row.session, row.payment, decision);
    let Reply::Payment(payment) = cell.submit(Lane::Operator, command, None).await?.reply else {
        return Err(Problem::internal("the cell answered a review with something else than the payment"));
    };
    answer(200, &wire::Payment::of(&payment, mode))
}

/// The mode that the query names.
pub(super) fn asked_mode(call: &Call<'_>) -> Result<Mode, Problem> {
    let mode = call.query.parsed("mode", "sandbox or live", ModeWord::parse)?;
    Ok(mode.ok_or_else(|| Problem::invalid("mode", "mode must be sandbox or live."))?.mode())
}

/// A reason that must be given: what is decided about a person's money is never without one.
pub(super) fn stated(reason: &str) -> Result<&str, Problem> {
    let reason = reason.trim();
    if reason.is_empty() { Err(Problem::invalid("reason", "reason must say why.")) } else { Ok(reason) }
}

/// `POST /operator/reviews/{payment_id}/approve` and `…/decline`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decide {
    /// Why.
    reason: String,
}

/// A payment that waits, and what it was judged by.
struct Waiting {
    row: ReviewRow,
    payment: Payment,
    receipt: Receipt,
}

/// A payment that waits, in a list.
#[derive(Serialize)]
struct ReviewView {
    object: &'static str,
    payment_id: String,
    account_id: String,
    session_id: String,
    mode: &'static str,
    kind: &'static str,
    fiat_amount: Decimal,
    currency: String,
    crypto_amount: Decimal,
    asset: String,
    payment_method: String,
    /// Since when it waits, and from when on it is declined.
    created_at: Time,
    expires_at: Time,
    score: f32,
    /// What the score alone would have led to: `review` when its threshold brought the payment here.
    score_verdict: &'static str,
    model: Option<ModelView>,
    /// Why no model gave the score.
    fallback_reason: Option<String>,
    /// The lists and rules that fired, and the version of the policy in which they stand.
    fired: Vec<String>,
    policy_version: u64,
}

#[derive(Serialize)]
struct ModelView {
    name: String,
    version: String,
}

/// A payment that waits with its receipt.
#[derive(Serialize)]
struct WholeView {
    #[serde(flatten)]
    review: ReviewView,
    /// What the model and the rules saw, in the order of the features.
    features: Vec<FeatureView>,
    device: Option<DeviceView>,
    /// The corridors that could carry it, best first, when it was judged.
    corridors: Vec<String>,
    /// The batch that judged it: a replay groups redemptions by it.
    batch: u64,
}

#[derive(Serialize)]
struct FeatureView {
    name: &'static str,
    value: f32,
}

/// What a browser said of its device; the fingerprint as lists keep it.
#[derive(Serialize)]
struct DeviceView {
    key: Option<String>,
    time_zone: Option<String>,
    language: Option<String>,
    screen: Option<String>,
}

impl ReviewView {
    fn new(mode: Mode, waiting: &Waiting) -> ReviewView {
        let Waiting { row, payment, receipt } = waiting;
        let (terms, risk) = (&payment.terms, &receipt.risk);
        let (model, fallback_reason) = match &risk.decider {
            Decider::Model { name, version } => {
                (Some(ModelView { name: name.clone(), version: version.clone() }), None)
            }
            Decider::Fallback { reason } => (None, Some(reason.clone())),
        };
        ReviewView {
            object: "review",
            payment_id: payment.id.text(payment.kind.prefix(), mode),
            account_id: row.account.text(),
            session_id: row.session.text(mode),
            mode: mode_word(mode),
            kind: payment.kind.word(),
            fiat_amount: terms.fiat_amount.into(),
            currency: terms.currency.code().to_owned(),
            crypto_amount: terms.crypto_amount.into(),
            asset: terms.asset.symbol().to_owned(),
            payment_method: terms.payment_method.clone(),
            created_at: Time(payment.created_at),
            expires_at: Time(row.expires_at),
            score: risk.score,
            score_verdict: risk.verdict.word(),
            model,
            fallback_reason,
            fired: receipt.policied.fired.clone(),
            policy_version: receipt.policied.version,
        }
    }
}

impl WholeView {
    fn new(mode: Mode, waiting: &Waiting) -> WholeView {
        let receipt = &waiting.receipt;
        let features = FEATURE_NAMES.iter().zip(receipt.features.0);
        WholeView {
            review: ReviewView::new(mode, waiting),
            features: features.map(|(&name, value)| FeatureView { name, value }).collect(),
            device: receipt.device.as_ref().map(|device| DeviceView {
                key: device.fingerprint.map(|key| crate::keys::hex::encode(&key)),
                time_zone: device.time_zone.clone(),
                language: device.language.clone(),
                screen: device.screen.clone(),
            }),
            corridors: receipt.candidates.iter().map(|candidate| candidate.corridor.clone()).collect(),
            batch: receipt.batch,
        }
    }
}

/// Up to `limit` payments that wait, oldest first.
fn page(reader: &Reader, after: Option<PaymentId>, limit: usize) -> Result<Vec<Waiting>, StoreError> {
    let mut waiting = Vec::new();
    for row in reader.reviews(after, limit)? {
        waiting.extend(whole(reader, row)?);
    }
    Ok(waiting)
}

fn whole(reader: &Reader, row: ReviewRow) -> Result<Option<Waiting>, StoreError> {
    let payment = reader.payment(row.account, row.payment)?;
    let receipt = reader.receipt(row.account, row.payment)?;
    Ok(payment.zip(receipt).map(|(payment, receipt)| Waiting { row, payment, receipt }))
}

/// The payment that the path names, if it waits. Its id names its mode.
async fn named<'c>(call: &Call<'c>) -> Result<(Mode, &'c Cell, Waiting), Problem> {
    let message = "There is no such payment that waits for a review; it may have been decided meanwhile.";
    let unknown = || Problem::new(Code::NotFound, message);
    let (kind, mode, id) = named_payment(call.parameter(0)).ok_or_else(unknown)?;
    let cell = call.interface.gate.cell(mode).ok_or_else(unknown)?;
    let found = cell.read(move |reader| reader.review(id)?.map_or(Ok(None), |row| whole(reader, row))).await?;
    let found = found.filter(|found| found.payment.kind == kind).ok_or_else(unknown)?;
    Ok((mode, cell, found))
}
