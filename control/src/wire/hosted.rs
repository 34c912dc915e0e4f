//! A session as its user sees it in the hosted widget, and how the user confirms it.

use std::borrow::Cow;

use causeway_core::branding::Branding as CoreBranding;
use causeway_core::command::Confirm;
use causeway_core::id::Mode;
use causeway_core::limits::{DEVICE_FINGERPRINT_CHARS, DEVICE_WORD_BYTES};
use causeway_core::payment::Payment as CorePayment;
use causeway_core::risk::Device;
use causeway_core::session::Session as CoreSession;
use causeway_core::terms::Side;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::forms::ASSET;
use super::{Branding, Decimal, Fingerprint, NextAction, Payment, Price, Session, SideWord, Text, Time, field};
use crate::keys::KeyRing;
use crate::problem::Problem;

/// The body of confirmEmbedSession: choices that the session leaves open.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmEmbedSession<'a> {
    /// How fiat moves.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 64))]
    pub payment_method: Text<'a>,
    /// Which way value moves, where the session leaves it open; `on_ramp` otherwise.
    pub side: Option<SideWord>,
    /// The asset, where the session leaves it open; the deployment's dollar asset otherwise.
    #[serde(borrow)]
    #[schemars(regex(pattern = ASSET))]
    pub asset: Option<Text<'a>>,
    /// The user's device, for risk.
    #[serde(borrow)]
    pub device: Option<DeviceBody<'a>>,
}

/// What the widget knows of the user's device; every part may be left out. It is a hint: a part of another form than the one
/// described is not kept, and refuses nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Device")]
pub struct DeviceBody<'a> {
    /// Recognises the device: 1–128 characters. Only a keyed hash of it is kept.
    #[serde(borrow)]
    pub fingerprint: Option<Text<'a>>,
    /// The zone of its clock, such as `Europe/Berlin`.
    #[serde(borrow)]
    pub time_zone: Option<Text<'a>>,
    /// The language of its user, such as `de-DE`.
    #[serde(borrow)]
    pub language: Option<Text<'a>>,
    /// The size of its screen in pixels, such as `1920x1080`.
    #[serde(borrow)]
    pub screen: Option<Text<'a>>,
}

impl ConfirmEmbedSession<'_> {
    /// The confirmation that the core takes, with the request's fingerprint. The device is no part of that: it may be turned
    /// around before its user tries again.
    pub fn confirm(self, keys: &KeyRing) -> Result<(Confirm, [u8; 16]), Problem> {
        let confirm = Confirm {
            payment_method: Some(field::method("payment_method", self.payment_method)?),
            side: self.side.map(Side::from),
            asset: self.asset.map(|text| field::asset("asset", &text)).transpose()?,
            device: self.device.map(|device| device.device(keys)).filter(|device| !device.is_unknown()),
            // Where the request came from is known to whoever has read its head.
            address: None,
        };
        let fingerprint = Fingerprint::new()
            .option("payment_method", confirm.payment_method.as_ref())
            .option("side", confirm.side.map(Side::word))
            .option("asset", confirm.asset.as_ref().map(|asset| asset.symbol()))
            .finish();
        Ok((confirm, fingerprint))
    }
}

impl DeviceBody<'_> {
    /// The device as it is kept; its fingerprint is hashed here.
    fn device(self, keys: &KeyRing) -> Device {
        let word = |text: Option<Text<'_>>, fits: fn(&str) -> bool| {
            text.map(|text| text.0).filter(|text| fits(text)).map(Cow::into_owned)
        };
        Device {
            fingerprint: word(self.fingerprint, is_fingerprint).map(|text| keys.device_hash(&text)),
            time_zone: word(self.time_zone, is_time_zone),
            language: word(self.language, is_language),
            screen: word(self.screen, is_screen),
        }
    }
}

fn is_fingerprint(text: &str) -> bool {
    (1..=DEVICE_FINGERPRINT_CHARS).contains(&text.chars().count())
}

fn is_time_zone(text: &str) -> bool {
    is_made_of(text, |letter| letter.is_ascii_alphanumeric() || b"_+-/:".contains(&letter))
}

fn is_language(text: &str) -> bool {
    is_made_of(text, |letter| letter.is_ascii_alphanumeric() || letter == b'-')
}

fn is_made_of(text: &str, fits: fn(u8) -> bool) -> bool {
    (1..=DEVICE_WORD_BYTES).contains(&text.len()) && text.bytes().all(fits)
}

fn is_screen(text: &str) -> bool {
    let is_length = |text: &str| {
        (1..=5).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|digit| digit.is_ascii_digit())
    };
    text.split_once('x').is_some_and(|(width, height)| is_length(width) && is_length(height))
}

