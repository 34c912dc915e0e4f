//! The record of a decision receipt. Floats are kept bit by bit, so that the decision can be recomputed.

use serde::{Deserialize, Serialize};

use super::numbers::Numbered;
use super::{Distance, Malformed, read, write};
use crate::id::{AccountId, PaymentId};
use crate::receipt::Receipt;
use crate::risk::features::COUNT;
use crate::risk::{Decider, Features, Risk, Verdict};
use crate::routing::Candidate;

/// Features of version 1. More features need a version 2 of this record.
const FEATURES_V1: usize = 14;
const _: () = assert!(COUNT == FEATURES_V1);

#[derive(Serialize, Deserialize)]
struct ReceiptV1<'a> {
    at: Distance,
    batch: u64,
    features: [f32; FEATURES_V1],
    score: f32,
    verdict: u8,
    #[serde(borrow)]
    decider: DeciderV1<'a>,
    applied: u8,
    /// Corridor, score, probability; best first.
    candidates: Vec<(&'a str, f32, f32)>,
}

#[derive(Serialize, Deserialize)]
enum DeciderV1<'a> {
    Model { name: &'a str, version: &'a str },
    Fallback { reason: &'a str },
}

/// Appends the record of `receipt`.
pub fn encode(receipt: &Receipt, out: &mut Vec<u8>) {
    let fields = ReceiptV1 {
        at: Distance::new(receipt.at, receipt.payment.0),
        batch: receipt.batch,
        features: receipt.features.0,
        score: receipt.risk.score,
        verdict: receipt.risk.verdict.number(),
        decider: (&receipt.risk.decider).into(),
        applied: receipt.applied.number(),
        candidates: receipt.candidates.iter().map(candidate).collect(),
    };
    write(out, &fields);
}

/// Reads the receipt of the payment with this key.
pub fn decode(account: AccountId, payment: PaymentId, bytes: &[u8]) -> Result<Receipt, Malformed> {
    let fields: ReceiptV1<'_> = read(bytes)?;
    let candidate = |(corridor, score, probability): (&str, f32, f32)| Candidate {
        corridor: corridor.to_owned(),
        score,
        probability,
    };
    Ok(Receipt {
        payment,
        account,
        at: fields.at.from(payment.0),
        batch: fields.batch,
        features: Features(fields.features),
        risk: Risk {
            score: fields.score,
            verdict: Verdict::from_number(fields.verdict)?,
            decider: fields.decider.into(),
        },
        applied: Verdict::from_number(fields.applied)?,
        candidates: fields.candidates.into_iter().map(candidate).collect(),
    })
}

fn candidate(candidate: &Candidate) -> (&str, f32, f32) {
    (&candidate.corridor, candidate.score, candidate.probability)
}

impl<'a> From<&'a Decider> for DeciderV1<'a> {
    fn from(decider: &'a Decider) -> DeciderV1<'a> {
        match decider {
            Decider::Model { name, version } => DeciderV1::Model { name, version },
            Decider::Fallback { reason } => DeciderV1::Fallback { reason },
        }
    }
}

impl From<DeciderV1<'_>> for Decider {
    fn from(decider: DeciderV1<'_>) -> Decider {
        match decider {
            DeciderV1::Model { name, version } => Decider::Model { name: name.to_owned(), version: version.to_owned() },
            DeciderV1::Fallback { reason } => Decider::Fallback { reason: reason.to_owned() },
        }
    }
}
