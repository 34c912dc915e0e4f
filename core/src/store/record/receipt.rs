//! The record of a decision receipt. Floats are kept bit by bit, so that the decision can be recomputed.

use serde::{Deserialize, Serialize};

use super::numbers::Numbered;
use super::{Distance, Malformed, V1, V2, V3, read, read_as, write_as};
use crate::id::{AccountId, PaymentId};
use crate::receipt::Receipt;
use crate::risk::features::COUNT;
use crate::risk::{Decider, Device, Features, Policied, Risk, Verdict};
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

/// Version 2 knows the device.
#[derive(Serialize, Deserialize)]
struct ReceiptV2<'a> {
    #[serde(borrow)]
    first: ReceiptV1<'a>,
    device: Option<DeviceV2<'a>>,
}

/// Version 3 knows what lists and rules made of it.
#[derive(Serialize, Deserialize)]
struct ReceiptV3<'a> {
    #[serde(borrow)]
    second: ReceiptV2<'a>,
    #[serde(borrow)]
    policied: PoliciedV3<'a>,
}

#[derive(Default, Serialize, Deserialize)]
struct PoliciedV3<'a> {
    version: u64,
    #[serde(borrow)]
    fired: Vec<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct DeviceV2<'a> {
    fingerprint: Option<[u8; 16]>,
    time_zone: Option<&'a str>,
    language: Option<&'a str>,
    screen: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
enum DeciderV1<'a> {
    Model { name: &'a str, version: &'a str },
    Fallback { reason: &'a str },
}

/// Appends the record of `receipt`.
pub fn encode(receipt: &Receipt, out: &mut Vec<u8>) {
    let first = ReceiptV1 {
        at: Distance::new(receipt.at, receipt.payment.0),
        batch: receipt.batch,
        features: receipt.features.0,
        score: receipt.risk.score,
        verdict: receipt.risk.verdict.number(),
        decider: (&receipt.risk.decider).into(),
        applied: receipt.applied.number(),
        candidates: receipt.candidates.iter().map(candidate).collect(),
    };
    let second = ReceiptV2 { first, device: receipt.device.as_ref().map(Into::into) };
    write_as(V3, out, &ReceiptV3 { second, policied: (&receipt.policied).into() });
}

/// Reads the receipt of the payment with this key.
pub fn decode(account: AccountId, payment: PaymentId, bytes: &[u8]) -> Result<Receipt, Malformed> {
    let before = |second| ReceiptV3 { second, policied: PoliciedV3::default() };
    let ReceiptV3 { second, policied } = match bytes.first() {
        Some(&V1) => before(ReceiptV2 { first: read(bytes)?, device: None }),
        Some(&V2) => before(read_as(V2, bytes)?),
        Some(_) | None => read_as(V3, bytes)?,
    };
    let ReceiptV2 { first: fields, device } = second;
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
        device: device.map(Into::into),
        risk: Risk {
            score: fields.score,
            verdict: Verdict::from_number(fields.verdict)?,
            decider: fields.decider.into(),
        },
        applied: Verdict::from_number(fields.applied)?,
        candidates: fields.candidates.into_iter().map(candidate).collect(),
        policied: policied.into(),
    })
}

fn candidate(candidate: &Candidate) -> (&str, f32, f32) {
    (&candidate.corridor, candidate.score, candidate.probability)
}

impl<'a> From<&'a Policied> for PoliciedV3<'a> {
    fn from(policied: &'a Policied) -> PoliciedV3<'a> {
        PoliciedV3 { version: policied.version, fired: policied.fired.iter().map(String::as_str).collect() }
    }
}

impl From<PoliciedV3<'_>> for Policied {
    fn from(policied: PoliciedV3<'_>) -> Policied {
        Policied { version: policied.version, fired: policied.fired.into_iter().map(str::to_owned).collect() }
    }
}

impl<'a> From<&'a Device> for DeviceV2<'a> {
    fn from(device: &'a Device) -> DeviceV2<'a> {
        DeviceV2 {
            fingerprint: device.fingerprint,
            time_zone: device.time_zone.as_deref(),
            language: device.language.as_deref(),
            screen: device.screen.as_deref(),
        }
    }
}

impl From<DeviceV2<'_>> for Device {
    fn from(device: DeviceV2<'_>) -> Device {
        Device {
            fingerprint: device.fingerprint,
            time_zone: device.time_zone.map(str::to_owned),
            language: device.language.map(str::to_owned),
            screen: device.screen.map(str::to_owned),
        }
    }
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
