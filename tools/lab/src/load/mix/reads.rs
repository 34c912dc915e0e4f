//! What a partner's servers do most of the day: look things up, and now and then move money.

use std::io;

use super::stock::{Journey, Stock};
use super::{ask, journey, ok};
use crate::load::client::Call;
use crate::load::drive::Hands;
use crate::load::tally::Operation;

/// Of a hundred requests, how many read what, and where. The others write, each kind as often as the next.
const READS: [(u64, Operation, PathOf); 5] = [
    (20, Operation::RetrieveSession, |known| format!("/v1/gate_sessions/{}", known.session)),
    (15, Operation::RetrieveSignedQuote, |known| format!("/v1/quotes/{}", known.quote)),
    (15, Operation::RetrievePayIn, |known| format!("/v1/rails/pay_ins/{}", known.payment)),
    (10, Operation::RetrieveTransaction, |known| format!("/v1/transactions/{}", known.transaction)),
    (10, Operation::ListSessions, |known| format!("/v1/gate_sessions?starting_after={}", known.session)),
];

type PathOf = fn(&Journey) -> String;

/// Performs one request.
pub async fn request(stock: &Stock, hands: &mut Hands) -> io::Result<bool> {
    match draw(hands.seed.below(100)) {
        Ok((operation, path)) => {
            let Some(known) = stock.any_journey(&mut hands.seed) else { return Ok(false) };
            let path = path(&known);
            Ok(ask(hands, operation, Call::Get(&path), |answer| ok(answer, 200)).await?.is_some())
        }
        Err(Write(0)) => create_session(stock, hands).await,
        Err(Write(1)) => lock_quote(stock, hands).await,
        Err(Write(_)) => create_pay_in(stock, hands).await,
    }
}

/// A write of the kind with this number, of three.
#[derive(Debug, PartialEq, Eq)]
struct Write(u64);

fn draw(number: u64) -> Result<(Operation, PathOf), Write> {
    let mut left = number;
    for (share, operation, path) in READS {
        if left < share {
            return Ok((operation, path));
        }
        left -= share;
    }
    Err(Write(left % 3))
}

async fn create_session(stock: &Stock, hands: &mut Hands) -> io::Result<bool> {
    let open = journey::create_session(hands).await?;
    Ok(open.map(|open| stock.add_open(open)).is_some())
}

/// Without a session to make a quote for, it makes one: the shares even out by themselves.
async fn lock_quote(stock: &Stock, hands: &mut Hands) -> io::Result<bool> {
    let Some(open) = stock.take_open() else { return create_session(stock, hands).await };
    let pair = journey::lock_quote(open, hands).await?;
    Ok(pair.map(|pair| stock.add_pair(pair)).is_some())
}

async fn create_pay_in(stock: &Stock, hands: &mut Hands) -> io::Result<bool> {
    let Some(pair) = stock.take_pair() else { return lock_quote(stock, hands).await };
    let payment = journey::create_pay_in(&pair, hands).await?;
    Ok(payment.map(|payment| stock.add_payment(payment)).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seventy_of_a_hundred_are_reads_and_the_writes_are_shared_out() {
        let writes = |kind| (0..100).filter(|number| draw(*number).is_err_and(|write| write == Write(kind))).count();
        assert_eq!([writes(0), writes(1), writes(2)], [10, 10, 10]);
        assert_eq!((0..100).filter(|number| draw(*number).is_ok()).count(), 70);
    }
}
