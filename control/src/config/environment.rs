//! The environment's `CAUSEWAY_` variables: one that no setting has is a slip of the pen, and passing it over would start a
//! gateway that is set otherwise than its operator believes.

use std::ffi::OsString;

use clap::Command;

use super::ConfigError;

const PREFIX: &str = "CAUSEWAY_";

/// Variables of what stands around the program: the set-up, the tests and the tools. They may be set where it is started.
const AROUND: [&str; 12] = [
    "CAUSEWAY_BIN",
    "CAUSEWAY_CACHE",
    "CAUSEWAY_COMMIT",
    "CAUSEWAY_CURL",
    "CAUSEWAY_EVENTS",
    "CAUSEWAY_KILLS",
    "CAUSEWAY_LAB",
    "CAUSEWAY_NODE",
    "CAUSEWAY_NODE_PACKAGES",
    "CAUSEWAY_PYTHON",
    "CAUSEWAY_RABBITMQ",
    "CAUSEWAY_SEED",
];

/// Refuses names that begin like ours and are not.
pub fn check(serve: &Command, names: impl Iterator<Item = OsString>) -> Result<(), ConfigError> {
    let known: Vec<&str> = serve.get_arguments().filter_map(|flag| flag.get_env()?.to_str()).collect();
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let is_unknown = |name: &String| !known.contains(&name.as_str()) && !AROUND.contains(&name.as_str());
    // The first by name, so that the same environment gives the same line.
    let Some(unknown) = names.filter(|name| name.starts_with(PREFIX)).filter(is_unknown).min() else { return Ok(()) };
    let nearest = known.iter().min_by_key(|name| distance(&unknown, name)).copied().unwrap_or_default();
    Err(ConfigError::Conflict(format!(
        "the environment has {unknown}, which is no setting; the nearest is {nearest}: correct or unset it (`causeway serve \
         --help` lists them)"
    )))
}

/// How many characters must be put in, taken out or replaced to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = place + 1;
        for (column, candidate) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *candidate);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::config::{Program, serve_command};

    fn judged(names: &[&str]) -> Result<(), String> {
        let serve = serve_command(&Program::command());
        check(&serve, names.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_slip_of_the_pen_is_named_with_what_was_meant() {
        for (name, nearest) in [
            ("CAUSEWAY_LISTNE", "CAUSEWAY_LISTEN"),
            ("CAUSEWAY_QUOTELIFE", "CAUSEWAY_QUOTE_LIFE"),
            ("CAUSEWAY_MASTER_KEY", "CAUSEWAY_MASTER_KEY_FILE"),
            ("CAUSEWAY_mode", "CAUSEWAY_MODE"),
        ] {
            let refused = judged(&["PATH", "CAUSEWAY_MODE", name]).unwrap_err();
            assert!(refused.contains(&format!("{name},")) && refused.contains(&format!("{nearest}:")), "{refused}");
        }
    }

    #[test]
    fn what_is_known_or_not_ours_passes() {
        assert_eq!(judged(&["PATH", "CAUSEWAYS", "CAUSEWAY_LISTEN", "CAUSEWAY_LIVE_RATES"]), Ok(()));
        assert_eq!(judged(&AROUND), Ok(()));
    }

    #[test]
    fn distances_count_single_letters() {
        for (one, other, expected) in
            [("", "", 0), ("abc", "abc", 0), ("abc", "axc", 1), ("abc", "bcd", 2), ("", "ab", 2)]
        {
            assert_eq!((distance(one, other), distance(other, one)), (expected, expected), "{one} {other}");
        }
    }
}
