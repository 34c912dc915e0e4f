use std::time::Duration;

use causeway_core::account::Account;
use causeway_core::change::Change;
use causeway_core::delivery::DeliveryStatus;
use causeway_core::directory::Directory;
use causeway_core::endpoint::WebhookEndpoint;
use causeway_core::event::{EventData, EventKind};
use causeway_core::id::{DeliveryId, EventId, Mode, SessionId};
use causeway_core::money::{Amount, Currency};
use causeway_core::session::{Session, SessionStatus, SessionTerms};
use causeway_core::time::{Millis, Timestamp};
use tokio::time::timeout;
use tokio_rustls::rustls::RootCertStore;

use super::*;
use crate::dispatch::fixture::{DEADLINE, PlayedCell, notices, plain_account};
use crate::keys::{MasterKey, SecretText};
use crate::webhooks::guard::{Guard, Loopback};
use crate::webhooks::receiver::{OK, Then, receiver};

mod crowd;
mod python;

/// Attempts that follow a delivery's first one.
const RETRIES: usize = 4;
const ACCOUNT: AccountId = AccountId(1);
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

struct Bench {
    cell: PlayedCell,
    lines: Arc<parking_lot::Mutex<Vec<String>>>,
    stats: Arc<Stats>,
    in_flight: Arc<InFlight>,
    running: tokio::task::JoinHandle<()>,
}

impl Bench {
    /// A dispatcher at work for an account whose events go to `url`.
    fn start(url: Option<&str>, rows: Vec<Change>) -> Bench {
        Bench::of(account(&keys(), url), rows)
    }

    fn of(account: Account, rows: Vec<Change>) -> Bench {
        Bench::crowded([account], rows, Duration::from_secs(10), 8)
    }

    fn crowded(
        accounts: impl IntoIterator<Item = Account>,
        rows: Vec<Change>,
        attempt: Duration,
        at_once: u32,
    ) -> Bench {
        let mut directory = Directory::default();
        accounts.into_iter().for_each(|account| directory.put(Arc::new(account)));
        let cell = PlayedCell::new(directory);
        cell.put(rows);
        let (notice, lines) = notices();
        let guard = Guard { loopback: Loopback::Except(vec![]), ..Guard::public() };
        let (stats, in_flight) = (Arc::<Stats>::default(), Arc::<InFlight>::default());
        let dispatcher = Arc::new(Dispatcher {
            cell: cell.handle.clone(),
            reader: cell.reader.clone(),
            keys: Arc::new(keys()),
            client: Client::new(guard, attempt, RootCertStore::empty()),
            at_once,
            per_endpoint: 4,
            per_second: 0,
            retries: RETRIES,
            in_flight: Arc::clone(&in_flight),
            notice,
            stats: Arc::clone(&stats),
        });
        let running = tokio::spawn(dispatcher.run(cell.stop.subscribe()));
        Bench { cell, lines, stats, in_flight, running }
    }

    async fn outcomes(&self) -> Vec<DeliveryOutcome> {
        let Command::ReportDeliveries(outcomes) = self.cell.take().await else { panic!("another command") };
        outcomes
    }

    async fn outcome(&self) -> DeliveryOutcome {
        let mut outcomes = self.outcomes().await;
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    async fn stop(self) {
        self.cell.stop.send_replace(true);
        timeout(DEADLINE, self.running).await.expect("it stops").unwrap();
        assert!(self.cell.is_quiet());
    }
}

fn keys() -> KeyRing {
    KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Sandbox)
}

fn in_state(url: &str, state: EndpointState) -> Account {
    let account = account(&keys(), Some(url));
    let webhook = account.webhook.clone().map(|endpoint| WebhookEndpoint { state, ..endpoint });
    Account { webhook, ..account }
}

fn account(keys: &KeyRing, url: Option<&str>) -> Account {
    numbered(ACCOUNT, keys, url)
}

fn numbered(id: AccountId, keys: &KeyRing, url: Option<&str>) -> Account {
    let secret = SecretText::new(SECRET.to_owned());
    let sealed_secret = keys.seal_webhook_secret(id, &secret).unwrap();
    Account { webhook: url.map(|url| WebhookEndpoint::new(url.to_owned(), sealed_secret)), ..plain_account(id) }
}

/// The rows of one delivery that is due.
fn due(number: u128) -> Vec<Change> {
    due_of(ACCOUNT, number)
}

