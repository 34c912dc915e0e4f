//! Golden renderings. A replay repeats its first answer byte for byte, over releases too: what stands here never changes
//! without a new version of the contract.

use std::sync::Arc;

use causeway_core::branding::Branding as CoreBranding;
use causeway_core::event::{Event, EventData, EventKind};
use causeway_core::id::{AccountId, AttemptId, EventId, Mode, PaymentId, QuoteId, SessionId, TransactionId};
use causeway_core::money::{Amount, Asset, Currency, Rate};
use causeway_core::payment::{Attempt, FailureCode, Payment as CorePayment, PaymentKind, PaymentStatus};
use causeway_core::quote::Quote;
use causeway_core::session::{Flow, Session as CoreSession, SessionStatus, SessionTerms};
use causeway_core::terms::{Fees, Side, Terms};
use causeway_core::time::Timestamp;
use serde::Serialize;

use super::*;

mod customer;
mod fuzz;
mod golden;
mod properties;

const MODE: Mode = Mode::Sandbox;
const AT: Timestamp = Timestamp(1_779_697_805_006);
const LATER: Timestamp = Timestamp(1_779_697_835_006);

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn terms(side: Side) -> Terms {
    Terms {
        side,
        currency: Currency::parse("EUR").unwrap(),
        asset: Asset::parse("USDC").unwrap(),
        payment_method: "sepa_instant".to_owned(),
        fiat_amount: amount("100.00"),
        crypto_amount: amount("106.743035"),
        exchange_rate: Rate::new("0.92184".parse().unwrap()).unwrap(),
        fees: Fees {
            processing: amount("1.00"),
            network: amount("0.10"),
            partner: amount("0.50"),
            total: amount("1.60"),
        },
    }
}

fn session(status: SessionStatus) -> CoreSession {
    CoreSession {
        id: SessionId(1),
        account: AccountId(2),
        status,
        terms: SessionTerms {
            amount: amount("100.00"),
            currency: Currency::parse("EUR").unwrap(),
            flow: Some(Flow::OnRamp),
            target_token: Asset::parse("USDC"),
            target_network: Some("ethereum".to_owned()),
            wallet_address: Some("0xabc".to_owned()),
            user_reference: Some("user \"1\"".to_owned()),
            quote_preview_id: None,
            return_url: "https://partner.example/complete".to_owned(),
            cancel_url: None,
            metadata: vec![("order_id".to_owned(), "ö1".to_owned()), ("a".to_owned(), String::new())],
            kyc_package: None,
        },
        created_at: AT,
        expires_at: LATER,
    }
}

fn quote(consumed: Option<(Timestamp, PaymentId)>) -> Quote {
    Quote {
        id: QuoteId(3),
        account: AccountId(2),
        terms: terms(Side::OnRamp),
        given_amount: amount("100"),
        created_at: AT,
        expires_at: LATER,
        consumed,
        key_id: 1,
        signature: [0xab; 32],
    }
}

fn verifying() -> PaymentStatus {
    let url = "https://pay.bank.example/verify/pi_test_00000000000000000000000004";
    PaymentStatus::Verifying { expires_at: LATER, url: url.into() }
}

fn payment(side: Side, status: PaymentStatus) -> CorePayment {
    CorePayment {
        id: PaymentId(4),
        kind: PaymentKind::of(side),
        account: AccountId(2),
        status,
        quote: QuoteId(3),
        session: SessionId(1),
        transaction: TransactionId(5),
        terms: terms(side),
        magic: None,
        attempts: vec![Attempt { id: AttemptId(6), corridor: "first".to_owned() }],
        metadata: vec![("order_id".to_owned(), "1".to_owned())],
        created_at: AT,
        updated_at: LATER,
    }
}

#[track_caller]
fn check(value: &impl Serialize, expect: &str) {
    assert_eq!(String::from_utf8(to_json(value)).unwrap(), expect);
}

#[test]
fn session_in_every_status() {
    let open = session(SessionStatus::Open { movement: Some(PaymentId(4)) });
    let head = r#"{"object":"session","id":"gs_test_00000000000000000000000001","partner_id":"acct_00000000000000000000000002","mode":"test","status":"#;
    let middle = r#","amount":"100.00","currency":"EUR","flow":"on_ramp","target_token":"USDC","target_network":"ethereum","wallet_address":"0xabc","user_reference":"user \"1\"","quote_preview_id":null,"return_url":"https://partner.example/complete","cancel_url":null,"tx_refid":"#;
    let tail = r#","metadata":{"order_id":"ö1","a":""},"created_at":"2026-05-25T08:30:05.006Z","expires_at":"2026-05-25T08:30:35.006Z""#;
    let said = |status: &str, transaction: &str| format!("{head}\"{status}\"{middle}{transaction}{tail}}}");
    check(&Session::of(&open, MODE), &said("open", "null"));
    check(&Session::of(&session(SessionStatus::Expired), MODE), &said("expired", "null"));
    check(&Session::of(&session(SessionStatus::Cancelled), MODE), &said("cancelled", "null"));
    let completed = session(SessionStatus::Completed { transaction: TransactionId(5) });
    check(&Session::of(&completed, MODE), &said("completed", "\"tx_test_00000000000000000000000005\""));
    let created = CreatedSession { session: Session::of(&open, MODE), client_secret: "gsec_x" };
    check(&created, &format!("{head}\"open\"{middle}null{tail},\"client_secret\":\"gsec_x\"}}"));
}

