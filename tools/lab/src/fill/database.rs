//! The history as the data directory of a sandbox: what a gateway would have left that had run all the time, and keys, as
//! its first start makes them.
//!
//! Every journey goes through the core's own functions, in batches of a second each, and the core's records are encoded by
//! the core. Two things are not there: answers remembered under idempotency keys, whose life would be over, and the
//! simulated rail's own record, which was not asked.

mod agenda;
mod cell;
mod driver;
mod held;
mod journeys;
mod script;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use causeway_control::data_dir::DataDir;
use causeway_control::keys::{KeyRing, MasterKey, new_webhook_secret};
use causeway_control::quota::Tiers;
use causeway_control::serve::demo::DemoPartner;
use causeway_core::account::Entitlements;
use causeway_core::change::{Change, Effects, Head};
use causeway_core::command::{Command, NewEndpoint};
use causeway_core::id::Mode;
use causeway_core::risk::scorer::Scorer;
use causeway_core::settings::Settings;
use causeway_core::store::{Batch, Identity, RocksStore, StoreMemory};

use super::generate::draft::SESSION_SECONDS;
use super::generate::{self, History};
use super::model;
use crate::calendar::{DAY, Moment};
use crate::failure::Failure;
use cell::Cell;
pub use driver::Driver;
pub use held::Rest;

/// A new data directory.
pub struct Database {
    /// Where rows go.
    pub store: RocksStore,
    /// Whose quotes and ids these are.
    keys: KeyRing,
    demo: DemoPartner,
    data: DataDir,
}

/// Histories that one batch writes.
const HISTORIES: usize = 10_000;
/// The last payment settles and the last session expires within this, in seconds.
const AFTERMATH: u64 = 3 * DAY;
/// Rows of each kind that the core keeps beside those that are held: few, so that they stay in the processor's caches.
const TABLE_ROWS: usize = 4_096;
/// Where a server would say that the demo partner finds it; the first start corrects it.
const BASE_URL: &str = "http://127.0.0.1:8080/v1";

impl Database {
    /// Makes the directory, which says until [`Database::finish`] that it is unfinished, with its keys and its demo partner,
    /// who is the history's first.
    pub fn create(directory: &Path, history: &History) -> Result<Database, Failure> {
        refuse_future(history.settings())?;
        let data = DataDir::to_fill(directory).map_err(wrong)?;
        let master = MasterKey::of_sandbox(&data.own_master_key()).map_err(wrong)?;
        data.bind_key(&master.fingerprint()).map_err(wrong)?;
        let keys = KeyRing::derive(&master, Mode::Sandbox);
        let demo = DemoPartner::new(history.people().partners()[0].account, BASE_URL).map_err(wrong)?;
        demo.write(&data.sandbox_file()).map_err(wrong)?;
        let place = data.store(Mode::Sandbox);
        let store = RocksStore::open(&place, Identity { mode: Mode::Sandbox }, StoreMemory::default());
        Ok(Database { store: store.map_err(wrong)?, keys, demo, data })
    }

    /// What performs the history.
    pub fn driver(&self, history: History) -> Result<Driver, Failure> {
        driver(history, &self.keys, &self.demo, model::fallback())
    }

    /// Closes the store and says that the directory is whole.
    pub fn finish(self) -> Result<(), Failure> {
        drop(self.store);
        self.data.filled().map_err(wrong)
    }
}

/// Adds the batches of the end in their order, and gives the last one, which makes all count.
pub fn last_batches(
    (head, rest): (Head, Rest),
    mut add: impl FnMut(Batch) -> Result<(), Failure>,
) -> Result<Batch, Failure> {
    let encode = |changes: Vec<Change>| Batch::encode(&Effects { head, changes });
    for some in rest.histories.chunks(HISTORIES) {
        let rows = some.iter().map(|((entity, key), row)| Change::History(*entity, *key, Arc::clone(row)));
        add(encode(rows.collect()))?;
    }
    Ok(encode(rest.books))
}

fn driver(history: History, keys: &KeyRing, demo: &DemoPartner, scorer: Box<dyn Scorer>) -> Result<Driver, Failure> {
    let settings = Settings::new(Mode::Sandbox, keys.id_key(), keys.quote_key(), keys.name_key());
    let settings = Settings { table_rows: TABLE_ROWS, ..settings };
    let mut cell = Cell::new(settings, history.market().catalogue.clone(), scorer);
    cell.begin(history.settings().period().0 - SESSION_SECONDS - 1);
    for command in partners(&history, keys, demo)? {
        cell.run(command)?;
    }
    cell.finish()?;
    Ok(Driver::new(history, cell))
}

/// The commands that make the partners. Only the first has keys: an operator can add others.
fn partners(history: &History, keys: &KeyRing, demo: &DemoPartner) -> Result<Vec<Command>, Failure> {
    let mut commands = Vec::new();
    for (number, partner) in history.people().partners().iter().enumerate() {
        if number == 0 {
            commands.extend(demo.commands(partner.account, None, Tiers::UNLIMITED));
            continue;
        }
        let entitlements = Entitlements { rails: true, ..Entitlements::default() };
        commands.push(Command::CreateAccount(partner.account, partner.name.clone()));
        commands.push(Command::SetEntitlements(partner.account, entitlements));
        if partner.has_webhook {
            let secret = new_webhook_secret().map_err(wrong)?;
            let sealed_secret = keys.seal_webhook_secret(partner.account, &secret).map_err(wrong)?;
            let url = format!("{}/webhooks", script::host(number));
            commands.push(Command::SetWebhook(partner.account, NewEndpoint { url, sealed_secret }));
        }
    }
    Ok(commands)
}

/// The gateway's time never goes back behind its data: it would stand still until the history is over.
fn refuse_future(settings: &generate::Settings) -> Result<(), Failure> {
    let (over, now) = (Moment(settings.until.0 * DAY + AFTERMATH), Moment::now());
    if over <= now {
        return Ok(());
    }
    Err(Failure::missing(format!(
        "the history would be over by {over}, and it is {now}: the gateway's time would stand still until then; name an \
         earlier day with --until"
    )))
}

fn wrong(error: impl std::fmt::Display) -> Failure {
    Failure::wrong(error.to_string())
}
