//! The versions of HTTP, as log and metrics tell them apart.

use ::http::Version;

/// The version of HTTP in which a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.0, which some monitors speak.
    Http10,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2.
    Http2,
    /// HTTP/3.
    Http3,
}

impl Protocol {
    /// Its word: `1.0`, `1.1`, `2` or `3`.
    pub fn word(self) -> &'static str {
        match self {
            Protocol::Http10 => "1.0",
            Protocol::Http11 => "1.1",
            Protocol::Http2 => "2",
            Protocol::Http3 => "3",
        }
    }

    /// What is older than HTTP/1.1 counts as HTTP/1.0; nothing newer than HTTP/3 is served.
    pub(super) fn of(version: Version) -> Protocol {
        match version {
            Version::HTTP_09 | Version::HTTP_10 => Protocol::Http10,
            Version::HTTP_2 => Protocol::Http2,
            Version::HTTP_3 => Protocol::Http3,
            _ => Protocol::Http11,
        }
    }
}
