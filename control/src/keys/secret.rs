//! Text that must not be seen: wiped when it is dropped, and not shown by `Debug`.

use std::fmt;

use zeroize::Zeroizing;

/// A secret as text. It is shown only by asking for it by name.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes over `text`, which is wiped at the end.
    pub fn new(text: String) -> SecretText {
        SecretText(Zeroizing::new(text))
    }

    /// The text itself, for the one place that has to send or sign it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(format!("{:?}", SecretText::new("whsec_abc".to_owned())), "[secret]");
    }
}
