//! The bytes of every record, written down. When one of these tests fails, databases in the field can no longer be read:
//! do not change the bytes, add a version.

mod bytes;

use std::fmt::Debug;

use proptest::prelude::*;

use super::samples::*;
use super::*;
use crate::account::Account;
use crate::branding::Branding;
use crate::change::BusRow;
use crate::customer::Customer;
use crate::delivery::{Delivery, DeliveryStatus};
use crate::endpoint::WebhookEndpoint;
use crate::event::{Event, EventData};
use crate::id::{AttemptId, DeliveryId, EventId, OutboxId, PaymentId, SessionId};
use crate::money::{Amount, Asset, Currency};
use crate::payment::{FailureCode, Payment, PaymentStatus};
use crate::review::ReviewRow;
use crate::risk::Decider;
use crate::session::{Flow, KycPackage, PackageVerdict, Session, SessionStatus, SessionTerms};
use crate::store::key::hex;
use bytes::*;

/// The value has these bytes and is read back from them; nothing shorter is read, and no damage makes the reader panic.
fn check<T: Debug + PartialEq>(
    value: &T,
    encode: impl Fn(&T, &mut Vec<u8>),
    decode: impl Fn(&[u8]) -> Result<T, Malformed>,
    golden: &str,
) {
    let mut bytes = Vec::new();
    encode(value, &mut bytes);
    assert_eq!(hex(&bytes), golden, "{value:?}");
    assert_eq!(decode(&bytes).as_ref(), Ok(value));
    for length in 0..bytes.len() {
        assert!(decode(&bytes[..length]).is_err(), "{length} bytes of {value:?}");
    }
    for place in 0..bytes.len() {
        let good = bytes[place];
        for bad in [0x00, 0x01, 0x7f, 0x80, 0xff, good ^ 0x20] {
            bytes[place] = bad;
            let _ = decode(&bytes);
        }
        bytes[place] = good;
    }
}

fn round_trip<T: Debug + PartialEq>(
    value: &T,
    encode: impl Fn(&T, &mut Vec<u8>),
    decode: impl Fn(&[u8]) -> Result<T, Malformed>,
) {
    let mut bytes = Vec::new();
    encode(value, &mut bytes);
    assert_eq!(decode(&bytes).as_ref(), Ok(value));
}

fn read_session(bytes: &[u8]) -> Result<Session, Malformed> {
    session::decode(ACCOUNT, SESSION, bytes)
}

fn read_payment(bytes: &[u8]) -> Result<Payment, Malformed> {
    payment::decode(ACCOUNT, PAYMENT, bytes)
}

fn read_customer(bytes: &[u8]) -> Result<Customer, Malformed> {
    customer::decode(ACCOUNT, CUSTOMER, bytes)
}

fn read_delivery(bytes: &[u8]) -> Result<Delivery, Malformed> {
    delivery::decode(ACCOUNT, DeliveryId(id(2_500, 0xf6)), bytes)
}

#[test]
fn objects() {
    check(&account(), account::encode, |bytes| account::decode(ACCOUNT, bytes), ACCOUNT_V3);
    let endpoint = account().webhook.map(|one| WebhookEndpoint::new(one.url, one.sealed_secret));
    let second = Account { webhook: endpoint, ..account() };
    assert_eq!(account::decode(ACCOUNT, &unhex(ACCOUNT_V2)).as_ref(), Ok(&second), "the second knew no rotation");
    let before = Account { webhook: second.webhook.clone(), branding: Branding::default(), tier: None, ..account() };
    assert_eq!(account::decode(ACCOUNT, &unhex(ACCOUNT_V1)).as_ref(), Ok(&before), "the first version stays readable");
    check(&session(), session::encode, read_session, SESSION_V2);
    assert_eq!(read_session(&unhex(SESSION_V1)), Ok(without_package()), "the first version knew no package");
    check(&quote(), quote::encode, |bytes| quote::decode(ACCOUNT, QUOTE, bytes), QUOTE_V1);
    check(&payment(), payment::encode, read_payment, PAYMENT_V1);
}

