//! A cell over a store in memory, with the oracle beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::account::{Account, ApiKey, Entitlements, KeyKind};
use crate::change::{Change, Effects, Head};
use crate::command::{Answer, Command, Outcome, Reply, Submission};
use crate::endpoint::WebhookEndpoint;
use crate::engine::CellStats;
use crate::engine::committer::{Job, Progress};
use crate::engine::cycle::{Cycle, Parts};
use crate::id::{AccountId, DeliveryId, KeyId};
use crate::ingress::Envelope;
use crate::routing::{Catalogue, Corridor};
use crate::settings::Settings;
use crate::sim::ground::{self, amount, asset, currency};
use crate::sim::scorer;
use crate::store::{Batch, MemoryStore, Reader, Store};
use crate::terms::Side;
use crate::time::{Millis, Timestamp};

use super::super::{Fault, Oracle, Ran};

/// Commands that the engine runs in one batch, and when, and whether the model fails meanwhile.
pub struct Wanted {
    pub pause: Millis,
    /// Whether the last batch is still on its way: timers that became due since then wait for it.
    pub is_busy: bool,
    pub scorer_fails: bool,
    pub submissions: Vec<Submission>,
}

pub struct Cell {
    pub store: Arc<MemoryStore>,
    pub reader: Reader,
    pub oracle: Oracle,
    pub now: Timestamp,
    cycle: Cycle,
    scorer_fails: Arc<AtomicBool>,
}

impl Cell {
    /// A cell with six accounts of different settings.
    pub fn new(seed: u64) -> Cell {
        let settings = Settings { public_url: "https://pay.example".to_owned(), ..ground::settings(seed) };
        let catalogue = Arc::new(catalogue());
        let store = Arc::new(MemoryStore::new());
        let mut oracle = Oracle::new(&settings, &catalogue);
        let accounts: Vec<Account> = (1..=6).map(account).collect();
        let accounts_and_models = accounts.iter().map(|one| Change::Account(Arc::new(one.clone())));
        let changes = accounts_and_models.chain([Change::Models(Arc::new(oracle.seed_model()))]).collect();
        store.commit(&[Batch::encode(&Effects { head: Head::default(), changes })]).unwrap();
        accounts.into_iter().for_each(|one| oracle.seed(one));
        let scorer_fails = Arc::<AtomicBool>::default();
        let parts = Parts {
            settings,
            catalogue,
            store: Arc::clone(&store) as Arc<dyn Store>,
            shelf: scorer::shelf(&scorer_fails),
            stats: Arc::new(CellStats::default()),
            tick: Duration::ZERO,
        };
        let reader = Reader::new(Arc::clone(&store) as Arc<dyn Store>);
        let cycle = Cycle::open(parts).unwrap();
        Cell { store, reader, oracle, now: Timestamp(1_790_000_000_000), cycle, scorer_fails }
    }

    /// Runs a batch and writes it.
    pub fn run(&mut self, wanted: Wanted) -> Result<Vec<Outcome>, Fault> {
        let (ran, timers, job) = self.turn(wanted);
        self.oracle_hears(&ran)?;
        self.store.commit(&job.and_then(|job| job.batch).into_iter().collect::<Vec<_>>()).unwrap();
        self.cycle.evict(self.cycle.head().batch);
        Ok(ran.into_iter().skip(timers).map(|one| one.outcome).collect())
    }

    /// Runs a batch that never reaches the disk: afterwards nobody has heard of it.
    pub fn lose(&mut self, wanted: Wanted) -> Result<Vec<Outcome>, Fault> {
        let before = self.oracle.clone();
        let (ran, _, _) = self.turn(wanted);
        self.oracle_hears(&ran)?;
        self.cycle.reopen().unwrap();
        self.oracle = before;
        Ok(Vec::new())
    }

    pub fn compare(&self) -> Result<(), Fault> {
        self.oracle.compare(&*self.store)
    }

    fn turn(&mut self, wanted: Wanted) -> (Vec<Ran>, usize, Option<Job>) {
        let before = self.now;
        self.now = self.now.plus(wanted.pause);
        self.scorer_fails.store(wanted.scorer_fails, Ordering::Relaxed);
        let progress = Progress { synced_now: before, is_idle: !wanted.is_busy };
        let due = self.cycle.due(self.now, progress).unwrap();
        let timers = due.len();
        let ran = due.iter().map(|timer| plain(Command::RunTimer(*timer)));
        let asked: Vec<Submission> = ran.chain(wanted.submissions.iter().cloned()).collect();
        let envelope = |submission| Envelope { submission, answer: oneshot::channel().0 };
        let job = self.cycle.turn(self.now, due, wanted.submissions.into_iter().map(envelope).collect());
        let job = job.unwrap_or_else(|(error, _)| panic!("a store in memory does not fail: {error}"));
        let answers = job.iter().flat_map(|job| job.answers.iter().map(|(_, outcome)| outcome.clone()));
        let done = || Ok(Answer { reply: Reply::Done, replayed: false });
        let outcomes: Vec<Outcome> = (0..timers).map(|_| done()).chain(answers).collect();
        assert_eq!(asked.len(), outcomes.len());
        let ran = asked.into_iter().zip(outcomes).map(|(submission, outcome)| Ran { submission, outcome });
        (ran.collect(), timers, job)
    }

