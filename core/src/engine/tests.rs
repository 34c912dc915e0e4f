//! The engine with its threads, over a store that can be held and broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::{Alarm, Clock, Options, RunningCell, start};
use crate::command::Idempotency;
use crate::command::Outcome;
use crate::command::{Command, Refusal, Reply, Submission};
use crate::fixture::{catalogue, create_session, settings};
use crate::id::{AccountId, Mode};
use crate::ingress::Lane;
use crate::limits::{BATCH_COMMANDS, BATCHES_IN_FLIGHT, LANE_PARTNER};
use crate::risk::scorer::Shelf;
use crate::session::{Session, SessionStatus};
use crate::store::{Batch, Column, Key, MemoryStore, Reader, Row, Scan, Store, StoreError};
use crate::time::Timestamp;

const ACCOUNT: AccountId = AccountId(1);

#[derive(Default)]
struct ManualClock(AtomicU64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A store whose commits wait while it is held, and fail while it is broken.
#[derive(Default)]
struct TestStore {
    rows: MemoryStore,
    held: Mutex<bool>,
    changed: Condvar,
    broken: AtomicBool,
    commits: AtomicUsize,
}

impl TestStore {
    fn hold(&self, held: bool) {
        *self.held.lock() = held;
        self.changed.notify_all();
    }
}

impl Store for TestStore {
    fn get_many(&self, keys: &[(Column, Key)]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.rows.get_many(keys)
    }

    fn scan(&self, column: Column, range: &Scan, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.rows.scan(column, range, limit)
    }

    fn get_cached(&self, column: Column, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        self.rows.get_cached(column, key)
    }

    fn commit(&self, batches: &[Batch]) -> Result<(), StoreError> {
        self.changed.wait_while(&mut self.held.lock(), |held| *held);
        self.commits.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Failed("the disk is gone".to_owned()));
        }
        self.rows.commit(batches)
    }

    fn reopen(&self) -> Result<(), StoreError> {
        if self.broken.load(Ordering::SeqCst) { Err(StoreError::Failed("still gone".to_owned())) } else { Ok(()) }
    }
}

struct Bench {
    cell: RunningCell,
    store: Arc<TestStore>,
    clock: Arc<ManualClock>,
    alarms: Arc<Mutex<Vec<Alarm>>>,
}

impl Bench {
    fn new() -> Bench {
        Bench::over(Arc::new(TestStore::default()))
    }

    fn over(store: Arc<TestStore>) -> Bench {
        let clock = Arc::new(ManualClock(AtomicU64::new(1_790_000_000_000)));
        let alarms = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&alarms);
        let options = Options {
            settings: settings(Mode::Sandbox),
            catalogue: Arc::new(catalogue()),
            shelf: Shelf::default(),
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            alarm: Arc::new(move |alarm| heard.lock().push(alarm)),
            tick: Duration::from_millis(5),
        };
        let bench = Bench { cell: start(options).unwrap(), store, clock, alarms };
        let created = bench.ask(Lane::Operator, plain(Command::CreateAccount(ACCOUNT, "Partner".to_owned())));
        assert!(wait(created).is_ok());
        bench
    }

    fn ask(&self, lane: Lane, submission: Submission) -> oneshot::Receiver<Outcome> {
        self.cell.handle.enqueue(lane, submission).expect("the lane has room")
    }

    fn session(&self, key: Option<u8>) -> oneshot::Receiver<Outcome> {
        let idempotency = key.map(|key| Idempotency { key: [key; 16], fingerprint: [0; 16] });
        self.ask(Lane::Partner, Submission { idempotency, ..plain(create_session(ACCOUNT, "10.00")) })
    }

    fn sessions(&self) -> usize {
        Reader::new(Arc::clone(&self.store) as Arc<dyn Store>).sessions(ACCOUNT, None, None, 1_000).unwrap().len()
    }
}

fn plain(command: Command) -> Submission {
    Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) }
}

/// The answer, within ten seconds.
fn wait(mut answer: oneshot::Receiver<Outcome>) -> Outcome {
    poll("an answer", || match answer.try_recv() {
        Ok(outcome) => Some(outcome),
        Err(TryRecvError::Empty) => None,
        Err(TryRecvError::Closed) => panic!("the engine dropped an answer"),
    })
}

fn created(answer: oneshot::Receiver<Outcome>) -> Arc<Session> {
    let Reply::Session(session) = wait(answer).unwrap().reply else { panic!("a session was asked for") };
    session
}

fn poll<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "no {what} in time");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

#[test]
fn every_answer_waits_for_the_sync_of_what_it_could_have_observed() {
    let bench = Bench::new();
    bench.store.hold(true);
    let mut first = bench.session(Some(1));
    poll("first batch on its way", || (bench.cell.handle.depth(Lane::Partner) == 0).then_some(()));
    let mut replay = bench.session(Some(1));
    let mut reuse = bench.ask(
        Lane::Partner,
        Submission {
            idempotency: Some(Idempotency { key: [1; 16], fingerprint: [9; 16] }),
            ..plain(create_session(ACCOUNT, "11.00"))
        },
    );
    poll("both drained", || (bench.cell.handle.depth(Lane::Partner) == 0).then_some(()));
    for answer in [&mut first, &mut replay, &mut reuse] {
        assert_eq!(answer.try_recv(), Err(TryRecvError::Empty));
    }
    bench.store.hold(false);
    assert!(!wait(first).unwrap().replayed);
    assert!(wait(replay).unwrap().replayed);
    assert_eq!(wait(reuse), Err(Refusal::IdempotencyKeyReused));
}

