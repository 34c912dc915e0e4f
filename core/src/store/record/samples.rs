//! Fixed values of every kind: what the golden bytes are of, and what the store's tests write.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::account::{Account, ApiKey, Entitlements, KeyKind};
use crate::branding::Branding;
use crate::change::{Head, OutboxRow};
use crate::command::Reply;
use crate::customer::*;
use crate::delivery::{Delivery, DeliveryStatus};
use crate::endpoint::{Disabling, EndpointState, SecondSecret, WebhookEndpoint};
use crate::event::{Event, EventData, EventKind};
use crate::id::*;
use crate::ledger::{Phase, Posting, postings};
use crate::money::{Amount, Asset, Currency, Rate};
use crate::payment::{Attempt, Magic, Payment, PaymentKind, PaymentStatus};
use crate::quote::Quote;
use crate::rail::RailWork;
use crate::receipt::Receipt;
use crate::redelivery::{Redelivery, RedeliveryRange, RedeliveryStatus, Which};
use crate::replay::{Replay, ReplayKey};
use crate::risk::features::COUNT;
use crate::risk::history::{Amounts, Link};
use crate::risk::plan::{By, Canary};
use crate::risk::window::{Bucket, Buckets};
use crate::risk::{Arm, ModelId, ModelPlan, ModelStep, Verdict, Word};
use crate::risk::{Country, Decider, Device, Entities, Entity, Features, History, Label, Labelled, Person, Risk, Said};
use crate::routing::Candidate;
use crate::session::{Flow, KycPackage, PackageVerdict, Session, SessionStatus, SessionTerms};
use crate::terms::{Fees, Side, Terms};
use crate::time::{Millis, Timestamp};

/// The first moment of 2026.
pub const START: Timestamp = Timestamp(1_767_225_600_000);
pub const ACCOUNT: AccountId = AccountId(0x019b_75e3_a400_0000_1122_3344_5566_7788);
pub const SESSION: SessionId = SessionId(id(0, 0xa1));
pub const QUOTE: QuoteId = QuoteId(id(1_200, 0xb2));
pub const PAYMENT: PaymentId = PaymentId(id(2_500, 0xc3));
pub const TRANSACTION: TransactionId = TransactionId(id(2_500, 0xd4));

/// An id drawn some milliseconds after the start.
pub const fn id(after: u64, mark: u8) -> u128 {
    let hash = mark as u128 * 0x0001_0101_0101_0101;
    ((START.0 + after) as u128) << 80 | 3 << 64 | (mark as u128) << 56 | hash & 0x00ff_ffff_ffff_ffff
}

pub fn at(after: u64) -> Timestamp {
    START.plus(Millis(after))
}

pub fn terms() -> Terms {
    let amount = |text| Amount::parse(text).unwrap();
    Terms {
        side: Side::OnRamp,
        currency: Currency::parse("EUR").unwrap(),
        asset: Asset::parse("USDC").unwrap(),
        payment_method: "sepa_instant".to_owned(),
        fiat_amount: amount("100.00"),
        crypto_amount: amount("106.141304"),
        exchange_rate: Rate::new("0.92".parse().unwrap()).unwrap(),
        fees: Fees {
            processing: amount("1.75"),
            network: amount("0.10"),
            partner: amount("0.50"),
            total: amount("2.35"),
        },
    }
}

pub fn session() -> Session {
    Session {
        id: SESSION,
        account: ACCOUNT,
        status: SessionStatus::Completed { transaction: TRANSACTION },
        terms: SessionTerms {
            amount: Amount::parse("100.00").unwrap(),
            currency: Currency::parse("EUR").unwrap(),
            flow: Some(Flow::OnRamp),
            target_token: Asset::parse("USDC"),
            target_network: Some("base".to_owned()),
            wallet_address: Some("0x52908400098527886E0F7030069857D2E4169EE7".to_owned()),
            user_reference: Some("user-4711".to_owned()),
            quote_preview_id: None,
            return_url: "https://shop.example/return".to_owned(),
            cancel_url: Some("https://shop.example/cancel".to_owned()),
            metadata: vec![("order".to_owned(), "A-1001".to_owned())],
            kyc_package: Some(KycPackage { hash: [0x4b; 32], verdict: PackageVerdict::Accepted }),
        },
        created_at: START,
        expires_at: at(3_600_000),
    }
}

