//! How a partner's hosted widget looks.

use causeway_core::branding::{Branding as CoreBranding, BrandingPatch};
use causeway_core::limits::BRAND_NAME_CHARS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::forms::{COLOR, HTTPS_URL, SEEN};
use super::patch::{Change, spoken};
use super::{Fingerprint, Text, field};
use crate::problem::Problem;

/// How the widget looks; null leaves it to the widget.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Branding<'a> {
    /// An absolute https URL.
    pub logo_url: Option<&'a str>,
    /// `#RRGGBB`.
    #[schemars(regex(pattern = COLOR))]
    pub primary_color: Option<&'a str>,
    /// `#RRGGBB`.
    #[schemars(regex(pattern = COLOR))]
    pub secondary_color: Option<&'a str>,
    /// `#RRGGBB`.
    #[schemars(regex(pattern = COLOR))]
    pub accent_color: Option<&'a str>,
    /// The name that users read.
    #[schemars(length(min = 1, max = 64))]
    pub brand_name: Option<&'a str>,
}

impl<'a> Branding<'a> {
    /// The look as partners see it.
    pub fn of(branding: &'a CoreBranding) -> Branding<'a> {
        Branding {
            logo_url: branding.logo_url.as_deref(),
            primary_color: branding.primary_color.as_deref(),
            secondary_color: branding.secondary_color.as_deref(),
            accent_color: branding.accent_color.as_deref(),
            brand_name: branding.brand_name.as_deref(),
        }
    }
}

/// The body of updateBranding: what is left out stays as it is, null clears.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateBranding<'a> {
    /// An absolute https URL.
    #[serde(borrow, deserialize_with = "spoken")]
    #[schemars(with = "Option<Text<'a>>", length(max = 2048), regex(pattern = HTTPS_URL))]
    pub logo_url: Change<Text<'a>>,
    /// `#RRGGBB`.
    #[serde(borrow, deserialize_with = "spoken")]
    #[schemars(with = "Option<Text<'a>>", regex(pattern = COLOR))]
    pub primary_color: Change<Text<'a>>,
    /// `#RRGGBB`.
    #[serde(borrow, deserialize_with = "spoken")]
    #[schemars(with = "Option<Text<'a>>", regex(pattern = COLOR))]
    pub secondary_color: Change<Text<'a>>,
    /// `#RRGGBB`.
    #[serde(borrow, deserialize_with = "spoken")]
    #[schemars(with = "Option<Text<'a>>", regex(pattern = COLOR))]
    pub accent_color: Change<Text<'a>>,
    /// The name that users read.
    #[serde(borrow, deserialize_with = "spoken")]
    #[schemars(with = "Option<Text<'a>>", length(min = 1, max = 64), regex(pattern = SEEN))]
    pub brand_name: Change<Text<'a>>,
}

impl UpdateBranding<'_> {
    /// The change that the core takes.
    pub fn patch(self) -> Result<BrandingPatch, Problem> {
        Ok(BrandingPatch {
            logo_url: changed(self.logo_url, |text| field::https_url("logo_url", text))?,
            primary_color: changed(self.primary_color, |text| color("primary_color", text))?,
            secondary_color: changed(self.secondary_color, |text| color("secondary_color", text))?,
            accent_color: changed(self.accent_color, |text| color("accent_color", text))?,
            brand_name: changed(self.brand_name, |text| brand_name("brand_name", text))?,
        })
    }

    /// The fingerprint of a request for this change.
    pub fn fingerprint(patch: &BrandingPatch) -> [u8; 16] {
        let fields = [
            ("logo_url", &patch.logo_url),
            ("primary_color", &patch.primary_color),
            ("secondary_color", &patch.secondary_color),
            ("accent_color", &patch.accent_color),
            ("brand_name", &patch.brand_name),
        ];
        let said = fields.into_iter().filter_map(|(name, change)| change.as_ref().map(|value| (name, value)));
        let print = |print: Fingerprint, (name, value): (&'static str, &Option<String>)| match value {
            Some(text) => print.field(name, text),
            None => print.field("cleared", name),
        };
        said.fold(Fingerprint::new(), print).finish()
    }
}

/// What a field is changed to, once its text was read.
fn changed(
    change: Change<Text<'_>>,
    read: impl FnOnce(Text<'_>) -> Result<String, Problem>,
) -> Result<Option<Option<String>>, Problem> {
    match change {
        None => Ok(None),
        Some(None) => Ok(Some(None)),
        Some(Some(text)) => read(text).map(|text| Some(Some(text))),
    }
}

fn color(param: &'static str, text: Text<'_>) -> Result<String, Problem> {
    let digits = text.0.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.0.into_owned())
    } else {
        Err(Problem::invalid(param, format!("{param} must be a colour such as #1A2B3C.")))
    }
}

/// A name is shown to people: what is not seen has no place in it.
fn brand_name(param: &'static str, text: Text<'_>) -> Result<String, Problem> {
    let characters = text.0.chars().count();
    let is_fit = (1..=BRAND_NAME_CHARS).contains(&characters)
        && !text.0.chars().any(char::is_control)
        && !text.0.trim().is_empty();
    if is_fit {
        Ok(text.0.into_owned())
    } else {
        Err(Problem::invalid(param, format!("{param} must have 1–{BRAND_NAME_CHARS} printable characters.")))
    }
}