#[test]
fn signed_quote_in_every_status() {
    let said = |status: &str, consumed: &str| {
        format!(
            r#"{{"object":"signed_quote","id":"qt_test_00000000000000000000000003","status":"{status}","side":"on_ramp","currency":"EUR","asset":"USDC","payment_method":"sepa_instant","fiat_amount":"100.00","crypto_amount":"106.743035","exchange_rate":"0.92184","fees":{{"processing":"1.00","network":"0.10","partner":"0.50","total":"1.60"}},"created_at":"2026-05-25T08:30:05.006Z","expires_at":"2026-05-25T08:30:35.006Z",{consumed},"signature":"v1={}"}}"#,
            "ab".repeat(32)
        )
    };
    let never = r#""consumed_at":null,"consumed_by":null"#;
    check(&SignedQuote::of(&quote(None), AT, MODE), &said("active", never));
    check(&SignedQuote::of(&quote(None), LATER, MODE), &said("expired", never));
    let once = r#""consumed_at":"2026-05-25T08:30:05.006Z","consumed_by":"pi_test_00000000000000000000000004""#;
    check(&SignedQuote::of(&quote(Some((AT, PaymentId(4)))), LATER, MODE), &said("consumed", once));
}

/// A pay-in's golden form with the parts that its status decides.
fn said_of_payment(status: &str, action: &str, failure: &str, settled: &str) -> String {
    format!(
        r#"{{"object":"rail_pay_in","id":"pi_test_00000000000000000000000004","kind":"pay_in","status":"{status}","quote_id":"qt_test_00000000000000000000000003","session_id":"gs_test_00000000000000000000000001","currency":"EUR","asset":"USDC","payment_method":"sepa_instant","fiat_amount":"100.00","crypto_amount":"106.743035","exchange_rate":"0.92184","fees":{{"processing":"1.00","network":"0.10","partner":"0.50","total":"1.60"}},"transaction_refid":"tx_test_00000000000000000000000005","next_action":{action},{failure},"metadata":{{"order_id":"1"}},"created_at":"2026-05-25T08:30:05.006Z","updated_at":"2026-05-25T08:30:35.006Z","settled_at":{settled}}}"#
    )
}

#[test]
fn payment_in_every_status() {
    let none = r#""failure_code":null,"failure_message":null"#;
    let of = |status| payment(Side::OnRamp, status);
    let verify = r#"{"type":"verify","url":"https://pay.bank.example/verify/pi_test_00000000000000000000000004","expires_at":"2026-05-25T08:30:35.006Z"}"#;
    check(&Payment::of(&of(verifying()), MODE), &said_of_payment("processing", verify, none, "null"));
    check(&Payment::of(&of(PaymentStatus::Routed), MODE), &said_of_payment("processing", "null", none, "null"));
    check(&Payment::of(&of(PaymentStatus::Cancelled), MODE), &said_of_payment("cancelled", "null", none, "null"));
    let settled = of(PaymentStatus::Settled { at: LATER });
    let at = "\"2026-05-25T08:30:35.006Z\"";
    check(&Payment::of(&settled, MODE), &said_of_payment("settled", "null", none, at));
    let failed = of(PaymentStatus::Failed { code: FailureCode::RiskDeclined });
    let why = r#""failure_code":"risk_declined","failure_message":"The payment was declined by the risk check.""#;
    check(&Payment::of(&failed, MODE), &said_of_payment("failed", "null", why, "null"));
}

#[test]
fn a_pay_out_differs_in_its_names() {
    let routed = payment(Side::OffRamp, PaymentStatus::Routed);
    let none = r#""failure_code":null,"failure_message":null"#;
    let expect = said_of_payment("processing", "null", none, "null");
    let expect = expect.replace("pay_in", "pay_out").replace("pi_test", "po_test");
    check(&Payment::of(&routed, MODE), &expect);
}

