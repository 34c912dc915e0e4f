//! What the hosted widget gets when it starts.

use causeway_core::branding::Branding as CoreBranding;
use causeway_core::id::{AccountId, Mode};
use causeway_core::session::{Flow, Session};
use causeway_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Branding, Decimal, Text, Time, mode_word};

/// The body of createEmbedToken; it may be left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbedBootstrap<'a> {
    /// The `client_secret` of the session that the widget is for.
    #[serde(borrow, rename = "clientSecret")]
    pub client_secret: Option<Text<'a>>,
    /// What the widget wants to do: `capabilities:read`, `session:read`, `session:confirm`. Others are left out.
    #[serde(borrow)]
    #[schemars(length(max = 32))]
    pub requested_scopes: Option<Vec<Text<'a>>>,
}

/// A short-lived token for the hosted widget, with what it shows.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EmbedToken")]
pub struct EmbedToken<'a> {
    /// The token: sent as `X-Embed-Token`.
    pub embed_token: String,
    /// From when on it is refused.
    pub expires_at: Time,
    /// The account.
    pub partner_id: String,
    /// The world of the token.
    #[schemars(extend("enum" = ["test", "live"]))]
    pub mode: &'static str,
    /// The session that it is bound to.
    pub session_id: Option<String>,
    /// The session's fiat amount.
    pub amount: Option<Decimal>,
    /// The session's currency.
    pub currency: Option<&'a str>,
    /// The asset wanted.
    pub target_token: Option<&'a str>,
    /// The asset's network.
    pub target_network: Option<&'a str>,
    /// Where the user's browser returns.
    pub return_url: Option<&'a str>,
    /// What the session is for.
    #[schemars(extend("enum" = ["on_ramp", "off_ramp", "swap", null]))]
    pub flow: Option<&'static str>,
    /// How the widget looks.
    pub branding: Branding<'a>,
}

impl<'a> EmbedToken<'a> {
    /// The answer for `token`, bound to `session` or not.
    pub fn of(
        token: String,
        expires_at: Timestamp,
        account: AccountId,
        branding: &'a CoreBranding,
        session: Option<&'a Session>,
        mode: Mode,
    ) -> EmbedToken<'a> {
        let terms = session.map(|session| &session.terms);
        EmbedToken {
            embed_token: token,
            expires_at: Time(expires_at),
            partner_id: account.text(),
            mode: mode_word(mode),
            session_id: session.map(|session| session.id.text(mode)),
            amount: terms.map(|terms| terms.amount.into()),
            currency: terms.map(|terms| terms.currency.code()),
            target_token: terms.and_then(|terms| terms.target_token.as_ref()).map(|asset| asset.symbol()),
            target_network: terms.and_then(|terms| terms.target_network.as_deref()),
            return_url: terms.map(|terms| terms.return_url.as_str()),
            flow: terms.and_then(|terms| terms.flow).map(Flow::word),
            branding: Branding::of(branding),
        }
    }
}