pub fn quote() -> Quote {
    let mut signature = [0; 32];
    for (place, byte) in signature.iter_mut().enumerate() {
        *byte = place as u8 * 7 + 1;
    }
    Quote {
        id: QUOTE,
        account: ACCOUNT,
        terms: terms(),
        given_amount: Amount::parse("100").unwrap(),
        created_at: at(1_200),
        expires_at: at(31_200),
        consumed: Some((at(2_500), PAYMENT)),
        key_id: 1,
        signature,
    }
}

pub fn payment() -> Payment {
    Payment {
        id: PAYMENT,
        kind: PaymentKind::PayIn,
        account: ACCOUNT,
        status: PaymentStatus::Settled { at: at(3_100) },
        quote: QUOTE,
        session: SESSION,
        transaction: TRANSACTION,
        terms: terms(),
        magic: Some(Magic::None),
        attempts: vec![Attempt { id: AttemptId(id(2_500, 0xe5)), corridor: "sepa-instant-eu".to_owned() }],
        metadata: Vec::new(),
        created_at: at(2_500),
        updated_at: at(3_100),
    }
}

pub fn account() -> Account {
    let key = |kind, mark| ApiKey {
        id: KeyId(id(0, mark)),
        kind,
        hash: [mark; 32],
        created_at: START,
        revoked_at: (kind == KeyKind::Publishable).then_some(at(9)),
    };
    Account {
        id: ACCOUNT,
        name: "Demo partner".to_owned(),
        created_at: START,
        entitlements: Entitlements {
            rails: true,
            customers: false,
            kyc_package: true,
            swap: false,
            verified_users: false,
        },
        origins: vec!["https://shop.example".to_owned()],
        keys: vec![key(KeyKind::Secret, 1), key(KeyKind::Publishable, 2)],
        webhook: Some(endpoint()),
        quote_life: Some(Millis::seconds(45)),
        risk_is_real: true,
        branding: branding(),
        tier: Some("standard".to_owned()),
    }
}

pub fn branding() -> Branding {
    Branding {
        logo_url: Some("https://shop.example/logo.svg".to_owned()),
        primary_color: Some("#112233".to_owned()),
        secondary_color: None,
        accent_color: None,
        brand_name: Some("Shop".to_owned()),
    }
}

pub const CUSTOMER: CustomerId = CustomerId(id(1_200, 0x2a));

pub fn customer() -> Customer {
    let facts = CustomerFacts {
        id: CUSTOMER,
        account: ACCOUNT,
        version: 2,
        kyc_status: KycStatus::Unverified,
        created_at: at(1_200),
        updated_at: at(2_500),
    };
    let terms = CustomerTerms {
        email: "Ann@people.example".to_owned(),
        external_id: Some("user-4711".to_owned()),
        phone: Some("+4930123456".to_owned()),
        first_name: Some("Ann".to_owned()),
        last_name: None,
        country_code: Some("DE".to_owned()),
        metadata: vec![("tier".to_owned(), "gold".to_owned())],
    };
    Customer { facts, terms }
}

pub fn deleted_customer() -> DeletedCustomer {
    DeletedCustomer { id: CUSTOMER, account: ACCOUNT, deleted_at: at(3_100), versions: 2 }
}

pub fn customer_name() -> CustomerName {
    CustomerName::of_email(&NameKey([5; 32]), ACCOUNT, "ann@people.example")
}

