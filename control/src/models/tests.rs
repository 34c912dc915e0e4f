//! The life of models over a cell in memory.

use causeway_core::engine::{Clock, Options, RunningCell, start};
use causeway_core::limits::MODELS;
use causeway_core::settings::Settings;
use causeway_core::store::MemoryStore;

use super::loader::fake::FakeLoader;
use super::*;
use crate::keys::{KeyRing, MasterKey};

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        system_time()
    }
}

/// A cell in memory and its models, of which packages lie below `folder`.
pub fn cell(folder: &Path) -> (RunningCell, Arc<Models>) {
    let keys = KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Sandbox);
    let running = start(Options {
        settings: Settings::new(Mode::Sandbox, keys.id_key(), keys.quote_key(), keys.name_key()),
        catalogue: Arc::default(),
        shelf: Shelf::default(),
        store: Arc::new(MemoryStore::new()),
        clock: Arc::new(SystemClock),
        alarm: Arc::new(|_| {}),
        tick: Duration::from_millis(20),
    })
    .unwrap();
    let registry = Registry::open(folder.join("models"));
    let stocked = stock(&registry, &FakeLoader, &ModelPlan::default(), &mut Shelf::default());
    let (handle, shelf) = (running.handle.clone(), running.shelf.clone());
    let models = Arc::new(Models::new(handle, shelf, registry, Arc::new(FakeLoader), stocked));
    (running, models)
}

/// Registers a model of this version from `folder`.
async fn register(models: &Arc<Models>, folder: &Path, version: u32) -> ModelId {
    std::fs::write(folder.join("package"), format!("model {version}")).unwrap();
    let import = models.import(folder).await.unwrap();
    let id = import.identity.id.clone();
    make(models, ModelStep::Register(id.clone(), import.identity.sha256)).await;
    id
}

/// Makes a step; what the audit would say of it.
async fn make(models: &Arc<Models>, step: ModelStep) -> String {
    let turn = models.turn().await;
    let said = turn.preview(&step).unwrap();
    turn.prepare(&step).await.unwrap();
    turn.make(step).await.unwrap();
    said
}

#[tokio::test]
async fn a_step_tells_where_a_rollback_leads_from_then_on() {
    let directory = tempfile::tempdir().unwrap();
    let (mut running, models) = cell(directory.path());
    let one = register(&models, directory.path(), 1).await;
    let two = register(&models, directory.path(), 2).await;
    assert_eq!(make(&models, ModelStep::Promote(one.clone())).await, "model 1: registered -> live");
    let said = make(&models, ModelStep::Promote(two.clone())).await;
    let back = "way back: the fallback rules -> model 1";
    assert_eq!(said, format!("model 1: live -> retired; model 2: registered -> live; {back}"));
    let said = make(&models, ModelStep::Retire(one)).await;
    assert_eq!(said, "way back: model 1 -> the fallback rules");
    assert_eq!(make(&models, ModelStep::Promote(two)).await, "model 2: nothing changes");
    running.stop();
}

/// As after a start without its package: the plan is as it was, and the model comes back.
#[tokio::test]
async fn a_model_that_is_not_there_says_why_until_it_is_promoted_once_more() {
    let directory = tempfile::tempdir().unwrap();
    let (mut running, models) = cell(directory.path());
    let one = register(&models, directory.path(), 1).await;
    assert_eq!(models.not_loaded(&one), None, "nobody needs it");
    make(&models, ModelStep::Promote(one.clone())).await;
    assert_eq!(models.not_loaded(&one), None);
    models.loaded.lock().clear();
    models.missing.lock().insert(one.clone(), "no such file".to_owned());
    assert_eq!(models.not_loaded(&one).as_deref(), Some("no such file"));
    let (package, aside) = (models.folder(&one), directory.path().join("aside"));
    std::fs::rename(&package, &aside).unwrap();
    let refused = models.turn().await.prepare(&ModelStep::Promote(one.clone())).await;
    assert_eq!(models.not_loaded(&one), refused.err());
    std::fs::rename(&aside, &package).unwrap();
    assert_eq!(make(&models, ModelStep::Promote(one.clone())).await, "model 1: loaded anew");
    assert!(models.not_loaded(&one).is_none() && models.missing.lock().is_empty());
    running.stop();
}

#[tokio::test]
async fn what_made_room_or_was_given_up_leaves_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let (mut running, models) = cell(directory.path());
    let first = register(&models, directory.path(), 1).await;
    make(&models, ModelStep::Retire(first.clone())).await;
    for version in 2..=MODELS as u32 {
        register(&models, directory.path(), version).await;
    }
    assert!(models.folder(&first).exists());
    let newest = register(&models, directory.path(), 99).await;
    assert!(!models.folder(&first).exists() && models.folder(&newest).exists());
    // None is retired: there is no room for another.
    std::fs::write(directory.path().join("package"), "model 100").unwrap();
    let import = models.import(directory.path()).await.unwrap();
    let id = import.identity.id.clone();
    let full = models.turn().await.preview(&ModelStep::Register(id.clone(), import.identity.sha256));
    assert_eq!(full.unwrap_err().code, Code::LimitReached);
    assert!(models.folder(&id).exists());
    import.give_up().await;
    assert!(!models.folder(&id).exists());
    // One that is registered stays.
    std::fs::write(directory.path().join("package"), "model 99").unwrap();
    models.import(directory.path()).await.unwrap().give_up().await;
    assert!(models.folder(&newest).exists());
    running.stop();
}
