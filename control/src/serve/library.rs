//! What reports and drift know of the models that decide: the package that the gateway was started with.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use causeway_core::engine::CellStats;
use causeway_core::id::Mode;
use causeway_core::risk::drift::{Limits, Window};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::cell::Running;
use super::find::Surroundings;
use super::ground::Ground;
use crate::config::Config;
use crate::models::follow::{Followed, Follower};
use crate::models::{About, Library, Named, NoLibrary, Score, Speed};
use crate::telemetry::Level;

/// The model that decides, and what its cells count.
pub struct Served {
    named: Option<PathBuf>,
    stats: Vec<(Mode, Arc<CellStats>)>,
    package: OnceLock<Option<(Named, Arc<About>)>>,
}

impl Served {
    /// The library of these cells. The package is read when it is first asked for.
    pub fn new(config: &Config, cells: &[Running]) -> Served {
        let stats = cells.iter().map(|cell| (cell.mode(), cell.stats())).collect();
        Served { named: config.model_dir.clone(), stats, package: OnceLock::new() }
    }

    fn package(&self) -> Option<&(Named, Arc<About>)> {
        self.package.get_or_init(|| read(self.named.as_deref())).as_ref()
    }
}

#[cfg(feature = "full")]
fn read(named: Option<&Path>) -> Option<(Named, Arc<About>)> {
    let search = Surroundings::of_this_process().model(named);
    let package = causeway_core::risk::package::Package::read(search.found()?).ok()?;
    let model = Named { name: package.name.clone(), version: package.version.to_string() };
    Some((model, Arc::new(About::of(&package))))
}

#[cfg(not(feature = "full"))]
fn read(named: Option<&Path>) -> Option<(Named, Arc<About>)> {
    let _ = Surroundings::of_this_process().model(named);
    None
}

impl Library for Served {
    fn about(&self, _: Mode, model: &Named) -> Option<Arc<About>> {
        let (known, about) = self.package()?;
        (known == model).then(|| Arc::clone(about))
    }

    fn scorer(&self, mode: Mode, model: &Named) -> Result<Score, String> {
        NoLibrary.scorer(mode, model)
    }

    /// The counters are those of whichever model the cell was started with.
    fn speed(&self, mode: Mode, model: &Named) -> Option<Speed> {
        self.package().filter(|(known, _)| known == model)?;
        let (_, stats) = self.stats.iter().find(|(known, _)| *known == mode)?;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Some(Speed {
            since: "start of the gateway",
            calls: count(&stats.score_calls),
            rows: count(&stats.scored_rows),
            seconds: count(&stats.score_micros) as f64 * 1e-6,
            ..Speed::default()
        })
    }
}

/// Follows the decisions of each cell, until `stop`.
pub fn follow(
    ground: &Ground<'_>,
    cells: &[Running],
    library: &Arc<Served>,
    stop: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let follower = |cell: &Running| {
        let (telemetry, mode) = (ground.telemetry.clone(), cell.mode());
        let notice = move |text: &str| {
            let record = telemetry.record(Level::Warn, "models").text("mode", mode.name());
            telemetry.write(record.text("notice", text));
        };
        let library: Arc<dyn Library> = Arc::<Served>::clone(library);
        Arc::new(Follower {
            reader: cell.reader(),
            mode,
            library,
            window: Window::default(),
            limits: Limits::default(),
            notice: Arc::new(notice),
            followed: parking_lot::Mutex::new(Followed::default()),
        })
    };
    let follow = |cell: &Running| {
        let follower = follower(cell);
        ground.telemetry.add_groups(Some(cell.mode()), follower.groups());
        tokio::spawn(follower.run(stop.clone()))
    };
    cells.iter().map(follow).collect()
}
