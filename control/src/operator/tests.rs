mod endpoints;
mod labels;
mod probes;
mod redeliveries;
mod risk_policy;
mod verifications;

use bytes::Bytes;
use causeway_core::account::KeyKind;
use causeway_core::engine::{Clock, Options, RunningCell, start};
use causeway_core::id::AccountId;
use causeway_core::risk::scorer::Shelf;
use causeway_core::settings::Settings;
use causeway_core::store::MemoryStore;
use causeway_core::time::Timestamp;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::*;
use crate::catalogue;
use crate::config::LogFormat;
use crate::gate::{Cell, CellOptions, system_time};
use crate::keys::{KeyRing, MasterKey, hash_credential};
use crate::webhooks::guard::Loopback;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        system_time()
    }
}

/// The operator interface over cells in memory. They end with it.
struct World {
    interface: OperatorInterface,
    cells: Vec<RunningCell>,
    directory: tempfile::TempDir,
    token: String,
}

impl World {
    fn start(modes: &[Mode]) -> World {
        let directory = tempfile::tempdir().unwrap();
        let (cells, mut gate_cells): (Vec<_>, Vec<_>) = modes.iter().map(|&mode| cell(mode)).unzip();
        let mut take =
            |mode| gate_cells.iter().position(|cell: &Cell| cell.mode() == mode).map(|place| gate_cells.remove(place));
        let gate = Gate::new(take(Mode::Sandbox), take(Mode::Live), Vec::new());
        let sandbox = Guard { loopback: Loopback::Except(vec![8080, 8081]), ..Guard::public() };
        let interface = OperatorInterface {
            gate: Arc::new(gate),
            guards: vec![(Mode::Sandbox, sandbox), (Mode::Live, Guard::public())],
            tiers: Arc::new(Tiers::default()),
            tokens: Arc::new(Tokens::open(directory.path()).unwrap()),
            models: Vec::new(),
            audit: Audit::open(directory.path()).unwrap(),
            address: "127.0.0.1:8081".parse().unwrap(),
            hosts: vec!["ops.bank.example".to_owned()],
            telemetry: Telemetry::writing_to(LogFormat::Logfmt, std::io::sink()),
            reports: Reports::new(Arc::new(crate::reports::NoLibrary)),
            unready: Box::new(|| Some("the test says so".to_owned())),
            docs_url: "/docs/errors".to_owned(),
        };
        let token = std::fs::read_to_string(directory.path().join("operator-token")).unwrap().trim_end().to_owned();
        World { interface, cells, directory, token }
    }

    async fn send(&self, method: Method, path: &str, host: &str, token: Option<&str>, body: Value) -> (u16, Value) {
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        if let Some(token) = token {
            headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let peer = "127.0.0.1:50000".parse().unwrap();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        let request = Request { method, path, query, headers, body: Ok(body), peer, protocol: Protocol::Http11 };
        let response = Service::call(&self.interface, request, &mut ()).await;
        assert!(response.headers.iter().any(|(name, _)| *name == "x-request-id"));
        assert!(!response.headers.iter().any(|(name, _)| name.starts_with("access-control")));
        (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null))
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.send(method, path, "localhost:8081", Some(&self.token), body).await
    }

    /// The answer, when the status is this.
    #[track_caller]
    fn expect((found, body): (u16, Value), status: u16) -> Value {
        assert_eq!(found, status, "{body}");
        body
    }

    async fn account(&self, body: Value) -> String {
        let account = World::expect(self.ask(Method::POST, "/operator/accounts", body).await, 201);
        account["id"].as_str().unwrap().to_owned()
    }

    fn audit(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("operator-audit.jsonl")).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.cells.iter_mut().for_each(RunningCell::stop);
    }
}

fn cell(mode: Mode) -> (RunningCell, Cell) {
    let keys = Arc::new(KeyRing::derive(&MasterKey::from_bytes([7; 32]), mode));
    let running = start(Options {
        settings: Settings::new(mode, keys.id_key(), keys.quote_key(), keys.name_key()),
        catalogue: Arc::default(),
        shelf: Shelf::default(),
        store: Arc::new(MemoryStore::new()),
        clock: Arc::new(SystemClock),
        alarm: Arc::new(|_| {}),
        tick: std::time::Duration::from_millis(20),
    })
    .unwrap();
    let (handle, reader) = (running.handle.clone(), running.reader.clone());
    // What the edge knows: the corridors that the program ships.
    let catalogue = Arc::new(catalogue::load(None, None).unwrap());
    (running, Cell::new(handle, reader, keys, catalogue, None, CellOptions::default()))
}

