//! The model that scores payments, or why there is none: payments never wait for one.

use std::sync::Arc;

use causeway_core::risk::scorer::{Health, NoModel, Scorer};

use super::find::Surroundings;
use crate::config::Config;

/// A scorer of its own for one cell.
pub struct Loaded {
    /// It; without a model one that says so.
    pub scorer: Box<dyn Scorer>,
    /// How the model fares, where there is one.
    pub health: Option<Arc<Health>>,
    /// What scores, for people.
    pub line: String,
    /// Why there is no model.
    pub missing: Option<String>,
}

/// Gives each cell its scorer.
pub struct Models {
    #[cfg(feature = "full")]
    loaded: Result<full::Verified, String>,
}

#[cfg(feature = "full")]
impl Models {
    /// Looks for the runtime library and the model package, checks the package in a process of its own, and loads the
    /// library.
    pub fn find(config: &Config) -> Models {
        Models { loaded: full::Verified::find(config) }
    }

    /// A scorer of its own for one cell.
    pub fn scorer(&self) -> Loaded {
        let guarded = self.loaded.as_ref().map_err(String::clone).and_then(full::Verified::guarded);
        match guarded {
            Ok(scorer) => {
                let (name, version) = scorer.model();
                let line = format!("{name} {version}");
                Loaded { health: Some(scorer.health()), scorer: Box::new(scorer), line, missing: None }
            }
            Err(reason) => none(reason),
        }
    }
}

#[cfg(not(feature = "full"))]
impl Models {
    /// Says where a build with the runtime would look.
    pub fn find(config: &Config) -> Models {
        let surroundings = Surroundings::of_this_process();
        let _ = (surroundings.library(config.onnxruntime.as_deref()), surroundings.model(config.model_dir.as_deref()));
        Models {}
    }

    /// The scorer of a build without the runtime.
    pub fn scorer(&self) -> Loaded {
        none("this program was built without ONNX Runtime".to_owned())
    }
}

fn none(reason: String) -> Loaded {
    let line = format!("none, the fallback rules decide: {reason}");
    Loaded { scorer: Box::new(NoModel { reason: reason.clone() }), health: None, line, missing: Some(reason) }
}

#[cfg(feature = "full")]
mod full {
    //! With the runtime.

    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use causeway_core::risk::scorer::{Guarded, OnnxRuntime, OnnxScorer, Timekeeper};
    use causeway_core::time::Timestamp;

    use super::{Config, Surroundings};
    use crate::check;
    use crate::gate::{processor_time, system_time};

    /// A run is ended by the watchdog after so many times the budget, but not before [`PATIENCE`]: the machine may be busy.
    const FAR_BEYOND: u32 = 10;
    const PATIENCE: Duration = Duration::from_millis(100);

    /// The runtime with a package that passed its check.
    pub struct Verified {
        runtime: OnnxRuntime,
        folder: PathBuf,
        sha256: String,
        budget: Duration,
    }

    impl Verified {
        pub fn find(config: &Config) -> Result<Verified, String> {
            let surroundings = Surroundings::of_this_process();
            let search = surroundings.library(config.onnxruntime.as_deref());
            let library = search.found().ok_or_else(|| search.to_string())?;
            let search = surroundings.model(config.model_dir.as_deref());
            let folder = search.found().ok_or_else(|| search.to_string())?.to_owned();
            // A model may bring the runtime down: not in this process. How quick it is depends on what else the machine does
            // now; the guard judges that while it works.
            let report = check::run(&check::own_program(), library, &folder, None);
            let package = report.package.as_ref().filter(|_| report.verified);
            let refused = || format!("model package {}: {}", folder.display(), report.faults());
            let sha256 = package.ok_or_else(refused)?.sha256.clone();
            let unusable = |reason| format!("the ONNX Runtime library {} cannot be used: {reason}", library.display());
            let runtime = OnnxRuntime::load(library).map_err(unusable)?;
            Ok(Verified { runtime, folder, sha256, budget: config.model_budget })
        }

        pub fn guarded(&self) -> Result<Guarded, String> {
            let scorer = OnnxScorer::load(&self.runtime, &self.folder).map_err(|error| error.to_string())?;
            if scorer.package().sha256 != self.sha256 {
                return Err(format!("model package {}: it changed while it was looked at", self.folder.display()));
            }
            let limit = PATIENCE.max(self.budget * FAR_BEYOND);
            let scorer = scorer.watched(limit).map_err(|error| format!("the model cannot be watched: {error}"))?;
            Ok(Guarded::new(Box::new(scorer), self.budget, Box::new(EngineTime { since: Instant::now() })))
        }
    }

    /// The time of the thread that asks: the engine's.
    struct EngineTime {
        since: Instant,
    }

    impl Timekeeper for EngineTime {
        fn elapsed(&self) -> Duration {
            self.since.elapsed()
        }

        fn worked(&self) -> Duration {
            processor_time()
        }

        fn date(&self) -> Timestamp {
            system_time()
        }
    }
}
