//! What is known of a model beyond what it decided.

use std::fmt;
use std::sync::Arc;

use causeway_core::id::Mode;
use causeway_core::risk::drift::Expected;
use causeway_core::risk::{Decider, Features, Thresholds};

/// A model, by name and version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named {
    /// The package's name.
    pub name: String,
    /// The package's version.
    pub version: String,
}

/// What a package says of its model.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The SHA-256 of the model's file, in hexadecimal.
    pub sha256: String,
    /// From which scores on a verdict holds.
    pub thresholds: Option<Thresholds>,
    /// How many features it reads.
    pub features: usize,
    /// How it was trained, as pairs of words for people.
    pub training: Vec<(&'static str, String)>,
    /// How good it was in training: names with numbers.
    pub metrics: Vec<(String, f64)>,
    /// What drift is measured against.
    pub expected: Option<Expected>,
}

/// How quickly a model scored, as its guard saw it.
#[derive(Clone, Debug, Default)]
pub struct Speed {
    /// Since when it is counted, in words.
    pub since: &'static str,
    /// Times that it was asked for scores.
    pub calls: u64,
    /// Redemptions scored.
    pub rows: u64,
    /// Seconds that this took.
    pub seconds: f64,
    /// Of the calls those that took longer than the budget.
    pub late: Option<u64>,
    /// Runs that failed or gave no probability.
    pub errors: Option<u64>,
    /// Why it is not run any more, if it is not.
    pub quarantine: Option<String>,
}

/// Scores rows, one score for each.
pub type Score = Box<dyn FnMut(&[Features]) -> Result<Vec<f32>, String>>;

/// Where models are looked up. All of it is called on threads made for waiting.
pub trait Library: Send + Sync + 'static {
    /// What is known of a model; none when its package is not known.
    fn about(&self, mode: Mode, model: &Named) -> Option<Arc<About>>;

    /// Loads a scorer of the model, apart from the one that decides payments, or says why there is none.
    fn scorer(&self, mode: Mode, model: &Named) -> Result<Score, String>;

    /// How quick it is; none when nobody counts it.
    fn speed(&self, mode: Mode, model: &Named) -> Option<Speed>;
}

/// A library without models.
pub struct NoLibrary;

impl Library for NoLibrary {
    fn about(&self, _: Mode, _: &Named) -> Option<Arc<About>> {
        None
    }

    fn scorer(&self, _: Mode, model: &Named) -> Result<Score, String> {
        Err(format!("the package of {model} is not known to this gateway"))
    }

    fn speed(&self, _: Mode, _: &Named) -> Option<Speed> {
        None
    }
}

impl Named {
    /// The model that decided; none when the fallback rules did.
    pub fn of(decider: &Decider) -> Option<Named> {
        match decider {
            Decider::Model { name, version } => Some(Named { name: name.clone(), version: version.clone() }),
            Decider::Fallback { .. } => None,
        }
    }

    /// Whether it is who decided.
    pub fn is(&self, decider: &Decider) -> bool {
        matches!(decider, Decider::Model { name, version } if *name == self.name && *version == self.version)
    }

    /// Reads `name/version`: a version is a number as people write it, so that each model has one name.
    pub fn parse(text: &str) -> Option<Named> {
        let (name, version) = text.split_once('/')?;
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let is_number = version.len() <= 6 && version.bytes().all(|byte| byte.is_ascii_digit());
        let is_version = is_number && !version.is_empty() && !version.starts_with('0');
        let is_known = is_name && name.len() <= 64 && is_version;
        is_known.then(|| Named { name: name.to_owned(), version: version.to_owned() })
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

#[cfg(feature = "full")]
mod package {
    use causeway_core::risk::drift::Expected;
    use causeway_core::risk::package::{Package, Training};

    use super::About;

    impl About {
        /// What the package says.
        pub fn of(package: &Package) -> About {
            let training = &package.training;
            let expected = |reference: &_| Expected { reference: Clone::clone(reference), rows: training.test_rows };
            About {
                sha256: package.sha256.clone(),
                thresholds: Some(package.thresholds),
                features: package.features.len(),
                training: words(training),
                metrics: training.metrics.iter().map(|(name, value)| (name.clone(), *value)).collect(),
                expected: package.reference.as_ref().map(expected),
            }
        }
    }

    fn words(training: &Training) -> Vec<(&'static str, String)> {
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let stretch = |from: &Option<String>, until: &Option<String>| {
            from.as_ref().zip(until.as_ref()).map(|(from, until)| format!("{from} to {until}"))
        };
        let said = [
            ("Author", training.author.clone()),
            ("Script", training.script.clone()),
            ("Seed", training.seed.map(|seed| seed.to_string())),
            ("Rows trained on", number(training.rows)),
            ("Training window", stretch(&training.window_start, &training.window_end)),
            ("Rows tested on", number(training.test_rows)),
            ("Test window", stretch(&training.test_window_start, &training.test_window_end)),
        ];
        said.into_iter().filter_map(|(what, said)| Some((what, said?))).collect()
    }
}
