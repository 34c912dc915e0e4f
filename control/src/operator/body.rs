//! What operators send, and the forms that names and origins must have.

use causeway_core::account::{KeyKind, Rules};
use causeway_core::id::Mode;
use causeway_core::limits::{ORIGINS_PER_ACCOUNT, QUOTE_LIFE_SECONDS, REFERENCE_CHARS, URL_BYTES};
use causeway_core::time::Millis;
use http::Uri;
use serde::Deserialize;

use super::Role;
use crate::http::host::{address, is_loopback};
use crate::problem::Problem;

/// The longest name of a token.
const TOKEN_NAME_CHARS: usize = 64;

/// `POST /operator/accounts`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// The operator's name for it.
    pub name: String,
    /// The one cell to create it in; all of the deployment's otherwise.
    pub mode: Option<ModeWord>,
    /// Why.
    pub reason: Option<String>,
}

/// `POST /operator/accounts/{id}/keys`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// The world of the key.
    pub mode: ModeWord,
    /// What it may be used for.
    pub kind: KindWord,
    /// Why.
    pub reason: Option<String>,
}

/// `PUT /operator/accounts/{id}/webhook`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetWebhook {
    /// The world of the endpoint.
    pub mode: ModeWord,
    /// The receiver.
    pub url: String,
    /// Why.
    pub reason: Option<String>,
}

/// `POST /operator/accounts/{id}/webhook/secret/activate`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivateSecret {
    /// The world of the endpoint.
    pub mode: ModeWord,
    /// For how many seconds the last secret signs beside the new one.
    pub overlap: Option<u32>,
    /// Why.
    pub reason: Option<String>,
}

/// `DELETE /operator/accounts/{id}/webhook`, and every other call that changes an endpoint and says no more than where.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeWebhook {
    /// The world of the endpoint.
    pub mode: ModeWord,
    /// Why.
    pub reason: Option<String>,
}

/// `PUT /operator/accounts/{id}/entitlements`: what is left out is taken away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetEntitlements {
    /// The world in which they hold.
    pub mode: ModeWord,
    /// Locked quotes, pay-ins and pay-outs.
    #[serde(default)]
    pub rails: bool,
    /// Customer records.
    #[serde(default)]
    pub customers: bool,
    /// Handing over finished verifications with sessions: they are relied upon.
    #[serde(default)]
    pub kyc_package: bool,
    /// Swap sessions.
    #[serde(default)]
    pub swap: bool,
    /// Movements in live of any user: you vouch that the partner verifies them all.
    #[serde(default)]
    pub verified_users: bool,
    /// Why.
    pub reason: Option<String>,
}

/// `PUT /operator/accounts/{id}/origins`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetOrigins {
    /// The world in which they count.
    pub mode: ModeWord,
    /// The origins, as browsers send them.
    pub origins: Vec<String>,
    /// Why.
    pub reason: Option<String>,
}

/// `PUT /operator/accounts/{id}/tier`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetTier {
    /// The world in which it counts.
    pub mode: ModeWord,
    /// The tier's name.
    pub tier: String,
    /// Why.
    pub reason: Option<String>,
}

/// `PUT /operator/accounts/{id}/settings`: what is left out goes back to its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetRules {
    /// The world in which they hold.
    pub mode: ModeWord,
    /// How long its quotes live, in whole seconds; the deployment's default otherwise.
    pub quote_life: Option<u64>,
    /// Whether the model's verdict decides: always in live, and in the sandbox for `real`.
    pub risk: Option<RiskWord>,
    /// Why.
    pub reason: Option<String>,
}

/// `PUT /operator/accounts/{id}/verifications`: exactly one of the three says who.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetVerification {
    /// The world of the person.
    pub mode: ModeWord,
    /// The person whom the partner's sessions name so.
    pub user_reference: Option<String>,
    /// A customer, and the person of its external id.
    pub customer_id: Option<String>,
    /// The user of a session.
    pub session_id: Option<String>,
    /// What is said of them.
    pub status: StatusWord,
    /// Why.
    pub reason: Option<String>,
}

/// What an operator says of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusWord {
    /// Nothing: what was said is taken back.
    Unverified,
    /// Verified.
    Verified,
    /// Refused: no package and no word for all users of the account moves this person's money.
    Refused,
}

/// `POST /operator/tokens`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Its name.
    pub name: String,
    /// What it may be used for.
    pub role: Role,
    /// Why.
    pub reason: Option<String>,
}

/// The body of a `DELETE`, which may be left out.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delete {
    /// Why.
    pub reason: Option<String>,
}

/// A mode by either of its names.
#[derive(Clone, Copy, Deserialize)]
pub enum ModeWord {
    /// `sandbox`, or `test` as in keys.
    #[serde(rename = "sandbox", alias = "test")]
    Sandbox,
    /// `live`.
    #[serde(rename = "live")]
    Live,
}

/// The kind of a key.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindWord {
    /// For servers.
    Secret,
    /// For bootstrapping the widget.
    Publishable,
}

/// Who decides about risk.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum RiskWord {
    /// The model.
    Real,
    /// In the sandbox the script of the amount alone.
    Simulated,
}

