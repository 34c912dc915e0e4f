use std::net::SocketAddr;

use causeway_core::change::Change;
use causeway_core::command::{Command, Submission};
use causeway_core::directory::Directory;
use causeway_core::id::AttemptId;
use causeway_core::limits::LANE_INTERNAL;
use causeway_core::rail::RailWork;
use causeway_core::time::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::config::LogFormat;
use crate::dispatch::fixture::PlayedCell;
use crate::fixture::{SHOP, World};
use crate::gate::{Cell, CellOptions, Gate, Lane};
use crate::http::{BodyError, Protocol, Request, Response, Service};
use crate::keys::{KeyRing, MasterKey};
use crate::rails::simulated;
use crate::telemetry::Telemetry;

/// Two rails of the sandbox, of which the first carries the corridors of the world.
struct Desk {
    world: World,
    reception: Reception,
}

impl Desk {
    async fn new() -> Desk {
        let world = World::start().await;
        let rail = |name| {
            let config = RailConfig { mode: Mode::Sandbox, ..config(name, "http://127.0.0.1:1/") };
            Arc::new(HttpRail::new(config))
        };
        let telemetry = Telemetry::writing_to(LogFormat::Json, std::io::sink());
        let reception = Reception::new(Arc::clone(&world.gate), [rail(simulated::NAME), rail("other")], telemetry);
        Desk { world, reception }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[&str], body: Result<Bytes, BodyError>) -> Response {
        let headers = headers.iter().map(|value| (signature::HEADER, HeaderValue::from_str(value).unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        let peer = SocketAddr::from(([127, 0, 0, 1], 4_000));
        let request = Request {
            method,
            path: path.to_owned(),
            query: String::new(),
            headers: map,
            body,
            peer,
            protocol: Protocol::Http11,
        };
        self.reception.call(request, &mut ()).await
    }

    /// A report that is right in every way, signed with the secret of this rail.
    async fn report(&self, rail: &str, attempt: &str, state: &str) -> Response {
        let body = json!({ "attempt_id": attempt, "state": state }).to_string();
        let signed = signature::sign(&secret(rail), Purpose::Report, system_time().unix_seconds(), body.as_bytes());
        self.ask(Method::POST, &format!("/rails/{rail}/reports"), &[&signed], Ok(body.into())).await
    }

    async fn pay_in(&self) -> (Value, RailWork) {
        let write = |path: &'static str, body: Value| async move {
            self.world.post(path).key(SHOP.secret()).once("k").json(body).send().await.expect(201)
        };
        let session = write(
            "/v1/gate_sessions",
            json!({ "amount": "100.00", "currency": "EUR", "flow": "on_ramp", "return_url": "https://shop.example/" }),
        )
        .await;
        let lock = json!({
            "currency": "EUR", "asset": "USDC", "amount": "100.00", "side": "on_ramp", "payment_method": "sepa_instant"
        });
        let quote = write("/v1/quotes", lock).await;
        let redeem = json!({ "quote_id": quote["id"], "session_id": session["id"] });
        let payment = write("/v1/rails/pay_ins", redeem).await;
        let work = self.world.reader().rail_work(None, 9).unwrap().pop().unwrap();
        (payment, work)
    }

    async fn status(&self, payment: &Value) -> Value {
        let path = format!("/v1/rails/pay_ins/{}", payment["id"].as_str().unwrap());
        self.world.get(&path).key(SHOP.secret()).send().await.expect(200)["status"].clone()
    }
}

fn open(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{response:?}");
    serde_json::from_slice::<Value>(&response.body).unwrap()["open"].clone()
}

#[tokio::test]
async fn a_report_counts_once_and_only_for_an_attempt_of_its_rail() {
    let desk = Desk::new().await;
    let (payment, work) = desk.pay_in().await;
    let attempt = work.attempt.text(Mode::Sandbox);
    assert_eq!(open(&desk.report("other", &attempt, "settled").await), false, "another rail's attempt");
    assert_eq!(desk.status(&payment).await, "processing");
    let foreign = desk.report(simulated::NAME, &work.attempt.text(Mode::Live), "settled").await;
    assert_eq!(foreign.status, 400, "the other mode's");
    assert_eq!(open(&desk.report(simulated::NAME, &attempt, "accepted").await), true);
    assert_eq!(desk.status(&payment).await, "processing");
    assert_eq!(open(&desk.report(simulated::NAME, &attempt, "settled").await), true);
    assert_eq!(desk.status(&payment).await, "settled", "durable before it was answered");
    for state in ["settled", "rejected"] {
        assert_eq!(open(&desk.report(simulated::NAME, &attempt, state).await), false);
        assert_eq!(desk.status(&payment).await, "settled");
    }
}

/// The rail repeats what was not taken; nothing is acknowledged before it is durable.
#[tokio::test]
async fn a_full_lane_asks_for_the_report_again() {
    let cell = PlayedCell::new(Directory::default());
    let row = RailWork { rail: "other".to_owned(), ..work(7) };
    cell.put(vec![Change::RailWorkAdd(Box::new(row))]);
    let keys = Arc::new(KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Sandbox));
    let behind =
        Cell::new(cell.handle.clone(), cell.reader.clone(), keys, Arc::default(), None, CellOptions::default());
    let gate = Arc::new(Gate::new(Some(behind), None, Vec::new()));
    let config = RailConfig { mode: Mode::Sandbox, ..config("other", "http://127.0.0.1:1/") };
    let telemetry = Telemetry::writing_to(LogFormat::Json, std::io::sink());
    let reception = Reception::new(gate, [Arc::new(HttpRail::new(config))], telemetry);
    let filler =
        || Submission { command: Command::ReportRails(Vec::new()), idempotency: None, deadline: Timestamp(u64::MAX) };
    let _waiting: Vec<_> = (0..LANE_INTERNAL).map(|_| cell.handle.enqueue(Lane::Internal, filler()).unwrap()).collect();
    let body = json!({ "attempt_id": work(7).attempt.text(Mode::Sandbox), "state": "settled" }).to_string();
    let signed = signature::sign(&secret("other"), Purpose::Report, system_time().unix_seconds(), body.as_bytes());
    let headers = HeaderMap::from_iter([(signature::HEADER, HeaderValue::from_str(&signed).unwrap())]);
    let (path, query) = ("/rails/other/reports".to_owned(), String::new());
    let peer = SocketAddr::from(([127, 0, 0, 1], 4_000));
    let request =
        Request { method: Method::POST, path, query, headers, body: Ok(body.into()), peer, protocol: Protocol::Http11 };
    let answer = reception.call(request, &mut ()).await;
    assert!(answer.status == 503 && answer.headers.contains(&("retry-after", "1".to_owned())), "{answer:?}");
}

