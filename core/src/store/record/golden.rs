//! The bytes of every record, written down. When one of these tests fails, databases in the field can no longer be read:
//! do not change the bytes, add a version.

use std::fmt::Debug;

use proptest::prelude::*;

use super::samples::*;
use super::*;
use crate::account::Account;
use crate::branding::Branding;
use crate::customer::Customer;
use crate::delivery::{Delivery, DeliveryStatus};
use crate::id::{AttemptId, DeliveryId, EventId, OutboxId, PaymentId, SessionId};
use crate::money::{Amount, Asset, Currency};
use crate::payment::{FailureCode, Payment, PaymentStatus};
use crate::receipt::Receipt;
use crate::risk::Decider;
use crate::session::{Flow, Session, SessionStatus};
use crate::store::key::hex;

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
    check(&account(), account::encode, |bytes| account::decode(ACCOUNT, bytes), ACCOUNT_V2);
    let before = Account { branding: Branding::default(), tier: None, ..account() };
    assert_eq!(account::decode(ACCOUNT, &unhex(ACCOUNT_V1)).as_ref(), Ok(&before), "the first version stays readable");
    check(&session(), session::encode, read_session, SESSION_V1);
    check(&quote(), quote::encode, |bytes| quote::decode(ACCOUNT, QUOTE, bytes), QUOTE_V1);
    check(&payment(), payment::encode, read_payment, PAYMENT_V1);
}

