//! Golden renderings of customers.

use std::sync::Arc;

use causeway_core::customer::{Customer as CoreCustomer, CustomerFacts, CustomerTerms, KycStatus};
use causeway_core::event::{Event, EventData, EventKind};
use causeway_core::id::{AccountId, CustomerId, EventId};

use super::*;

pub(super) fn customer() -> CoreCustomer {
    let facts = CustomerFacts {
        id: CustomerId(9),
        account: AccountId(2),
        version: 3,
        kyc_status: KycStatus::Unverified,
        created_at: AT,
        updated_at: LATER,
    };
    let terms = CustomerTerms {
        email: "Ann@people.example".to_owned(),
        external_id: Some("user \"1\"".to_owned()),
        phone: Some("+4930123456".to_owned()),
        first_name: Some("Ann".to_owned()),
        last_name: None,
        country_code: Some("DE".to_owned()),
        metadata: vec![("tier".to_owned(), "gold".to_owned())],
    };
    CoreCustomer { facts, terms }
}

const HEAD: &str = r#"{"object":"customer","id":"cus_test_00000000000000000000000009","partner_id":"acct_00000000000000000000000002","mode":"test","#;
const TAIL: &str = r#""created_at":"2026-05-25T08:30:05.006Z","updated_at":"2026-05-25T08:30:35.006Z"}"#;
const MARKER: &str = r#"{"id":"cus_test_00000000000000000000000009","object":"customer","deleted":true,"deleted_at":"2026-05-25T08:30:35.006Z"}"#;

fn whole() -> String {
    let person = r#""email":"Ann@people.example","external_id":"user \"1\"","phone":"+4930123456","first_name":"Ann","last_name":null,"country_code":"DE","kyc_status":"unverified","metadata":{"tier":"gold"},"#;
    format!("{HEAD}{person}{TAIL}")
}

#[test]
fn customers() {
    check(&Customer::of(&customer(), MODE), &whole());
    check(&DeletedCustomer::of(CustomerId(9), LATER, MODE), MARKER);
}

/// What is delivered after the person was erased has null in its place, and says everything else as before.
#[test]
fn events_of_customers() {
    let CoreCustomer { facts, terms } = customer();
    let erased = r#""email":null,"external_id":null,"phone":null,"first_name":null,"last_name":null,"country_code":null,"kyc_status":"unverified","metadata":{},"#;
    for (kind, data, object) in [
        (EventKind::CustomerUpdated, EventData::Customer(facts, Some(Arc::new(terms))), whole()),
        (EventKind::CustomerUpdated, EventData::Customer(facts, None), format!("{HEAD}{erased}{TAIL}")),
        (EventKind::CustomerDeleted, EventData::DeletedCustomer(facts.id, LATER), MARKER.to_owned()),
    ] {
        let event = Event { id: EventId(7), account: AccountId(2), kind, created_at: AT, lane: None, data };
        let word = kind.word();
        let head = r#"{"id":"evt_test_00000000000000000000000007","type":""#;
        let expect = format!("{head}{word}\",\"created_at\":1779697805,\"data\":{object}}}");
        assert_eq!(String::from_utf8(render_event(&event, MODE)).unwrap(), expect);
    }
}
