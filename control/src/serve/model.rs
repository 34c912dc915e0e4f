//! The model that scores payments, or why there is none: payments never wait for one.

use causeway_core::risk::scorer::{NoModel, Scorer};

use super::find::Surroundings;
use crate::config::Config;

/// A scorer of its own for one cell.
pub struct Loaded {
    /// It; without a model one that says so.
    pub scorer: Box<dyn Scorer>,
    /// What scores, for people.
    pub line: String,
    /// Why there is no model.
    pub missing: Option<String>,
}

/// Gives each cell its scorer.
pub struct Models {
    #[cfg(feature = "full")]
    loaded: Result<(causeway_core::risk::scorer::OnnxRuntime, std::path::PathBuf), String>,
}

impl Models {
    /// Looks for the runtime library and the model package, and loads the library.
    #[cfg(feature = "full")]
    pub fn find(config: &Config) -> Models {
        let surroundings = Surroundings::of_this_process();
        let load = || {
            let search = surroundings.library(config.onnxruntime.as_deref());
            let library = search.found().ok_or_else(|| search.to_string())?;
            let search = surroundings.model(config.model_dir.as_deref());
            let folder = search.found().ok_or_else(|| search.to_string())?.to_owned();
            let runtime = causeway_core::risk::scorer::OnnxRuntime::load(library);
            let unusable = |reason| format!("the ONNX Runtime library {} cannot be used: {reason}", library.display());
            Ok((runtime.map_err(unusable)?, folder))
        };
        Models { loaded: load() }
    }

    /// Says where a build with the runtime would look.
    #[cfg(not(feature = "full"))]
    pub fn find(config: &Config) -> Models {
        let surroundings = Surroundings::of_this_process();
        let _ = (surroundings.library(config.onnxruntime.as_deref()), surroundings.model(config.model_dir.as_deref()));
        Models {}
    }

    /// A scorer of its own for one cell.
    #[cfg(feature = "full")]
    pub fn scorer(&self) -> Loaded {
        let loaded = self.loaded.as_ref().map_err(String::clone);
        let scorer = loaded.and_then(|(runtime, folder)| {
            causeway_core::risk::scorer::OnnxScorer::load(runtime, folder).map_err(|error| error.to_string())
        });
        match scorer {
            Ok(scorer) => {
                let (name, version) = scorer.model();
                let line = format!("{name} {version}");
                Loaded { scorer: Box::new(scorer), line, missing: None }
            }
            Err(reason) => none(reason),
        }
    }

    /// The scorer of a build without the runtime.
    #[cfg(not(feature = "full"))]
    pub fn scorer(&self) -> Loaded {
        none("this program was built without ONNX Runtime".to_owned())
    }
}

fn none(reason: String) -> Loaded {
    let line = format!("none, the fallback rules decide: {reason}");
    Loaded { scorer: Box::new(NoModel { reason: reason.clone() }), line, missing: Some(reason) }
}
