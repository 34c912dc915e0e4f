//! Sessions.

use causeway_core::id::Mode;
use causeway_core::session::{Flow, Session as CoreSession, SessionStatus, SessionTerms};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::forms::{ASSET, CURRENCY, URL};
use super::kyc_package::Package;
use super::{Decimal, DecimalText, Fingerprint, Pairs, PairsView, Text, Time, field, mode_word};
use crate::keys::hex;
use crate::problem::Problem;

/// The body of createSession.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSession<'a> {
    /// The fiat amount.
    #[serde(borrow)]
    pub amount: DecimalText<'a>,
    /// The fiat currency, ISO 4217.
    #[serde(borrow)]
    #[schemars(regex(pattern = CURRENCY), extend("format" = "iso-4217"))]
    pub currency: Text<'a>,
    /// Where the user's browser returns: https, or http on a loopback host.
    #[serde(borrow)]
    #[schemars(length(max = 2048), regex(pattern = URL), extend("format" = "uri"))]
    pub return_url: Text<'a>,
    /// What the session is for; without it the user chooses.
    pub flow: Option<FlowWord>,
    /// The asset wanted.
    #[serde(borrow)]
    #[schemars(regex(pattern = ASSET))]
    pub target_token: Option<Text<'a>>,
    /// The asset's network.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 255))]
    pub target_network: Option<Text<'a>>,
    /// Where the asset goes.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 255))]
    pub wallet_address: Option<Text<'a>>,
    /// Your name for the user.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 255))]
    pub user_reference: Option<Text<'a>>,
    /// The preview that the user saw.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 255))]
    pub quote_preview_id: Option<Text<'a>>,
    /// Where the user's browser returns after giving up.
    #[serde(borrow)]
    #[schemars(length(max = 2048), regex(pattern = URL), extend("format" = "uri"))]
    pub cancel_url: Option<Text<'a>>,
    /// Your own pairs.
    pub metadata: Option<Pairs>,
    /// A finished verification of the user, for entitled accounts: any object with a member. It is relied upon unless it has
    /// a `status` that is none of `approved`, `accepted`, `verified` and `passed`, or an `expires_at` (RFC 3339) that has
    /// passed. Only a keyed hash and the verdict are kept.
    pub kyc_package: Option<Package>,
}

/// What a session is for.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum FlowWord {
    /// Fiat to asset.
    OnRamp,
    /// Asset to fiat.
    OffRamp,
    /// Asset to asset, for entitled accounts.
    Swap,
}

impl CreateSession<'_> {
    /// The terms that the core takes; the package is judged apart.
    pub fn terms(self) -> Result<SessionTerms, Problem> {
        let currency = field::currency("currency", &self.currency)?;
        Ok(SessionTerms {
            amount: field::fiat("amount", &self.amount, currency)?,
            currency,
            flow: self.flow.map(FlowWord::flow),
            target_token: self.target_token.map(|text| field::asset("target_token", &text)).transpose()?,
            target_network: field::reference("target_network", self.target_network)?,
            wallet_address: field::reference("wallet_address", self.wallet_address)?,
            user_reference: field::reference("user_reference", self.user_reference)?,
            quote_preview_id: field::reference("quote_preview_id", self.quote_preview_id)?,
            return_url: field::url("return_url", self.return_url)?,
            cancel_url: self.cancel_url.map(|text| field::url("cancel_url", text)).transpose()?,
            metadata: self.metadata.unwrap_or_default().0,
            kyc_package: None,
        })
    }

    /// The fingerprint of a request with these terms.
    pub fn fingerprint(terms: &SessionTerms) -> [u8; 16] {
        Fingerprint::new()
            .field("amount", terms.amount)
            .field("currency", terms.currency.code())
            .option("flow", terms.flow.map(Flow::word))
            .option("target_token", terms.target_token.as_ref().map(|asset| asset.symbol()))
            .option("target_network", terms.target_network.as_ref())
            .option("wallet_address", terms.wallet_address.as_ref())
            .option("user_reference", terms.user_reference.as_ref())
            .option("quote_preview_id", terms.quote_preview_id.as_ref())
            .field("return_url", &terms.return_url)
            .option("cancel_url", terms.cancel_url.as_ref())
            .pairs("metadata", &terms.metadata)
            .option("kyc_package", terms.kyc_package.map(|package| hex::encode(&package.hash)))
            .finish()
    }
}

