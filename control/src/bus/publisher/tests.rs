use std::collections::BTreeSet;
use std::time::Duration;

use causeway_core::change::Change;
use causeway_core::directory::Directory;
use causeway_core::event::{EventData, EventKind};
use causeway_core::id::{AccountId, Mode, SessionId};
use causeway_core::time::Timestamp;
use parking_lot::Mutex;
use tokio::time::timeout;

use super::super::window::READ_AHEAD;
use super::*;
use crate::dispatch::fixture::{DEADLINE, PlayedCell, notices};
use crate::gate::BoxFuture;

const ACCOUNT: AccountId = AccountId(1);

/// What the played bus does with what it is given.
#[derive(Default)]
struct Played {
    /// What it was given, in order: `e<event>` with its session.
    given: Mutex<Vec<String>>,
    /// What it refuses, whenever it comes.
    refused: Mutex<BTreeSet<String>>,
    connections: AtomicU64,
    /// How often the publisher has waited for a turn: once a round.
    rounds: AtomicU64,
    /// Whether it says that it takes nothing, and whether the publisher knows.
    is_blocked: [watch::Sender<bool>; 2],
    /// Whether it can be reached.
    is_up: watch::Sender<bool>,
    /// Whether it confirms.
    confirms: watch::Sender<bool>,
}

struct PlayedBus(Arc<Played>);

impl Bus for PlayedBus {
    fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Link>, String>> {
        Box::pin(async {
            self.0.connections.fetch_add(1, Ordering::Relaxed);
            if !*self.0.is_up.borrow() {
                return Err("nobody is there".to_owned());
            }
            Ok(Arc::new(PlayedLink(Arc::clone(&self.0))) as Arc<dyn Link>)
        })
    }

    fn place(&self) -> String {
        "the played bus".to_owned()
    }
}

struct PlayedLink(Arc<Played>);

impl Link for PlayedLink {
    fn publish<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), NotPublished>> {
        Box::pin(async move {
            let played = &self.0;
            played.given.lock().push(message.id.clone());
            if played.refused.lock().contains(&message.id) {
                return Err(NotPublished::Returned("nobody wants it".to_owned()));
            }
            let (mut is_up, mut confirms) = (played.is_up.subscribe(), played.confirms.subscribe());
            tokio::select! {
                biased;
                _ = is_up.wait_for(|up| !up) => Err(NotPublished::Lost("it went away".to_owned())),
                _ = confirms.wait_for(|confirms| *confirms) => Ok(()),
            }
        })
    }

    fn turn(&self) -> BoxFuture<'_, Turn> {
        self.0.rounds.fetch_add(1, Ordering::Relaxed);
        Box::pin(async {
            let (mut is_up, [says, known]) = (self.0.is_up.subscribe(), &self.0.is_blocked);
            let (mut says, was) = (says.subscribe(), *known.borrow());
            tokio::select! {
                _ = is_up.wait_for(|up| !up) => Turn::Lost("it went away".to_owned()),
                _ = says.wait_for(|says| *says != was) => {
                    known.send_replace(!was);
                    if was { Turn::Unblocked } else { Turn::Blocked }
                }
            }
        })
    }
}

struct Bench {
    cell: PlayedCell,
    bus: Arc<Played>,
    lines: Arc<Mutex<Vec<String>>>,
    stats: Arc<Stats>,
    running: tokio::task::JoinHandle<()>,
}

fn id(event: u128) -> String {
    EventId(event).text(Mode::Sandbox)
}

/// An event of a session, and its row; without a session for zero.
fn changes(event: u128, session: u128) -> [Change; 2] {
    let lane = (session > 0).then_some(SessionId(session));
    let (event, at) = (EventId(event), Timestamp(5));
    let (kind, data) = (EventKind::WebhookTest, EventData::Test);
    let told = Event { id: event, account: ACCOUNT, kind, created_at: at, lane, data };
    [Change::Event(Arc::new(told)), Change::BusAdd(BusRow { event, account: ACCOUNT, lane })]
}

impl Bench {
    fn start(rows: &[(u128, u128)]) -> Bench {
        let cell = PlayedCell::new(Directory::default());
        let bus = Arc::new(Played::default());
        bus.is_up.send_replace(true);
        bus.confirms.send_replace(true);
        Bench::over(cell, bus, rows)
    }

    fn over(cell: PlayedCell, bus: Arc<Played>, rows: &[(u128, u128)]) -> Bench {
        let (notice, lines) = notices();
        let stats = Arc::<Stats>::default();
        let bench = Bench { running: tokio::spawn(async {}), cell, bus, lines, stats };
        bench.put(rows);
        let publisher = Arc::new(Publisher {
            cell: bench.cell.handle.clone(),
            reader: bench.cell.reader.clone(),
            bus: Arc::new(PlayedBus(Arc::clone(&bench.bus))),
            notice,
            stats: Arc::clone(&bench.stats),
        });
        Bench { running: tokio::spawn(publisher.run(bench.cell.stop.subscribe())), ..bench }
    }