/// A session as its user may see it: without what the partner keeps for itself.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EmbedSession<'a> {
    /// Always `embed_session`.
    #[schemars(extend("const" = "embed_session"))]
    pub object: &'static str,
    /// `gs_…`.
    pub id: String,
    /// The world of the session.
    #[schemars(extend("enum" = ["test", "live"]))]
    pub mode: &'static str,
    /// Where it stands.
    #[schemars(extend("enum" = ["open", "completed", "expired", "cancelled"]))]
    pub status: &'static str,
    /// The fiat amount.
    pub amount: Decimal,
    /// The fiat currency.
    pub currency: &'a str,
    /// What it is for; null lets the user choose.
    #[schemars(extend("enum" = ["on_ramp", "off_ramp", "swap", null]))]
    pub flow: Option<&'static str>,
    /// The asset wanted; null lets the user choose.
    pub target_token: Option<&'a str>,
    /// The asset's network.
    pub target_network: Option<&'a str>,
    /// Where the asset goes.
    pub wallet_address: Option<&'a str>,
    /// Where the user's browser returns.
    pub return_url: &'a str,
    /// Where it returns after giving up.
    pub cancel_url: Option<&'a str>,
    /// From when on it takes no new movement.
    pub expires_at: Time,
    /// The newest movement; null before the first.
    pub movement: Option<EmbedMovement<'a>>,
    /// How the widget looks.
    pub branding: Branding<'a>,
}

/// A pay-in or pay-out as its user may see it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EmbedMovement<'a> {
    /// Always `embed_movement`.
    #[schemars(extend("const" = "embed_movement"))]
    pub object: &'static str,
    /// The session that it moves.
    pub session_id: String,
    /// Which of the two it is.
    #[schemars(extend("enum" = ["pay_in", "pay_out"]))]
    pub kind: &'static str,
    /// Where it stands.
    #[schemars(extend("enum" = ["processing", "settled", "failed", "cancelled"]))]
    pub status: &'static str,
    /// The fiat currency.
    pub currency: &'a str,
    /// The asset.
    pub asset: &'a str,
    /// How fiat moves.
    pub payment_method: &'a str,
    /// Fiat that the user pays (pay-in) or receives (pay-out).
    pub fiat_amount: Decimal,
    /// Asset that the user receives (pay-in) or pays (pay-out).
    pub crypto_amount: Decimal,
    /// Fiat per one asset.
    pub exchange_rate: Decimal,
    /// Fees, in fiat.
    pub fees: Price,
    /// Its transaction: what the user can be asked for.
    pub transaction_refid: String,
    /// What the user has to do.
    pub next_action: Option<NextAction<'a>>,
    /// Why it failed.
    #[schemars(extend("enum" = ["risk_declined", "no_route", "rail_rejected", "verification_expired", null]))]
    pub failure_code: Option<&'static str>,
    /// The same in words.
    pub failure_message: Option<&'static str>,
    /// When it began.
    pub created_at: Time,
    /// When it settled.
    pub settled_at: Option<Time>,
}

impl<'a> EmbedSession<'a> {
    /// The session with its newest movement.
    pub fn of(
        session: &'a CoreSession,
        movement: Option<&'a CorePayment>,
        branding: &'a CoreBranding,
        mode: Mode,
    ) -> EmbedSession<'a> {
        let session = Session::of(session, mode);
        EmbedSession {
            object: "embed_session",
            id: session.id,
            mode: session.mode,
            status: session.status,
            amount: session.amount,
            currency: session.currency,
            flow: session.flow,
            target_token: session.target_token,
            target_network: session.target_network,
            wallet_address: session.wallet_address,
            return_url: session.return_url,
            cancel_url: session.cancel_url,
            expires_at: session.expires_at,
            movement: movement.map(|payment| EmbedMovement::of(payment, mode)),
            branding: Branding::of(branding),
        }
    }
}

impl<'a> EmbedMovement<'a> {
    /// The payment.
    pub fn of(payment: &'a CorePayment, mode: Mode) -> EmbedMovement<'a> {
        let payment = Payment::of(payment, mode);
        EmbedMovement {
            object: "embed_movement",
            session_id: payment.session_id,
            kind: payment.kind,
            status: payment.status,
            currency: payment.currency,
            asset: payment.asset,
            payment_method: payment.payment_method,
            fiat_amount: payment.fiat_amount,
            crypto_amount: payment.crypto_amount,
            exchange_rate: payment.exchange_rate,
            fees: payment.fees,
            transaction_refid: payment.transaction_refid,
            next_action: payment.next_action,
            failure_code: payment.failure_code,
            failure_message: payment.failure_message,
            created_at: payment.created_at,
            settled_at: payment.settled_at,
        }
    }
}
