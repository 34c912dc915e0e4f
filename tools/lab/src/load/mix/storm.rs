//! Clients that retry too eagerly: every createPayIn is sent several times at once under one key.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Instant;

use super::journey::{PAY_INS, redemption};
use super::stock::Stock;
use super::{Answer, created};
use crate::load::client::Call;
use crate::load::drive::Hands;
use crate::load::tally::Operation;

/// How it is counted when one key had two effects or two answers. It must never happen.
pub const DIFFERENT: &str = "createPayIn answered one key in different ways";

/// Redeems a prepared pair through all clients at once.
pub async fn pay_in(stock: &Stock, hands: &mut Hands) -> io::Result<bool> {
    let Some(pair) = stock.take_pair() else { return Ok(false) };
    let (key, body) = (hands.seed.key(), redemption(&pair));
    let call = Call::Post { path: PAY_INS, key: &key, body: &body };
    let copies = hands.clients.iter_mut().map(|client| async move {
        let answer = client.call(call).await;
        (answer, Instant::now())
    });
    let mut answers = Vec::with_capacity(copies.len());
    for (answer, ended) in all(copies).await {
        answers.push((answer?, ended));
    }
    let payment = one_effect(answers.iter().map(|(answer, _)| answer));
    if hands.counts {
        let mut tally = hands.tally.borrow_mut();
        for (answer, ended) in &answers {
            match created(answer, "processing") {
                Some(_) => tally.call(Operation::CreatePayIn, *ended - hands.since),
                None => tally.other(format!("{} {}", Operation::CreatePayIn.name(), answer.said())),
            }
        }
        if payment.is_err() {
            tally.other(DIFFERENT.to_owned());
        }
    }
    Ok(match payment {
        Ok(Some(payment)) => {
            stock.add_payment(payment);
            true
        }
        Ok(None) | Err(Different) => false,
    })
}

/// One key had two effects or two answers.
#[derive(Debug, PartialEq, Eq)]
struct Different;

/// The payment when every copy was approved; nothing when some were refused.
fn one_effect<'a>(answers: impl Iterator<Item = &'a Answer<'a>> + Clone) -> Result<Option<String>, Different> {
    let approved = answers.clone().filter(|answer| created(answer, "processing").is_some());
    let Some(first) = approved.clone().next() else { return Ok(None) };
    let same = approved.clone().all(|answer| answer.body == first.body);
    let effects = approved.clone().filter(|answer| !answer.replayed).count();
    let is_whole = approved.count() == answers.count();
    // A refused copy may be the one that had the effect: its outcome was not known in time.
    match (same, effects, is_whole) {
        (true, 1, true) => Ok(created(first, "processing")),
        (true, 0 | 1, false) => Ok(None),
        _ => Err(Different),
    }
}

/// Waits for all of them at once.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = pending.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, output) in pending.iter_mut().zip(&mut outputs).filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(ready) = future.as_mut().poll(context) {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAID: &[u8] = br#"{"id":"pi_1","status":"processing"}"#;
    const OTHER: &[u8] = br#"{"id":"pi_2","status":"processing"}"#;
    const BUSY: &[u8] = br#"{"code":"overloaded"}"#;

    fn judge(answers: &[(u16, bool, &'static [u8])]) -> Result<Option<String>, Different> {
        let answers = answers.iter().map(|&(status, replayed, body)| Answer { status, replayed, body });
        one_effect(answers.collect::<Vec<_>>().iter())
    }

    #[test]
    fn one_effect_and_one_answer_are_required() {
        assert_eq!(judge(&[(201, true, PAID), (201, false, PAID)]), Ok(Some("pi_1".to_owned())));
        assert_eq!(judge(&[(201, false, PAID), (201, false, PAID)]), Err(Different), "two effects");
        assert_eq!(judge(&[(201, true, PAID), (201, true, PAID)]), Err(Different), "no effect");
        assert_eq!(judge(&[(201, false, PAID), (201, true, OTHER)]), Err(Different), "two answers");
    }

    #[test]
    fn a_refused_copy_is_no_second_effect() {
        assert_eq!(judge(&[(503, false, BUSY), (201, false, PAID)]), Ok(None));
        assert_eq!(judge(&[(503, false, BUSY), (201, true, PAID)]), Ok(None));
        assert_eq!(judge(&[(503, false, BUSY), (503, false, BUSY)]), Ok(None));
        assert_eq!(judge(&[(503, false, BUSY), (201, false, PAID), (201, false, PAID)]), Err(Different));
    }
}