pub fn delivery(status: DeliveryStatus) -> Delivery {
    Delivery {
        id: DeliveryId(id(2_500, 0xf6)),
        account: ACCOUNT,
        event: EventId(id(2_500, 0xf5)),
        lane: Some(SESSION),
        status,
        attempts: 2,
        target_url: "https://shop.example/hook".to_owned(),
        last_response_status: Some(500),
        last_error: Some("the receiver answered 500".to_owned()),
        created_at: at(2_500),
        next: Some(DeliveryId(id(3_100, 0x17))),
    }
}

pub fn event(kind: EventKind, lane: Option<SessionId>, data: EventData) -> Event {
    Event { id: EventId(id(2_500, 0xf5)), account: ACCOUNT, kind, created_at: at(2_500), lane, data }
}

/// One event for each kind of object and one without, with a lane that is the object's, another one, and none.
pub fn events() -> [Event; 6] {
    [
        event(EventKind::SessionCompleted, Some(SESSION), EventData::Session(Arc::new(session()))),
        event(EventKind::QuoteConsumed, Some(SESSION), EventData::Quote(Arc::new(quote()))),
        event(EventKind::PayInSettled, None, EventData::Payment(Arc::new(payment()))),
        event(EventKind::CustomerUpdated, None, EventData::Customer(customer().facts, None)),
        event(EventKind::CustomerDeleted, None, EventData::DeletedCustomer(CUSTOMER, at(2_500))),
        event(EventKind::WebhookTest, None, EventData::Test),
    ]
}

pub fn receipt(decider: Decider) -> Receipt {
    let mut features = Features([0.0; COUNT]);
    for (place, value) in [(0, 2.04), (1, 1.0), (47, 6.41), (COUNT - 1, 1.3)] {
        features.0[place] = value;
    }
    let candidate =
        |corridor: &str, score, probability| Candidate { corridor: corridor.to_owned(), score, probability };
    Receipt {
        payment: PAYMENT,
        account: ACCOUNT,
        at: at(2_500),
        batch: 1_234_567,
        entities: Entities {
            person: [0xa1; 16],
            device: Some([0xd1; 16]),
            network: None,
            destination: Some([0xe1; 16]),
            partner: ACCOUNT.into(),
        },
        amount_cents: 10_865,
        features,
        device: Some(device()),
        arm: Arm::Canary,
        risk: Risk { score: 0.031, verdict: Verdict::Approve, decider },
        applied: Verdict::StepUp,
        candidates: vec![candidate("sepa-instant-eu", 0.93, 1.0), candidate("sepa-eu", 0.62, 0.0)],
    }
}

pub fn model_plan() -> ModelPlan {
    let id = |version| ModelId { name: "baseline".to_owned(), version };
    let mut plan = ModelPlan::default();
    for version in 1..=5 {
        plan.step(&ModelStep::Register(id(version), [version as u8; 32]), at(0)).expect("there is room");
    }
    let canary = Canary { share: 50, by: By::Accounts };
    let promote = |version| ModelStep::Promote(id(version));
    for step in [promote(1), promote(2), ModelStep::Canary(id(3), canary), ModelStep::Shadow(id(4))] {
        plan.step(&step, at(1_000)).expect("the step is legal");
    }
    plan
}

pub fn device() -> Device {
    Device {
        fingerprint: Some([0xd1; 16]),
        time_zone: Some("Europe/Berlin".to_owned()),
        language: Some("de-DE".to_owned()),
        screen: None,
    }
}

pub fn model() -> Decider {
    Decider::Model { name: "fraud-trees".to_owned(), version: "2026.1".to_owned() }
}

pub const REPLAY_KEY: ReplayKey = ReplayKey { account: ACCOUNT, key: [0x42; 16] };

pub fn replays() -> [Replay; 6] {
    let replay = |reply| Replay { fingerprint: [0x5a; 16], at: at(2_500), reply };
    [
        replay(Reply::Session(Arc::new(session()))),
        replay(Reply::Quote(Arc::new(quote()))),
        replay(Reply::Payment(Arc::new(payment()))),
        replay(Reply::Customer(Arc::new(customer()))),
        replay(Reply::DeletedCustomer(CUSTOMER, at(2_500))),
        replay(Reply::Branding(Box::new(branding()))),
    ]
}