fn due_of(account: AccountId, number: u128) -> Vec<Change> {
    let (session, event, delivery) = (SessionId(number), EventId(number + 100), DeliveryId(number + 200));
    vec![
        Change::Event(Arc::new(Event {
            id: event,
            account,
            kind: EventKind::SessionCreated,
            created_at: Timestamp(1_750_000_000_000),
            lane: Some(session),
            data: EventData::Session(Arc::new(open_session(account, session))),
        })),
        Change::Delivery(Arc::new(Delivery {
            id: delivery,
            account,
            event,
            lane: Some(session),
            status: DeliveryStatus::Due { row: OutboxId(number + 300) },
            attempts: 0,
            target_url: "https://partner.example/created".to_owned(),
            last_response_status: None,
            last_error: None,
            created_at: Timestamp(1_750_000_000_000),
            next: None,
        })),
        Change::OutboxAdd(OutboxRow { id: OutboxId(number + 300), account, delivery }),
    ]
}

fn open_session(account: AccountId, id: SessionId) -> Session {
    Session {
        id,
        account,
        status: SessionStatus::Open { movement: None },
        terms: SessionTerms {
            amount: Amount::parse("100.00").unwrap(),
            currency: Currency::parse("EUR").unwrap(),
            flow: None,
            target_token: None,
            target_network: None,
            wallet_address: None,
            user_reference: Some("žofie".to_owned()),
            quote_preview_id: None,
            return_url: "https://partner.example/done".to_owned(),
            cancel_url: None,
            metadata: vec![],
            kyc_package: None,
        },
        created_at: Timestamp(1_750_000_000_000),
        expires_at: Timestamp(1_750_003_600_000),
    }
}

#[tokio::test]
async fn a_row_becomes_one_request_and_one_outcome() {
    let mut receiver = receiver(OK, Then::Wait, None).await;
    let bench = Bench::start(Some(&format!("http://127.0.0.1:{}/hooks", receiver.port)), due(1));
    let request = receiver.requests.recv().await.unwrap();
    assert!(bench.in_flight.of(ACCOUNT).contains(&DeliveryId(201)), "it is on its way until its outcome is taken");
    assert!(request.contains("gate-event-type: gate_session.created\r\n"), "{request}");
    assert!(request.contains("\"type\":\"gate_session.created\",\"created_at\":1750000000,\"data\":{"), "{request}");
    let expected = DeliveryOutcome {
        delivery: DeliveryId(201),
        account: ACCOUNT,
        lane: Some(SessionId(1)),
        outbox: OutboxId(301),
        target_url: Some(format!("http://127.0.0.1:{}/hooks", receiver.port)),
        response_status: Some(200),
        error: None,
        retry_after: None,
    };
    assert_eq!(bench.outcome().await, expected);
    bench.cell.put(due(2));
    assert_eq!(bench.outcome().await.outbox, OutboxId(302));
    assert_eq!(bench.stats.succeeded.load(Ordering::Relaxed), 2);
    let in_flight = Arc::clone(&bench.in_flight);
    bench.stop().await;
    assert!(in_flight.of(ACCOUNT).is_empty());
    receiver.requests.recv().await.unwrap();
    assert!(receiver.requests.try_recv().is_err(), "each row once");
}

#[tokio::test]
async fn a_refusal_by_the_receiver_is_an_outcome() {
    for (answer, status, error) in [
        ("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", 500, "the receiver answered 500"),
        ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", 410, "the receiver answered 410"),
        (
            "HTTP/1.1 307 There\r\nlocation: /\r\ncontent-length: 0\r\n\r\n",
            307,
            "the receiver answered 307; redirects are not followed",
        ),
    ] {
        let receiver = receiver(answer, Then::Wait, None).await;
        let bench = Bench::start(Some(&format!("http://127.0.0.1:{}/", receiver.port)), due(1));
        let outcome = bench.outcome().await;
        assert_eq!((outcome.response_status, outcome.error.as_deref()), (Some(status), Some(error)));
        assert_eq!(bench.stats.failed.load(Ordering::Relaxed), 1);
        bench.stop().await;
    }
}