#[test]
fn events_and_deliveries() {
    for (value, golden) in events().iter().zip(EVENTS_V1) {
        check(value, event::encode, |bytes| event::decode(ACCOUNT, EventId(id(2_500, 0xf5)), bytes), golden);
        assert_eq!(event::decode_kind(&unhex(golden)), Ok(value.kind));
    }
    let [before, ..] = events();
    let before = Event { data: EventData::Session(without_package().into()), ..before };
    let read = event::decode(ACCOUNT, before.id, &unhex(EVENT_OF_SESSION_V1));
    assert_eq!(read, Ok(before), "an event may hold a session of the first version");
    let waiting = delivery(DeliveryStatus::Waiting { until: at(60_000) });
    check(&waiting, delivery::encode, read_delivery, DELIVERY_V2);
    let first = Delivery { target_url: String::new(), ..waiting };
    assert_eq!(read_delivery(&unhex(DELIVERY_V1)), Ok(first), "the first version did not keep the URL");
    check(&outbox_row(), reference::encode_outbox, |bytes| reference::decode_outbox(ACCOUNT, OUTBOX, bytes), OUTBOX_V1);
    let read_redeliveries = |bytes: &[u8]| redelivery::decode(ACCOUNT, bytes);
    check(&redeliveries(), |jobs, out| redelivery::encode(jobs, out), read_redeliveries, REDELIVERIES_V1);
    check(&DELIVERY, |id, out| reference::encode_lane(*id, out), reference::decode_lane, LANE_V1);
    let bus = BusRow { event: EventId(7), account: ACCOUNT, lane: Some(SESSION) };
    check(&bus, reference::encode_bus, |bytes| reference::decode_bus(EventId(7), bytes), BUS_V1);
    let review = ReviewRow { payment: PAYMENT, account: ACCOUNT, session: SESSION, expires_at: at(90_000) };
    check(&review, reference::encode_review, |bytes| reference::decode_review(PAYMENT, bytes), REVIEW_V1);
}

#[test]
fn customers() {
    let value = samples::customer();
    check(&value, customer::encode, read_customer, CUSTOMER_V1);
    check(&value.terms, customer::encode_terms, customer::decode_terms, CUSTOMER_TERMS_V1);
    let read_deleted = |bytes: &[u8]| customer::decode_deleted(ACCOUNT, CUSTOMER, bytes);
    check(&deleted_customer(), customer::encode_deleted, read_deleted, DELETED_CUSTOMER_V1);
    check(&CUSTOMER, |id, out| reference::encode_customer(*id, out), reference::decode_customer, CUSTOMER_NAME_V1);
}

#[test]
fn decisions_and_movements() {
    let read_receipt = |bytes: &[u8]| receipt::decode(PAYMENT, bytes);
    check(&receipt(model()), receipt::encode, read_receipt, RECEIPT_V3);
    check(&samples::model_plan(), models::encode, models::decode, MODELS_V1);
    let fallback = receipt(Decider::Fallback { reason: "no model is loaded".to_owned() });
    round_trip(&fallback, receipt::encode, read_receipt);
    check(&rail_work(), rail::encode, |bytes| rail::decode(AttemptId(id(2_500, 0xe5)), bytes), RAIL_WORK_V1);
    check(&PAYMENT, |id, out| reference::encode_transaction(*id, out), reference::decode_transaction, TRANSACTION_V1);
    check(&posting_set(), |set, out| ledger::encode_postings(set, out), ledger::decode_postings, POSTINGS_V1);
    check(&balance(), |value, out| ledger::encode_balance(*value, out), ledger::decode_balance, BALANCE_V1);
    check(&person(), person::encode, person::decode, PERSON_V4);
    check(&samples::history(), history::encode, history::decode, HISTORY_V1);
    check(&labelled(), history::encode_label, history::decode_label, LABEL_V1);
    check(&samples::policy(), policy::encode, |bytes| policy::decode(3, bytes), POLICY_V1);
}

