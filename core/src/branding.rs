//! How a partner's hosted widget looks.

/// A look; what is `None` is left to the widget. Every text was checked at the edge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    /// An absolute https URL, at most [`crate::limits::URL_BYTES`] bytes.
    pub logo_url: Option<String>,
    /// `#RRGGBB`.
    pub primary_color: Option<String>,
    /// `#RRGGBB`.
    pub secondary_color: Option<String>,
    /// `#RRGGBB`.
    pub accent_color: Option<String>,
    /// The name that users read, at most [`crate::limits::BRAND_NAME_CHARS`] characters.
    pub brand_name: Option<String>,
}

/// A change of a look: what is `None` stays as it is, `Some(None)` is cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrandingPatch {
    /// See [`Branding::logo_url`].
    pub logo_url: Option<Option<String>>,
    /// See [`Branding::primary_color`].
    pub primary_color: Option<Option<String>>,
    /// See [`Branding::secondary_color`].
    pub secondary_color: Option<Option<String>>,
    /// See [`Branding::accent_color`].
    pub accent_color: Option<Option<String>>,
    /// See [`Branding::brand_name`].
    pub brand_name: Option<Option<String>>,
}

impl Branding {
    /// The look after `patch`.
    pub fn patched(&self, patch: &BrandingPatch) -> Branding {
        let field = |now: &Option<String>, change: &Option<Option<String>>| change.as_ref().unwrap_or(now).clone();
        Branding {
            logo_url: field(&self.logo_url, &patch.logo_url),
            primary_color: field(&self.primary_color, &patch.primary_color),
            secondary_color: field(&self.secondary_color, &patch.secondary_color),
            accent_color: field(&self.accent_color, &patch.accent_color),
            brand_name: field(&self.brand_name, &patch.brand_name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_sets_clears_and_leaves() {
        let text = |text: &str| Some(text.to_owned());
        let before = Branding { logo_url: text("https://a"), brand_name: text("A"), ..Branding::default() };
        let patch =
            BrandingPatch { logo_url: Some(None), accent_color: Some(text("#00ff00")), ..BrandingPatch::default() };
        let after = Branding { accent_color: text("#00ff00"), brand_name: text("A"), ..Branding::default() };
        assert_eq!(before.patched(&patch), after);
        assert_eq!(after.patched(&BrandingPatch::default()), after);
    }
}
