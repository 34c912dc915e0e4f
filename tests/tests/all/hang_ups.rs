//! Clients that hang up in the middle of their requests: at any byte of them, or while they are worked on, with a farewell
//! or with a reset. Whatever was created then has exactly its events, nothing is half there, and the same request sent again
//! is done once.
//!
//! `CAUSEWAY_SEED` says which requests, bytes and moments.

mod wire;
mod wish;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use causeway_tests::http::{Request, Response};
use causeway_tests::operator::Rights;
use causeway_tests::partner::Partner;
use causeway_tests::poll::{SOON, poll};
use causeway_tests::random::Random;
use causeway_tests::receiver::Receiver;
use causeway_tests::server::{DataDir, Server};
use causeway_tests::told::Told;
use serde_json::Value;

use super::long_kills::setting;
use super::tls;
use wire::Way;
use wish::{Found, Insistence, Lists, Wish};

const CLIENTS: u64 = 6;
/// Requests of each client, every kind several times.
const EACH: u64 = 120;
const FLAGS: &[&str] = &["--quote-life=300s"];

#[test]
fn what_was_created_for_a_client_that_hung_up_has_its_events() {
    for way in [Way::Http1, Way::Http2] {
        let directory = DataDir::new();
        let server = Server::start_in(&directory, FLAGS);
        let stage = Stage::set(&server, way);
        let wishes = stage.in_parallel(|client| client.wishes());
        stage.is_right(&server, &wishes);
        assert_eq!(server.stop().code, Some(0));
    }
}

/// Over TLS they hang up at a gateway that speaks nothing else; afterwards it is asked as the others are.
#[test]
fn what_was_created_for_a_client_that_hung_up_over_tls_has_its_events() {
    let (directory, keys) = (DataDir::new(), DataDir::new());
    tls::certificate(keys.path());
    let [certificate, key] = tls::flags(&keys);
    let server = Server::start_in(&directory, FLAGS);
    let mut stage = Stage::set(&server, Way::Http1);
    let mut wishes = stage.in_parallel(|mut client| (0..EACH).map(|number| client.prepares(number)).collect());
    assert_eq!(server.stop().code, Some(0));
    let server = Server::start_in(&directory, &[FLAGS, &[&certificate, &key]].concat());
    stage.partner = stage.partner.at(&server);
    stage.way = Way::Tls(keys.file("certificate.pem"));
    std::thread::scope(|scope| {
        for (number, wishes) in wishes.chunks(EACH as usize).enumerate() {
            let mut client = stage.client(number as u64);
            scope.spawn(move || wishes.iter().for_each(|wish| client.hangs_up(&wish.request)));
        }
    });
    assert_eq!(server.stop().code, Some(0));
    let server = Server::start_in(&directory, FLAGS);
    (stage.partner, stage.way) = (stage.partner.at(&server), Way::Http1);
    let mut client = stage.client(0);
    wishes.iter_mut().for_each(|wish| client.may_insist(wish));
    stage.is_right(&server, &wishes);
}

struct Stage {
    partner: Partner,
    way: Way,
    told: Told,
    random: Random,
    _receiver: Receiver,
}

/// One who hangs up.
struct Client<'a> {
    number: u64,
    stage: &'a Stage,
    random: Random,
}

impl Stage {
    fn set(server: &Server, way: Way) -> Stage {
        let seed: u64 = setting("CAUSEWAY_SEED", 20_260_525);
        eprintln!("{way:?} with CAUSEWAY_SEED={seed}");
        let partner = server.operator().partner("one who hangs up", Rights::ALL);
        server.operator().set_tier(&partner, "sandbox", "unlimited");
        let told = Told::default();
        let receiver = Receiver::forwarding(told.listener());
        told.expect_secret(&server.operator().set_webhook(&partner, "sandbox", &receiver.url()));
        Stage { partner, way, told, random: Random::seeded(seed), _receiver: receiver }
    }