/// A delivery that has had its last attempt, or whose account has no endpoint, is given up; one that others wait behind
/// holds them. The core judges in the same way.
#[tokio::test]
async fn what_is_given_up_and_what_is_held_is_counted() {
    let refusing = "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n";
    let gone = "HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n";
    for (refusing, attempts, next, has_endpoint, counts) in [
        (refusing, 0, None, true, [0, 0]),
        (refusing, RETRIES as u32 - 1, Some(DeliveryId(9)), true, [1, 0]),
        (refusing, RETRIES as u32, Some(DeliveryId(9)), true, [0, 1]),
        (refusing, 0, Some(DeliveryId(9)), false, [0, 1]),
        (gone, 0, Some(DeliveryId(9)), true, [0, 1]),
    ] {
        let receiver = receiver(refusing, Then::Wait, None).await;
        let url = format!("http://127.0.0.1:{}/", receiver.port);
        let mut rows = due(1);
        let Change::Delivery(delivery) = &mut rows[1] else { panic!("another row") };
        *delivery = Arc::new(Delivery { attempts, next, ..(**delivery).clone() });
        let bench = Bench::start(has_endpoint.then_some(url.as_str()), rows);
        bench.outcome().await;
        let stats = &bench.stats;
        assert_eq!([&stats.holding, &stats.dead_lettered].map(|count| count.load(Ordering::Relaxed)), counts);
        assert_eq!((stats.failed.load(Ordering::Relaxed), stats.backlog.load(Ordering::Relaxed)), (1, 0));
        bench.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_an_outcome_too() {
    for (url, error) in [
        (None, "the account has no webhook endpoint any more"),
        (Some("https://10.0.0.1/"), "the endpoint's host has no public address"),
        (Some("http://partner.example/"), "the endpoint must be https"),
    ] {
        let bench = Bench::start(url, due(1));
        let outcome = bench.outcome().await;
        assert_eq!((outcome.response_status, outcome.error.as_deref()), (None, Some(error)));
        assert_eq!(outcome.target_url.as_deref(), url);
        bench.stop().await;
    }
}

#[tokio::test]
async fn a_paused_endpoint_gets_what_waited_when_it_is_resumed() {
    let (mut receiver, neighbours) = (receiver(OK, Then::Wait, None).await, receiver(OK, Then::Wait, None).await);
    let [url, neighbours] = [&receiver, &neighbours].map(|one| format!("http://127.0.0.1:{}/", one.port));
    let paused = in_state(&url, EndpointState::Paused { at: Timestamp(1) });
    let neighbour = AccountId(2);
    let accounts = [paused, numbered(neighbour, &keys(), Some(&neighbours))];
    let bench = Bench::crowded(accounts, due(1), Duration::from_secs(10), 8);
    // Rung for together; twice one after the other, so that whatever the first ring began has had its turn.
    for number in [2, 3] {
        bench.cell.put([due(number), due_of(neighbour, number + 10)].concat());
        assert_eq!(bench.outcome().await.account, neighbour);
    }
    assert!(receiver.requests.try_recv().is_err(), "nothing went to the paused endpoint");
    bench.cell.publish(in_state(&url, EndpointState::Open));
    let mut outcomes = Vec::new();
    while outcomes.len() < 3 {
        outcomes.extend(bench.outcomes().await);
    }
    assert_eq!(outcomes.iter().map(|one| one.outbox.0).collect::<Vec<_>>(), [301, 302, 303]);
    bench.stop().await;
}

#[tokio::test]
async fn to_a_disabled_endpoint_nothing_is_sent() {
    let mut receiver = receiver(OK, Then::Wait, None).await;
    let url = format!("http://127.0.0.1:{}/", receiver.port);
    let disabled = EndpointState::Disabled { at: Timestamp(1), why: Disabling::Gone };
    let bench = Bench::of(in_state(&url, disabled), due(1));
    let outcome = bench.outcome().await;
    assert_eq!(outcome.error.as_deref(), Some("the endpoint is disabled: it answered 410"));
    assert_eq!((outcome.target_url, outcome.response_status), (None, None));
    assert_eq!(bench.stats.dead_lettered.load(Ordering::Relaxed), 1);
    bench.stop().await;
    assert!(receiver.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_receiver_may_ask_for_time() {
    let answer = "HTTP/1.1 429 Slow\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n";
    let receiver = receiver(answer, Then::Wait, None).await;
    let bench = Bench::start(Some(&format!("http://127.0.0.1:{}/", receiver.port)), due(1));
    assert_eq!(bench.outcome().await.retry_after, Some(Millis::seconds(30)));
    bench.stop().await;
}

#[tokio::test]
async fn a_row_that_leads_nowhere_is_reported_and_told_to_the_operator() {
    let row = OutboxRow { id: OutboxId(5), account: ACCOUNT, delivery: DeliveryId(6) };
    let bench = Bench::start(None, vec![Change::OutboxAdd(row)]);
    let outcome = bench.outcome().await;
    assert_eq!((outcome.outbox, outcome.lane), (OutboxId(5), None));
    assert!(outcome.error.unwrap().contains("the operator was told"));
    assert!(bench.lines.lock()[0].contains("its delivery does not exist"));
    bench.stop().await;
}