#[test]
fn events_and_deliveries() {
    for (value, golden) in events().iter().zip(EVENTS_V1) {
        check(value, event::encode, |bytes| event::decode(ACCOUNT, EventId(id(2_500, 0xf5)), bytes), golden);
        assert_eq!(event::decode_kind(&unhex(golden)), Ok(value.kind));
    }
    let waiting = delivery(DeliveryStatus::Waiting { until: at(60_000) });
    check(&waiting, delivery::encode, read_delivery, DELIVERY_V2);
    let first = Delivery { target_url: String::new(), ..waiting };
    assert_eq!(read_delivery(&unhex(DELIVERY_V1)), Ok(first), "the first version did not keep the URL");
    check(&outbox_row(), reference::encode_outbox, |bytes| reference::decode_outbox(OUTBOX, bytes), OUTBOX_V1);
    check(&DELIVERY, |id, out| reference::encode_lane(*id, out), reference::decode_lane, LANE_V1);
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
    let read_receipt = |bytes: &[u8]| receipt::decode(ACCOUNT, PAYMENT, bytes);
    check(&receipt(model()), receipt::encode, read_receipt, RECEIPT_V2);
    let first = Receipt { device: None, ..receipt(model()) };
    assert_eq!(read_receipt(&unhex(RECEIPT_V1)), Ok(first), "the first version knew no device");
    let fallback = receipt(Decider::Fallback { reason: "no model is loaded".to_owned() });
    round_trip(&fallback, receipt::encode, read_receipt);
    check(&rail_work(), rail::encode, |bytes| rail::decode(AttemptId(id(2_500, 0xe5)), bytes), RAIL_WORK_V1);
    check(&PAYMENT, |id, out| reference::encode_transaction(*id, out), reference::decode_transaction, TRANSACTION_V1);
    check(&posting_set(), |set, out| ledger::encode_postings(set, out), ledger::decode_postings, POSTINGS_V1);
    check(&balance(), |value, out| ledger::encode_balance(*value, out), ledger::decode_balance, BALANCE_V1);
    check(&person(), person::encode, person::decode, PERSON_V1);
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
    assert_eq!(unchecked(|bytes| bytes[0] = 2), "its version is not known");
    assert_eq!(unchecked(|bytes| bytes.push(0)), "there are bytes behind the last field");
    // Behind version, status and transaction: scale, two bytes of digits, the currency's length and letters, the flow.
    assert_eq!(unchecked(|bytes| bytes[18] = 9), "an amount is out of its bounds");
    assert_eq!(unchecked(|bytes| bytes[22] = b'e'), "not a currency");
    assert_eq!(unchecked(|bytes| bytes[25] = 4), "no flow has this number");
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
    fn any_session()(
        (bits, account, created, life) in (any::<u128>(), any::<u128>(), any::<u64>(), any::<u64>()),
        (minor, currency) in (0u128..1_000_000_000_000, proptest::sample::select(vec!["EUR", "JPY", "KWD"])),
        flow in proptest::option::of(proptest::sample::select(vec![Flow::OnRamp, Flow::OffRamp, Flow::Swap])),
        token in proptest::option::of("[A-Z0-9]{2,12}"),
        texts in proptest::array::uniform6(any_text()),
        metadata in proptest::collection::vec(("\\PC{1,40}", "\\PC{0,80}"), 0..4),
    ) -> Session {
        let [target_network, wallet_address, user_reference, quote_preview_id, return_url, cancel_url] = texts;
        let currency = Currency::parse(currency).unwrap();
        let terms = crate::session::SessionTerms {
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
        let _ = (receipt::decode(ACCOUNT, PAYMENT, &bytes), replay::decode(ACCOUNT, &bytes));
        let _ = (person::decode(&bytes), ledger::decode_balance(&bytes), ledger::decode_postings(&bytes));
        let _ = (reference::decode_transaction(&bytes), reference::decode_lane(&bytes), head::decode(&bytes));
        let _ = (read_customer(&bytes), customer::decode_terms(&bytes), reference::decode_customer(&bytes));
        let _ = (customer::decode_deleted(ACCOUNT, CUSTOMER, &bytes), customer::decode_deletion(CUSTOMER, &bytes));
        let _ = (reference::decode_outbox(OUTBOX, &bytes), rail::decode(AttemptId(1), &bytes));
    }
}

const ACCOUNT_V1: &str = "\
    010c44656d6f20706172746e657280d0eab6b73305011468747470733a2f2f73686f702e6578616d706c6502019b76daa8000003\
    010101010101010101010101010101010101010101010101010101010101010101010101010101010180d0eab6b73300019b76da\
    a8000003020202020202020202020202020202020202020202020202020202020202020202020202020202020280d0eab6b73301\
    89d0eab6b733011968747470733a2f2f73686f702e6578616d706c652f686f6f6b18090909090909090909090909090909090909\
    09090909090901c8df0201";
const ACCOUNT_V2: &str = "\
    020c44656d6f20706172746e657280d0eab6b73305011468747470733a2f2f73686f702e6578616d706c6502019b76daa8000003\
    010101010101010101010101010101010101010101010101010101010101010101010101010101010180d0eab6b73300019b76da\
    a8000003020202020202020202020202020202020202020202020202020202020202020202020202020202020280d0eab6b73301\
    89d0eab6b733011968747470733a2f2f73686f702e6578616d706c652f686f6f6b18090909090909090909090909090909090909\
    09090909090901c8df0201011d68747470733a2f2f73686f702e6578616d706c652f6c6f676f2e73766701072331313232333300\
    00010453686f7001087374616e64617264";
const SESSION_V1: &str = "\
    0101019b76dab1c40003d4d4d4d4d4d4d4d402904e0345555201010455534443010462617365012a307835323930383430303039\
    3835323738383645304637303330303639383537443245343136394545370109757365722d34373131001b68747470733a2f2f73\
    686f702e6578616d706c652f72657475726e011b68747470733a2f2f73686f702e6578616d706c652f63616e63656c01056f7264\
    657206412d313030310080bab703";
const QUOTE_V1: &str = "\
    01010345555204555344430c736570615f696e7374616e7402904e06f8acce32025c02af01020a023202eb01006400e0d40301a8\
    14019b76dab1c40003c3c3c3c3c3c3c3c30101080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3da";
const PAYMENT_V1: &str = "\
    0102b009019b76daacb00003b2b2b2b2b2b2b2b2019b76daa8000003a1a1a1a1a1a1a1a1019b76dab1c40003d4d4d4d4d4d4d4d4\
    010345555204555344430c736570615f696e7374616e7402904e06f8acce32025c02af01020a023202eb010101019b76dab1c400\
    03e5e5e5e5e5e5e5e50f736570612d696e7374616e742d65750000b009";
const DELIVERY_V1: &str = "\
    01019b76dab1c40003f5f5f5f5f5f5f5f501019b76daa8000003a1a1a1a1a1a1a1a102b882070201f40301197468652072656365\
    6976657220616e737765726564203530300001019b76dab41c00031717171717171717";
const DELIVERY_V2: &str = "\
    02019b76dab1c40003f5f5f5f5f5f5f5f501019b76daa8000003a1a1a1a1a1a1a1a102b882070201f40301197468652072656365\
    6976657220616e737765726564203530300001019b76dab41c000317171717171717171968747470733a2f2f73686f702e657861\
    6d706c652f686f6f6b";
const OUTBOX_V1: &str = "01019b75e3a40000001122334455667788019b76dab1c40003f6f6f6f6f6f6f6f6";
const LANE_V1: &str = "01019b76dab1c40003f6f6f6f6f6f6f6f6";
const RECEIPT_V1: &str = "\
    010087ad4b5c8f02400000803f000000000000000000000000b81ecd40000000000000803f000050410000000000000000000000\
    00713d0a3f6666a63fb6f3fd3c01000b66726175642d747265657306323032362e3102020f736570612d696e7374616e742d6575\
    7b146e3f0000803f07736570612d657552b81e3f00000000";
const RECEIPT_V2: &str = "\
    020087ad4b5c8f02400000803f000000000000000000000000b81ecd40000000000000803f000050410000000000000000000000\
    00713d0a3f6666a63fb6f3fd3c01000b66726175642d747265657306323032362e3102020f736570612d696e7374616e742d6575\
    7b146e3f0000803f07736570612d657552b81e3f000000000101d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1010d4575726f70652f42\
    65726c696e010564652d444500";
const RAIL_WORK_V1: &str = "\
    01019b76dab1c40003c3c3c3c3c3c3c3c3019b75e3a40000001122334455667788019b76daa8000003a1a1a1a1a1a1a1a10f7365\
    70612d696e7374616e742d65750973696d756c6174656401010345555204555344430c736570615f696e7374616e7402904e06f8\
    acce32025c02af01020a023202eb0100";
const TRANSACTION_V1: &str = "01019b76dab1c40003c3c3c3c3c3c3c3c3";
const POSTINGS_V1: &str = "\
    010903010345555202a09c01010103455552029f9c0102010345555202a09c0104010345555202c998010402045553444306f0d9\
    9c650502045553444306efd99c6506010345555202dd0207010345555202130801034555520263";
const BALANCE_V1: &str = "0102a9b4de75";
const PERSON_V1: &str = "010c83fb07c4e3eab6b73390fb1d0100e69f010201e69f01eba90101000000";
const HEAD_V1: &str = "0187ad4bc4e3eab6b733c4e3eab6b73301";
const CUSTOMER_V1: &str = "\
    01020100a81412416e6e4070656f706c652e6578616d706c650109757365722d34373131010b2b34393330313233343536010341\
    6e6e000102444501047469657204676f6c64";
const CUSTOMER_TERMS_V1: &str = "\
    0112416e6e4070656f706c652e6578616d706c650109757365722d34373131010b2b343933303132333435360103416e6e000102\
    444501047469657204676f6c64";
const DELETED_CUSTOMER_V1: &str = "01d81d02";
const CUSTOMER_NAME_V1: &str = "01019b76daacb000032a2a2a2a2a2a2a2a";
const EVENTS_V1: [&str; 6] = [
    "\
    0103000100019b76daa8000003a1a1a1a1a1a1a1a10101019b76dab1c40003d4d4d4d4d4d4d4d402904e03455552010104555344\
    43010462617365012a30783532393038343030303938353237383836453046373033303036393835374432453431363945453701\
    09757365722d34373131001b68747470733a2f2f73686f702e6578616d706c652f72657475726e011b68747470733a2f2f73686f\
    702e6578616d706c652f63616e63656c01056f7264657206412d313030310080bab703",
    "\
    01110002019b76daa8000003a1a1a1a1a1a1a1a101019b76daacb00003b2b2b2b2b2b2b2b201010345555204555344430c736570\
    615f696e7374616e7402904e06f8acce32025c02af01020a023202eb01006400e0d40301a814019b76dab1c40003c3c3c3c3c3c3\
    c3c30101080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3da",
    "\
    010a000002019b76dab1c40003c3c3c3c3c3c3c3c30102b009019b76daacb00003b2b2b2b2b2b2b2b2019b76daa8000003a1a1a1\
    a1a1a1a1a1019b76dab1c40003d4d4d4d4d4d4d4d4010345555204555344430c736570615f696e7374616e7402904e06f8acce32\
    025c02af01020a023202eb010101019b76dab1c40003e5e5e5e5e5e5e5e50f736570612d696e7374616e742d65750000b009",
    "0113000003019b76daacb000032a2a2a2a2a2a2a2a01020100a814",
    "0114000004019b76daacb000032a2a2a2a2a2a2a2a01a814",
    "0115000005",
];
const REPLAYS_V1: [&str; 6] = [
    "\
    01c4e3eab6b7335a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a00019b76daa8000003a1a1a1a1a1a1a1a10101019b76dab1c40003d4d4\
    d4d4d4d4d4d402904e0345555201010455534443010462617365012a307835323930383430303039383532373838364530463730\
    3330303639383537443245343136394545370109757365722d34373131001b68747470733a2f2f73686f702e6578616d706c652f\
    72657475726e011b68747470733a2f2f73686f702e6578616d706c652f63616e63656c01056f7264657206412d313030310080ba\
    b703",
    "\
    01c4e3eab6b7335a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a01019b76daacb00003b2b2b2b2b2b2b2b201010345555204555344430c\
    736570615f696e7374616e7402904e06f8acce32025c02af01020a023202eb01006400e0d40301a814019b76dab1c40003c3c3c3\
    c3c3c3c3c30101080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3da",
    "\
    01c4e3eab6b7335a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a02019b76dab1c40003c3c3c3c3c3c3c3c30102b009019b76daacb00003\
    b2b2b2b2b2b2b2b2019b76daa8000003a1a1a1a1a1a1a1a1019b76dab1c40003d4d4d4d4d4d4d4d4010345555204555344430c73\
    6570615f696e7374616e7402904e06f8acce32025c02af01020a023202eb010101019b76dab1c40003e5e5e5e5e5e5e5e50f7365\
    70612d696e7374616e742d65750000b009",
    "\
    01c4e3eab6b7335a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a03019b76daacb000032a2a2a2a2a2a2a2a01020100a81412416e6e4070\
    656f706c652e6578616d706c650109757365722d34373131010b2b343933303132333435360103416e6e00010244450104746965\
    7204676f6c64",
    "01c4e3eab6b7335a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a04019b76daacb000032a2a2a2a2a2a2a2a01a814",
    "\
    01c4e3eab6b7335a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a0501011d68747470733a2f2f73686f702e6578616d706c652f6c6f676f\
    2e7376670107233131323233330000010453686f70",
];