pub fn endpoint() -> WebhookEndpoint {
    WebhookEndpoint {
        second_secret: Some(SecondSecret::Last(vec![8; 24], at(9_000))),
        state: EndpointState::Disabled { at: at(2_600), why: Disabling::Failing },
        ..WebhookEndpoint::new("https://shop.example/hook".to_owned(), vec![9; 24])
    }
}

pub fn person() -> Person {
    Person { said: Some(Said { word: Word::Refused, at: at(1_200) }) }
}

pub fn history() -> History {
    let bucket = |number, count, cents| Bucket { number, count, cents };
    History {
        first_at: at(0),
        last_at: at(2_500),
        count: 12,
        honest: Amounts { count: 11, cents: 130_435, squares: 1_546_666_111 },
        largest_cents: 25_000,
        minutes: Buckets(vec![bucket(2_945_376, 1, 10_865)]),
        hours: Buckets(vec![bucket(490_895, 2, 300), bucket(490_896, 1, 10_865)]),
        days: Buckets(vec![bucket(20_454, 3, 11_165)]),
        declines: Buckets::default(),
        frauds: Buckets(vec![bucket(20_440, 1, 25_000)]),
        links: vec![Link { entity: Entity::Device, mark: 0xd1d1_d1d1, day: 20_454 }],
        seen_in: Some((Country(*b"DE"), at(2_500))),
        seen_elsewhere: Some((Country(*b"FR"), at(0))),
    }
}

pub fn labelled() -> Labelled {
    Labelled { label: Label::Fraud, at: at(9_000) }
}

pub fn rail_work() -> RailWork {
    RailWork {
        attempt: AttemptId(id(2_500, 0xe5)),
        payment: PAYMENT,
        kind: PaymentKind::PayIn,
        account: ACCOUNT,
        session: SESSION,
        corridor: "sepa-instant-eu".to_owned(),
        rail: "simulated".to_owned(),
        number: 1,
        terms: terms(),
        magic: None,
    }
}

/// One of each status.
pub fn redeliveries() -> Vec<Redelivery> {
    let range = RedeliveryRange { from: at(0), until: at(9_000), kinds: Vec::new(), which: Which::All };
    let done = Redelivery {
        id: RedeliveryId(id(9_000, 0x21)),
        account: ACCOUNT,
        range: range.clone(),
        status: RedeliveryStatus::Done { at: at(9_700) },
        reached: EventId(id(2_500, 0xf5)),
        scanned: 700,
        sent: 64,
        created_at: at(9_000),
    };
    let kinds = vec![EventKind::PayInSettled, EventKind::WebhookTest];
    let range = RedeliveryRange { kinds, which: Which::Missed, ..range };
    let cancelled = RedeliveryStatus::Cancelled { at: at(9_900) };
    let cancelled = Redelivery { id: RedeliveryId(id(9_800, 0x22)), range, status: cancelled, ..done.clone() };
    let running = Redelivery { id: RedeliveryId(id(9_950, 0x23)), status: RedeliveryStatus::Running, ..done.clone() };
    vec![done, cancelled, running]
}

pub fn outbox_row() -> OutboxRow {
    OutboxRow { id: OutboxId(id(2_500, 0x18)), account: ACCOUNT, delivery: DeliveryId(id(2_500, 0xf6)) }
}

pub fn posting_set() -> Vec<Posting> {
    postings(PaymentKind::PayIn, &terms(), Phase::Settled)
}

pub fn balance() -> Decimal {
    "-1234567.89".parse().unwrap()
}

pub fn head() -> Head {
    let mut ids = IdClock::default();
    ids.command(at(2_500));
    ids.command(at(2_500));
    Head { batch: 1_234_567, now: at(2_500), ids }
}
