//! Why a command ends early: one line for the person at the terminal, and the exit code.

use std::fmt;
use std::io;

/// A reason to stop. Its text says what happened, to what, and what to do.
#[derive(Debug)]
pub struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// Something that was tried did not work, or was asked for wrongly: exit code 1.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }

    /// A prerequisite that cannot be installed from here: exit code 2.
    pub fn missing(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 2 }
    }

    /// The exit code of the whole program.
    pub fn exit_code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Turns an I/O error into a [`Failure`] that says what was being done.
pub trait During<T> {
    /// `what` completes the sentence "could not …".
    fn during(self, what: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("could not {}: {error}", what())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_prerequisite_exits_with_2() {
        assert_eq!(Failure::missing("curl is missing: install it").exit_code(), 2);
        assert_eq!(Failure::new("it broke").exit_code(), 1);
    }

    #[test]
    fn an_io_error_says_what_was_being_done() {
        let failure = std::fs::read("/no/such/file").during(|| "read the lock file".to_owned()).unwrap_err();
        assert!(failure.to_string().starts_with("could not read the lock file: "));
    }
}
