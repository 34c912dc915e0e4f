//! The steps of a journey, one call each. Each gives nothing when it was not answered as it should be.

use std::io;

use super::stock::{Open, Pair};
use super::terms::Terms;
use super::{ask, created};
use crate::load::client::Call;
use crate::load::drive::Hands;
use crate::load::tally::Operation;

/// Where sessions are created.
const SESSIONS: &str = "/v1/gate_sessions";
/// Where quotes are locked.
const QUOTES: &str = "/v1/quotes";
/// Where pay-ins are created.
pub const PAY_INS: &str = "/v1/rails/pay_ins";

/// createSession, with terms drawn by the worker.
pub async fn create_session(hands: &mut Hands) -> io::Result<Option<Open>> {
    let terms = Terms::draw(&mut hands.seed);
    let (key, body) = (hands.seed.key(), terms.session());
    let call = Call::Post { path: SESSIONS, key: &key, body: &body };
    let session = ask(hands, Operation::CreateSession, call, |answer| created(answer, "open")).await?;
    Ok(session.map(|session| Open { session, terms }))
}

/// lockQuote, for this session.
pub async fn lock_quote(open: Open, hands: &mut Hands) -> io::Result<Option<Pair>> {
    let (key, body) = (hands.seed.key(), open.terms.quote());
    let call = Call::Post { path: QUOTES, key: &key, body: &body };
    let quote = ask(hands, Operation::LockQuote, call, |answer| created(answer, "active")).await?;
    Ok(quote.map(|quote| Pair { session: open.session, quote }))
}

/// createPayIn. Only one that was approved counts: it is answered as `processing`.
pub async fn create_pay_in(pair: &Pair, hands: &mut Hands) -> io::Result<Option<String>> {
    let (key, body) = (hands.seed.key(), redemption(pair));
    let call = Call::Post { path: PAY_INS, key: &key, body: &body };
    ask(hands, Operation::CreatePayIn, call, |answer| created(answer, "processing")).await
}

/// The body of createPayIn.
pub fn redemption(pair: &Pair) -> String {
    format!(r#"{{"quote_id":"{}","session_id":"{}"}}"#, pair.quote, pair.session)
}