const BOTH: &[Mode] = &[Mode::Sandbox, Mode::Live];

#[tokio::test]
async fn an_account_is_made_in_every_cell_and_its_keys_in_one() {
    let world = World::start(BOTH);
    let id = world.account(json!({ "name": "Shop" })).await;
    let account = AccountId::parse(&id).unwrap();
    for running in &world.cells {
        assert_eq!(running.handle.directory().account(account).unwrap().name, "Shop");
    }
    let path = format!("/operator/accounts/{id}/keys");
    let key = World::expect(world.ask(Method::POST, &path, json!({ "mode": "sandbox", "kind": "secret" })).await, 201);
    let text = key["key"].as_str().unwrap();
    assert!(text.starts_with("sk_test_"));
    let hash = hash_credential(text);
    assert_eq!(world.cells[0].handle.directory().key(&hash).unwrap().1.kind, KeyKind::Secret);
    assert!(world.cells[1].handle.directory().key(&hash).is_none());

    let path = format!("{path}/{}", key["id"].as_str().unwrap());
    let revoked = World::expect(world.ask(Method::DELETE, &path, json!({ "reason": "leaked" })).await, 200);
    assert_eq!(revoked["revoked"], true);
    assert!(world.cells[0].handle.directory().key(&hash).unwrap().1.revoked_at.is_some());
    let again = World::expect(world.ask(Method::DELETE, &path, Value::Null).await, 200);
    assert_eq!(again["revoked_at"], revoked["revoked_at"]);

    let shown = World::expect(world.ask(Method::GET, &format!("/operator/accounts/{id}"), Value::Null).await, 200);
    assert_eq!(shown["modes"].as_array().unwrap().len(), 2);
    assert!(!shown.to_string().contains(text));
    assert!(!world.audit().contains(text));
}

#[tokio::test]
async fn an_account_reaches_another_cell_when_a_write_names_it_there() {
    let world = World::start(BOTH);
    let id = world.account(json!({ "name": "Shop", "mode": "test" })).await;
    let account = AccountId::parse(&id).unwrap();
    assert!(world.cells[1].handle.directory().account(account).is_none());
    let path = format!("/operator/accounts/{id}/entitlements");
    let shown = World::expect(world.ask(Method::PUT, &path, json!({ "mode": "live", "rails": true })).await, 200);
    assert_eq!(
        shown["modes"][1]["entitlements"],
        json!({
            "rails": true, "customers": false, "kyc_package": false, "swap": false, "verified_users": false,
        })
    );
    assert_eq!(shown["modes"][0]["entitlements"]["rails"], false);
    assert_eq!(world.cells[1].handle.directory().account(account).unwrap().name, "Shop");
}

