//! Both dispatchers on a whole cell: every script of the simulated rail, from the lock to the last webhook.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use causeway_core::command::{Command, NewEndpoint, Submission};
use causeway_core::id::Mode;
use causeway_core::time::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::rustls::RootCertStore;

use super::fixture::{DEADLINE, notices};
use crate::fixture::{SHOP, World};
use crate::gate::Lane;
use crate::keys::{KeyRing, MasterKey, SecretText};
use crate::rails;
use crate::rails::simulated::{self, SimulatedRail};
use crate::webhooks;
use crate::webhooks::client::Client;
use crate::webhooks::guard::{Guard, Loopback};
use crate::webhooks::receiver::{OK, Receiver, Then, receiver};

/// Amount, the payment's end, and what the rail's record holds of its attempts.
const SCRIPTS: [(&str, &str, &[&str]); 6] = [
    ("100.00", "settled", &["settled"]),
    ("100.01", "settled", &["soft_failed", "settled"]),
    ("100.02", "failed", &["soft_failed", "soft_failed"]),
    ("100.03", "cancelled", &["cancelled"]),
    ("100.06", "settled", &["settled"]),
    ("100.07", "settled", &["settled"]),
];

#[tokio::test]
async fn every_script_ends_as_written_and_the_rail_and_the_webhooks_agree() {
    let world = World::start().await;
    let directory = tempfile::tempdir().unwrap();
    let mut receiver = receiver(OK, Then::Wait, None).await;
    set_webhook(&world, receiver.port).await;
    let (stop, running) = start_dispatchers(&world, directory.path());
    let mut ends = HashMap::new();
    for (amount, end, attempts) in SCRIPTS {
        let payment = pay_in(&world, amount).await;
        ends.insert(text(&payment["id"]), (text(&payment["session_id"]), end, attempts));
    }
    let told = last_events(&mut receiver, ends.len()).await;
    stop.send_replace(true);
    for task in running {
        timeout(DEADLINE, task).await.expect("it stops").unwrap();
    }
    let record = recorded(directory.path());
    for (payment, (session, end, attempts)) in &ends {
        let read = world.get(&format!("/v1/rails/pay_ins/{payment}")).key(SHOP.secret()).send().await.expect(200);
        assert_eq!(read["status"], *end);
        assert_eq!(record[payment], *attempts);
        let last = if *end == "settled" { "gate_session.completed" } else { "gate_session.failed" };
        let events: Vec<&str> = told[session].iter().map(String::as_str).collect();
        let ended = format!("rail.pay_in.{end}");
        let expected =
            ["gate_session.created", "rail.pay_in.processing", "gate_session.processing", ended.as_str(), last];
        assert_eq!(events, expected, "{payment}");
    }
}

async fn set_webhook(world: &World, port: u16) {
    let keys = KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Sandbox);
    let secret = SecretText::new("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned());
    let sealed_secret = keys.seal_webhook_secret(SHOP.id(), &secret).unwrap();
    let endpoint = NewEndpoint { url: format!("http://127.0.0.1:{port}/hooks"), sealed_secret };
    let command = Command::SetWebhook(SHOP.id(), endpoint);
    let submission = Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) };
    world.sandbox().submit(Lane::Operator, submission).await.unwrap();
}

fn start_dispatchers(world: &World, directory: &Path) -> (watch::Sender<bool>, Vec<JoinHandle<()>>) {
    let (stop, stopped) = watch::channel(false);
    let settings = simulated::Settings {
        settle_delay: Duration::from_millis(4),
        late_delay: Duration::from_millis(40),
        ..simulated::Settings::default()
    };
    let reports = rails::reports();
    let rail = SimulatedRail::open(directory, settings, reports.0.clone(), notices().0).unwrap();
    let rails = rails::Dispatcher {
        cell: world.sandbox().clone(),
        reader: world.reader().clone(),
        name: simulated::NAME.to_owned(),
        rail: Arc::new(rail),
        at_once: 64,
        enquiries: None,
        notice: notices().0,
        stats: Arc::default(),
    };
    let guard = Guard { loopback: Loopback::Except(vec![]), ..Guard::public() };
    let webhooks = webhooks::Dispatcher {
        cell: world.sandbox().clone(),
        reader: world.reader().clone(),
        keys: Arc::new(KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Sandbox)),
        client: Client::new(guard, Duration::from_secs(10), RootCertStore::empty()),
        at_once: 64,
        per_endpoint: 32,
        per_second: 0,
        retries: 4,
        in_flight: Arc::default(),
        notice: notices().0,
        stats: Arc::default(),
    };
    let rails = tokio::spawn(Arc::new(rails).run(reports, stopped.clone()));
    (stop, vec![rails, tokio::spawn(Arc::new(webhooks).run(stopped))])
}

async fn pay_in(world: &World, amount: &str) -> Value {
    let session = json!({
        "amount": amount, "currency": "EUR", "flow": "on_ramp", "return_url": "https://shop.example/done",
        "target_network": "ethereum"
    });
    let session = write(world, "/v1/gate_sessions", amount, session).await;
    let lock = json!({
        "currency": "EUR", "asset": "USDC", "amount": amount, "side": "on_ramp", "payment_method": "sepa_instant"
    });
    let quote = write(world, "/v1/quotes", amount, lock).await;
    write(world, "/v1/rails/pay_ins", amount, json!({ "quote_id": quote["id"], "session_id": session["id"] })).await
}

async fn write(world: &World, path: &str, once: &str, body: Value) -> Value {
    world.post(path).key(SHOP.secret()).once(once).json(body).send().await.expect(201)
}

/// The types of the events of each session in the order of their arrival, once all sessions have heard their last one.
async fn last_events(receiver: &mut Receiver, sessions: usize) -> HashMap<String, Vec<String>> {
    let mut told: HashMap<String, Vec<String>> = HashMap::new();
    let mut ended = 0;
    while ended < sessions {
        let request = timeout(DEADLINE, receiver.requests.recv()).await.expect("a webhook comes").unwrap();
        let event: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        let kind = text(&event["type"]);
        ended += usize::from(["gate_session.completed", "gate_session.failed"].contains(&kind.as_str()));
        let session = match event["data"]["object"].as_str().unwrap() {
            "session" => &event["data"]["id"],
            "rail_pay_in" => &event["data"]["session_id"],
            _ => continue,
        };
        told.entry(text(session)).or_default().push(kind);
    }
    told
}

/// What the rail's record holds: the states of each payment's attempts, in order.
fn recorded(directory: &Path) -> BTreeMap<String, Vec<String>> {
    let mut record: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in simulated::export(directory, Mode::Sandbox).unwrap() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        record.entry(text(&line["payment"])).or_default().push(text(&line["state"]));
    }
    record
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
