//! SIGKILL at random moments within one stream of events to receivers that fail now and then. Judged from outside, after the
//! last restart: every event that follows from what the API answered has arrived, under one id and with the same bytes each
//! time; a session's next event came only after the one before it was taken or given up; and what came again although it had
//! been taken is explained by the kills.
//!
//! `CAUSEWAY_KILLS` says how many kills, `CAUSEWAY_EVENTS` how many events at least, `CAUSEWAY_SEED` which moments and faults.

mod dice;
mod record;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use causeway_tests::operator::Rights;
use causeway_tests::partner::Partner;
use causeway_tests::poll::poll;
use causeway_tests::random::Random;
use causeway_tests::receiver::Receiver;
use causeway_tests::server::{DataDir, Server, spawn};
use causeway_tests::told::Expected;

use super::long_kills::journal::Journal;
use super::long_kills::link::Link;
use super::long_kills::{setting, worker};
use dice::Dice;
use record::{Explained, Record};

/// Accounts with an endpoint each: one that has just failed gets one attempt at a time.
const PARTNERS: u64 = 4;
const WORKERS_OF_EACH: u64 = 2;
/// Fewer than a journey makes on average.
const EVENTS_OF_A_JOURNEY: u64 = 5;
/// Attempts of one cell under way at once. So many may have been taken, and not noted, when a kill comes; outcomes whose commit is
/// on its way come on top, but few kills find every place taken, so that this holds over all of them.
const AT_ONCE: usize = 32;
/// After so many attempts a delivery is given up: one, and one behind each of the gaps.
const ATTEMPTS: usize = 5;
const TIMEOUT: Duration = Duration::from_secs(1);

const FLAGS: &[&str] = &[
    "--quote-life=300s",
    "--rail-settle-delay=15ms",
    "--delivery-gaps=10ms,20ms,40ms,80ms",
    "--delivery-timeout=1s",
    "--deliveries-at-once=32",
];

#[test]
fn kills_within_a_stream_lose_no_event_and_repeat_few() {
    let kills: u64 = setting("CAUSEWAY_KILLS", 5);
    let events: u64 = setting("CAUSEWAY_EVENTS", 1_000);
    let seed: u64 = setting("CAUSEWAY_SEED", 20_260_525);
    eprintln!("{kills} kills within {events} events with CAUSEWAY_SEED={seed}");
    let started = Instant::now();
    let directory = DataDir::new();
    let mut stream = Stream::new(&directory, &Random::seeded(seed), kills, events);
    let server = stream.flow();
    stream.settles_down(server);
    eprintln!("took {:.1?}", started.elapsed());
}

struct Stream<'a> {
    directory: &'a DataDir,
    random: Random,
    record: Record,
    receiver: Receiver,
    sources: Vec<Source>,
    kills: u64,
    /// Kills, those of starting programs too.
    killed: usize,
    /// Journeys of each partner.
    journeys: u64,
    /// Arrivals between two kills, about.
    pace: u64,
}

/// A partner whose servers make events.
struct Source {
    partner: Partner,
    link: Link,
    journal: Journal,
}

