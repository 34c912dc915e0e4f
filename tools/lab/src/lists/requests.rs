//! Which pages are read.

use causeway_core::id::{Mode, SessionId, TransactionId};

use crate::api::Api;
use crate::failure::Failure;
use crate::seed::Seed;

/// A kind of request.
pub struct List {
    /// What it is called.
    pub name: &'static str,
    /// Its path with its filters.
    path: &'static str,
    /// Where its page begins.
    start: Start,
}

impl List {
    /// Whether only a partner with webhooks has such rows.
    pub fn is_of_deliveries(&self) -> bool {
        self.path.starts_with("/v1/webhooks/")
    }
}

/// Where a page begins.
#[derive(Clone, Copy)]
enum Start {
    /// With the newest.
    Newest,
    /// Behind a random place between the newest and the oldest.
    Anywhere(Kind),
    /// With the newest of one session.
    OfSession,
}

/// Whose ids the cursors are.
#[derive(Clone, Copy)]
enum Kind {
    Sessions,
    Transactions,
}

/// Every kind. The first reads no list: it is what a request costs at all.
pub const LISTS: [List; 14] = [
    newest("no list: branding", "/v1/branding"),
    newest("sessions, newest", "/v1/gate_sessions?limit=10"),
    anywhere("sessions, anywhere", "/v1/gate_sessions?limit=10", Kind::Sessions),
    newest("open sessions, newest", "/v1/gate_sessions?limit=10&status=open"),
    anywhere("completed sessions, anywhere", "/v1/gate_sessions?limit=10&status=completed", Kind::Sessions),
    newest("transactions, newest", "/v1/transactions?limit=10"),
    anywhere("transactions, anywhere", "/v1/transactions?limit=10", Kind::Transactions),
    anywhere("100 transactions, anywhere", "/v1/transactions?limit=100", Kind::Transactions),
    newest("processing transactions, newest", "/v1/transactions?limit=10&status=processing"),
    anywhere("failed transactions, anywhere", "/v1/transactions?limit=10&status=failed", Kind::Transactions),
    List { name: "transactions of a session", path: "/v1/transactions?limit=10", start: Start::OfSession },
    newest("deliveries, newest", "/v1/webhooks/deliveries?limit=10"),
    newest("delivered deliveries, newest", "/v1/webhooks/deliveries?limit=10&status=succeeded"),
    newest("deliveries behind 10,000", "/v1/webhooks/deliveries?limit=10&skip=10000"),
];

const fn newest(name: &'static str, path: &'static str) -> List {
    List { name, path, start: Start::Newest }
}

const fn anywhere(name: &'static str, path: &'static str, kind: Kind) -> List {
    List { name, path, start: Start::Anywhere(kind) }
}

/// Random places in the lists of a history. A cursor names a moment: it need not be the id of a row.
pub struct Places {
    seed: Seed,
    newest: u64,
    oldest: u64,
    sessions: Vec<String>,
}

/// Sessions whose transactions are read.
const SESSIONS: usize = 100;

impl Places {
    /// Finds out how far the history reaches, and some sessions all over it.
    pub async fn look(api: &mut Api, seed: u64) -> Result<Places, Failure> {
        let newest = made_at(&ids(api, "/v1/gate_sessions?limit=1").await?);
        let oldest = oldest(api, newest).await?;
        let mut places = Places { seed: Seed::new(seed), newest, oldest, sessions: Vec::new() };
        while places.sessions.len() < SESSIONS {
            let cursor = places.cursor(Kind::Sessions);
            let found = ids(api, &format!("/v1/gate_sessions?limit=1&starting_after={cursor}")).await?;
            places.sessions.extend(found);
        }
        Ok(places)
    }

    /// A request of this kind.
    pub fn path(&mut self, list: &List) -> String {
        match list.start {
            Start::Newest => list.path.to_owned(),
            Start::Anywhere(kind) => format!("{}&starting_after={}", list.path, self.cursor(kind)),
            Start::OfSession => {
                let place = self.seed.below(self.sessions.len() as u64) as usize;
                format!("{}&session_id={}", list.path, self.sessions[place])
            }
        }
    }

    fn cursor(&mut self, kind: Kind) -> String {
        // The older half is left out, so that pages are full.
        let reach = ((self.newest - self.oldest) / 2).max(1);
        let id = id_at(self.newest - self.seed.below(reach));
        match kind {
            Kind::Sessions => SessionId(id).text(Mode::Sandbox),
            Kind::Transactions => TransactionId(id).text(Mode::Sandbox),
        }
    }
}

/// The first id of a millisecond.
fn id_at(millisecond: u64) -> u128 {
    u128::from(millisecond) << 80
}

/// The oldest session's millisecond, by halving: whether anything is older than a moment costs one page.
async fn oldest(api: &mut Api, newest: u64) -> Result<u64, Failure> {
    let (mut low, mut high) = (0, newest);
    while high - low > 60_000 {
        let middle = u64::midpoint(low, high);
        let cursor = SessionId(id_at(middle)).text(Mode::Sandbox);
        let older = ids(api, &format!("/v1/gate_sessions?limit=1&starting_after={cursor}")).await?;
        if older.is_empty() { low = middle } else { high = middle }
    }
    Ok(high)
}

/// The ids on a page of sessions.
async fn ids(api: &mut Api, path: &str) -> Result<Vec<String>, Failure> {
    let reply = api.get(path).await?.expect(200, path)?;
    let rows = reply.body["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(rows.iter().filter_map(|row| row["id"].as_str()).map(str::to_owned).collect())
}

/// The millisecond of the first id, 0 without one.
fn made_at(ids: &[String]) -> u64 {
    ids.first().and_then(|text| SessionId::parse(text, Mode::Sandbox)).map_or(0, |id| id.made_at().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_an_id_of_its_moment() {
        let mut places = Places { seed: Seed::new(1), newest: 2_000_000, oldest: 1_000_000, sessions: Vec::new() };
        for _ in 0..100 {
            let cursor = places.cursor(Kind::Sessions);
            let made_at = SessionId::parse(&cursor, Mode::Sandbox).unwrap().made_at().0;
            assert!((1_500_000..=2_000_000).contains(&made_at), "{made_at}");
        }
    }
}
