//! The versions of the contract, by their dates.
//!
//! Handlers speak the newest one. What an older one says in other words is turned here: a request on its way to its handler,
//! an answer on its way back, each in one match that does not compile until a new version is answered in it.

use std::borrow::Cow;

/// A version of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 2026-05-25, the first.
    First,
}

impl Version {
    /// What is spoken with those who name none.
    pub const NEWEST: Version = Version::First;

    /// All of them, the oldest first.
    pub const ALL: [Version; 1] = [Version::First];

    /// The date by which partners name it.
    pub const fn date(self) -> &'static str {
        match self {
            Version::First => "2026-05-25",
        }
    }

    /// The version of this date.
    pub fn parse(date: &[u8]) -> Option<Version> {
        Version::ALL.into_iter().find(|version| version.date().as_bytes() == date)
    }

    /// A body of this version, as handlers read it.
    pub fn request(self, body: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Version::First => Cow::Borrowed(body),
        }
    }

    /// What handlers answer, as this version says it.
    pub fn answer(self, json: Vec<u8>) -> Vec<u8> {
        match self {
            Version::First => json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_named_by_their_dates() {
        for version in Version::ALL {
            assert_eq!(Version::parse(version.date().as_bytes()), Some(version));
        }
        for text in ["", "2026-05-24", "2026-05-25 ", "newest"] {
            assert_eq!(Version::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Version::ALL.last(), Some(&Version::NEWEST));
    }
}
