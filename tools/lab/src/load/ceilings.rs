//! What nothing built from these parts can exceed, measured beside the gateway in the same run: a server that answers a
//! constant, the store with the rows of pay-ins and nothing else, the model without anything around it.

pub mod http;
mod model;
mod rows;
mod store;

use std::path::{Path, PathBuf};

use super::pin::Cpus;
use crate::failure::Failure;

pub use http::Constant;

/// What was reached in one round, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ceiling {
    /// Constant answers to GET.
    pub http_get: f64,
    /// Constant answers to POST.
    pub http_post: f64,
    /// Pay-ins' rows written, one sync for each pay-in.
    pub store_single: f64,
    /// Pay-ins' rows written, one sync for [`GROUP`] of them.
    pub store_grouped: f64,
    /// Rows scored, one a call.
    pub model_single: f64,
    /// Rows scored, [`GROUP`] a call.
    pub model_grouped: f64,
}

/// Pay-ins that share a sync, and rows that share a call, where they are grouped.
pub const GROUP: usize = 64;

impl Ceiling {
    /// The figures by name, as they stand in the JSON.
    pub fn named(&self) -> [(&'static str, f64); 6] {
        [
            ("http_get", self.http_get),
            ("http_post", self.http_post),
            ("store_single", self.store_single),
            ("store_grouped", self.store_grouped),
            ("model_single", self.model_single),
            ("model_grouped", self.model_grouped),
        ]
    }
}

/// The parts without a server: the store and the model. They are measured on a thread of their own, on the server's
/// processors.
pub struct Parts {
    store: store::Rows,
    model: model::Model,
    place: PathBuf,
    cpus: Cpus,
}

/// Where the parts lie.
#[derive(Clone, Debug)]
pub struct Places {
    /// A directory on the file system of the server's data.
    pub store: PathBuf,
    /// The ONNX Runtime's shared library.
    pub library: PathBuf,
    /// The model package.
    pub model: PathBuf,
}

impl Parts {
    /// Makes the rows and loads the model. `has_endpoint` says whether the pay-ins have webhooks to send.
    pub fn prepare(places: &Places, has_endpoint: bool, cpus: Cpus) -> Result<Parts, Failure> {
        let store = store::Rows::make(has_endpoint);
        let model = model::Model::load(&places.library, &places.model)?;
        Ok(Parts { store, model, place: places.store.clone(), cpus })
    }

    /// Puts and bytes of one pay-in, on average.
    pub fn per_pay_in(&self) -> (f64, f64) {
        self.store.per_pay_in()
    }

    /// Measures both and writes what they reached into `ceiling`.
    pub fn measure(&mut self, ceiling: &mut Ceiling) -> Result<(), Failure> {
        let Parts { store, model, place, cpus } = self;
        let measure = || -> Result<(), Failure> {
            let pinned = cpus.pin_this_thread();
            pinned.map_err(|error| Failure::wrong(format!("cannot pin the ceilings' thread: {error}")))?;
            (ceiling.store_single, ceiling.store_grouped) = store.measure(place)?;
            ceiling.model_single = model.measure(1)?;
            ceiling.model_grouped = model.measure(GROUP)?;
            Ok(())
        };
        let measured = std::thread::scope(|scope| scope.spawn(measure).join());
        measured.unwrap_or_else(|_| Err(Failure::wrong("measuring the store and the model panicked")))
    }
}

impl Places {
    /// Where a built checkout has them: the library as `CAUSEWAY_ONNXRUNTIME` says or beside this program, the model beside
    /// this program, in a directory above it or in one above where it was started.
    pub fn find(store: &Path) -> Result<Places, Failure> {
        let program = std::env::current_exe().unwrap_or_default();
        let named = std::env::var_os("CAUSEWAY_ONNXRUNTIME").map(PathBuf::from);
        let library = named.unwrap_or_else(|| program.with_file_name("libonnxruntime.so"));
        let started = std::env::current_dir().unwrap_or_default();
        let mut models = program.ancestors().chain(started.ancestors()).map(|above| above.join("models/baseline/2"));
        let model = models.find(|folder| folder.is_dir());
        let missing =
            |what: &str| Failure::missing(format!("{what} is missing; put it in place with: cargo xtask build"));
        if !library.is_file() {
            return Err(missing(&format!("the ONNX Runtime library {}", library.display())));
        }
        Ok(Places {
            store: store.to_owned(),
            library,
            model: model.ok_or_else(|| missing("the model models/baseline/2"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_and_model_are_measured() {
        let place = tempfile::tempdir().unwrap();
        let places = Places::find(place.path()).expect("run `cargo xtask setup` first");
        let mut parts = Parts::prepare(&places, false, Cpus::of_this_thread().unwrap()).unwrap();
        let mut ceiling = Ceiling::default();
        parts.measure(&mut ceiling).unwrap();
        let measured: Vec<f64> = ceiling.named()[2..].iter().map(|(_, rate)| *rate).collect();
        assert!(measured.iter().all(|rate| *rate > 1.0), "{ceiling:?}");
        assert!(ceiling.model_grouped > ceiling.model_single, "a batch costs less a row: {ceiling:?}");
    }
}
