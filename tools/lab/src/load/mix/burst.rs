//! createPayIn alone: the rate at which prepared sessions and quotes are redeemed.

use std::io;

use super::journey;
use super::stock::Stock;
use crate::load::drive::Hands;

/// Makes a session with its quote.
pub async fn prepare(stock: &Stock, hands: &mut Hands) -> io::Result<bool> {
    let Some(open) = journey::create_session(hands).await? else { return Ok(false) };
    let Some(pair) = journey::lock_quote(open, hands).await? else { return Ok(false) };
    stock.add_pair(pair);
    Ok(true)
}

/// Redeems what was prepared.
pub async fn pay_in(stock: &Stock, hands: &mut Hands) -> io::Result<bool> {
    let Some(pair) = stock.take_pair() else { return Ok(false) };
    let payment = journey::create_pay_in(&pair, hands).await?;
    Ok(payment.map(|payment| stock.add_payment(payment)).is_some())
}