    fn client(&self, number: u64) -> Client<'_> {
        Client { number, stage: self, random: self.random.branch(number + 1) }
    }

    fn in_parallel(&self, work: impl Fn(Client<'_>) -> Vec<Wish> + Sync) -> Vec<Wish> {
        let work = &work;
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || work(self.client(number)))).collect();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        })
    }

    /// What is there now has its events, and every event belongs to something that is there.
    fn is_right(&self, server: &Server, wishes: &[Wish]) {
        let partner = self.partner.at(server);
        poll(SOON, "every movement ends", || {
            let running = ["pending", "processing"].map(|status| listed(&partner, "transactions", status).len());
            (running == [0, 0]).then_some(())
        });
        let mut lists = Lists {
            sessions: by_name(listed(&partner, "gate_sessions", ""), |it| &it["metadata"]["wish"]),
            customers: by_name(listed(&partner, "customers", ""), |it| &it["external_id"]),
            transactions: by_name(listed(&partner, "transactions", ""), |it| &it["session_id"]),
        };
        let found: Vec<Found> = wishes.iter().map(|wish| wish.found(&partner, &mut lists)).collect();
        let left = [&lists.sessions, &lists.customers, &lists.transactions].map(BTreeMap::len);
        assert_eq!(left, [0, 0, 0], "sessions, customers and transactions that nobody asked for");
        let heard = wishes.iter().filter(|wish| wish.insistence == Insistence::Heard { was_done: true }).count();
        let silent = wishes.iter().zip(&found).filter(|(wish, found)| {
            let is_silent = wish.insistence == Insistence::None;
            assert!(is_silent || found.is_done, "{} {} was answered", wish.request.method, wish.request.path);
            is_silent && found.is_done
        });
        let silent = silent.count();
        self.told.becomes_complete(&found.into_iter().filter_map(|found| found.told).collect());
        self.deliveries_are_those_events(&partner);
        let told = self.told.summary();
        eprintln!(
            "of {} requests {heard} were done for clients that had hung up and asked again, and {silent} for such as never \
             did; {told}",
            wishes.len()
        );
        assert!(heard > wishes.len() / 10 && silent > wishes.len() / 20, "too few to show anything");
    }

    /// Nothing else was ever meant to be delivered, and everything was.
    fn deliveries_are_those_events(&self, partner: &Partner) {
        let ids = poll(Duration::from_secs(30), "every delivery is noted", || {
            let (mut ids, mut open) = (HashSet::new(), false);
            for skip in (0..).step_by(200) {
                let page = partner.get(&format!("/v1/webhooks/deliveries?limit=200&skip={skip}")).expect(200);
                let page = page["data"].as_array().unwrap();
                open |= page.iter().any(|delivery| delivery["status"] != "succeeded");
                ids.extend(page.iter().map(|delivery| delivery["event_id"].as_str().unwrap().to_owned()));
                if page.len() < 200 {
                    break;
                }
            }
            (!open).then_some(ids)
        });
        assert!(ids == self.told.ids(), "the deliveries are those of the events that came");
    }
}

impl Client<'_> {
    /// Prepares requests, hangs up in each, and mostly insists.
    fn wishes(mut self) -> Vec<Wish> {
        let wish = |number| {
            let mut wish = self.prepares(number);
            self.hangs_up(&wish.request);
            self.may_insist(&mut wish);
            wish
        };
        (0..EACH).map(wish).collect()
    }

    fn prepares(&mut self, number: u64) -> Wish {
        Wish::prepare(&self.stage.partner, self.number * EACH + number, &mut self.random)
    }

    fn hangs_up(&mut self, request: &Request) {
        for _ in 0..=self.random.below(3) {
            self.stage.way.hang_up(self.stage.partner.address(), request, &mut self.random);
        }
    }

    /// Two in three send the request again until it is answered, and then once more.
    fn may_insist(&mut self, wish: &mut Wish) {
        if self.random.percent(33) {
            return;
        }
        let first = self.insists(&wish.request);
        wish.insistence = Insistence::Heard { was_done: first.header("Idempotent-Replayed") == Some("true") };
        assert!((200..300).contains(&first.status), "{} {}: {}", wish.request.method, wish.request.path, first.text());
        let again = self.insists(&wish.request);
        assert_eq!(again.text(), first.text());
        assert_eq!(again.header("Idempotent-Replayed"), Some("true"), "{}", again.text());
    }

    fn insists(&self, request: &Request) -> Response {
        poll(SOON, "the request is answered", || {
            let answer = self.stage.partner.send(request.clone());
            let comes_back = answer.status == 503 || answer.code() == "idempotency_in_progress";
            (!comes_back).then_some(answer)
        })
    }
}

/// Everything of a list; with a status, what has it.
fn listed(partner: &Partner, list: &str, status: &str) -> Vec<Value> {
    let status = if status.is_empty() { String::new() } else { format!("&status={status}") };
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let mut page = partner.get(&format!("/v1/{list}?limit=100{status}{after}")).expect(200);
        all.append(page["data"].as_array_mut().unwrap());
        if page["has_more"] == false {
            return all;
        }
        let last = &all[all.len() - 1];
        let id = if last["refid"].is_string() { &last["refid"] } else { &last["id"] };
        after = format!("&starting_after={}", id.as_str().unwrap());
    }
}

/// By their names, of which each may be there once.
fn by_name(all: Vec<Value>, name: impl Fn(&Value) -> &Value) -> BTreeMap<String, Value> {
    let count = all.len();
    let named = all.into_iter().map(|it| (name(&it).as_str().unwrap_or_default().to_owned(), it));
    let named: BTreeMap<String, Value> = named.collect();
    assert_eq!(named.len(), count, "a request was done twice");
    named
}