impl<'a> Stream<'a> {
    fn new(directory: &'a DataDir, random: &Random, kills: u64, events: u64) -> Stream<'a> {
        let server = Server::start_in(directory, FLAGS);
        let record = Record::default();
        let dice = Dice::new(random.branch(1));
        let receiver = Receiver::forwarding(record.listener(dice));
        let sources = (0..PARTNERS).map(|number| {
            let partner = server.operator().partner(&format!("a source {number}"), Rights::ALL);
            server.operator().set_tier(&partner, "sandbox", "unlimited");
            let url = format!("{}/{number}", receiver.url());
            record.expect_secret(server.operator().set_webhook(&partner, "sandbox", &url));
            Source { partner, link: Link::default(), journal: Journal::default() }
        });
        let sources = sources.collect();
        server.kill();
        let journeys = events.div_ceil(EVENTS_OF_A_JOURNEY * PARTNERS);
        let (random, pace) = (random.branch(2), events / (kills + 1));
        Stream { directory, random, record, receiver, sources, kills, killed: 0, journeys, pace }
    }

    /// Lets the events come while it kills; gives the last server, under which the rest of them is made.
    fn flow(&mut self) -> Server {
        let sources: Vec<(Link, Journal)> =
            self.sources.iter().map(|source| (source.link.clone(), source.journal.clone())).collect();
        let random = self.random.branch(1_000);
        std::thread::scope(|scope| {
            let _stops: Vec<_> = sources.iter().map(|(link, _)| link.stop_when_dropped()).collect();
            let numbered = (0..WORKERS_OF_EACH).flat_map(|_| &sources).zip(0..);
            let workers: Vec<_> = numbered
                .map(|((link, journal), number)| {
                    let random = random.branch(number);
                    scope.spawn(move || worker::run(number, link, journal, random))
                })
                .collect();
            let server = self.kill_again_and_again();
            workers.into_iter().for_each(|worker| worker.join().unwrap());
            server
        })
    }

    fn kill_again_and_again(&mut self) -> Server {
        let mut server = self.start(0);
        for kill in 1..=self.kills {
            // By what has arrived, so that kills are spread over the stream; a stream that stands still is killed too.
            let arrivals = self.random.below(2 * self.pace);
            self.record.wait_for(arrivals, Duration::from_millis(20 + self.random.below(400)));
            assert!(server.is_running(), "the gateway ended by itself:\n{}", server.log().tail());
            let failed = self.sources.iter().any(|source| source.link.has_failed());
            assert!(!failed, "a worker has failed; its words are above");
            server.kill();
            self.is_dead();
            self.kill_while_starting();
            server = self.start(kill);
        }
        server
    }

    /// The next stretch of the stream, which a process begins.
    fn start(&self, stretch: u64) -> Server {
        let server = Server::start_in(self.directory, FLAGS);
        for source in &self.sources {
            source.link.allow(self.journeys * (stretch + 1) / (self.kills + 1), self.journeys);
            source.link.publish(source.partner.at(&server));
        }
        server
    }

    /// One time in four the next start is killed too.
    fn kill_while_starting(&mut self) {
        if self.random.percent(25) {
            let starting = spawn(self.directory, FLAGS);
            std::thread::sleep(Duration::from_millis(self.random.below(200)));
            drop(starting);
            self.is_dead();
        }
    }

    /// What the dead process has sent arrives before the next one's life begins.
    fn is_dead(&mut self) {
        self.receiver.wait_until_alone();
        self.record.next_life();
        self.killed += 1;
    }

    fn settles_down(&mut self, mut server: Server) {
        assert!(server.is_running(), "the gateway ended by itself:\n{}", server.log().tail());
        let mut expected: BTreeMap<String, Expected> = BTreeMap::new();
        for source in &self.sources {
            let partner = source.partner.at(&server);
            source.journal.comes_to_rest(&partner);
            source.journal.has_every_session_and_no_other(&partner);
            expected.extend(source.journal.expected());
        }
        let partners: Vec<Partner> = self.sources.iter().map(|source| source.partner.at(&server)).collect();
        poll(Duration::from_secs(120), "every delivery ends", || {
            let is_idle = |partner: &Partner| ["pending", "in_flight"].iter().all(|status| count(partner, status) == 0);
            partners.iter().all(is_idle).then_some(())
        });
        let dead: usize = partners.iter().map(|partner| count(partner, "dead_lettered")).sum();
        let explained = self.record.is_right(&expected);
        self.is_explained(&explained, dead);
        assert_eq!(server.stop().code, Some(0));
    }

    fn is_explained(&self, explained: &Explained, dead: usize) {
        eprintln!("{} kills; {explained}; {dead} deliveries given up", self.killed);
        assert!(explained.repeated <= self.killed * AT_ONCE, "the kills explain fewer repetitions");
        assert!(explained.never_taken <= dead, "some were neither taken nor given up");
    }
}

/// Deliveries of this status, of which a test makes no more than a page.
fn count(partner: &Partner, status: &str) -> usize {
    let page = partner.get(&format!("/v1/webhooks/deliveries?limit=200&status={status}")).expect(200);
    assert!(status == "pending" || page["has_more"] == false, "more than 200 deliveries are {status}");
    page["data"].as_array().unwrap().len()
}
