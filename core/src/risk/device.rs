//! The device that a user confirms from, as its browser describes it. Anybody can say anything here: it is a hint for risk,
//! never evidence.

/// What a browser says of its device; each part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Recognises the device: the first half of a keyed hash over what the widget computed.
    pub fingerprint: Option<[u8; 16]>,
    /// The zone of its clock, such as `Europe/Berlin`.
    pub time_zone: Option<String>,
    /// The language of its user, such as `de-DE`.
    pub language: Option<String>,
    /// The size of its screen in pixels, such as `1920x1080`.
    pub screen: Option<String>,
}

impl Device {
    /// Whether nothing at all was said.
    pub fn is_unknown(&self) -> bool {
        self == &Device::default()
    }
}