    fn put(&self, rows: &[(u128, u128)]) {
        self.cell.put(rows.iter().flat_map(|(event, session)| changes(*event, *session)).collect());
    }

    /// What is reported until so many events are, each removed from the queue as the cell does.
    async fn reported(&self, count: usize) -> Vec<u128> {
        let mut all = Vec::new();
        while all.len() < count {
            let Command::ReportPublished(events) = self.cell.take().await else { panic!("another command") };
            self.cell.put(events.iter().map(|event| Change::BusRemove(*event)).collect());
            all.extend(events.iter().map(|event| event.0));
        }
        all
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Bench) -> bool) {
        let so = async {
            while !is_so(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(DEADLINE, so).await.unwrap_or_else(|_| panic!("{what}: {:?}", self.bus.given.lock()));
    }

    fn given(&self, event: u128) -> usize {
        self.bus.given.lock().iter().filter(|given| **given == id(event)).count()
    }

    async fn stop(self) -> (PlayedCell, Arc<Played>, Vec<String>) {
        self.cell.stop.send_replace(true);
        timeout(DEADLINE, self.running).await.expect("it stops").unwrap();
        self.cell.stop.send_replace(false);
        let lines = self.lines.lock().clone();
        (self.cell, self.bus, lines)
    }
}

#[tokio::test]
async fn what_waits_is_published_in_the_order_of_its_session_and_reported() {
    let bench = Bench::start(&[(1, 7), (2, 7), (3, 8), (4, 0), (5, 7)]);
    let mut reported = bench.reported(5).await;
    reported.sort_unstable();
    assert_eq!(reported, [1, 2, 3, 4, 5]);
    let given = bench.bus.given.lock().clone();
    let of_session: Vec<&String> = given.iter().filter(|given| [id(1), id(2), id(5)].contains(given)).collect();
    assert_eq!(of_session, [&id(1), &id(2), &id(5)]);
    bench.put(&[(6, 7)]);
    assert_eq!(bench.reported(1).await, [6], "a commit wakes it");
    bench.until("nothing waits", |bench| bench.stats.waiting.load(Ordering::Relaxed) == 0).await;
    let (_, _, lines) = bench.stop().await;
    assert_eq!(lines, [""; 0]);
}

#[tokio::test]
async fn the_next_of_a_session_waits_for_the_one_before() {
    let bench = Bench::start(&[]);
    bench.bus.confirms.send_replace(false);
    bench.put(&[(1, 7), (2, 7), (3, 8)]);
    bench.until("the first of each session", |bench| bench.given(1) + bench.given(3) == 2).await;
    assert_eq!(bench.given(2), 0);
    bench.bus.confirms.send_replace(true);
    assert_eq!(bench.reported(3).await.len(), 3);
    assert_eq!(bench.given(2), 1);
    bench.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_tried_again_before_its_session_goes_on_and_told_once() {
    let bench = Bench::start(&[]);
    bench.bus.refused.lock().insert(id(1));
    bench.put(&[(1, 7), (2, 7), (3, 8)]);
    assert_eq!(bench.reported(1).await, [3], "others go on");
    bench.until("it is tried again", |bench| bench.given(1) > 3).await;
    assert_eq!(bench.given(2), 0);
    bench.bus.refused.lock().clear();
    assert_eq!(bench.reported(2).await, [1, 2]);
    bench.until("it is over", |bench| bench.lines.lock().len() == 2).await;
    let (_, _, lines) = bench.stop().await;
    assert!(lines[0].contains("nobody wants it") && lines[1].contains("has taken"), "{lines:?}");
}

#[tokio::test]
async fn a_bus_that_goes_away_and_comes_back_gets_what_it_had_not_confirmed() {
    let bench = Bench::start(&[]);
    bench.bus.confirms.send_replace(false);
    bench.put(&[(1, 7), (2, 7), (3, 0)]);
    bench.until("both are on their way", |bench| bench.given(1) + bench.given(3) == 2).await;
    bench.bus.is_up.send_replace(false);
    bench.until("it tries to connect", |bench| bench.bus.connections.load(Ordering::Relaxed) > 3).await;
    assert_eq!(bench.stats.connected.load(Ordering::Relaxed), 0);
    bench.put(&[(4, 0)]);
    bench.until("it says what waits", |bench| bench.stats.waiting.load(Ordering::Relaxed) == 4).await;
    bench.bus.confirms.send_replace(true);
    bench.bus.is_up.send_replace(true);
    assert_eq!(bench.reported(4).await.len(), 4);
    assert_eq!((bench.given(1), bench.given(2)), (2, 1));
    bench.until("it is over", |bench| bench.lines.lock().len() == 3).await;
    let (_, _, lines) = bench.stop().await;
    assert!(lines[0].contains("went away") && lines[1].contains("nobody is there"), "each reason once: {lines:?}");
    assert!(lines[2].contains("reached again"), "{lines:?}");
}

#[tokio::test]
async fn a_restart_goes_on_with_what_was_not_reported() {
    let bench = Bench::start(&[]);
    bench.bus.refused.lock().insert(id(2));
    bench.put(&[(1, 7), (2, 7)]);
    assert_eq!(bench.reported(1).await, [1]);
    let (cell, bus, _) = bench.stop().await;
    bus.refused.lock().clear();
    let bench = Bench::over(cell, bus, &[(3, 7)]);
    assert_eq!(bench.reported(2).await, [2, 3]);
    assert_eq!(bench.given(1), 1);
    bench.stop().await;
}

/// A million events in a row, or a broker that is away for days: what is read ahead is bounded.
#[tokio::test]
async fn no_more_is_read_than_has_room() {
    let rows: Vec<(u128, u128)> = (1..=3 * READ_AHEAD as u128).map(|event| (event, 7)).collect();
    let bench = Bench::start(&[]);
    bench.bus.confirms.send_replace(false);
    bench.put(&rows);
    bench.until("the window is full", |bench| bench.stats.waiting.load(Ordering::Relaxed) == READ_AHEAD as u64).await;
    bench.bus.confirms.send_replace(true);
    let reported = bench.reported(rows.len()).await;
    assert!(reported.is_sorted() && reported.len() == rows.len());
    bench.stop().await;
}

#[tokio::test]
async fn a_stop_waits_for_nobody() {
    let bench = Bench::start(&[]);
    bench.bus.confirms.send_replace(false);
    bench.put(&[(1, 7)]);
    bench.until("it is on its way", |bench| bench.given(1) == 1).await;
    let (cell, _, _) = bench.stop().await;
    assert!(cell.is_quiet(), "nothing was confirmed");
}

#[tokio::test]
async fn an_event_that_is_not_there_is_named_and_left_out() {
    let [_, row] = changes(1, 7);
    let bench = Bench::start(&[]);
    bench.cell.put(vec![row]);
    bench.put(&[(2, 7)]);
    assert_eq!(bench.reported(2).await, [1, 2], "its session goes on");
    bench.until("nothing waits", |bench| bench.stats.waiting.load(Ordering::Relaxed) == 0).await;
    let (cell, _, lines) = bench.stop().await;
    assert!(lines.len() == 1 && lines[0].contains(&id(1)), "{lines:?}");
    assert_eq!(cell.reader.bus(None, 9).unwrap().len(), 0);
}

/// Every place taken by messages that a blocked bus keeps, and something due that has none: nothing can be done, and nothing
/// is.
#[tokio::test]
async fn what_is_due_without_a_place_keeps_no_core_busy() {
    let count = u128::from(AT_ONCE) + 1;
    let rows: Vec<(u128, u128)> = (1..=count).map(|event| (event, 0)).collect();
    let bench = Bench::start(&[]);
    bench.bus.confirms.send_replace(false);
    bench.bus.refused.lock().insert(id(1));
    bench.put(&rows);
    let is_full = |bench: &Bench| bench.bus.given.lock().len() as u128 >= count && bench.given(count) == 1;
    bench.until("every place is taken", is_full).await;
    let due = Instant::now() + Duration::from_millis(50);
    bench.until("the first one is due again", |_| Instant::now() > due).await;
    let (tries, rounds) = (bench.given(1), bench.bus.rounds.load(Ordering::Relaxed));
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let more = bench.bus.rounds.load(Ordering::Relaxed) - rounds;
    assert!(more <= 1, "{more} rounds while nothing could be done");
    assert_eq!(bench.given(1), tries);
    bench.bus.refused.lock().clear();
    bench.bus.confirms.send_replace(true);
    assert_eq!(bench.reported(rows.len()).await.len(), rows.len(), "a place wakes it");
    bench.stop().await;
}

#[tokio::test]
async fn a_bus_that_takes_nothing_for_a_while_is_told_once_and_that_it_is_over() {
    let bench = Bench::start(&[]);
    for (says, count) in [(true, 1), (false, 2)] {
        bench.bus.is_blocked[0].send_replace(says);
        bench.until("it is told", |bench| bench.lines.lock().len() == count).await;
    }
    bench.put(&[(1, 7)]);
    assert_eq!(bench.reported(1).await, [1]);
    let (_, _, lines) = bench.stop().await;
    assert!(lines.len() == 2 && lines[0].contains("takes nothing") && lines[1].contains("again"), "{lines:?}");
}
