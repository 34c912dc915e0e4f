//! What is rendered can be read back, and is what was rendered.

use causeway_core::id::{CustomerId, DeliveryId};
use proptest::prelude::*;
use serde_json::Value;

use super::super::*;
use super::Timestamp;
use super::{AccountId, Amount, PaymentId, QuoteId, SessionId, TransactionId};

fn rendered(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// Days since 1970-01-01 by counting, which shares nothing with how days are written.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let leaps = (1970..year).filter(|year| is_leap(*year)).count() as u64;
    let february = if is_leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: u64 = lengths.iter().take(month as usize - 1).sum();
    (year - 1970) * 365 + leaps + months + day - 1
}

/// The instant that a text names.
fn instant(text: &str) -> u64 {
    let number = |from: usize, until: usize| text[from..until].parse::<u64>().unwrap();
    let seconds = number(11, 13) * 3_600 + number(14, 16) * 60 + number(17, 19);
    (days(number(0, 4), number(5, 7), number(8, 10)) * 86_400 + seconds) * 1_000 + number(20, 23)
}

/// Metadata within its bounds, in any script.
fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let pairs = proptest::collection::btree_map("\\PC{1,40}", any::<String>(), 0..8);
    pairs.prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key, value.chars().take(500).collect())).collect())
}

proptest! {
    #[test]
    fn amounts_read_back(minor in 1u128..1_000_000_000_000_000_000, decimals in 0u32..=8) {
        let Some(amount) = Amount::from_minor(minor, decimals) else { return Ok(()) };
        let text = rendered(&Decimal::from(amount));
        let text = text.as_str().unwrap();
        prop_assert_eq!(Amount::parse(text), Ok(amount));
        prop_assert_eq!(text.split_once('.').map_or(0, |(_, behind)| behind.len()), decimals as usize);
        let body = format!(r#"{{"currency":"EUR","asset":"USDC","amount":"{text}","side":"on_ramp"}}"#);
        prop_assert_eq!(parse::<PreviewQuotes<'_>>(body.as_bytes()).unwrap().amount.0, text);
    }

    #[test]
    fn times_read_back(millis in 0u64..=253_402_300_799_999) {
        let text = rendered(&Time(Timestamp(millis)));
        let text = text.as_str().unwrap();
        prop_assert_eq!(text.len(), 24);
        prop_assert_eq!(instant(text), millis);
    }

    #[test]
    fn ids_read_back(bits: u128, is_live: bool) {
        let (mode, other) = if is_live { (Mode::Live, Mode::Sandbox) } else { (Mode::Sandbox, Mode::Live) };
        let text = SessionId(bits).text(mode);
        prop_assert_eq!(SessionId::parse(&text, mode), Some(SessionId(bits)));
        prop_assert_eq!(SessionId::parse(&text, other), None);
        prop_assert_eq!(QuoteId::parse(&text, mode), None);
        prop_assert_eq!(QuoteId::parse(&QuoteId(bits).text(mode), mode), Some(QuoteId(bits)));
        prop_assert_eq!(CustomerId::parse(&CustomerId(bits).text(mode), mode), Some(CustomerId(bits)));
        prop_assert_eq!(TransactionId::parse(&TransactionId(bits).text(mode), mode), Some(TransactionId(bits)));
        prop_assert_eq!(DeliveryId::parse(&DeliveryId(bits).text(mode), mode), Some(DeliveryId(bits)));
        let payment = PaymentId(bits);
        prop_assert_eq!(PaymentId::parse("pi", &payment.text("pi", mode), mode), Some(payment));
        prop_assert_eq!(PaymentId::parse("po", &payment.text("pi", mode), mode), None);
        prop_assert_eq!(AccountId::parse(&AccountId(bits).text()), Some(AccountId(bits)));
    }

    /// One id, one text: whatever is read is written the same way again.
    #[test]
    fn no_two_texts_name_one_id(text in "(gs|qt|GS)_(test|live)_[0-9a-zA-Z]{24,27}") {
        if let Some(id) = SessionId::parse(&text, Mode::Sandbox) {
            prop_assert_eq!(id.text(Mode::Sandbox), text);
        }
    }

    /// A cursor is an id in a query, however much of it is percent-encoded.
    #[test]
    fn cursors_read_back(bits: u128, encoded in proptest::collection::vec(any::<bool>(), 34)) {
        let text = SessionId(bits).text(Mode::Sandbox);
        let letters = text.bytes().zip(encoded);
        let written: String = letters
            .map(|(byte, encoded)| if encoded { format!("%{byte:02x}") } else { char::from(byte).to_string() })
            .collect();
        let query = format!("limit=3&starting_after={written}");
        let read = Query::new(&query).parsed("starting_after", "an id", |text| SessionId::parse(text, Mode::Sandbox));
        prop_assert_eq!(read.unwrap(), Some(SessionId(bits)));
    }

    #[test]
    fn metadata_reads_back(pairs in pairs()) {
        let body = format!(r#"{{"quote_id":"q","session_id":"s","metadata":{}}}"#, rendered(&PairsView(&pairs)));
        let request = parse::<CreatePayment<'_>>(body.as_bytes()).unwrap();
        let mut read = request.metadata.unwrap().0;
        read.sort();
        prop_assert_eq!(read, pairs);
    }

    /// Queries are told from what they are written in.
    #[test]
    fn queries_read_back(value in any::<String>(), other in "[a-z]{1,8}") {
        let written: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let query = format!("x{other}=1&status={written}&x{other}=2");
        let read = Query::new(&query).get("status").unwrap();
        prop_assert_eq!(read.as_deref(), Some(value.as_str()));
    }
}
