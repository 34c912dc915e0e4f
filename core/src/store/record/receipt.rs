//! The record of a decision receipt. Floats are kept bit by bit, so that the decision can be recomputed.

use serde::{Deserialize, Serialize};

use super::numbers::Numbered;
use super::{Distance, Malformed, V3, read_as, write_as};
use crate::id::{AccountId, PaymentId};
use crate::receipt::Receipt;
use crate::risk::features::COUNT;
use crate::risk::history::Usual;
use crate::risk::{Arm, Decider, Device, Entities, Features, LateBlock, Policied, Risk, Verdict};
use crate::routing::Candidate;

/// The first two versions held fourteen features: stores of their time are not opened.
#[derive(Serialize, Deserialize)]
struct ReceiptV3<'a> {
    account: [u8; 16],
    at: Distance,
    batch: u64,
    entities: EntitiesV3,
    amount_cents: u64,
    usual: u8,
    #[serde(borrow)]
    features: FeaturesV3<'a>,
    score: f32,
    verdict: u8,
    #[serde(borrow)]
    decider: DeciderV1<'a>,
    applied: u8,
    /// Corridor, score, probability; best first.
    candidates: Vec<(&'a str, f32, f32)>,
    device: Option<DeviceV2<'a>>,
    #[serde(borrow)]
    policied: PoliciedV3<'a>,
    arm: ArmV3,
}

/// Person, device, network, destination; the partner is the account.
#[derive(Serialize, Deserialize)]
struct EntitiesV3([u8; 16], Option<[u8; 16]>, Option<[u8; 16]>, Option<[u8; 16]>);

/// How many features there were, which of them were not zero, least significant bit first, and the bits of these.
#[derive(Serialize, Deserialize)]
struct FeaturesV3<'a>(u32, &'a [u8], Vec<f32>);

/// What lists and rules made of it.
#[derive(Serialize, Deserialize)]
struct PoliciedV3<'a> {
    version: u64,
    #[serde(borrow)]
    fired: Vec<&'a str>,
    /// Version and names of the block lists that ended it after it had waited.
    late: Option<(u64, Vec<&'a str>)>,
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

#[derive(Serialize, Deserialize)]
enum ArmV3 {
    None,
    Live,
    Canary,
    CanaryLeft,
}

/// Appends the record of `receipt`.
pub fn encode(receipt: &Receipt, out: &mut Vec<u8>) {
    let Entities { person, device, network, destination, .. } = receipt.entities;
    let mask = mask(&receipt.features);
    let fields = ReceiptV3 {
        account: receipt.account.into(),
        at: Distance::new(receipt.at, receipt.payment.0),
        batch: receipt.batch,
        entities: EntitiesV3(person, device, network, destination),
        amount_cents: receipt.amount_cents,
        usual: receipt.usual.number(),
        features: FeaturesV3(
            COUNT as u32,
            &mask,
            receipt.features.0.into_iter().filter(|value| is_told(*value)).collect(),
        ),
        score: receipt.risk.score,
        verdict: receipt.risk.verdict.number(),
        decider: (&receipt.risk.decider).into(),
        applied: receipt.applied.number(),
        candidates: receipt.candidates.iter().map(candidate).collect(),
        device: receipt.device.as_ref().map(Into::into),
        policied: (&receipt.policied).into(),
        arm: receipt.arm.into(),
    };
    write_as(V3, out, &fields);
}

/// Reads the receipt of the payment with this key.
pub fn decode(payment: PaymentId, bytes: &[u8]) -> Result<Receipt, Malformed> {
    let fields: ReceiptV3<'_> = read_as(V3, bytes)?;
    let EntitiesV3(person, device, network, destination) = fields.entities;
    let candidate = |(corridor, score, probability): (&str, f32, f32)| Candidate {
        corridor: corridor.to_owned(),
        score,
        probability,
    };
    Ok(Receipt {
        payment,
        account: AccountId::from(fields.account),
        at: fields.at.from(payment.0),
        batch: fields.batch,
        entities: Entities { person, device, network, destination, partner: fields.account },
        amount_cents: fields.amount_cents,
        usual: Usual::from_number(fields.usual)?,
        features: features(&fields.features)?,
        device: fields.device.map(Into::into),
        arm: fields.arm.into(),
        risk: Risk {
            score: fields.score,
            verdict: Verdict::from_number(fields.verdict)?,
            decider: fields.decider.into(),
        },
        applied: Verdict::from_number(fields.applied)?,
        candidates: fields.candidates.into_iter().map(candidate).collect(),
        policied: fields.policied.into(),
    })
}

/// Features are kept bit by bit: a zero with a sign is one that is told.
fn is_told(value: f32) -> bool {
    value.to_bits() != 0
}

fn mask(features: &Features) -> [u8; COUNT.div_ceil(8)] {
    let mut mask = [0; COUNT.div_ceil(8)];
    for (place, _) in features.0.iter().enumerate().filter(|(_, value)| is_told(**value)) {
        mask[place / 8] |= 1 << (place % 8);
    }
    mask
}

/// A receipt that was written before some features were added has zeros for them.
fn features(FeaturesV3(count, mask, told): &FeaturesV3<'_>) -> Result<Features, Malformed> {
    let count = *count as usize;
    if count > COUNT || mask.len() != count.div_ceil(8) {
        return Err(Malformed("its features are none of this version"));
    }
    let (mut row, mut told) = ([0.0; COUNT], told.iter());
    for place in (0..count).filter(|place| mask[place / 8] & (1 << (place % 8)) != 0) {
        row[place] = *told.next().ok_or(Malformed("a feature is missing"))?;
    }
    Ok(Features(row))
}

fn candidate(candidate: &Candidate) -> (&str, f32, f32) {
    (&candidate.corridor, candidate.score, candidate.probability)
}

impl<'a> From<&'a Policied> for PoliciedV3<'a> {
    fn from(policied: &'a Policied) -> PoliciedV3<'a> {
        let late = policied.late.as_ref().map(|late| (late.version, texts(&late.lists)));
        PoliciedV3 { version: policied.version, fired: texts(&policied.fired), late }
    }
}

impl From<PoliciedV3<'_>> for Policied {
    fn from(policied: PoliciedV3<'_>) -> Policied {
        let late = policied.late.map(|(version, lists)| LateBlock { version, lists: owned(lists) });
        Policied { version: policied.version, fired: owned(policied.fired), late }
    }
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
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

impl From<Arm> for ArmV3 {
    fn from(arm: Arm) -> ArmV3 {
        match arm {
            Arm::None => ArmV3::None,
            Arm::Live => ArmV3::Live,
            Arm::Canary => ArmV3::Canary,
            Arm::CanaryLeft => ArmV3::CanaryLeft,
        }
    }
}

impl From<ArmV3> for Arm {
    fn from(arm: ArmV3) -> Arm {
        match arm {
            ArmV3::None => Arm::None,
            ArmV3::Live => Arm::Live,
            ArmV3::Canary => Arm::Canary,
            ArmV3::CanaryLeft => Arm::CanaryLeft,
        }
    }
}
