//! A whole partner API for tests: both cells on stores in memory, three partners, a rail that does what it is told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use causeway_core::account::{Entitlements, KeyKind};
use causeway_core::command::{Command, NewKey, Submission};
use causeway_core::engine::{Clock, Options as EngineOptions, RunningCell, start};
use causeway_core::id::{AccountId, AttemptId, Mode};
use causeway_core::money::{Amount, Asset, Currency, Rate};
use causeway_core::quote::FeeSchedule;
use causeway_core::rail::RailOutcome;
use causeway_core::risk::scorer::Shelf;
use causeway_core::routing::{AssetInfo, Catalogue, Corridor, Network, PairRate};
use causeway_core::settings::Settings;
use causeway_core::store::{MemoryStore, Reader};
use causeway_core::terms::Side;
use causeway_core::time::Timestamp;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use parking_lot::Mutex;
use serde_json::Value;

use crate::gate::{BoxFuture, Cell, CellHandle, CellOptions, Gate, Lane, RailUnavailable, SandboxRail, system_time};
use crate::http::{BodyError, Protocol, Request, Response, Service};
use crate::keys::{EmbedClaims, KeyRing, MasterKey, hash_credential};
use crate::pipeline::{Admission, Line, Observer, Options, Pipeline};
use crate::quota::{Quotas, Tiers};

/// The origin that the first partner's widget is served from.
pub const ORIGIN: &str = "https://shop.example";
/// The origin of pages that the program serves itself.
pub const OWN_ORIGIN: &str = "https://gate.example";

/// Both cells behind a pipeline. They end with it.
pub struct World {
    pub pipeline: Pipeline<Arc<Heard>>,
    pub gate: Arc<Gate>,
    pub heard: Arc<Heard>,
    pub rail: Arc<ObedientRail>,
    cells: Vec<RunningCell>,
}

/// A partner with its keys.
#[derive(Clone, Copy)]
pub struct Partner(pub &'static str, AccountId);

/// Entitled to everything.
pub const SHOP: Partner = Partner("shop", AccountId(1));
/// Entitled to everything, too.
pub const OTHER: Partner = Partner("other", AccountId(2));
/// Entitled to nothing.
pub const PLAIN: Partner = Partner("plain", AccountId(3));

impl Partner {
    pub fn secret(&self) -> String {
        format!("sk_test_{}", self.0)
    }

    pub fn publishable(&self) -> String {
        format!("pk_test_{}", self.0)
    }

    pub fn live_secret(&self) -> String {
        format!("sk_live_{}", self.0)
    }

    pub fn id(&self) -> AccountId {
        self.1
    }
}

impl World {
    pub async fn start() -> World {
        World::with(Options::default()).await
    }

    pub async fn with(options: Options) -> World {
        let rail = Arc::new(ObedientRail::default());
        let (sandbox, sandbox_cell) = cell(Mode::Sandbox, Some(rail.clone()));
        let (live, live_cell) = cell(Mode::Live, None);
        let cells = vec![sandbox, live];
        for running in &cells {
            populate(running).await;
        }
        let hosts = vec![("live.example".to_owned(), Mode::Live)];
        let gate = Arc::new(Gate::new(Some(sandbox_cell), Some(live_cell), hosts));
        let heard = Arc::new(Heard::default());
        let quotas = Arc::new(Quotas::new(Tiers::default()));
        let pipeline = Pipeline::new(Arc::clone(&gate), quotas, heard.clone(), options).unwrap();
        World { pipeline, gate, heard, rail, cells }
    }

    pub fn sandbox(&self) -> &CellHandle {
        &self.cells[0].handle
    }

    pub fn reader(&self) -> &Reader {
        &self.cells[0].reader
    }

    /// What a token of the sandbox says.
    pub fn embed_claims(&self, token: &str) -> EmbedClaims {
        KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Sandbox).read_embed_token(token, system_time()).unwrap()
    }

    /// A token of the sandbox that says this.
    pub fn embed_token(&self, claims: &EmbedClaims) -> String {
        KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Sandbox).issue_embed_token(claims)
    }

    pub fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Ask<'_> {
        self.ask(Method::POST, path)
    }

    pub fn patch(&self, path: &str) -> Ask<'_> {
        self.ask(Method::PATCH, path)
    }

    pub fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::from_iter([(HOST, HeaderValue::from_static("localhost"))]),
            body: Ok(Bytes::new()),
            peer: SocketAddr::from(([127, 0, 0, 1], 4_000)),
            protocol: Protocol::Http2,
        };
        Ask { world: self, request }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.cells.iter_mut().for_each(RunningCell::stop);
    }
}