#[test]
fn answers_and_the_head() {
    for (value, golden) in replays().iter().zip(REPLAYS_V1) {
        check(value, replay::encode, |bytes| replay::decode(ACCOUNT, bytes), golden);
    }
    check(&head(), head::encode, head::decode, HEAD_V1);
}

#[cfg(feature = "rocksdb")]
#[test]
fn formats_and_modes() {
    use crate::id::Mode;
    check(&7, |format, out| identity::encode_format(*format, out), identity::decode_format, "0107");
    for (mode, golden) in [(Mode::Sandbox, "0101"), (Mode::Live, "0102")] {
        check(&mode, |mode, out| identity::encode_mode(*mode, out), identity::decode_mode, golden);
    }
}

/// The place of a status in its enum is its number in records: the byte behind the version.
#[test]
fn statuses_have_their_numbers() {
    let movement = |movement| SessionStatus::Open { movement };
    let ended =
        [SessionStatus::Completed { transaction: TRANSACTION }, SessionStatus::Expired, SessionStatus::Cancelled];
    for (number, status) in [(0, movement(None)), (0, movement(Some(PAYMENT)))].into_iter().chain((1..).zip(ended)) {
        let value = Session { status, ..session() };
        round_trip(&value, session::encode, read_session);
        assert_eq!(status_byte(|out| session::encode(&value, out)), number, "{status:?}");
    }
    let statuses = [
        PaymentStatus::Verifying { expires_at: at(9), url: "https://pay.example/verify/pi_test_1".into() },
        PaymentStatus::Routed,
        PaymentStatus::Settled { at: at(9) },
        PaymentStatus::Failed { code: FailureCode::NoRoute },
        PaymentStatus::Cancelled,
        PaymentStatus::Reviewing { expires_at: at(9) },
    ];
    for (number, status) in (0..).zip(statuses) {
        let value = Payment { status, ..payment() };
        round_trip(&value, payment::encode, read_payment);
        assert_eq!(status_byte(|out| payment::encode(&value, out)), number, "{:?}", value.status);
    }
}

#[test]
fn deliveries_have_their_numbers() {
    let statuses = [
        DeliveryStatus::Held,
        DeliveryStatus::Due { row: OUTBOX },
        DeliveryStatus::Waiting { until: at(9) },
        DeliveryStatus::Succeeded { at: at(9) },
        DeliveryStatus::DeadLettered,
    ];
    for (number, status) in (0..).zip(statuses) {
        let value = Delivery { lane: None, ..delivery(status) };
        round_trip(&value, delivery::encode, read_delivery);
        let mut bytes = Vec::new();
        delivery::encode(&value, &mut bytes);
        // Version, event, and the absent lane stand before it.
        assert_eq!(bytes[18], number, "{status:?}");
    }
}

#[test]
fn what_no_domain_allows_is_refused() {
    let unchecked = |change: fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        session::encode(&session(), &mut bytes);
        change(&mut bytes);
        read_session(&bytes).unwrap_err().0
    };
    assert_eq!(unchecked(|bytes| bytes[0] = 3), "its version is not known");
    assert_eq!(unchecked(|bytes| bytes.push(0)), "there are bytes behind the last field");
    // Behind version, status and transaction: scale, two bytes of digits, the currency's length and letters, the flow.
    assert_eq!(unchecked(|bytes| bytes[18] = 9), "an amount is out of its bounds");
    assert_eq!(unchecked(|bytes| bytes[22] = b'e'), "not a currency");
    assert_eq!(unchecked(|bytes| bytes[25] = 4), "no flow has this number");
}