    /// Before that it hears from whoever sends them what deliveries in no session's order carry.
    fn oracle_hears(&mut self, ran: &[Ran]) -> Result<(), Fault> {
        // Also when they were reported in a batch that was lost.
        for one in ran {
            if let Command::ReportDeliveries(outcomes) = &one.submission.command {
                let outcomes = outcomes.iter().filter(|one| one.lane.is_none());
                outcomes.for_each(|one| self.name(one.account, one.delivery));
            }
            if let Command::ReplayDelivery(account, delivery, None) = one.submission.command {
                self.name(account, delivery);
            }
            if let Command::AdvanceRedelivery(account, ..) | Command::SweepEvents(account, _) = one.submission.command {
                let names = self.oracle.names_of_events(account, &*self.store)?;
                self.oracle.hear_of_events(&names);
            }
        }
        let fails = self.scorer_fails.load(Ordering::Relaxed);
        self.oracle.batch(self.cycle.head().batch, self.now, fails, ran)
    }

    fn name(&mut self, account: AccountId, id: DeliveryId) {
        let delivery = self.reader.delivery(account, id).unwrap();
        if let Some(delivery) = delivery.filter(|delivery| delivery.lane.is_none()) {
            let event = self.reader.event(account, delivery.event).unwrap().unwrap();
            self.oracle.hear_of_letter(id, &event);
        }
    }
}

pub fn plain(command: Command) -> Submission {
    Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) }
}

/// The first is an ordinary partner; the others lack something or have settings of their own.
fn account(number: u128) -> Account {
    let webhook = WebhookEndpoint::new("https://partner.example".to_owned(), vec![1]);
    Account {
        id: AccountId(number),
        name: format!("Partner {number}"),
        created_at: Timestamp(1),
        entitlements: Entitlements {
            rails: number != 4,
            customers: number != 4,
            kyc_package: number != 4,
            verified_users: number != 1,
            swap: number != 5,
        },
        origins: Vec::new(),
        keys: (0..if number == 6 { 31 } else { 0 }).map(key).collect(),
        webhook: (number % 2 == 1).then_some(webhook),
        quote_life: (number == 3).then_some(Millis::seconds(300)),
        risk_is_real: number <= 2,
        branding: Default::default(),
        tier: None,
    }
}

fn key(number: u128) -> ApiKey {
    let (kind, hash) = (KeyKind::Publishable, [number as u8; 32]);
    ApiKey { id: KeyId(number), kind, hash, created_at: Timestamp(1), revoked_at: None }
}

/// The simulator's catalogue, with a currency without decimals, a corridor that is cut off and one that takes its time.
fn catalogue() -> Catalogue {
    let mut catalogue = ground::catalogue();
    let jpy = currency("JPY");
    let like = catalogue.corridors[0].clone();
    let both = vec![Side::OnRamp, Side::OffRamp];
    let slow = Corridor {
        id: "jpy-slow".to_owned(),
        currencies: vec![jpy],
        sides: both.clone(),
        settlement_seconds: 900_000,
        success: 0.99,
        amounts: (amount("1"), amount("9000000")),
        ..like.clone()
    };
    let dear = Corridor { id: "jpy-dear".to_owned(), cost_basis_points: 310, settlement_seconds: 1, ..slow.clone() };
    let cut_off = Corridor {
        id: "wire".to_owned(),
        currencies: vec![currency("EUR"), currency("USD")],
        sides: both,
        methods: vec!["wire".to_owned()],
        connected: false,
        ..like
    };
    let others = (1..=5).map(|number| Corridor { id: format!("jpy-{number}"), ..dear.clone() });
    catalogue.corridors.extend(others.chain([slow.clone(), dear.clone(), cut_off]));
    let fees = catalogue.fees[&(currency("EUR"), "card".to_owned())].clone();
    catalogue.fees.insert((currency("EUR"), "wire".to_owned()), fees.clone());
    catalogue.fees.insert((currency("USD"), "wire".to_owned()), fees.clone());
    let whole = crate::quote::FeeSchedule { processing_fixed: amount("7"), network_fixed: amount("3"), ..fees };
    catalogue.fees.insert((jpy, "card".to_owned()), whole);
    let rate = crate::routing::PairRate {
        mid: crate::money::Rate::new("149.377".parse().unwrap()).unwrap(),
        spread_basis_points: 33,
    };
    catalogue.rates.insert((jpy, asset("USDC")), rate);
    catalogue
}
