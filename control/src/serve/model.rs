//! What runs models, and the package that scores payments while no other was ever registered.

use std::path::PathBuf;
use std::sync::Arc;

use super::find::Surroundings;
use crate::config::Config;
use crate::models::loader::{Loader, NoLoader};

/// What the start found.
pub struct Found {
    /// Runs models, or says why it cannot.
    pub loader: Arc<dyn Loader>,
    /// The package of `--model-dir`, or the one that is shipped; or where it was looked for.
    pub first: Result<PathBuf, String>,
}

/// Looks for the runtime's library and the first package.
pub fn find(config: &Config) -> Found {
    let surroundings = Surroundings::of_this_process();
    let library = surroundings.library(config.onnxruntime.as_deref());
    let library = library.found().map(PathBuf::from).ok_or_else(|| library.to_string());
    let first = surroundings.model(config.model_dir.as_deref());
    let first = first.found().map(PathBuf::from).ok_or_else(|| first.to_string());
    let loader = library.and_then(|library| loader(library, config));
    let loader = loader.unwrap_or_else(|reason| Arc::new(NoLoader { reason }));
    Found { loader, first }
}

#[cfg(feature = "full")]
fn loader(library: PathBuf, config: &Config) -> Result<Arc<dyn Loader>, String> {
    Ok(Arc::new(full::Onnx::new(library, config.model_budget)?))
}

#[cfg(not(feature = "full"))]
fn loader(_: PathBuf, _: &Config) -> Result<Arc<dyn Loader>, String> {
    Err("this program was built without ONNX Runtime".to_owned())
}

#[cfg(feature = "full")]
mod full {
    //! With the runtime.

    use std::fs::{self, File};
    use std::io::{Read, Write};
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};

    use causeway_core::risk::ModelId;
    use causeway_core::risk::package::{Examination, Package, examine};
    use causeway_core::risk::scorer::{Guarded, OnnxRuntime, OnnxScorer, Scorer, Timekeeper};
    use causeway_core::time::Timestamp;

    use crate::check;
    use crate::gate::{processor_time, system_time};
    use crate::models::loader::{Identity, Loaded, Loader};

    /// A run is ended by the watchdog after so many times the budget, but not before [`PATIENCE`]: the machine may be busy.
    const FAR_BEYOND: u32 = 10;
    const PATIENCE: Duration = Duration::from_millis(100);
    /// Where no payment waits a run is ended by the watchdog after this.
    const LONG_PATIENCE: Duration = Duration::from_secs(10);
    /// More than any file beside the model may have, in bytes; what is larger fails its check.
    const FILE_BYTES: u64 = 64 << 20;

    /// ONNX Runtime in this process, and in another one for what is not checked yet.
    pub struct Onnx {
        library: PathBuf,
        runtime: OnnxRuntime,
        budget: Duration,
    }

    impl Onnx {
        pub fn new(library: PathBuf, budget: Duration) -> Result<Onnx, String> {
            let unusable = |reason| format!("the ONNX Runtime library {} cannot be used: {reason}", library.display());
            let runtime = OnnxRuntime::load(&library).map_err(unusable)?;
            Ok(Onnx { library, runtime, budget })
        }
    }

    impl Loader for Onnx {
        fn import(&self, from: &Path, to: &Path) -> Result<Identity, String> {
            let Examination { findings, package } = examine(from);
            let faults: Vec<String> = findings
                .into_iter()
                .filter_map(|one| Some(format!("{}: {}", one.topic, one.result.err()?.reason)))
                .collect();
            let package = package.filter(|_| faults.is_empty()).ok_or_else(|| faults.join("; "))?;
            copy(from, to, &package).map_err(|error| format!("{}: {error}", to.display()))?;
            // A model may bring the runtime down: not in this process. How quick it is depends on what else the machine does
            // now; the guard judges that while it works.
            let report = check::run(&check::own_program(), &self.library, to, None);
            let is_it = report.package.as_ref().is_some_and(|found| found.sha256 == package.sha256);
            if report.verified && is_it { identity(&package) } else { Err(report.faults()) }
        }

        fn load(&self, folder: &Path) -> Result<Loaded, String> {
            let scorer = OnnxScorer::load(&self.runtime, folder).map_err(|error| error.to_string())?;
            let identity = identity(scorer.package())?;
            let edges = scorer.package().reference.as_ref().map(|reference| reference.score.edges.clone());
            let limit = PATIENCE.max(self.budget * FAR_BEYOND);
            let scorer = scorer.watched(limit).map_err(|error| format!("the model cannot be watched: {error}"))?;
            let time = Box::new(EngineTime { since: Instant::now() });
            let guarded = Guarded::new(Box::new(scorer), self.budget, time);
            let health = guarded.health();
            Ok(Loaded { identity, scorer: Box::new(guarded), health, edges: edges.unwrap_or_default() })
        }

        fn load_patient(&self, folder: &Path) -> Result<Box<dyn Scorer>, String> {
            let scorer = OnnxScorer::load(&self.runtime, folder).map_err(|error| error.to_string())?;
            let scorer =
                scorer.watched(LONG_PATIENCE).map_err(|error| format!("the model cannot be watched: {error}"))?;
            Ok(Box::new(scorer))
        }
    }

    fn identity(package: &Package) -> Result<Identity, String> {
        let digit = |at: usize| package.sha256.get(at * 2..at * 2 + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        let bytes: Option<Vec<u8>> = (0..32).map(digit).collect();
        let sha256 = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or("its SHA-256 is none")?;
        Ok(Identity { id: ModelId { name: package.name.clone(), version: package.version }, sha256 })
    }

    /// The three files, and nothing else that lies there.
    fn copy(from: &Path, to: &Path, package: &Package) -> std::io::Result<()> {
        fs::create_dir(to)?;
        let write = |name: &Path, bytes: &[u8]| {
            let mut file = File::create_new(to.join(name))?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        for name in ["manifest.toml", "golden.csv"] {
            let mut bytes = Vec::new();
            File::open(from.join(name))?.take(FILE_BYTES).read_to_end(&mut bytes)?;
            write(Path::new(name), &bytes)?;
        }
        // A plain name: the package was looked at.
        let name = package.model.file_name().unwrap_or_default();
        write(Path::new(name), &package.bytes)
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
