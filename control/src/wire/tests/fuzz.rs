//! Fuzz targets: bodies and queries. Whatever comes is read or refused in words, and nothing panics.

use std::panic::AssertUnwindSafe;

use super::super::*;
use crate::fuzz::{INPUTS, edited};
use crate::keys::{KeyRing, MasterKey};
use crate::problem::{Code, Problem};

/// A body of each request that is right.
const BODIES: &[&str] = &[
    r#"{"amount":"100.00","currency":"EUR","return_url":"https://a.example/x","flow":"on_ramp","metadata":{"a":"b"}}"#,
    r#"{"currency":"EUR","asset":"USDC","amount":"100.00","side":"on_ramp","payment_method":"sepa_instant"}"#,
    r#"{"currency":"EUR","asset":"USDC","amount":"0.5","side":"off_ramp","country_code":"DE"}"#,
    r#"{"quote_id":"qt_test_00000000000000000000000000","session_id":"gs_test_x","metadata":{"\u00e9":"\ud83d\ude00"}}"#,
    r#"{"email":"ann@people.example","external_id":"7","phone":"+4930123456","first_name":"Ann","country_code":"DE"}"#,
    r#"{"first_name":"Ann","last_name":null,"country_code":"de","metadata":null}"#,
    r##"{"logo_url":"https://a.example/l.png","primary_color":"#00ff7F","brand_name":"Shop"}"##,
    r#"{"payment_method":"card","device":{"fingerprint":"f","time_zone":"Etc/GMT+5","language":"de","screen":"1x1"}}"#,
    r#"{"clientSecret":"gsec_gs_test_x","requested_scopes":["session:read","x"]}"#,
    r#"{"outcome":"completed"}"#,
];

const QUERIES: &[&str] =
    &["limit=10&starting_after=gs_test_0", "skip=3&status=open", "currency=%45UR&a+b=%ff", "&&=&limit"];

/// Reads `body` as each request.
fn read(body: &[u8], keys: &KeyRing) -> [Result<(), Problem>; 9] {
    [
        parse::<CreateSession<'_>>(body).and_then(|request| request.terms().map(drop)),
        parse::<LockQuote<'_>>(body).and_then(|request| request.command().map(drop)),
        parse::<PreviewQuotes<'_>>(body).and_then(|request| request.preview().map(drop)),
        parse::<CreatePayment<'_>>(body).map(|request| drop(request.redeem(keys.mode()))),
        parse::<CreateCustomer<'_>>(body).and_then(|request| request.terms().map(drop)),
        parse::<UpdateCustomer<'_>>(body).and_then(|request| request.patch().map(drop)),
        parse::<UpdateBranding<'_>>(body).and_then(|request| request.patch().map(drop)),
        parse::<ConfirmEmbedSession<'_>>(body).and_then(|request| request.confirm(keys).map(drop)),
        parse::<EmbedBootstrap<'_>>(body).map(drop).or_else(|_| parse::<CompleteSession>(body).map(drop)),
    ]
}

fn keys() -> KeyRing {
    KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Sandbox)
}

#[test]
fn fuzz_requests() {
    // A target that panicked is not gone on with.
    let keys = AssertUnwindSafe(keys());
    bolero::check!().with_iterations(INPUTS).for_each(|input: &[u8]| {
        for refused in read(&edited(BODIES, input), &keys).into_iter().filter_map(Result::err) {
            assert_eq!(refused.code.status(), 400, "{refused:?}");
            assert!(!refused.message.is_empty());
            assert!(refused.code != Code::UnknownField || refused.param.is_some(), "{refused:?}");
        }
    });
}

/// What the fuzz targets start from is not refused by its first letter.
#[test]
fn every_request_has_a_body_to_start_from() {
    let keys = keys();
    for (at, body) in BODIES.iter().enumerate() {
        // Two requests stand in the last place.
        assert!(read(body.as_bytes(), &keys)[at.min(8)].is_ok(), "{body}");
    }
}

#[test]
fn fuzz_queries() {
    bolero::check!().with_iterations(INPUTS).for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(&edited(QUERIES, input)).into_owned();
        let query = Query::new(&text);
        for name in ["limit", "starting_after", "currency", "a b", ""] {
            if let Err(refused) = query.get(name) {
                assert_eq!(refused.param.as_deref(), Some(name));
            }
        }
        assert!(query.limit(10, 100).is_ok_and(|limit| (1..=100).contains(&limit)) || text.contains("limit"));
        assert!(query.skip(10_000).is_ok_and(|skip| skip <= 10_000) || text.contains("skip"));
    });
}
