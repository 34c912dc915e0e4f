//! The rows of pay-ins as the cell itself writes them: its state runs the commands, without threads, model or store.

use std::sync::Arc;

use causeway_core::account::{Account, Entitlements};
use causeway_core::command::Idempotency;
use causeway_core::command::{Command, LockQuote, Redeem, Reply, Submission};
use causeway_core::customer::NameKey;
use causeway_core::directory::Directory;
use causeway_core::endpoint::WebhookEndpoint;
use causeway_core::id::{AccountId, IdKey, Mode};
use causeway_core::money::{Amount, Asset, Currency};
use causeway_core::quote::QuoteKey;
use causeway_core::risk::scorer::{NoModel, assess};
use causeway_core::routing::Catalogue;
use causeway_core::session::{Flow, SessionTerms};
use causeway_core::settings::Settings;
use causeway_core::state::{State, Step};
use causeway_core::store::{Batch, MemoryStore, load};
use causeway_core::terms::Side;
use causeway_core::time::Timestamp;

const ACCOUNT: AccountId = AccountId(1);

/// A cell's state that makes pay-ins.
pub struct Maker {
    state: State,
    now: Timestamp,
    keys: u128,
    people: u64,
}

impl Maker {
    /// A sandbox with one account, with or without a webhook endpoint.
    pub fn new(has_endpoint: bool) -> Maker {
        let mut directory = Directory::default();
        directory.put(Arc::new(account(has_endpoint)));
        let key = QuoteKey { id: 1, mode: Mode::Sandbox, secret: [9; 32] };
        let settings = Settings::new(Mode::Sandbox, IdKey([3; 16]), key, NameKey([5; 32]));
        let state = State::new(settings, Arc::new(catalogue()), directory, Default::default());
        Maker { state, now: Timestamp(1_790_000_000_000), keys: 0, people: 10_000 }
    }

    /// The rows of `count` pay-ins that are committed together.
    pub fn pay_ins(&mut self, count: usize) -> Batch {
        let sessions = (0..count).map(|_| create_session(self.next_person())).collect();
        let sessions = self.run(sessions).1;
        let quotes = self.run(vec![lock_quote(); count]).1;
        let redemptions = sessions.iter().zip(&quotes).map(|pair| match pair {
            (Reply::Session(session), Reply::Quote(quote)) => {
                let redeem = Redeem { quote: Some(quote.id), session: Some(session.id), metadata: Vec::new() };
                Command::CreatePayIn(ACCOUNT, redeem)
            }
            other => panic!("a session and a quote were made, not {other:?}"),
        });
        let redemptions = redemptions.collect();
        self.run(redemptions).0
    }

    fn run(&mut self, commands: Vec<Command>) -> (Batch, Vec<Reply>) {
        self.now.0 += 1;
        self.state.begin(self.now);
        let (mut admitted, mut replies) = (Vec::new(), Vec::new());
        for command in commands {
            let submission = self.submission(command);
            self.load_nothing(&submission);
            match self.state.admit(&submission) {
                Step::Done(outcome) => replies.push(outcome.expect("these commands are accepted").reply),
                Step::Score(waiting) => admitted.push(*waiting),
            }
        }
        let features: Vec<_> = admitted.iter().map(|waiting| *waiting.features()).collect();
        let risks = assess(&mut NoModel { reason: "rows for measuring the store".to_owned() }, &features);
        for (waiting, risk) in admitted.into_iter().zip(risks) {
            replies.push(self.state.decide(waiting, risk).expect("a decided redemption is answered").reply);
        }
        let effects = self.state.finish().expect("these commands change something");
        self.state.evict(self.state.head().batch);
        (Batch::encode(&effects), replies)
    }

    /// What the state does not hold does not exist: nothing here is older than its working set.
    fn load_nothing(&mut self, submission: &Submission) {
        let mut needs = Vec::new();
        loop {
            needs.clear();
            self.state.missing(submission, &mut needs);
            if needs.is_empty() {
                return;
            }
            let rows = load(&MemoryStore::new(), &needs).expect("an empty store in memory can be read");
            rows.into_iter().for_each(|row| self.state.load(row));
        }
    }

    fn next_person(&mut self) -> u64 {
        self.people += 1;
        self.people
    }

    fn submission(&mut self, command: Command) -> Submission {
        self.keys += 1;
        let idempotency = Idempotency { key: self.keys.to_be_bytes(), fingerprint: [7; 16] };
        Submission { command, idempotency: Some(idempotency), deadline: Timestamp(u64::MAX) }
    }
}

fn create_session(person: u64) -> Command {
    let terms = SessionTerms {
        amount: amount("100.00"),
        currency: euro(),
        flow: Some(Flow::OnRamp),
        target_token: Some(asset()),
        target_network: None,
        wallet_address: None,
        user_reference: Some(format!("user-{person}")),
        quote_preview_id: None,
        return_url: "https://partner.example/complete".to_owned(),
        cancel_url: None,
        metadata: vec![("order_id".to_owned(), "12345-100".to_owned())],
        kyc_package: None,
    };
    Command::CreateSession(ACCOUNT, Box::new(terms))
}

fn lock_quote() -> Command {
    let (side, payment_method) = (Side::OnRamp, "card".to_owned());
    let lock = LockQuote { side, currency: euro(), asset: asset(), amount: amount("100.00"), payment_method };
    Command::LockQuote(ACCOUNT, lock)
}

fn account(has_endpoint: bool) -> Account {
    let endpoint = WebhookEndpoint::new("http://127.0.0.1:9/webhooks".to_owned(), vec![0; 64]);
    Account {
        id: ACCOUNT,
        name: "Load".to_owned(),
        created_at: Timestamp(1),
        entitlements: Entitlements::ALL,
        origins: Vec::new(),
        keys: Vec::new(),
        webhook: has_endpoint.then_some(endpoint),
        quote_life: None,
        risk_is_real: false,
        branding: Default::default(),
        tier: None,
    }
}

/// The one that the sandbox ships with.
fn catalogue() -> Catalogue {
    let shipped = causeway_control::catalogue::load(None, None).expect("the shipped catalogue is valid");
    causeway_control::catalogue::for_mode(&shipped, Mode::Sandbox)
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).expect("an amount")
}

fn euro() -> Currency {
    Currency::parse("EUR").expect("a currency")
}

fn asset() -> Asset {
    Asset::parse("USDC").expect("a symbol")
}
