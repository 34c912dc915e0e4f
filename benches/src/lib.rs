//! What the benches share: a cell's state over a store, without threads and sockets, and commands to run in it.

pub mod risk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use causeway_control::catalogue;
use causeway_core::account::{Account, Entitlements};
use causeway_core::command::{Command, LockQuote, Redeem, Reply, Submission};
use causeway_core::customer::NameKey;
use causeway_core::directory::Directory;
use causeway_core::id::{AccountId, IdKey, Mode, QuoteId, SessionId};
use causeway_core::money::{Amount, Asset, Currency};
use causeway_core::quote::QuoteKey;
use causeway_core::risk::scorer::{NoModel, Scorer, assess};
use causeway_core::routing::Catalogue;
use causeway_core::session::{Flow, SessionTerms};
use causeway_core::settings::Settings;
use causeway_core::state::{Admitted, State, Step};
use causeway_core::store::{Batch, MemoryStore, Store, load};
use causeway_core::terms::Side;
use causeway_core::time::Timestamp;

/// The account whose commands are run.
pub const ACCOUNT: AccountId = AccountId(1);

/// A state over a store, at one moment.
pub struct Bench {
    /// What runs commands.
    pub state: State,
    /// Where its rows lie.
    pub store: Arc<dyn Store>,
    now: Timestamp,
}

impl Bench {
    /// A sandbox cell with the shipped catalogue over an empty in-memory store.
    pub fn new() -> Bench {
        Bench::over(Arc::new(MemoryStore::new()))
    }

    /// A sandbox cell with the shipped catalogue over `store`.
    pub fn over(store: Arc<dyn Store>) -> Bench {
        let mut directory = Directory::default();
        directory.put(Arc::new(account()));
        let state = State::new(settings(), Arc::new(shipped_catalogue()), directory, Default::default());
        Bench { state, store, now: Timestamp(1_790_000_000_000) }
    }

    /// Runs commands as one batch with the fallback's scores; gives the encoded batch and the replies.
    pub fn run(&mut self, commands: &[Submission]) -> (Batch, Vec<Reply>) {
        let (admitted, mut replies) = self.admit(commands);
        replies.extend(self.decide(admitted));
        (self.finish(), replies)
    }

    /// Opens a batch and runs commands as far as they go without a score.
    pub fn admit(&mut self, commands: &[Submission]) -> (Vec<Admitted>, Vec<Reply>) {
        self.now.0 += 1;
        self.state.begin(self.now);
        let (mut admitted, mut replies) = (Vec::new(), Vec::new());
        for command in commands {
            self.prefetch(command);
            match self.state.admit(command) {
                Step::Done(outcome) => replies.push(outcome.expect("a bench's command is accepted").reply),
                Step::Score(waiting) => admitted.push(*waiting),
            }
        }
        (admitted, replies)
    }

    /// Decides what was admitted, with the fallback's scores.
    pub fn decide(&mut self, admitted: Vec<Admitted>) -> Vec<Reply> {
        let rows: Vec<_> = admitted.iter().map(|one| *one.features()).collect();
        let mut scorer = NoModel { reason: "a bench of the state".to_owned() };
        let risks = assess(&mut scorer as &mut dyn Scorer, &rows);
        let decided = admitted.into_iter().zip(risks).map(|(one, risk)| self.state.decide(one, risk));
        decided.map(|outcome| outcome.expect("a decided redemption is answered").reply).collect()
    }

    /// Closes the batch, without writing it.
    pub fn finish(&mut self) -> Batch {
        let effects = self.state.finish().expect("the batch changed something");
        self.state.evict(self.state.head().batch);
        Batch::encode(&effects)
    }

    /// Sessions and quotes that fit each other, `count` of each.
    pub fn prepared(&mut self, count: usize) -> Vec<Submission> {
        let sessions = self.run(&vec![create_session(); count]).1;
        let quotes = self.run(&vec![lock_quote(); count]).1;
        sessions.iter().zip(&quotes).map(|(session, quote)| redeem(session_id(session), quote_id(quote))).collect()
    }

    fn prefetch(&mut self, command: &Submission) {
        let mut needs = Vec::new();
        loop {
            needs.clear();
            self.state.missing(command, &mut needs);
            if needs.is_empty() {
                return;
            }
            let rows = load(&*self.store, &needs).expect("the bench's store can be read");
            rows.into_iter().for_each(|row| self.state.load(row));
        }
    }
}

impl Default for Bench {
    fn default() -> Bench {
        Bench::new()
    }
}

/// The catalogue that the sandbox ships with.
pub fn shipped_catalogue() -> Catalogue {
    catalogue::load(None, None).expect("the shipped catalogue is valid")
}

/// The folder of the shipped model.
pub fn shipped_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/baseline/2")
}

/// The folder of the model by which scoring is measured: 200 trees of 31 leaves.
pub fn large_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/speed/1")
}

/// Opens a session over 100 EUR.
pub fn create_session() -> Submission {
    let terms = SessionTerms {
        amount: amount("100.00"),
        currency: currency(),
        flow: Some(Flow::OnRamp),
        target_token: None,
        target_network: None,
        wallet_address: None,
        user_reference: Some("user-1".to_owned()),
        quote_preview_id: None,
        return_url: "https://partner.example/complete".to_owned(),
        cancel_url: Some("https://partner.example/cancel".to_owned()),
        metadata: vec![("order_id".to_owned(), "order_test_123".to_owned())],
        kyc_package: None,
    };
    submission(Command::CreateSession(ACCOUNT, Box::new(terms)))
}

/// Locks a quote over 100 EUR by card into USDC.
pub fn lock_quote() -> Submission {
    let asset = Asset::parse("USDC").expect("a symbol");
    let lock = LockQuote {
        side: Side::OnRamp,
        currency: currency(),
        asset,
        amount: amount("100.00"),
        payment_method: "card".to_owned(),
    };
    submission(Command::LockQuote(ACCOUNT, lock))
}

/// Redeems a quote with a session.
pub fn redeem(session: SessionId, quote: QuoteId) -> Submission {
    let redeem = Redeem { quote: Some(quote), session: Some(session), metadata: Vec::new() };
    submission(Command::CreatePayIn(ACCOUNT, redeem))
}

fn submission(command: Command) -> Submission {
    Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) }
}

fn session_id(reply: &Reply) -> SessionId {
    let Reply::Session(session) = reply else { panic!("a session was created") };
    session.id
}

fn quote_id(reply: &Reply) -> QuoteId {
    let Reply::Quote(quote) = reply else { panic!("a quote was locked") };
    quote.id
}

fn account() -> Account {
    Account {
        id: ACCOUNT,
        name: "Bench".to_owned(),
        created_at: Timestamp(1),
        entitlements: Entitlements::ALL,
        origins: Vec::new(),
        keys: Vec::new(),
        webhook: None,
        quote_life: None,
        risk_is_real: false,
        branding: Default::default(),
        tier: None,
    }
}

fn settings() -> Settings {
    Settings::new(
        Mode::Sandbox,
        IdKey([3; 16]),
        QuoteKey { id: 1, mode: Mode::Sandbox, secret: [9; 32] },
        NameKey([5; 32]),
    )
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).expect("an amount")
}

fn currency() -> Currency {
    Currency::parse("EUR").expect("a currency")
}