#[tokio::test]
async fn what_is_not_authentic_is_refused_without_telling_more() {
    let desk = Desk::new().await;
    let (payment, work) = desk.pay_in().await;
    let body = json!({ "attempt_id": work.attempt.text(Mode::Sandbox), "state": "settled" }).to_string();
    let path = "/rails/simulated/reports";
    let now = system_time().unix_seconds();
    let sign = |rail, purpose, at| signature::sign(&secret(rail), purpose, at, body.as_bytes());
    let right = sign(simulated::NAME, Purpose::Report, now);
    let mut bodies = std::collections::HashSet::new();
    for headers in [
        vec![],
        vec![""],
        vec!["t=1,v1=2"],
        vec![&sign("other", Purpose::Report, now)],
        vec![&sign(simulated::NAME, Purpose::Send, now)],
        vec![&sign(simulated::NAME, Purpose::Report, now - 310)],
        vec![&sign(simulated::NAME, Purpose::Report, now + 310)],
        vec![&right, &right],
    ] {
        let headers: Vec<&str> = headers.into_iter().collect();
        let answer = desk.ask(Method::POST, path, &headers, Ok(Bytes::from(body.clone()))).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        bodies.insert(answer.body);
    }
    assert_eq!(bodies.len(), 1, "all refusals look alike");
    let changed = Bytes::from(body.replace("settled", "rejected"));
    assert_eq!(desk.ask(Method::POST, path, &[&right], Ok(changed)).await.status, 401);
    assert_eq!(desk.status(&payment).await, "processing");
}

#[tokio::test]
async fn what_is_no_report_is_refused_by_its_kind() {
    let desk = Desk::new().await;
    let ask = |method, path: &'static str, body| desk.ask(method, path, &[], body);
    for path in ["/", "/rails/swift/reports", "/rails/other/reports/", "/rails//reports", "/rails/other"] {
        assert_eq!(ask(Method::POST, path, Ok(Bytes::new())).await.status, 404, "{path}");
    }
    let get = ask(Method::GET, "/rails/other/reports", Ok(Bytes::new())).await;
    assert!(get.status == 405 && get.headers.contains(&("allow", "POST".to_owned())), "{get:?}");
    for (error, status) in [(BodyError::TooLarge, 413), (BodyError::Broken, 408), (BodyError::TimedOut, 408)] {
        assert_eq!(ask(Method::POST, "/rails/other/reports", Err(error)).await.status, status);
    }
    assert_eq!(desk.report("other", "att_test_x", "settled").await.status, 400);
    assert_eq!(desk.report("other", &AttemptId(1).text(Mode::Sandbox), "lost").await.status, 400);
    assert_eq!(open(&desk.report("other", &AttemptId(1).text(Mode::Sandbox), "settled").await), false);
}