impl SetRules {
    /// The rules that the core takes.
    pub fn rules(&self) -> Result<Rules, Problem> {
        let (least, most) = QUOTE_LIFE_SECONDS;
        if self.quote_life.is_some_and(|seconds| !(least..=most).contains(&seconds)) {
            let message = format!("quote_life must be a whole number of seconds from {least} to {most}, or null.");
            return Err(Problem::invalid("quote_life", message));
        }
        let is_simulated = self.risk == Some(RiskWord::Simulated);
        if self.mode.mode() == Mode::Live && is_simulated {
            return Err(Problem::invalid("risk", "risk is always real in live."));
        }
        let risk_is_real = self.risk == Some(RiskWord::Real);
        Ok(Rules { quote_life: self.quote_life.map(Millis::seconds), risk_is_real })
    }
}

impl ModeWord {
    /// The mode of this name.
    pub fn parse(word: &str) -> Option<ModeWord> {
        match word {
            "sandbox" | "test" => Some(ModeWord::Sandbox),
            "live" => Some(ModeWord::Live),
            _ => None,
        }
    }

    /// The mode.
    pub fn mode(self) -> Mode {
        match self {
            ModeWord::Sandbox => Mode::Sandbox,
            ModeWord::Live => Mode::Live,
        }
    }
}

impl KindWord {
    /// The kind.
    pub fn kind(self) -> KeyKind {
        match self {
            KindWord::Secret => KeyKind::Secret,
            KindWord::Publishable => KeyKind::Publishable,
        }
    }
}

/// Refuses names that are empty, too long or not printable.
pub fn name(name: &str) -> Result<(), Problem> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > REFERENCE_CHARS || name.chars().any(char::is_control) {
        return Err(Problem::invalid("name", format!("name must have 1–{REFERENCE_CHARS} printable characters.")));
    }
    Ok(())
}

/// Refuses names of tokens that could not stand in a path as they are.
pub fn token_name(name: &str) -> Result<(), Problem> {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    if (1..=TOKEN_NAME_CHARS).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(());
    }
    let message = format!("name must have 1–{TOKEN_NAME_CHARS} characters of a–z, 0–9, `-` and `_`.");
    Err(Problem::invalid("name", message))
}

/// Refuses what no browser sends as an origin, and what is listed twice.
pub fn origins(origins: &[String]) -> Result<(), Problem> {
    if origins.len() > ORIGINS_PER_ACCOUNT {
        return Err(Problem::invalid("origins", format!("origins must be at most {ORIGINS_PER_ACCOUNT}.")));
    }
    for (place, origin) in origins.iter().enumerate() {
        let param = format!("origins[{place}]");
        if !is_origin(origin) {
            let message = format!(
                "{param} must be an origin as browsers send it: https://host or https://host:port in lower case, without \
                 path and default port; http only on a loopback host."
            );
            return Err(Problem::invalid(param, message));
        }
        if origins[..place].contains(origin) {
            let message = format!("{param} is listed before.");
            return Err(Problem::invalid(param, message));
        }
    }
    Ok(())
}

fn is_origin(text: &str) -> bool {
    if text.len() > URL_BYTES || text.contains('@') || text != text.to_ascii_lowercase() {
        return false;
    }
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let host = authority.host();
    let is_named =
        address(host).is_some() || host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let has_port = authority.as_str().len() > host.len();
    let is_whole = text == format!("{scheme}://{authority}") && !host.is_empty() && is_named;
    if has_port && authority.port_u16().is_none() {
        return false;
    }
    match (scheme, authority.port_u16()) {
        ("https", port) => is_whole && port != Some(443),
        ("http", port) => is_whole && port != Some(80) && is_loopback(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_browsers_send() {
        for text in
            ["https://partner.example", "https://partner.example:8443", "http://localhost:3000", "http://[::1]:3000"]
        {
            assert!(is_origin(text), "{text}");
        }
        for text in [
            "",
            "null",
            "*",
            "partner.example",
            "https://",
            "https://partner.example/",
            "https://partner.example/path",
            "https://partner.example?x",
            "https://partner.example:443",
            "https://partner.example:",
            "https://Partner.example",
            "https://user@partner.example",
            "http://partner.example",
            "http://localhost:80",
            "ftp://partner.example",
            "https://a b",
            "https://*.example",
            "https://a.example:99999",
        ] {
            assert!(!is_origin(text), "{text}");
        }
        let twice = ["https://a.example".to_owned(), "https://a.example".to_owned()];
        assert_eq!(origins(&twice).unwrap_err().param.as_deref(), Some("origins[1]"));
    }

    #[test]
    fn names_are_printable() {
        assert!(name("Bank of Ü").is_ok());
        for text in ["", "  ", "a\nb", &"x".repeat(256)] {
            assert!(name(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_of_tokens_are_plain_words() {
        assert!(["grafana", "on-call_2", &"x".repeat(64)].iter().all(|name| token_name(name).is_ok()));
        for text in ["", ".", "..", "a b", "a/b", "Grafana", "ü", "a%2f", &"x".repeat(65)] {
            assert!(token_name(text).is_err(), "{text:?}");
        }
    }
}