/// A request that is being put together.
pub struct Ask<'w> {
    world: &'w World,
    request: Request,
}

impl Ask<'_> {
    pub fn key(self, key: impl AsRef<str>) -> Self {
        self.header("authorization", &format!("Bearer {}", key.as_ref()))
    }

    pub fn once(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.request.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    /// The header once more.
    pub fn again(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.request.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub fn json(self, body: Value) -> Self {
        self.text(body.to_string())
    }

    pub fn text(self, body: impl Into<Bytes>) -> Self {
        self.body(Ok(body.into())).header("content-type", "application/json")
    }

    pub fn body(mut self, body: Result<Bytes, BodyError>) -> Self {
        self.request.body = body;
        self
    }

    pub fn from(mut self, address: [u8; 4]) -> Self {
        self.request.peer = SocketAddr::from((address, 4_000));
        self
    }

    pub async fn send(self) -> Told {
        self.send_after(async {}).await
    }

    /// The same, with something that happens between head and body.
    pub async fn send_after(self, meanwhile: impl Future<Output = ()>) -> Told {
        let pipeline = &self.world.pipeline;
        let mut admission = pipeline.admit(self.request.head());
        meanwhile.await;
        Told(pipeline.call(self.request, &mut admission).await)
    }

    /// Sends the head alone.
    pub fn admitted(self) -> Admission {
        self.world.pipeline.admit(self.request.head())
    }
}

/// An answer.
#[derive(Debug)]
pub struct Told(pub Response);

impl Told {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.0.body).unwrap()
    }

    /// The object, when the status is this.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.0.status, status, "{}", String::from_utf8_lossy(&self.0.body));
        self.json()
    }

    /// Checks that this is the refusal `code`, whole and in its one form, and gives its `param`.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Option<String> {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["statusCode"], status);
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"));
        assert_eq!(body["doc_url"], format!("/docs/errors/{code}"));
        assert_eq!(body.as_object().unwrap().len(), 7, "{body}");
        assert_eq!(self.header("gate-version"), Some("2026-05-25"));
        assert_eq!(self.header("content-type"), Some("application/json"));
        body["param"].as_str().map(str::to_owned)
    }
}

/// Lines that were heard, in words.
#[derive(Default)]
pub struct Heard(pub Mutex<Vec<String>>);

impl Observer for Arc<Heard> {
    fn answered(&self, line: &Line<'_>) {
        self.0.lock().push(format!("{line:?}"));
    }

    fn accept_failed(&self, error: &std::io::Error) {
        self.0.lock().push(error.to_string());
    }
}

/// Gives the outcome that it is told, unless it gave another one before.
#[derive(Default)]
pub struct ObedientRail {
    pub record: Mutex<HashMap<AttemptId, RailOutcome>>,
    /// Whether its answers get lost on their way.
    pub is_mute: AtomicBool,
    /// Whether it never ends.
    pub is_stuck: AtomicBool,
}

impl SandboxRail for ObedientRail {
    fn resolve(&self, attempt: AttemptId, outcome: RailOutcome) -> BoxFuture<'_, Result<RailOutcome, RailUnavailable>> {
        let standing = *self.record.lock().entry(attempt).or_insert(outcome);
        let is_mute = self.is_mute.load(Ordering::Relaxed);
        let answer = if is_mute { Err(RailUnavailable("the test wants it so".to_owned())) } else { Ok(standing) };
        if self.is_stuck.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
        Box::pin(async move { answer })
    }
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        system_time()
    }
}

