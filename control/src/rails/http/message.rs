//! What is said between the gateway and a rail, as JSON: the attempt that is sent, and the state that is told.

use causeway_core::id::{AttemptId, Mode};
use causeway_core::rail::{RailOutcome, RailWork};
use serde::{Deserialize, Serialize};

use crate::http::to_json;
use crate::rails::Word;
use crate::wire::{Decimal, Time};

/// Reads an answer about the attempt of this id: its status and body, or why it says nothing.
pub type Reading = fn(u16, &[u8], &str) -> Result<Word, String>;

/// A rail's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Of which attempt.
    pub attempt: AttemptId,
    /// What became of it; `None`: the rail has it, and more is not known.
    pub outcome: Option<RailOutcome>,
}

#[derive(Serialize)]
struct Attempt<'a> {
    attempt_id: String,
    payment_id: String,
    kind: &'static str,
    number: u32,
    corridor: &'a str,
    payment_method: &'a str,
    fiat_amount: Decimal,
    fiat_currency: &'a str,
    crypto_amount: Decimal,
    crypto_asset: &'a str,
    created_at: Time,
}

/// What a rail says of an attempt. Other members are the rail's own affair.
#[derive(Deserialize)]
struct Said {
    attempt_id: String,
    state: State,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Accepted,
    Settled,
    SoftFailed,
    Rejected,
    Cancelled,
    Unknown,
}

/// The body that asks to make an attempt. Nothing in it tells who the user or the partner is.
pub fn attempt(work: &RailWork, mode: Mode) -> Vec<u8> {
    let terms = &work.terms;
    to_json(&Attempt {
        attempt_id: work.attempt.text(mode),
        payment_id: work.payment.text(work.kind.prefix(), mode),
        kind: work.kind.word(),
        number: work.number,
        corridor: &work.corridor,
        payment_method: &terms.payment_method,
        fiat_amount: terms.fiat_amount.into(),
        fiat_currency: terms.currency.code(),
        crypto_amount: terms.crypto_amount.into(),
        crypto_asset: terms.asset.symbol(),
        created_at: Time(work.attempt.made_at()),
    })
}

/// 202: the rail has it. 200 and 409: it has it, in the state that the body tells.
pub fn answer_to_send(status: u16, body: &[u8], id: &str) -> Result<Word, String> {
    match status {
        202 => Ok(Word::Accepted),
        200 | 409 => known(body, id),
        _ => Err(format!("it answered {status} to an attempt")),
    }
}

/// 200: the rail has it, in the state that the body tells. 404 counts when its body says that this attempt is unknown: one
/// of a proxy, or of a wrong address, says nothing about attempts.
pub fn answer_to_enquiry(status: u16, body: &[u8], id: &str) -> Result<Word, String> {
    match status {
        200 => known(body, id),
        404 => match said(body, id)? {
            State::Unknown => Ok(Word::Unknown),
            State::Accepted | State::Settled | State::SoftFailed | State::Rejected | State::Cancelled => {
                Err("it answered 404 with the state of an attempt that it knows".to_owned())
            }
        },
        _ => Err(format!("it answered {status} to an enquiry")),
    }
}

/// Reads a report. An attempt of the other mode cannot be named.
pub fn report(body: &[u8], mode: Mode) -> Result<Report, &'static str> {
    let said: Said = serde_json::from_slice(body).map_err(|_| "the body must be {\"attempt_id\":…,\"state\":…}")?;
    let attempt = AttemptId::parse(&said.attempt_id, mode).ok_or("attempt_id is no attempt of this rail's mode")?;
    match said.state.word() {
        Some(Word::Accepted) => Ok(Report { attempt, outcome: None }),
        Some(Word::Outcome(outcome)) => Ok(Report { attempt, outcome: Some(outcome) }),
        Some(Word::Unknown) | None => Err("state must be accepted, settled, soft_failed, rejected or cancelled"),
    }
}

