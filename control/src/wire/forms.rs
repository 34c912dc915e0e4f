//! The forms of texts, as patterns for the OpenAPI document: what [`super::field`] takes fits them, and the rest is rare.

/// A currency's code; whether it exists is said by its format, `iso-4217`.
pub const CURRENCY: &str = "^[A-Za-z]{3}$";

/// A country's code; whether it exists is said by its format, `iso-3166-1`.
pub const COUNTRY: &str = "^[A-Za-z]{2}$";

/// An asset's symbol.
pub const ASSET: &str = "^[A-Za-z0-9]{2,12}$";

/// Where browsers are sent: https, or http on a loopback host; without credentials.
pub const URL: &str = concat!(
    r"^(https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])",
    r"|http://(localhost|127(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}|\[::1\]))",
    r"(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5]?[0-9]{1,4}))?",
    r"([/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?$",
);

/// One @ between two texts without spaces and control characters.
pub const EMAIL: &str = r"^[^@\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]+$";

/// From where browsers load: https, without credentials.
pub const HTTPS_URL: &str = concat!(
    r"^[Hh][Tt][Tt][Pp][Ss]://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])",
    r"(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5]?[0-9]{1,4}))?",
    r"([/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?$",
);

/// A colour.
pub const COLOR: &str = "^#[0-9A-Fa-f]{6}$";

/// A name that people read: no control characters, and something besides spaces.
pub const SEEN: &str = concat!(r"^[^\x00-\x1f\x7f-\x9f]*", r"[^\s\x00-\x1f\x7f-\x9f]", r"[^\x00-\x1f\x7f-\x9f]*$",);