#[tokio::test]
async fn a_webhook_secret_is_shown_once_and_kept_sealed() {
    let world = World::start(BOTH);
    let id = world.account(json!({ "name": "Shop" })).await;
    let path = format!("/operator/accounts/{id}/webhook");
    let body = json!({ "mode": "sandbox", "url": "http://127.0.0.1:9000/hooks" });
    let set = World::expect(world.ask(Method::PUT, &path, body).await, 200);
    let secret = set["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    let account = AccountId::parse(&id).unwrap();
    let endpoint = world.cells[0].handle.directory().account(account).unwrap().webhook.clone().unwrap();
    let ring = world.interface.gate.cell(Mode::Sandbox).unwrap().keys();
    assert_eq!(ring.open_webhook_secret(account, &endpoint.sealed_secret).unwrap().reveal(), secret);
    let shown = World::expect(world.ask(Method::GET, &format!("/operator/accounts/{id}"), Value::Null).await, 200);
    assert_eq!(shown["modes"][0]["webhook"]["url"], "http://127.0.0.1:9000/hooks");
    assert!(!shown.to_string().contains(secret));
    assert_eq!(shown["modes"][0]["webhook_public_key"], ring.event_key(account).public_text());
    for (mode, url) in [
        ("live", "http://127.0.0.1:9000/hooks"),
        ("sandbox", "http://127.0.0.1:8081/hooks"),
        ("sandbox", "http://partner.example/hooks"),
        ("sandbox", "nonsense"),
    ] {
        let refused = World::expect(world.ask(Method::PUT, &path, json!({ "mode": mode, "url": url })).await, 400);
        assert_eq!(refused["param"], "url", "{mode} {url}");
    }
}

#[tokio::test]
async fn a_webhook_is_unset_in_one_mode_and_as_often_as_one_likes() {
    let world = World::start(BOTH);
    let id = world.account(json!({ "name": "Shop" })).await;
    let path = format!("/operator/accounts/{id}/webhook");
    for (mode, url) in [("sandbox", "http://127.0.0.1:9000/hooks"), ("live", "https://partner.example/hooks")] {
        World::expect(world.ask(Method::PUT, &path, json!({ "mode": mode, "url": url })).await, 200);
    }
    let body = json!({ "mode": "sandbox", "reason": "moved out" });
    for _ in 0..2 {
        let unset = World::expect(world.ask(Method::DELETE, &path, body.clone()).await, 200);
        assert_eq!((&unset["mode"], &unset["deleted"]), (&json!("test"), &json!(true)));
    }
    let shown = World::expect(world.ask(Method::GET, &format!("/operator/accounts/{id}"), Value::Null).await, 200);
    assert_eq!(shown["modes"][0]["webhook"], Value::Null);
    assert_eq!(shown["modes"][1]["webhook"]["url"], "https://partner.example/hooks");
    assert!(world.audit().contains("unset_webhook") && world.audit().contains("moved out"));
    let foreign = format!("/operator/accounts/{}/webhook", AccountId(1).text());
    World::expect(world.ask(Method::DELETE, &foreign, body).await, 404);
    World::expect(world.ask(Method::DELETE, &path, Value::Null).await, 400);
}

#[tokio::test]
async fn accounts_are_listed_newest_first_page_by_page() {
    let world = World::start(BOTH);
    let (mut made, mut listed) = (Vec::new(), Vec::new());
    for mode in [Value::Null, json!("sandbox"), json!("live"), Value::Null, json!("live")] {
        made.push(world.account(json!({ "name": format!("Shop {}", made.len()), "mode": mode })).await);
    }
    made.sort_unstable_by(|one, other| other.cmp(one));
    let mut path = "/operator/accounts?limit=2".to_owned();
    loop {
        let page = World::expect(world.ask(Method::GET, &path, Value::Null).await, 200);
        assert_eq!((&page["object"], &page["url"]), (&json!("list"), &json!("/operator/accounts")));
        listed.extend(page["data"].as_array().unwrap().clone());
        let last = listed.last().unwrap()["id"].as_str().unwrap();
        path = format!("/operator/accounts?limit=2&starting_after={last}");
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(listed.iter().map(|account| account["id"].as_str().unwrap()).collect::<Vec<_>>(), made);
    for (query, param) in [("limit=0", "limit"), ("limit=101", "limit"), ("starting_after=acct_x", "starting_after")] {
        let path = format!("/operator/accounts?{query}");
        let refused = World::expect(world.ask(Method::GET, &path, Value::Null).await, 400);
        assert_eq!(refused["param"], param);
    }
}

#[tokio::test]
async fn the_list_tells_what_an_account_has_and_no_secret() {
    let world = World::start(&[Mode::Sandbox]);
    let id = world.account(json!({ "name": "Shop" })).await;
    let path = |what: &str| format!("/operator/accounts/{id}/{what}");
    let key = json!({ "mode": "sandbox", "kind": "secret" });
    let made = World::expect(world.ask(Method::POST, &path("keys"), key.clone()).await, 201);
    World::expect(world.ask(Method::POST, &path("keys"), key).await, 201);
    let revoked = path(&format!("keys/{}", made["id"].as_str().unwrap()));
    World::expect(world.ask(Method::DELETE, &revoked, Value::Null).await, 200);
    let webhook = json!({ "mode": "sandbox", "url": "http://127.0.0.1:9000/hooks" });
    World::expect(world.ask(Method::PUT, &path("webhook"), webhook).await, 200);
    let list = World::expect(world.ask(Method::GET, "/operator/accounts", Value::Null).await, 200);
    let account = &list["data"][0];
    assert_eq!((&account["id"], &account["name"]), (&json!(id), &json!("Shop")));
    let record = &account["modes"][0];
    assert_eq!((&record["active_keys"], &record["has_webhook"]), (&json!(1), &json!(true)));
    assert_eq!(record["entitlements"]["rails"], false);
    assert!(!list.to_string().contains("whsec_"));
}

#[tokio::test]
async fn origins_are_replaced_as_a_whole() {
    let world = World::start(&[Mode::Sandbox]);
    let id = world.account(json!({ "name": "Shop" })).await;
    let path = format!("/operator/accounts/{id}/origins");
    let body = |origins: &[&str]| json!({ "mode": "sandbox", "origins": origins });
    World::expect(world.ask(Method::PUT, &path, body(&["https://a.example", "http://localhost:3000"])).await, 200);
    let shown = World::expect(world.ask(Method::PUT, &path, body(&["https://b.example"])).await, 200);
    assert_eq!(shown["modes"][0]["origins"], json!(["https://b.example"]));
    let refused = World::expect(world.ask(Method::PUT, &path, body(&["https://b.example/path"])).await, 400);
    assert_eq!(refused["param"], "origins[0]");
}

#[tokio::test]
async fn only_operators_are_heard_and_only_under_a_known_host() {
    let world = World::start(&[Mode::Sandbox]);
    let ask = async |host: &str, token: Option<&str>| {
        let (status, body) =
            world.send(Method::POST, "/operator/accounts", host, token, json!({ "name": "Shop" })).await;
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    let refused = |status, code: &str| (status, code.to_owned());
    assert_eq!(ask("localhost:8081", None).await, refused(401, "missing_key"));
    assert_eq!(ask("localhost:8081", Some("op_wrong")).await, refused(401, "invalid_key"));
    assert_eq!(ask("localhost:8081", Some("sk_test_wrong")).await, refused(401, "invalid_key"));
    assert_eq!(ask("evil.example:8081", Some(&world.token)).await, refused(400, "invalid_request"));
    assert_eq!(ask("OPS.bank.example", Some(&world.token)).await.0, 201);

    let made = world.ask(Method::POST, "/operator/tokens", json!({ "name": "grafana", "role": "viewer" })).await;
    let made = World::expect(made, 201);
    let viewer = made["token"].as_str().unwrap();
    assert_eq!(ask("localhost", Some(viewer)).await, refused(403, "not_entitled"));
    World::expect(world.ask(Method::DELETE, "/operator/tokens/grafana", Value::Null).await, 200);
    assert_eq!(ask("localhost", Some(viewer)).await, refused(401, "invalid_key"));
    let last = world.ask(Method::DELETE, "/operator/tokens/first", Value::Null).await;
    assert_eq!(World::expect(last, 409)["code"], "limit_reached");
}

#[tokio::test]
async fn tokens_are_listed_without_what_they_are_checked_by() {
    let world = World::start(&[Mode::Sandbox]);
    let make = |name: &str| json!({ "name": name, "role": "viewer" });
    let made = World::expect(world.ask(Method::POST, "/operator/tokens", make("dashboards")).await, 201);
    for name in [".", "..", "a b", "Grafana"] {
        let refused = World::expect(world.ask(Method::POST, "/operator/tokens", make(name)).await, 400);
        assert_eq!(refused["param"], "name", "{name}");
    }
    let listed = World::expect(world.ask(Method::GET, "/operator/tokens", Value::Null).await, 200);
    let told: Vec<_> =
        listed["data"].as_array().unwrap().iter().map(|token| (&token["name"], &token["role"])).collect();
    assert_eq!(told, [(&json!("dashboards"), &json!("viewer")), (&json!("first"), &json!("admin"))]);
    assert!(listed["data"].as_array().unwrap().iter().all(|token| token["created_at"].is_string()), "{listed}");
    let hash = crate::keys::hex::encode(&hash_credential(&world.token));
    assert!(!listed.to_string().contains(&hash) && !listed.to_string().contains(made["token"].as_str().unwrap()));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let world = World::start(&[Mode::Sandbox]);
    let id = world.account(json!({ "name": "Shop" })).await;
    let keys = format!("/operator/accounts/{id}/keys");
    let foreign = format!("/operator/accounts/{}/keys", AccountId(1).text());
    let key = |mode: &str| json!({ "mode": mode, "kind": "secret" });
    for (method, path, body, status, code) in [
        (Method::POST, "/operator/accounts", json!({}), 400, "invalid_request"),
        (Method::POST, "/operator/accounts", json!({ "name": "" }), 400, "invalid_request"),
        (Method::POST, "/operator/accounts", json!({ "name": "x", "colour": 1 }), 400, "unknown_field"),
        (Method::POST, "/operator/accounts", Value::Null, 400, "invalid_json"),
        (Method::POST, &keys, json!({ "kind": "secret" }), 400, "invalid_request"),
        (Method::POST, &keys, key("production"), 400, "invalid_request"),
        (Method::POST, &keys, key("live"), 501, "not_enabled"),
        (Method::POST, &foreign, key("sandbox"), 404, "not_found"),
        (Method::POST, "/operator/accounts/acct_x/keys", key("sandbox"), 404, "not_found"),
        (Method::DELETE, &format!("{keys}/key_test_x"), Value::Null, 404, "not_found"),
        (Method::DELETE, &format!("{keys}/key_test_00000000000000000000000000"), Value::Null, 404, "not_found"),
        (Method::PATCH, &keys, Value::Null, 405, "method_not_allowed"),
        (Method::GET, "/operator", Value::Null, 404, "not_found"),
    ] {
        let body = World::expect(world.ask(method.clone(), path, body).await, status);
        assert_eq!(body["code"], code, "{method} {path}: {body}");
        assert_eq!(body["statusCode"], status);
        assert!(body["request_id"].as_str().unwrap().starts_with("req_"));
    }
}

#[tokio::test]
async fn every_write_is_recorded_with_who_and_why() {
    let world = World::start(BOTH);
    let id = world.account(json!({ "name": "Shop", "reason": "ticket 7" })).await;
    let path = format!("/operator/accounts/{id}/keys");
    world.ask(Method::POST, &path, json!({ "mode": "live", "kind": "publishable" })).await;
    let unknown = format!("{path}/key_test_00000000000000000000000000");
    world.ask(Method::DELETE, &unknown, Value::Null).await;
    let lines: Vec<Value> = world.audit().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (entries, outcomes): (Vec<Value>, Vec<Value>) =
        lines.iter().cloned().partition(|line| line["status"].is_null());
    let came = |entry: &Value| [entry["request_id"].clone(), entry["status"].clone(), entry["code"].clone()];
    let of = |place: usize, status: u16, code: Value| [entries[place]["request_id"].clone(), json!(status), code];
    let expected = [of(0, 201, Value::Null), of(1, 201, Value::Null), of(2, 404, json!("not_found"))];
    assert_eq!(outcomes.iter().map(came).collect::<Vec<_>>(), expected);
    assert_eq!(lines[1], outcomes[0], "an outcome stands behind what it is of");
    let said = |entry: &Value| ["operator", "action", "account", "mode", "reason"].map(|name| entry[name].clone());
    let expected = [
        [json!("first"), json!("create_account"), json!(id), Value::Null, json!("ticket 7")],
        [json!("first"), json!("create_key"), json!(id), json!("live"), Value::Null],
        [json!("first"), json!("revoke_key"), json!(id), json!("test"), Value::Null],
    ];
    assert_eq!(entries.iter().map(said).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn an_account_that_a_write_makes_in_the_other_mode_is_recorded() {
    let world = World::start(BOTH);
    let id = world.account(json!({ "name": "Shop", "mode": "sandbox" })).await;
    let path = format!("/operator/accounts/{id}/keys");
    world.ask(Method::POST, &path, json!({ "mode": "live", "kind": "secret" })).await;
    let audit = world.audit();
    let made = audit.lines().find(|line| line.contains("create_account") && line.contains("\"live\"")).unwrap();
    assert!(made.contains(&id) && made.contains("known to the other mode alone"));
}