impl FlowWord {
    fn flow(self) -> Flow {
        match self {
            FlowWord::OnRamp => Flow::OnRamp,
            FlowWord::OffRamp => Flow::OffRamp,
            FlowWord::Swap => Flow::Swap,
        }
    }
}

/// A hosted session.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub struct Session<'a> {
    /// Always `session`.
    #[schemars(extend("const" = "session"))]
    pub object: &'static str,
    /// `gs_…`.
    pub id: String,
    /// The account.
    pub partner_id: String,
    /// The world of the session.
    #[schemars(extend("enum" = ["test", "live"]))]
    pub mode: &'static str,
    /// Where it stands.
    #[schemars(extend("enum" = ["open", "completed", "expired", "cancelled"]))]
    pub status: &'static str,
    /// The fiat amount, at the currency's minor unit.
    pub amount: Decimal,
    /// The fiat currency.
    pub currency: &'a str,
    /// What it is for; null lets the user choose.
    #[schemars(extend("enum" = ["on_ramp", "off_ramp", "swap", null]))]
    pub flow: Option<&'static str>,
    /// The asset wanted.
    pub target_token: Option<&'a str>,
    /// The asset's network.
    pub target_network: Option<&'a str>,
    /// Where the asset goes.
    pub wallet_address: Option<&'a str>,
    /// The partner's name for the user.
    pub user_reference: Option<&'a str>,
    /// The preview that the user saw.
    pub quote_preview_id: Option<&'a str>,
    /// Where the user's browser returns.
    pub return_url: &'a str,
    /// Where it returns after giving up.
    pub cancel_url: Option<&'a str>,
    /// The transaction that completed it.
    pub tx_refid: Option<String>,
    /// The partner's own pairs.
    pub metadata: PairsView<'a>,
    /// When it was created.
    pub created_at: Time,
    /// From when on it takes no new movement.
    pub expires_at: Time,
}

/// The answer of createSession.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CreatedSession")]
pub struct CreatedSession<'a> {
    /// The session.
    #[serde(flatten)]
    pub session: Session<'a>,
    /// Browser-safe secret of this session, in this answer only.
    pub client_secret: &'a str,
}

impl<'a> Session<'a> {
    /// The session as partners see it.
    pub fn of(session: &'a CoreSession, mode: Mode) -> Session<'a> {
        let terms = &session.terms;
        Session {
            object: "session",
            id: session.id.text(mode),
            partner_id: session.account.text(),
            mode: mode_word(mode),
            status: session.status.word(),
            amount: terms.amount.into(),
            currency: terms.currency.code(),
            flow: terms.flow.map(Flow::word),
            target_token: terms.target_token.as_ref().map(|asset| asset.symbol()),
            target_network: terms.target_network.as_deref(),
            wallet_address: terms.wallet_address.as_deref(),
            user_reference: terms.user_reference.as_deref(),
            quote_preview_id: terms.quote_preview_id.as_deref(),
            return_url: &terms.return_url,
            cancel_url: terms.cancel_url.as_deref(),
            tx_refid: match session.status {
                SessionStatus::Completed { transaction } => Some(transaction.text(mode)),
                SessionStatus::Open { .. } | SessionStatus::Expired | SessionStatus::Cancelled => None,
            },
            metadata: PairsView(&terms.metadata),
            created_at: Time(session.created_at),
            expires_at: Time(session.expires_at),
        }
    }
}
