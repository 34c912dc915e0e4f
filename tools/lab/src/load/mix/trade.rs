//! Whole journeys: createSession, lockQuote, createPayIn, retrievePayIn, one after another.

use std::io;

use super::stock::{Journey, Stock};
use super::{ask, journey};
use crate::load::client::Call;
use crate::load::drive::Hands;
use crate::load::tally::Operation;

/// Performs one journey and keeps its objects for those who read.
pub async fn journey(stock: &Stock, hands: &mut Hands) -> io::Result<bool> {
    let Some(open) = journey::create_session(hands).await? else { return Ok(false) };
    let Some(pair) = journey::lock_quote(open, hands).await? else { return Ok(false) };
    let Some(payment) = journey::create_pay_in(&pair, hands).await? else { return Ok(false) };
    let path = format!("{}/{payment}", journey::PAY_INS);
    let transaction = ask(hands, Operation::RetrievePayIn, Call::Get(&path), |answer| {
        let text = (answer.status == 200).then(|| answer.text("transaction_refid")).flatten();
        text.map(str::to_owned)
    });
    let Some(transaction) = transaction.await? else { return Ok(false) };
    stock.add_payment(payment.clone());
    stock.add_journey(Journey { session: pair.session, quote: pair.quote, payment, transaction });
    Ok(true)
}
