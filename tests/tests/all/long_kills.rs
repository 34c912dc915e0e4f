//! SIGKILL at random moments under load. After every start: what was acknowledged is still true, a request that was not
//! answered has one effect however often it is sent again, the rail's own record agrees with the payments, and every
//! session's events reach the receiver completely and in order.
//!
//! `CAUSEWAY_KILLS` says how many kills, `CAUSEWAY_SEED` which ones. Half a hundred kills make an era with a partner of its
//! own, so that memory stays bounded in long runs; the data directory is the same throughout.

pub mod journal;
pub mod link;
pub mod worker;

use std::str::FromStr;
use std::time::{Duration, Instant};

use causeway_tests::ledger;
use causeway_tests::operator::Rights;
use causeway_tests::partner::Partner;
use causeway_tests::random::Random;
use causeway_tests::receiver::Receiver;
use causeway_tests::server::{DataDir, Server, spawn};
use causeway_tests::told::Told;

use journal::Journal;
use link::Link;

const WORKERS: u64 = 5;
const KILLS_PER_ERA: u64 = 50;

const FLAGS: &[&str] = &["--quote-life=300s", "--rail-settle-delay=15ms", "--delivery-gaps=20ms,50ms,100ms,200ms"];

#[test]
fn long_kills_lose_nothing_that_was_acknowledged() {
    let kills: u64 = setting("CAUSEWAY_KILLS", 50);
    let seed: u64 = setting("CAUSEWAY_SEED", 20_260_525);
    eprintln!("{kills} kills with CAUSEWAY_SEED={seed}");
    let started = Instant::now();
    let directory = DataDir::new();
    let mut done = 0;
    for era in 0.. {
        let part = KILLS_PER_ERA.min(kills - done);
        if part == 0 {
            break;
        }
        Era::new(&directory, &Random::seeded(seed).branch(era)).run(part);
        done += part;
        eprintln!("{done} of {kills} kills after {:.0?}", started.elapsed());
    }
}

/// The number that a variable names.
pub fn setting<T: FromStr>(name: &str, default: T) -> T {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
}

/// A partner's time under kills.
struct Era<'a> {
    directory: &'a DataDir,
    random: Random,
    partner: Partner,
    /// Listens as long as the era lasts.
    _receiver: Receiver,
    told: Told,
    journal: Journal,
    link: Link,
}

impl<'a> Era<'a> {
    fn new(directory: &'a DataDir, random: &Random) -> Era<'a> {
        let server = Server::start_in(directory, FLAGS);
        let partner = server.operator().partner("a survivor", Rights::ALL);
        // Checking reads all that was written, as fast as it can.
        server.operator().set_tier(&partner, "sandbox", "unlimited");
        let told = Told::default();
        let receiver = Receiver::forwarding(told.listener());
        let secret = server.operator().set_webhook(&partner, "sandbox", &receiver.url());
        told.expect_secret(&secret);
        server.kill();
        Era {
            directory,
            random: random.clone(),
            partner,
            _receiver: receiver,
            told,
            journal: Journal::default(),
            link: Link::default(),
        }
    }

    fn run(mut self, kills: u64) {
        let random = self.random.branch(1_000);
        let (link, journal) = (self.link.clone(), self.journal.clone());
        let mut server = std::thread::scope(|scope| {
            let _stop = link.stop_when_dropped();
            for number in 0..WORKERS {
                let (link, journal, random) = (&link, &journal, random.branch(number));
                scope.spawn(move || worker::run(number, link, journal, random));
            }
            self.kill_again_and_again(kills)
        });
        self.settle_down(&mut server);
        let exit = server.stop();
        assert_eq!(exit.code, Some(0), "{exit}");
        eprintln!("{}; {}", self.journal.summary(), self.told.summary());
        self.journal.agrees_with_the_rail(self.directory, &self.partner.account);
        eprintln!("the books of {} payments are right", ledger::checked(self.directory, "sandbox"));
    }

    /// Gives the last server, under which everything unanswered is sent again.
    fn kill_again_and_again(&mut self, kills: u64) -> Server {
        let mut server = self.start();
        for _ in 0..kills {
            // The random moment is the point here: nothing is waited for.
            std::thread::sleep(Duration::from_millis(20 + self.random.below(400)));
            assert!(server.is_running(), "the gateway ended by itself:\n{}", server.log().tail());
            assert!(!self.link.has_failed(), "a worker has failed; its words are above");
            server.kill();
            self.kill_while_starting();
            server = self.start();
        }
        server
    }

    /// Starts, checks what was acknowledged while nobody writes, and lets the workers go on.
    fn start(&mut self) -> Server {
        let server = Server::start_in(self.directory, FLAGS);
        let partner = self.partner.at(&server);
        self.journal.still_holds(&partner, &mut self.random);
        self.link.publish(partner);
        server
    }

    /// One time in four the next start is killed too, before or after it answers.
    fn kill_while_starting(&mut self) {
        if self.random.percent(25) {
            let starting = spawn(self.directory, FLAGS);
            std::thread::sleep(Duration::from_millis(self.random.below(120)));
            drop(starting);
        }
    }

    fn settle_down(&mut self, server: &mut Server) {
        assert!(server.is_running(), "the gateway ended by itself:\n{}", server.log().tail());
        let partner = self.partner.at(server);
        self.journal.comes_to_rest(&partner);
        self.journal.has_every_session_and_no_other(&partner);
        self.told.becomes_complete(&self.journal.expected());
    }
}