fn cell(mode: Mode, rail: Option<Arc<dyn SandboxRail>>) -> (RunningCell, Cell) {
    let keys = Arc::new(KeyRing::derive(&MasterKey::from_bytes([7; 32]), mode));
    let running = start(EngineOptions {
        settings: Settings::new(mode, keys.id_key(), keys.quote_key(), keys.name_key()),
        catalogue: Arc::new(catalogue()),
        shelf: Shelf::default(),
        store: Arc::new(MemoryStore::new()),
        clock: Arc::new(SystemClock),
        alarm: Arc::new(|_| {}),
        tick: Duration::from_millis(20),
    })
    .unwrap();
    let (handle, reader) = (running.handle.clone(), running.reader.clone());
    let cell = Cell::new(
        handle,
        reader,
        keys,
        Arc::new(catalogue()),
        rail,
        CellOptions { own_origin: OWN_ORIGIN.to_owned(), ..CellOptions::default() },
    );

    (running, cell)
}

async fn populate(cell: &RunningCell) {
    let mode = cell.handle.mode();
    for (partner, entitlements) in
        [(SHOP, Entitlements::ALL), (OTHER, Entitlements::ALL), (PLAIN, Entitlements::default())]
    {
        let origin = format!("https://{}.example", partner.0);
        let key = |kind: KeyKind| {
            let text = format!("{}_{}_{}", kind.prefix(), mode.word(), partner.0);
            Command::CreateKey(partner.1, NewKey { kind, hash: hash_credential(&text) })
        };
        for command in [
            Command::CreateAccount(partner.1, partner.0.to_owned()),
            key(KeyKind::Secret),
            key(KeyKind::Publishable),
            Command::SetEntitlements(partner.1, entitlements),
            Command::SetOrigins(partner.1, vec![origin]),
        ] {
            let submission = Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) };
            cell.handle.submit(Lane::Operator, submission).await.unwrap();
        }
    }
}

pub fn catalogue() -> Catalogue {
    let (currency, asset) = (Currency::parse("EUR").unwrap(), Asset::parse("USDC").unwrap());
    let amount = |text: &str| Amount::parse(text).unwrap();
    let fees = FeeSchedule {
        processing_basis_points: 100,
        processing_fixed: Amount::ZERO,
        network_fixed: amount("0.10"),
        partner_basis_points: 50,
    };
    let corridor = |id: &str| Corridor {
        id: id.to_owned(),
        rail: "simulated".to_owned(),
        sides: vec![Side::OnRamp, Side::OffRamp],
        countries: vec!["DE".to_owned()],
        currencies: vec![currency],
        methods: vec!["sepa_instant".to_owned()],
        amounts: (amount("1"), amount("10000")),
        cost_basis_points: 20,
        settlement_seconds: 1,
        success: 0.99,
        enabled: true,
        connected: true,
    };
    let network =
        Network { chain: "ethereum".to_owned(), contract_address: None, amounts: (amount("1"), amount("5000")) };
    let info = AssetInfo { name: "USD Coin".to_owned(), decimals: 6, networks: vec![network] };
    let rate = PairRate { mid: Rate::new("0.92".parse().unwrap()).unwrap(), spread_basis_points: 20 };
    Catalogue {
        corridors: vec![corridor("first"), corridor("second")],
        assets: HashMap::from([(asset, info)]),
        rates: HashMap::from([((currency, asset), rate)]),
        fees: HashMap::from([((currency, "sepa_instant".to_owned()), fees)]),
        methods: HashMap::from([("sepa_instant".to_owned(), "SEPA Instant".to_owned())]),
        dollar_asset: Some(asset),
    }
}
