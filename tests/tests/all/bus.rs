//! The event bus: what the bank's own systems see at a real RabbitMQ while it, or the gateway, comes and goes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use causeway_tests::broker::{Broker, PASSWORD};
use causeway_tests::http::Request;
use causeway_tests::partner::{Kind, Partner, fresh_key, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::random::Random;
use causeway_tests::receiver::TOLD_OF_A_PAY_IN;
use causeway_tests::secure_receiver::Authority;
use causeway_tests::server::{DataDir, Server};
use serde_json::Value;

use super::both::both_with;

/// For the tests that let it run.
static SHARED: LazyLock<Broker> = LazyLock::new(Broker::start);

/// What stands between the gateway and an exchange of its own.
struct Flags(Vec<String>);

impl Flags {
    fn new(broker: &Broker, exchange: &str, password: &str) -> Flags {
        Flags::over(broker, exchange, &broker.url(password))
    }

    fn over(broker: &Broker, exchange: &str, url: &str) -> Flags {
        let file = broker.url_file(exchange, url);
        Flags(vec![format!("--bus-url-file={}", file.display()), format!("--bus-exchange={exchange}")])
    }

    fn words(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// The types of each session's messages in the order of their first arrival, and how many came again.
fn by_session(messages: &[Value]) -> (BTreeMap<String, Vec<String>>, usize) {
    let (mut sessions, mut seen, mut repeated) = (BTreeMap::<String, Vec<String>>::new(), BTreeSet::new(), 0);
    for message in messages {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        if seen.insert(text(&message["id"])) {
            sessions.entry(text(&message["headers"]["session"])).or_default().push(text(&message["type"]));
        } else {
            repeated += 1;
        }
    }
    (sessions, repeated)
}

/// Waits until the log says it.
fn told(server: &Server, part: &str) {
    poll(SOON, part, || server.log().error().contains(part).then_some(()));
}

fn pay_in(partner: &Partner) {
    let payment = partner.start(Kind::PayIn, "100.00");
    partner.wait_for_payment(&payment, "settled");
}

#[test]
fn every_event_reaches_the_bus_once_in_the_order_of_its_session() {
    let exchange = "whole.test";
    SHARED.bind(exchange);
    let server = Server::start(&Flags::new(&SHARED, "whole", PASSWORD).words());
    let partner = server.demo();
    (0..5).for_each(|_| pay_in(&partner));
    let messages = SHARED.take(exchange, 30);
    let (sessions, repeated) = by_session(&messages);
    assert_eq!((messages.len(), sessions.len(), repeated), (30, 5, 0));
    assert!(sessions.values().all(|types| *types == TOLD_OF_A_PAY_IN), "{sessions:?}");
    for message in &messages {
        let body = &message["body"];
        assert_eq!((&message["id"], &message["type"]), (&body["id"], &body["type"]));
        assert_eq!(message["timestamp"], body["created_at"]);
        assert_eq!(message["headers"]["account"], partner.account.as_str());
        let key = format!("test.{}.{}", partner.account, body["type"].as_str().unwrap());
        assert_eq!(message["routing_key"], key.as_str());
        assert_eq!((&message["delivery_mode"], &message["content_type"]), (&2.into(), &"application/json".into()));
    }
    let metrics = server.operator().call("GET", "/metrics", &Value::Null).text();
    assert!(metrics.contains("causeway_bus_published_total{mode=\"sandbox\"} 30"), "{metrics}");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_broker_that_stops_and_one_that_is_killed_lose_nothing() {
    let (mut broker, exchange) = (Broker::start(), "restarted.test");
    broker.bind(exchange);
    let server = Server::start(&Flags::new(&broker, "restarted", PASSWORD).words());
    let partner = server.demo();
    let pay = || (0..4).for_each(|_| pay_in(&partner));
    pay();
    broker.stop();
    pay();
    broker.go_on();
    pay();
    broker.kill();
    pay();
    broker.go_on();
    pay();
    let (sessions, _) = by_session(&broker.take(exchange, 6 * 20));
    assert_eq!(sessions.len(), 20);
    assert!(sessions.values().all(|types| *types == TOLD_OF_A_PAY_IN), "{sessions:?}");
    let log = server.log().error();
    assert!(log.contains("the event bus cannot be reached") && log.contains("is reached again"), "{log}");
    assert!(log.matches("cannot be reached").count() < 20, "a line for each change, not for each try: {log}");
    assert_eq!(server.stop().code, Some(0));
}

/// A broker out of disk takes nothing and says so: events wait, a stop does not, and nothing is lost.
#[test]
fn a_broker_that_is_full_holds_up_no_stop_and_loses_nothing() {
    let (broker, exchange) = (Broker::start(), "full.test");
    broker.bind(exchange);
    broker.control(&["set_disk_free_limit", "1000000GB"]);
    let flags = Flags::new(&broker, "full", PASSWORD);
    let server = Server::start(&flags.words());
    let directory = server.directory().clone();
    (0..3).for_each(|_| pay_in(&server.demo()));
    let metrics = server.operator().call("GET", "/metrics", &Value::Null).text();
    assert!(metrics.contains("causeway_bus_published_total{mode=\"sandbox\"} 0"), "it takes nothing: {metrics}");
    told(&server, "takes nothing");
    assert_eq!(server.log().error().matches("takes nothing").count(), 1);
    let exit = server.stop();
    assert_eq!(exit.code, Some(0), "{exit}");
    let server = Server::start_in(&directory, &flags.words());
    pay_in(&server.demo());
    told(&server, "takes nothing");
    broker.control(&["set_disk_free_limit", "1MB"]);
    told(&server, "takes events again");
    let (sessions, _) = by_session(&broker.take(exchange, 24));
    assert_eq!(sessions.len(), 4);
    assert!(sessions.values().all(|types| *types == TOLD_OF_A_PAY_IN), "{sessions:?}");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn kills_while_publishing_lose_nothing_and_keep_the_order() {
    let exchange = "killed.test";
    SHARED.bind(exchange);
    let flags = Flags::new(&SHARED, "killed", PASSWORD);
    let (directory, mut random) = (DataDir::new(), Random::seeded(7));
    let mut acknowledged = Vec::new();
    let kills = 6;
    for _ in 0..kills {
        let server = Server::start_in(&directory, &flags.words());
        let partner = server.demo();
        let count = 20 + random.below(60);
        for _ in 0..count {
            let session = partner.session(&session_body(Kind::PayIn, "10.00"));
            let id = session["id"].as_str().unwrap().to_owned();
            partner.send(Request::post(format!("/v1/gate_sessions/{id}/cancel")).key(&fresh_key())).expect(201);
            acknowledged.push(id);
        }
        server.kill();
    }
    let server = Server::start_in(&directory, &flags.words());
    let messages = SHARED.take(exchange, 2 * acknowledged.len());
    let (sessions, repeated) = by_session(&messages);
    assert_eq!(sessions.len(), acknowledged.len());
    for id in &acknowledged {
        assert_eq!(sessions[id], ["gate_session.created", "gate_session.cancelled"], "{id}");
    }
    eprintln!("{} messages of {} sessions, {repeated} came again", messages.len(), sessions.len());
    // Unconfirmed are as many as are on their way at once, at each kill; and confirmed ones whose report was not durable.
    assert!(repeated <= kills * 128, "{repeated} came again");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn what_no_queue_is_bound_for_waits_until_one_is() {
    let exchange = "unbound.test";
    let server = Server::start(&Flags::new(&SHARED, "unbound", PASSWORD).words());
    let partner = server.demo();
    pay_in(&partner);
    let line = poll(SOON, "it says that nothing is bound", || {
        server.log().error().lines().find(|line| line.contains("no queue is bound")).map(str::to_owned)
    });
    assert!(line.contains("unbound.test") && line.contains(&partner.account), "{line}");
    SHARED.bind(exchange);
    let (sessions, _) = by_session(&SHARED.take(exchange, 6));
    assert!(sessions.values().all(|types| *types == TOLD_OF_A_PAY_IN), "{sessions:?}");
    assert_eq!(server.log().error().matches("no queue is bound").count(), 1);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_wrong_password_stops_no_payment_and_is_never_shown() {
    let server = Server::start(&Flags::new(&SHARED, "locked", "wrong-horse").words());
    pay_in(&server.demo());
    poll(SOON, "it says what is wrong", || server.log().error().contains("ACCESS_REFUSED").then_some(()));
    let exit = server.stop();
    assert_eq!(exit.code, Some(0), "{exit}");
    assert!(!format!("{exit}").contains("wrong-horse"), "{exit}");
}

/// Taking the bus away leaves what waits where it is, and says so.
#[test]
fn events_that_wait_for_a_bus_that_is_gone_are_named_at_start() {
    let directory = DataDir::new();
    let server = Server::start_in(&directory, &Flags::new(&SHARED, "gone", PASSWORD).words());
    let partner = server.demo();
    partner.session(&session_body(Kind::PayIn, "10.00"));
    server.stop();
    let server = Server::start_in(&directory, &[]);
    let wait = |part: &str| poll(SOON, part, || server.log().error().contains(part).then_some(()));
    wait("1 events wait for the event bus, and none is configured");
    partner.at(&server).session(&session_body(Kind::PayIn, "10.00"));
    server.stop();
    SHARED.bind("gone.test");
    let server = Server::start_in(&directory, &Flags::new(&SHARED, "gone", PASSWORD).words());
    let messages = SHARED.take("gone.test", 1);
    assert_eq!(messages.len(), 1, "what happened without a bus is not told");
    assert_eq!(server.stop().code, Some(0));
}

/// A broker may allow fewer channels than the gateway would use: then fewer messages are on their way at once.
#[test]
fn a_broker_that_allows_few_channels_gets_everything() {
    let url = format!("{}?channel_max=5", SHARED.url(PASSWORD));
    let server = Server::start(&Flags::over(&SHARED, "few", &url).words());
    let partner = server.demo();
    let count = 60;
    (0..count).for_each(|_| drop(partner.session(&session_body(Kind::PayIn, "10.00"))));
    // Until somebody is there who wants them, all of them are tried again side by side.
    told(&server, "no queue is bound");
    SHARED.bind("few.test");
    let (sessions, _) = by_session(&SHARED.take("few.test", count));
    assert_eq!(sessions.len(), count);
    let log = server.log().error();
    assert!(!log.contains("cannot be reached"), "{log}");
    assert_eq!(server.stop().code, Some(0));
}

/// RabbitMQ refuses a message that one queue rejects, although the others have taken it.
#[test]
fn a_queue_that_is_full_and_rejects_is_named_and_loses_nobody_anything() {
    let exchange = "rejecting.test";
    SHARED.bind(exchange);
    SHARED.bind_full(exchange);
    let server = Server::start(&Flags::new(&SHARED, "rejecting", PASSWORD).words());
    pay_in(&server.demo());
    told(&server, "x-overflow=reject-publish");
    SHARED.remove_full(exchange);
    let (sessions, repeated) = by_session(&SHARED.take(exchange, 6));
    assert!(sessions.values().all(|types| *types == TOLD_OF_A_PAY_IN), "{sessions:?}");
    assert!(repeated > 0, "the other queue got it with each try");
    told(&server, "has taken what it refused");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn an_exchange_of_another_type_is_named() {
    SHARED.declare("typed.test", "fanout");
    let server = Server::start(&Flags::new(&SHARED, "typed", PASSWORD).words());
    told(&server, "typed.test is no durable topic exchange");
    let log = server.log().error();
    assert!(log.contains("'topic'") && log.contains("'fanout'"), "{log}");
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_user_who_may_only_write_publishes_to_an_exchange_that_is_there() {
    SHARED.control(&["add_user", "clerk", PASSWORD]);
    SHARED.control(&["set_permissions", "clerk", "", ".*", ""]);
    SHARED.bind("clerk.test");
    let url = SHARED.url(PASSWORD).replace("bank", "clerk");
    let server = Server::start(&Flags::over(&SHARED, "clerk", &url).words());
    pay_in(&server.demo());
    assert_eq!(SHARED.take("clerk.test", 6).len(), 6);
    assert_eq!(server.stop().code, Some(0));
}

/// The bank's own authority is trusted for its broker when it is named, and not before.
#[test]
fn a_broker_of_a_private_authority_is_reached_over_tls() {
    let authority = Authority::new();
    let broker = Broker::start_secure(&authority);
    broker.bind("secure.test");
    let directory = DataDir::new();
    let flags = Flags::over(&broker, "secure", &broker.secure_url());
    let server = Server::start_in(&directory, &flags.words());
    pay_in(&server.demo());
    told(&server, "cannot be reached");
    assert_eq!(server.stop().code, Some(0));
    let roots = DataDir::new();
    std::fs::write(roots.file("bank.pem"), authority.pem()).unwrap();
    let trusted = format!("--bus-ca-file={}", roots.file("bank.pem").display());
    let server = Server::start_in(&directory, &[&flags.words()[..], &[&trusted]].concat());
    assert_eq!(broker.take("secure.test", 6).len(), 6);
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn each_mode_publishes_to_an_exchange_of_its_own() {
    let exchanges = ["pair.test", "pair.live"];
    exchanges.iter().for_each(|exchange| SHARED.bind(exchange));
    let live = SHARED.url_file("pair-of-live", &SHARED.url(PASSWORD));
    let live = format!("--live-bus-url-file={}", live.display());
    let both = both_with(&[&Flags::new(&SHARED, "pair", PASSWORD).words()[..], &[&live]].concat());
    for ((exchange, partner), mode) in exchanges.iter().zip([&both.sandbox, &both.live]).zip(["test", "live"]) {
        let session = partner.session(&session_body(Kind::PayIn, "10.00"));
        let messages = SHARED.take(exchange, 1);
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert_eq!(messages[0]["headers"]["session"], session["id"]);
        assert_eq!(messages[0]["routing_key"], format!("{mode}.{}.gate_session.created", partner.account));
        told(&both.server, &format!("exchange {exchange}"));
    }
    assert_eq!(SHARED.take(exchanges[0], 0).len(), 0, "nothing of live's came to the sandbox's");
    assert!(!both.server.log().error().contains(PASSWORD));
    assert_eq!(both.server.stop().code, Some(0));
}