#[test]
fn transaction_in_every_status() {
    let said = |status: &str, network: &str, rail: &str| {
        format!(
            r#"{{"object":"transaction","refid":"tx_test_00000000000000000000000005","session_id":"gs_test_00000000000000000000000001","action":"on_ramp","status":"{status}","token":"USDC","network":{network},"currency":"EUR","payment_method":"sepa_instant","fiat_amount":"100.00","token_amount":"106.743035","exchange_rate":"0.92184","total_fees":"1.60","local_rail_transaction_id":{rail},"created_at":"2026-05-25T08:30:05.006Z","updated_at":"2026-05-25T08:30:35.006Z"}}"#
        )
    };
    let session = session(SessionStatus::Open { movement: None });
    for (status, word, rail) in [
        (verifying(), "processing", "null"),
        (PaymentStatus::Routed, "processing", "null"),
        (PaymentStatus::Settled { at: LATER }, "completed", "\"att_test_00000000000000000000000006\""),
        (PaymentStatus::Failed { code: FailureCode::NoRoute }, "failed", "null"),
        (PaymentStatus::Cancelled, "cancelled", "null"),
    ] {
        let payment = payment(Side::OnRamp, status);
        check(&Transaction::of(&payment, Some(&session), MODE), &said(word, "\"ethereum\"", rail));
        check(&Transaction::of(&payment, None, MODE), &said(word, "null", rail));
    }
}

#[test]
fn lists_and_embed_tokens() {
    check(
        &List::new("/v1/gate_sessions", vec![1, 2], true),
        r#"{"object":"list","data":[1,2],"has_more":true,"url":"/v1/gate_sessions"}"#,
    );
    let branding = r#""branding":{"logo_url":null,"primary_color":null,"secondary_color":null,"accent_color":null,"brand_name":null}"#;
    let session = session(SessionStatus::Open { movement: None });
    let head = r#"{"embed_token":"t","expires_at":"2026-05-25T08:30:35.006Z","partner_id":"acct_00000000000000000000000002","mode":"test","#;
    check(
        &EmbedToken::of("t".to_owned(), LATER, AccountId(2), &CoreBranding::default(), Some(&session), MODE),
        &format!(
            r#"{head}"session_id":"gs_test_00000000000000000000000001","amount":"100.00","currency":"EUR","target_token":"USDC","target_network":"ethereum","return_url":"https://partner.example/complete","flow":"on_ramp",{branding}}}"#
        ),
    );
    check(
        &EmbedToken::of("t".to_owned(), LATER, AccountId(2), &CoreBranding::default(), None, MODE),
        &format!(
            r#"{head}"session_id":null,"amount":null,"currency":null,"target_token":null,"target_network":null,"return_url":null,"flow":null,{branding}}}"#
        ),
    );
}

#[test]
fn looks() {
    let look = CoreBranding {
        logo_url: Some("https://shop.example/logo.svg".to_owned()),
        primary_color: Some("#1a2B3c".to_owned()),
        brand_name: Some("Café".to_owned()),
        ..CoreBranding::default()
    };
    check(
        &Branding::of(&look),
        r##"{"logo_url":"https://shop.example/logo.svg","primary_color":"#1a2B3c","secondary_color":null,"accent_color":null,"brand_name":"Café"}"##,
    );
}

#[test]
fn events_carry_the_whole_object() {
    let check = |kind: EventKind, data: EventData, object: Vec<u8>| {
        let event =
            Event { id: EventId(7), account: AccountId(2), kind, created_at: AT, lane: Some(SessionId(1)), data };
        let expect = format!(
            r#"{{"id":"evt_test_00000000000000000000000007","type":"{}","created_at":1779697805,"data":{}}}"#,
            kind.word(),
            String::from_utf8(object).unwrap()
        );
        assert_eq!(String::from_utf8(render_event(&event, MODE)).unwrap(), expect);
    };
    let completed = Arc::new(session(SessionStatus::Completed { transaction: TransactionId(5) }));
    let object = to_json(&Session::of(&completed, MODE));
    check(EventKind::SessionCompleted, EventData::Session(completed.clone()), object);
    let consumed = Arc::new(quote(Some((AT, PaymentId(4)))));
    let object = to_json(&SignedQuote::of(&consumed, AT, MODE));
    check(EventKind::QuoteConsumed, EventData::Quote(consumed.clone()), object);
    let settled = Arc::new(payment(Side::OnRamp, PaymentStatus::Settled { at: LATER }));
    let object = to_json(&Payment::of(&settled, MODE));
    check(EventKind::PayInSettled, EventData::Payment(settled.clone()), object);
    let nothing = br#"{"object":"webhook_test","livemode":false}"#.to_vec();
    check(EventKind::WebhookTest, EventData::Test, nothing);
}
