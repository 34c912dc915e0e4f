//! The record of a session. Version 2 adds what is kept of a verification that was handed over.

use serde::{Deserialize, Serialize};

use super::money::UnsignedV1;
use super::numbers::{Numbered, from_optional, optional};
use super::terms::{PairsV1, metadata, pairs};
use super::{Distance, Malformed, V1, V2, read, read_as, write_as};
use crate::id::{AccountId, SessionId};
use crate::session::{KycPackage, PackageVerdict, Session, SessionStatus, SessionTerms};
use crate::store::key::{asset, currency};

#[derive(Serialize, Deserialize)]
struct SessionV2<'a> {
    #[serde(borrow)]
    first: SessionV1<'a>,
    kyc_package: Option<PackageV1>,
}

#[derive(Serialize, Deserialize)]
struct PackageV1 {
    hash: [u8; 32],
    verdict: u8,
}

#[derive(Serialize, Deserialize)]
struct SessionV1<'a> {
    status: StatusV1,
    amount: UnsignedV1,
    currency: &'a str,
    flow: u8,
    target_token: Option<&'a str>,
    target_network: Option<&'a str>,
    wallet_address: Option<&'a str>,
    user_reference: Option<&'a str>,
    quote_preview_id: Option<&'a str>,
    return_url: &'a str,
    cancel_url: Option<&'a str>,
    metadata: PairsV1<'a>,
    created_at: Distance,
    expires_at: Distance,
}

#[derive(Serialize, Deserialize)]
enum StatusV1 {
    Open { movement: Option<[u8; 16]> },
    Completed { transaction: [u8; 16] },
    Expired,
    Cancelled,
}

/// Appends the record of `session`.
pub fn encode(session: &Session, out: &mut Vec<u8>) {
    let terms = &session.terms;
    let first = SessionV1 {
        status: session.status.into(),
        amount: terms.amount.into(),
        currency: terms.currency.code(),
        flow: optional(terms.flow),
        target_token: terms.target_token.as_ref().map(|asset| asset.symbol()),
        target_network: terms.target_network.as_deref(),
        wallet_address: terms.wallet_address.as_deref(),
        user_reference: terms.user_reference.as_deref(),
        quote_preview_id: terms.quote_preview_id.as_deref(),
        return_url: &terms.return_url,
        cancel_url: terms.cancel_url.as_deref(),
        metadata: pairs(&terms.metadata),
        created_at: Distance::new(session.created_at, session.id.0),
        expires_at: Distance::new(session.expires_at, session.id.0),
    };
    let kyc_package = terms.kyc_package.map(PackageV1::from);
    write_as(V2, out, &SessionV2 { first, kyc_package });
}

/// Reads the record of the session with this key.
pub fn decode(account: AccountId, id: SessionId, bytes: &[u8]) -> Result<Session, Malformed> {
    let SessionV2 { first: fields, kyc_package } = match bytes.first() {
        Some(&V1) => SessionV2 { first: read(bytes)?, kyc_package: None },
        Some(_) | None => read_as(V2, bytes)?,
    };
    Ok(Session {
        id,
        account,
        created_at: fields.created_at.from(id.0),
        expires_at: fields.expires_at.from(id.0),
        terms: terms(&fields, kyc_package)?,
        status: fields.status.into(),
    })
}

fn terms(fields: &SessionV1<'_>, kyc_package: Option<PackageV1>) -> Result<SessionTerms, Malformed> {
    Ok(SessionTerms {
        amount: fields.amount.try_into()?,
        currency: currency(fields.currency)?,
        flow: from_optional(fields.flow)?,
        target_token: fields.target_token.map(asset).transpose()?,
        target_network: fields.target_network.map(str::to_owned),
        wallet_address: fields.wallet_address.map(str::to_owned),
        user_reference: fields.user_reference.map(str::to_owned),
        quote_preview_id: fields.quote_preview_id.map(str::to_owned),
        return_url: fields.return_url.to_owned(),
        cancel_url: fields.cancel_url.map(str::to_owned),
        metadata: metadata(&fields.metadata),
        kyc_package: kyc_package.map(KycPackage::try_from).transpose()?,
    })
}

impl From<KycPackage> for PackageV1 {
    fn from(package: KycPackage) -> PackageV1 {
        PackageV1 { hash: package.hash, verdict: package.verdict.number() }
    }
}

impl TryFrom<PackageV1> for KycPackage {
    type Error = Malformed;

    fn try_from(fields: PackageV1) -> Result<KycPackage, Malformed> {
        Ok(KycPackage { hash: fields.hash, verdict: PackageVerdict::from_number(fields.verdict)? })
    }
}

impl From<SessionStatus> for StatusV1 {
    fn from(status: SessionStatus) -> StatusV1 {
        match status {
            SessionStatus::Open { movement } => StatusV1::Open { movement: movement.map(Into::into) },
            SessionStatus::Completed { transaction } => StatusV1::Completed { transaction: transaction.into() },
            SessionStatus::Expired => StatusV1::Expired,
            SessionStatus::Cancelled => StatusV1::Cancelled,
        }
    }
}

impl From<StatusV1> for SessionStatus {
    fn from(status: StatusV1) -> SessionStatus {
        match status {
            StatusV1::Open { movement } => SessionStatus::Open { movement: movement.map(Into::into) },
            StatusV1::Completed { transaction } => SessionStatus::Completed { transaction: transaction.into() },
            StatusV1::Expired => SessionStatus::Expired,
            StatusV1::Cancelled => SessionStatus::Cancelled,
        }
    }
}
