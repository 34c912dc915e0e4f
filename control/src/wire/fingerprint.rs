//! The fingerprint of a request: what makes two requests under one idempotency key the same.

use std::fmt::{self, Display, Write};

use sha2::{Digest, Sha256};

/// A request's canonical form, built field by field.
///
/// Each field that is present adds its name and value, in the order of the contract, both with their length as four bytes,
/// most significant first, before them. Values are the normalised ones: codes in upper case, session amounts at the minor
/// unit, metadata sorted by key. So the order of keys, whitespace and spelling do not matter, and a field that a later
/// version adds changes no fingerprint of a request that does not use it.
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// The form of a request that says nothing.
    pub fn new() -> Fingerprint {
        Fingerprint(Vec::with_capacity(384))
    }

    /// Adds a field.
    pub fn field(mut self, name: &str, value: impl Display) -> Fingerprint {
        self.put(&name);
        self.put(&value);
        self
    }

    /// Adds a field unless it is absent.
    pub fn option(self, name: &str, value: Option<impl Display>) -> Fingerprint {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// Adds metadata; none is the same as empty.
    pub fn pairs(mut self, name: &str, pairs: &[(String, String)]) -> Fingerprint {
        let mut sorted = pairs.iter().collect::<Vec<_>>();
        sorted.sort_unstable();
        for (key, value) in sorted {
            self.put(&name);
            self.put(key);
            self.put(value);
        }
        self
    }

    /// The first half of the form's SHA-256.
    pub fn finish(self) -> [u8; 16] {
        let mut half = [0; 16];
        half.copy_from_slice(&Sha256::digest(&self.0)[..16]);
        half
    }

    fn put(&mut self, value: &dyn Display) {
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        write!(self, "{value}").expect("writing to memory does not fail");
        let length = (self.0.len() - start - 4) as u32;
        self.0[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

impl Default for Fingerprint {
    fn default() -> Fingerprint {
        Fingerprint::new()
    }
}

impl Write for Fingerprint {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_unambiguous() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let of = |fields: &[(&str, &str)]| {
            fields.iter().fold(Fingerprint::new(), |form, (name, value)| form.field(name, value)).finish()
        };
        assert_ne!(of(&[("a", "bc")]), of(&[("ab", "c")]));
        assert_ne!(of(&[("a", "b"), ("c", "d")]), of(&[("a", "bcd")]));
        let metadata = |pairs: &[(String, String)]| Fingerprint::new().pairs("metadata", pairs).finish();
        assert_eq!(metadata(&[pair("a", "1"), pair("b", "2")]), metadata(&[pair("b", "2"), pair("a", "1")]));
        assert_ne!(metadata(&[pair("a", "1")]), metadata(&[pair("a", "2")]));
        assert_eq!(metadata(&[]), Fingerprint::new().option("flow", None::<&str>).finish());
    }

    #[test]
    fn the_form_never_changes() {
        let fingerprint = Fingerprint::new().field("amount", "100.00").field("currency", "EUR").finish();
        let expect = Sha256::digest(b"\0\0\0\x06amount\0\0\0\x06100.00\0\0\0\x08currency\0\0\0\x03EUR");
        assert_eq!(fingerprint, expect[..16]);
    }
}
