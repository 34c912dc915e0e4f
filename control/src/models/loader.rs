//! What the life of models asks of whoever can read and run them.

use std::path::Path;
use std::sync::Arc;

use causeway_core::risk::ModelId;
use causeway_core::risk::scorer::{Health, Scorer};

/// Reads and runs packages. Everything in it may take its time.
pub trait Loader: Send + Sync + 'static {
    /// Copies the package in `from` into the new folder `to`, synced, and checks the copy in a process of its own. Says what
    /// is wrong with it.
    fn import(&self, from: &Path, to: &Path) -> Result<Identity, String>;

    /// Loads the package in `folder`, scores its golden rows, and puts a guard around it.
    fn load(&self, folder: &Path) -> Result<Loaded, String>;

    /// Loads the package in `folder` for whoever waits for it and nobody else does: without a budget, so that a machine that is
    /// slow or busy gives no other answer. A run ends at some time all the same.
    fn load_patient(&self, folder: &Path) -> Result<Box<dyn Scorer>, String>;
}

/// Which package it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Name and version.
    pub id: ModelId,
    /// The SHA-256 of the model's file.
    pub sha256: [u8; 32],
}

/// A model that can score.
pub struct Loaded {
    /// Which one it is.
    pub identity: Identity,
    /// It.
    pub scorer: Box<dyn Scorer>,
    /// How it fares.
    pub health: Arc<Health>,
    /// Where the package's own histogram of scores is cut.
    pub edges: Vec<f64>,
}

/// The loader of a program that cannot run models, or does not find what runs them.
pub struct NoLoader {
    /// Why.
    pub reason: String,
}

impl Loader for NoLoader {
    fn import(&self, _: &Path, _: &Path) -> Result<Identity, String> {
        Err(self.reason.clone())
    }

    fn load(&self, _: &Path) -> Result<Loaded, String> {
        Err(self.reason.clone())
    }

    fn load_patient(&self, _: &Path) -> Result<Box<dyn Scorer>, String> {
        Err(self.reason.clone())
    }
}

#[cfg(test)]
pub mod fake {
    //! Packages of one file with name and version, as the tests need them.

    use std::fs;

    use causeway_core::risk::scorer::ScoreError;
    use causeway_core::risk::{Features, Thresholds};

    use super::*;

    /// Takes files that read `name version`, and whatever follows.
    pub struct FakeLoader;

    struct FakeScorer {
        name: String,
        version: String,
    }

    impl Scorer for FakeScorer {
        fn score(&mut self, rows: &[Features]) -> Result<Vec<f32>, ScoreError> {
            Ok(vec![0.1; rows.len()])
        }

        fn model(&self) -> (&str, &str) {
            (&self.name, &self.version)
        }

        fn thresholds(&self) -> Thresholds {
            Thresholds::FALLBACK
        }
    }

    fn read(folder: &Path) -> Result<Identity, String> {
        let text = fs::read_to_string(folder.join("package")).map_err(|error| error.to_string())?;
        let mut words = text.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next().and_then(|word| word.parse().ok()));
        let version = version.ok_or("it is refused: it has no version")?;
        Ok(Identity { id: ModelId { name: name.to_owned(), version }, sha256: [text.len() as u8; 32] })
    }

    impl Loader for FakeLoader {
        fn import(&self, from: &Path, to: &Path) -> Result<Identity, String> {
            fs::create_dir(to)
                .and_then(|()| fs::copy(from.join("package"), to.join("package")))
                .map_err(|e| e.to_string())?;
            read(to)
        }

        fn load(&self, folder: &Path) -> Result<Loaded, String> {
            let identity = read(folder)?;
            let (name, version) = (identity.id.name.clone(), identity.id.version.to_string());
            let scorer = Box::new(FakeScorer { name, version });
            Ok(Loaded { identity, scorer, health: Arc::default(), edges: vec![0.5] })
        }

        fn load_patient(&self, folder: &Path) -> Result<Box<dyn Scorer>, String> {
            self.load(folder).map(|loaded| loaded.scorer)
        }
    }
}
