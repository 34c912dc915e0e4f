//! A look inside other records.

use serde::{Deserialize, Serialize};

use super::{Malformed, read, write};
use crate::branding::Branding;

#[derive(Default, Serialize, Deserialize)]
pub struct BrandingV1<'a> {
    #[serde(borrow)]
    logo_url: Option<&'a str>,
    primary_color: Option<&'a str>,
    secondary_color: Option<&'a str>,
    accent_color: Option<&'a str>,
    brand_name: Option<&'a str>,
}

impl<'a> From<&'a Branding> for BrandingV1<'a> {
    fn from(branding: &'a Branding) -> BrandingV1<'a> {
        BrandingV1 {
            logo_url: branding.logo_url.as_deref(),
            primary_color: branding.primary_color.as_deref(),
            secondary_color: branding.secondary_color.as_deref(),
            accent_color: branding.accent_color.as_deref(),
            brand_name: branding.brand_name.as_deref(),
        }
    }
}

impl BrandingV1<'_> {
    /// The look.
    pub fn branding(&self) -> Branding {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Branding {
            logo_url: owned(self.logo_url),
            primary_color: owned(self.primary_color),
            secondary_color: owned(self.secondary_color),
            accent_color: owned(self.accent_color),
            brand_name: owned(self.brand_name),
        }
    }
}

/// Appends the record of `branding`.
pub fn encode(branding: &Branding, out: &mut Vec<u8>) {
    write(out, &BrandingV1::from(branding));
}

/// Reads the record of a look.
pub fn decode(bytes: &[u8]) -> Result<Branding, Malformed> {
    read(bytes).map(|fields: BrandingV1<'_>| fields.branding())
}
