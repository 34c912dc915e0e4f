//! Embed tokens as credentials: what a hosted widget sends in the place of a key.

use std::sync::Arc;

use causeway_core::account::KeyKind;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST, ORIGIN};

use super::{Authenticated, invalid, single};
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
pub(super) fn authenticate<'g>(gate: &'g Gate, headers: &HeaderMap) -> Result<(&'g Cell, Authenticated), Problem> {
    let token = single(headers, "x-embed-token")?.ok_or_else(|| missing(headers))?;
    let (cell, claims) = read(gate, token)?;
    let mode = cell.mode();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !gate.takes(host, mode) {
        return Err(invalid());
    }
    let directory = cell.directory();
    let account = directory.account(claims.account).ok_or_else(invalid)?;
    let stands = account
        .keys
        .iter()
        .any(|key| key.id == claims.key && key.kind == KeyKind::Publishable && key.revoked_at.is_none());
    if !stands {
        return Err(invalid());
    }
    let account = Arc::clone(account);
    Ok((cell, Authenticated { account, key: claims.key, mode, token: Some(Arc::new(claims)) }))
}

/// What a token says: it is for the cell whose key has signed it.
fn read<'g>(gate: &'g Gate, token: &str) -> Result<(&'g Cell, EmbedClaims), Problem> {
    let mut expired = false;
    for cell in gate.cells() {
        match cell.keys().read_embed_token(token, cell.now()) {
            Ok(claims) => return Ok((cell, claims)),
            Err(error) => expired |= error == TokenError::Expired,
        }
    }
    let message = "The embed token has expired: bootstrap again.";
    Err(if expired { Problem::new(Code::InvalidKey, message) } else { invalid() })
}

/// Checks that a token allows what `scope` stands for, here: its own origin must still be allowed, and a browser that names
/// one must name that, or ours, where a hosted widget is served from.
pub(super) fn permits(
    claims: &EmbedClaims,
    caller: &Authenticated,
    scope: Scope,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let is_allowed = caller.account().origins.contains(&claims.origin);
    let is_named = headers
        .get_all(ORIGIN)
        .iter()
        .all(|origin| origin == claims.origin.as_str() || is_ours(origin.as_bytes(), headers));
    if !is_allowed || !is_named {
        return Err(Problem::at(Code::OriginNotAllowed, "Origin", Code::OriginNotAllowed.explanation()));
    }
    if claims.scopes.iter().any(|held| held == scope.word()) {
        return Ok(());
    }
    let message = format!(
        "The embed token lacks the scope {}: bootstrap with it, and with a session's clientSecret.",
        scope.word()
    );
    Err(Problem::new(Code::InsufficientScope, message))
}

/// Whether a browser that names this origin has the page from the host that it now asks.
fn is_ours(origin: &[u8], headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).map(|host| host.as_bytes());
    let authority = origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"));
    authority.is_some() && authority == host
}

fn missing(headers: &HeaderMap) -> Problem {
    let has_key = headers.contains_key(AUTHORIZATION);
    let code = if has_key { Code::KeyKindNotAllowed } else { Code::MissingKey };
    Problem::new(code, "Send the token of createEmbedToken as X-Embed-Token.")
}
