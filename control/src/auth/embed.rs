//! Embed tokens as credentials: what a hosted widget sends in the place of a key.

use std::sync::Arc;

use causeway_core::account::{Account, KeyKind};
use http::header::{AUTHORIZATION, HOST, ORIGIN, REFERER};
use http::{HeaderMap, HeaderValue, Uri};

use super::{Authenticated, Denied, invalid, single};
use crate::gate::{Cell, Gate};
use crate::keys::{EmbedClaims, TokenError};
use crate::problem::{Code, Problem};

/// What an embed token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Reading what the account offers.
    CapabilitiesRead,
    /// Reading the token's session, and what it would cost.
    SessionRead,
    /// Confirming the token's session.
    SessionConfirm,
}

impl Scope {
    /// All of them; the first does without a session.
    pub const ALL: [Scope; 3] = [Scope::CapabilitiesRead, Scope::SessionRead, Scope::SessionConfirm];

    /// The word in tokens.
    pub fn word(self) -> &'static str {
        match self {
            Scope::CapabilitiesRead => "capabilities:read",
            Scope::SessionRead => "session:read",
            Scope::SessionConfirm => "session:confirm",
        }
    }
}

/// Checks the token of a request, and that the key that bootstrapped it still stands.
pub(super) fn authenticate<'g>(gate: &'g Gate, headers: &HeaderMap) -> Result<(&'g Cell, Authenticated), Denied> {
    let token = single(headers, "x-embed-token")?.ok_or_else(|| missing(headers))?;
    let (cell, claims, is_over) = read(gate, token).ok_or_else(invalid)?;
    let mode = cell.mode();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !gate.takes(host, mode) {
        return Err(invalid().into());
    }
    let directory = cell.directory();
    let account = Arc::clone(directory.account(claims.account).ok_or_else(invalid)?);
    if is_over {
        let problem = Problem::new(Code::TokenExpired, Code::TokenExpired.explanation());
        return Err(Denied { problem, account: Some(account) });
    }
    let stands = account
        .keys
        .iter()
        .any(|key| key.id == claims.key && key.kind == KeyKind::Publishable && key.revoked_at.is_none());
    if !stands {
        return Err(Denied { problem: invalid(), account: Some(account) });
    }
    Ok((cell, Authenticated { account, key: claims.key, mode, token: Some(Arc::new(claims)) }))
}

/// What a token says, and whether its time is over: it is for the cell whose key has signed it.
fn read<'g>(gate: &'g Gate, token: &str) -> Option<(&'g Cell, EmbedClaims, bool)> {
    gate.cells().find_map(|cell| match cell.keys().read_embed_token(token, cell.now()) {
        Ok(claims) => Some((cell, claims, false)),
        Err(TokenError::Expired(claims)) => Some((cell, *claims, true)),
        Err(TokenError::Invalid) => None,
    })
}

/// Checks that a token allows what `scope` stands for, here: its own origin must still be allowed, and a browser that names
/// one must name that, or ours, where a hosted widget is served from.
pub(super) fn permits(
    cell: &Cell,
    caller: &Authenticated,
    token: &EmbedClaims,
    scope: Scope,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    is_allowed(caller.account(), token)?;
    let is_known = |origin: &HeaderValue| origin == token.origin.as_str() || origin == cell.own_origin();
    if !headers.get_all(ORIGIN).iter().all(is_known) {
        return Err(elsewhere());
    }
    if token.scopes.iter().any(|held| held == scope.word()) {
        return Ok(());
    }
    let message = format!(
        "The embed token lacks the scope {}: bootstrap with it, and with a session's clientSecret.",
        scope.word()
    );
    Err(Problem::new(Code::InsufficientScope, message))
}

/// Checks that the origin that a token was made for is allowed still.
pub(super) fn is_allowed(account: &Account, token: &EmbedClaims) -> Result<(), Problem> {
    if account.origins.contains(&token.origin) { Ok(()) } else { Err(elsewhere()) }
}

/// Checks that a request comes from one of these origins.
pub(super) fn is_from(origins: &[String], headers: &HeaderMap) -> Result<(), Problem> {
    if origin(headers).is_some_and(|origin| origins.contains(&origin)) { Ok(()) } else { Err(elsewhere()) }
}

/// Where a request comes from: its `Origin`, else the origin of its `Referer`; nowhere when it names two.
pub fn origin(headers: &HeaderMap) -> Option<String> {
    let mut named = headers.get_all(ORIGIN).iter();
    match (named.next(), named.next()) {
        (Some(origin), None) => return origin.to_str().ok().map(str::to_owned),
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    let referer = headers.get(REFERER)?.to_str().ok()?.parse::<Uri>().ok()?;
    Some(format!("{}://{}", referer.scheme_str()?, referer.authority()?))
}

fn elsewhere() -> Problem {
    Problem::at(Code::OriginNotAllowed, "Origin", Code::OriginNotAllowed.explanation())
}

fn missing(headers: &HeaderMap) -> Problem {
    let has_key = headers.contains_key(AUTHORIZATION);
    let code = if has_key { Code::KeyKindNotAllowed } else { Code::MissingKey };
    Problem::new(code, "Send the token of createEmbedToken as X-Embed-Token.")
}
