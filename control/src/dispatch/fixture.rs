//! A cell that is played by the test: rows are put into a store in memory, commands are taken out of its lane.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use causeway_core::account::{Account, Entitlements};
use causeway_core::change::{Change, Effects, Head};
use causeway_core::command::{Answer, Command, Refusal, Reply};
use causeway_core::directory::Directory;
use causeway_core::id::{AccountId, Mode};
use causeway_core::ingress::{Doorbells, Envelope};
use causeway_core::store::{Batch, MemoryStore, Reader, Store};
use causeway_core::time::Timestamp;
use crossbeam_channel::Receiver;
use tokio::sync::watch;

use super::Notice;
use crate::gate::CellHandle;

/// How long a test waits for what must come.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A cell that is played by the test.
pub struct PlayedCell {
    pub handle: CellHandle,
    pub reader: Reader,
    pub stop: watch::Sender<bool>,
    store: Arc<MemoryStore>,
    commits: watch::Sender<Head>,
    published: Arc<ArcSwap<Directory>>,
    internal: Receiver<Envelope>,
}

impl PlayedCell {
    pub fn new(directory: Directory) -> PlayedCell {
        let (commits, seen) = watch::channel(Head::default());
        let published = Arc::new(ArcSwap::from_pointee(directory));
        let (handle, lanes) = CellHandle::new(Mode::Sandbox, Arc::clone(&published), seen, Doorbells::default());
        let store = Arc::new(MemoryStore::new());
        let reader = Reader::new(store.clone());
        PlayedCell {
            handle,
            reader,
            stop: watch::Sender::new(false),
            store,
            commits,
            published,
            internal: lanes.internal,
        }
    }

    /// Commits changes and wakes those who wait for work.
    pub fn put(&self, changes: Vec<Change>) {
        let batch = self.commits.borrow().batch + 1;
        let head = Head { batch, ..Head::default() };
        let rung = changes.iter().filter_map(|change| {
            let Change::OutboxAdd(row) = change else { return None };
            Some(row.account)
        });
        let rung: Vec<_> = rung.collect();
        self.store.commit(&[Batch::encode(&Effects { head, changes })]).unwrap();
        self.commits.send_replace(head);
        self.handle.doorbell().ring(rung);
    }

    /// Publishes an account as it is now.
    pub fn publish(&self, account: Account) {
        let (id, mut directory) = (account.id, Directory::clone(&self.handle.directory()));
        directory.put(Arc::new(account));
        self.published.store(Arc::new(directory));
        self.handle.doorbell().ring([id]);
        self.handle.redelivery_bell().ring([id]);
    }

    /// The next command in the internal lane.
    pub async fn next(&self) -> Envelope {
        let internal = self.internal.clone();
        let taken = tokio::task::spawn_blocking(move || internal.recv_timeout(DEADLINE)).await.unwrap();
        taken.expect("a command comes")
    }

    /// The next command, answered as done.
    pub async fn take(&self) -> Command {
        let envelope = self.next().await;
        envelope.answer.send(done()).unwrap();
        envelope.submission.command
    }

    /// Whether no command waits.
    pub fn is_quiet(&self) -> bool {
        self.internal.is_empty()
    }
}

/// An account that may do nothing and is told nothing.
pub fn plain_account(id: AccountId) -> Account {
    Account {
        id,
        name: "Partner".to_owned(),
        created_at: Timestamp(1),
        entitlements: Entitlements::default(),
        origins: Vec::new(),
        keys: Vec::new(),
        webhook: None,
        quote_life: None,
        risk_is_real: false,
        branding: Default::default(),
        tier: None,
    }
}

/// What the cell answers to outcomes that it took.
pub fn done() -> Result<Answer, Refusal> {
    Ok(Answer { reply: Reply::Done, replayed: false })
}

/// Lines for operators, kept for the test.
pub fn notices() -> (Notice, Arc<parking_lot::Mutex<Vec<String>>>) {
    let kept = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    (Arc::new(move |line: &str| keep.lock().push(line.to_owned())), kept)
}