fn without_package() -> Session {
    let terms = SessionTerms { kyc_package: None, ..session().terms };
    Session { terms, ..session() }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |place| u8::from_str_radix(&text[place..place + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

fn status_byte(encode: impl Fn(&mut Vec<u8>)) -> u8 {
    let mut bytes = Vec::new();
    encode(&mut bytes);
    bytes[1]
}

const DELIVERY: DeliveryId = DeliveryId(id(2_500, 0xf6));
const OUTBOX: OutboxId = OutboxId(id(2_500, 0x18));

fn any_text() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("\\PC{0,40}")
}

prop_compose! {
    fn any_package()(hash: [u8; 32], is_accepted: bool) -> KycPackage {
        let verdict = if is_accepted { PackageVerdict::Accepted } else { PackageVerdict::Rejected };
        KycPackage { hash, verdict }
    }
}

prop_compose! {
    fn any_session()(
        (bits, account, created, life) in (any::<u128>(), any::<u128>(), any::<u64>(), any::<u64>()),
        (minor, currency) in (0u128..1_000_000_000_000, proptest::sample::select(vec!["EUR", "JPY", "KWD"])),
        flow in proptest::option::of(proptest::sample::select(vec![Flow::OnRamp, Flow::OffRamp, Flow::Swap])),
        token in proptest::option::of("[A-Z0-9]{2,12}"),
        texts in proptest::array::uniform6(any_text()),
        metadata in proptest::collection::vec(("\\PC{1,40}", "\\PC{0,80}"), 0..4),
        kyc_package in proptest::option::of(any_package()),
    ) -> Session {
        let [target_network, wallet_address, user_reference, quote_preview_id, return_url, cancel_url] = texts;
        let currency = Currency::parse(currency).unwrap();
        let terms = SessionTerms {
            amount: Amount::from_minor(minor, currency.decimals()).unwrap(),
            currency,
            flow,
            target_token: token.as_deref().and_then(Asset::parse),
            target_network,
            wallet_address,
            user_reference,
            quote_preview_id,
            return_url: return_url.unwrap_or_default(),
            cancel_url,
            metadata,
            kyc_package,
        };
        Session {
            id: SessionId(bits),
            account: crate::id::AccountId(account),
            status: SessionStatus::Open { movement: (minor % 2 == 0).then_some(PaymentId(bits)) },
            terms,
            created_at: Timestamp(created),
            expires_at: Timestamp(created.saturating_add(life)),
        }
    }
}

proptest! {
    #[test]
    fn sessions_round_trip(value in any_session()) {
        round_trip(&value, session::encode, |bytes| session::decode(value.account, value.id, bytes));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), versioned: bool) {
        if versioned && !bytes.is_empty() {
            bytes[0] = V1;
        }
        let _ = (account::decode(ACCOUNT, &bytes), read_session(&bytes), quote::decode(ACCOUNT, QUOTE, &bytes));
        let _ = (read_payment(&bytes), event::decode(ACCOUNT, EventId(1), &bytes), read_delivery(&bytes));
        let _ = (receipt::decode(PAYMENT, &bytes), replay::decode(ACCOUNT, &bytes));
        let _ = (person::decode(&bytes), ledger::decode_balance(&bytes), ledger::decode_postings(&bytes));
        let _ = (reference::decode_transaction(&bytes), reference::decode_lane(&bytes), head::decode(&bytes));
        let _ = (read_customer(&bytes), customer::decode_terms(&bytes), reference::decode_customer(&bytes));
        let _ = (customer::decode_deleted(ACCOUNT, CUSTOMER, &bytes), customer::decode_deletion(CUSTOMER, &bytes));
        let _ = (reference::decode_outbox(ACCOUNT, OUTBOX, &bytes), rail::decode(AttemptId(1), &bytes));
        let _ = (reference::decode_bus(EventId(1), &bytes), reference::decode_review(PAYMENT, &bytes));
        let _ = (redelivery::decode(ACCOUNT, &bytes), policy::decode(1, &bytes), models::decode(&bytes));
    }
}