#[test]
fn a_failed_sync_is_never_retried_and_its_work_is_answered_as_unknown() {
    let bench = Bench::new();
    bench.store.broken.store(true, Ordering::SeqCst);
    let commits = bench.store.commits.load(Ordering::SeqCst);
    assert_eq!(wait(bench.session(Some(1))), Err(Refusal::OutcomeUnknown));
    assert_eq!(bench.store.commits.load(Ordering::SeqCst), commits + 1);
    let is_down = |bench: &Bench| wait(bench.session(None)) == Err(Refusal::StoreDown);
    poll("refusal that names the store", || is_down(&bench).then_some(()));
    bench.store.broken.store(false, Ordering::SeqCst);
    poll("reopening", || bench.alarms.lock().contains(&Alarm::StoreReopened).then_some(()));
    assert!(!wait(bench.session(Some(1))).unwrap().replayed);
    assert!(wait(bench.session(Some(1))).unwrap().replayed);
    assert_eq!(bench.sessions(), 1);
}

#[test]
fn what_waits_behind_a_failed_batch_is_not_answered_from_lost_memory() {
    let bench = Bench::new();
    bench.store.hold(true);
    let first = bench.session(Some(1));
    poll("first batch on its way", || (bench.cell.handle.depth(Lane::Partner) == 0).then_some(()));
    let replay = bench.session(Some(1));
    poll("replay drained", || (bench.cell.handle.depth(Lane::Partner) == 0).then_some(()));
    bench.store.broken.store(true, Ordering::SeqCst);
    bench.store.hold(false);
    assert_eq!(wait(first), Err(Refusal::OutcomeUnknown));
    assert!(wait(replay).is_err());
    bench.store.broken.store(false, Ordering::SeqCst);
    poll("reopening", || bench.alarms.lock().contains(&Alarm::StoreReopened).then_some(()));
    assert_eq!(bench.sessions(), 0);
}

#[test]
fn a_full_lane_refuses_at_once_and_loses_nothing() {
    let bench = Bench::new();
    bench.store.hold(true);
    let most = LANE_PARTNER + (BATCHES_IN_FLIGHT + 4) * BATCH_COMMANDS;
    let mut accepted = Vec::new();
    let refused = poll("full lane", || {
        let idle = plain(create_session(ACCOUNT, "10.00"));
        match bench.cell.handle.enqueue(Lane::Partner, idle) {
            Ok(answer) => {
                accepted.push(answer);
                assert!(accepted.len() <= most, "the lane is bounded");
                None
            }
            Err(submission) => Some(submission),
        }
    });
    assert!(matches!(refused.command, Command::CreateSession(..)));
    bench.store.hold(false);
    assert!(accepted.into_iter().all(|answer| wait(answer).is_ok()));
}

#[test]
fn a_deadline_is_judged_when_the_command_is_drained() {
    let bench = Bench::new();
    let late = Submission { deadline: Timestamp(1), ..plain(create_session(ACCOUNT, "10.00")) };
    assert_eq!(wait(bench.ask(Lane::Partner, late)), Err(Refusal::Overloaded));
    assert_eq!(bench.sessions(), 0);
}

#[test]
fn stopping_finishes_what_was_accepted() {
    let mut bench = Bench::new();
    let accepted: Vec<_> = (0..100).map(|_| bench.session(None)).collect();
    bench.cell.stop();
    assert!(accepted.into_iter().all(|answer| wait(answer).is_ok()));
    assert_eq!(bench.sessions(), 100);
    let late = bench.cell.handle.enqueue(Lane::Partner, plain(create_session(ACCOUNT, "10.00")));
    assert!(late.is_err());
}

#[test]
fn timers_run_by_themselves_and_after_a_restart() {
    let mut bench = Bench::new();
    let id = |answer| created(answer).id;
    let (first, second) = (id(bench.session(None)), id(bench.session(None)));
    let life = settings(Mode::Sandbox).session_life.0;
    bench.clock.0.fetch_add(life, Ordering::SeqCst);
    let expired = |bench: &Bench, id| {
        let session = bench.cell.reader.session(ACCOUNT, id).unwrap().unwrap();
        (session.status == SessionStatus::Expired).then_some(())
    };
    poll("expiry", || expired(&bench, first).and(expired(&bench, second)));
    let third = id(bench.session(None));
    bench.cell.stop();
    let bench = Bench::over(Arc::clone(&bench.store));
    bench.clock.0.fetch_add(2 * life, Ordering::SeqCst);
    poll("expiry after a restart", || expired(&bench, third));
}

#[test]
fn time_never_goes_back() {
    let bench = Bench::new();
    let before = created(bench.session(None)).created_at;
    bench.clock.0.fetch_sub(5_000, Ordering::SeqCst);
    let in_time = Submission { deadline: bench.clock.now(), ..plain(create_session(ACCOUNT, "10.00")) };
    assert!(created(bench.ask(Lane::Partner, in_time)).created_at >= before);
    bench.clock.0.fetch_add(2 * crate::limits::CLOCK_JUMP_ALARM_MS, Ordering::SeqCst);
    poll("alarm", || bench.alarms.lock().iter().any(|alarm| matches!(alarm, Alarm::ClockJumped { .. })).then_some(()));
}