impl State {
    /// What it means for an attempt that the rail knows.
    fn word(self) -> Option<Word> {
        match self {
            State::Accepted => Some(Word::Accepted),
            State::Settled => Some(Word::Outcome(RailOutcome::Settled)),
            State::SoftFailed => Some(Word::Outcome(RailOutcome::SoftFailed)),
            State::Rejected => Some(Word::Outcome(RailOutcome::Rejected)),
            State::Cancelled => Some(Word::Outcome(RailOutcome::Cancelled)),
            State::Unknown => None,
        }
    }
}

fn known(body: &[u8], id: &str) -> Result<Word, String> {
    said(body, id)?.word().ok_or_else(|| "it answered that it has the attempt and does not know it".to_owned())
}

/// The state of this attempt. An answer about another one would be somebody else's.
fn said(body: &[u8], id: &str) -> Result<State, String> {
    let said: Said = serde_json::from_slice(body).map_err(|_| "its answer is not {\"attempt_id\":…,\"state\":…}")?;
    if said.attempt_id == id { Ok(said.state) } else { Err("its answer is about another attempt".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rails::fixture::work;

    const ID: &str = "att_live_00000000000000000000000007";

    #[test]
    fn an_attempt_names_what_to_move_and_nobody() {
        let text = String::from_utf8(attempt(&work(7), Mode::Live)).unwrap();
        let expected = r#"{"attempt_id":"att_live_00000000000000000000000007","payment_id":"pi_live_"#;
        assert!(text.starts_with(expected), "{text}");
        let rest = r#""kind":"pay_in","number":1,"corridor":"eur-instant-a","payment_method":"sepa_instant","fiat_amount":"100.00","fiat_currency":"EUR","crypto_amount":"106.500000","crypto_asset":"USDC","created_at":"1970-01-01T00:00:00.000Z"}"#;
        assert!(text.ends_with(rest), "{text}");
    }

    #[test]
    fn answers_mean_what_the_contract_says_and_everything_else_means_nothing() {
        let body = |state: &str| format!("{{\"attempt_id\":\"{ID}\",\"state\":\"{state}\",\"own\":1}}").into_bytes();
        let settled = Some(Word::Outcome(RailOutcome::Settled));
        let sent = |status, body: &[u8]| answer_to_send(status, body, ID).ok();
        let enquired = |status, body: &[u8]| answer_to_enquiry(status, body, ID).ok();
        assert_eq!(sent(202, b""), Some(Word::Accepted));
        for status in [200, 409] {
            assert_eq!(sent(status, &body("settled")), settled);
            assert_eq!(sent(status, &body("accepted")), Some(Word::Accepted));
            assert_eq!(sent(status, &body("unknown")), None);
            assert_eq!(sent(status, &body("paid")), None);
            assert_eq!(sent(status, b""), None);
        }
        assert_eq!(enquired(200, &body("settled")), settled);
        assert_eq!(enquired(200, &body("unknown")), None);
        assert_eq!(enquired(404, &body("unknown")), Some(Word::Unknown));
        assert_eq!(enquired(404, &body("settled")), None);
        assert_eq!(enquired(404, b"not found"), None, "a proxy's");
        for status in [201, 204, 301, 400, 401, 404, 429, 500, 503] {
            assert_eq!(sent(status, &body("settled")), None, "{status}");
        }
        let other = String::from_utf8(body("settled")).unwrap().replace('7', "8").into_bytes();
        assert_eq!((sent(200, &other), enquired(200, &other)), (None, None));
    }

    #[test]
    fn a_report_names_an_attempt_of_its_mode_and_a_state() {
        let read = |text: &str| report(text.as_bytes(), Mode::Live).ok();
        let body = |state: &str| format!("{{\"attempt_id\":\"{ID}\",\"state\":\"{state}\"}}");
        let outcome = Some(RailOutcome::SoftFailed);
        assert_eq!(read(&body("soft_failed")), Some(Report { attempt: AttemptId(7), outcome }));
        assert_eq!(read(&body("accepted")), Some(Report { attempt: AttemptId(7), outcome: None }));
        let foreign = body("settled").replace("live", "test");
        for text in ["", "[]", "{}", &body("unknown"), &body("lost"), &foreign] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
