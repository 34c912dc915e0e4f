//! What a journey moves, drawn from a seed.

use crate::seed::Seed;

/// Currency and method, all into USDC.
const WAYS: [(&str, &str); 6] = [
    ("EUR", "sepa_instant"),
    ("EUR", "sepa_credit"),
    ("EUR", "card"),
    ("GBP", "faster_payments"),
    ("USD", "ach"),
    ("USD", "card"),
];
/// People behind the sessions: some come back, so that there is history to look up.
const PEOPLE: u64 = 20_000;

/// The terms of one journey.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    currency: &'static str,
    method: &'static str,
    whole: u64,
    cents: u64,
    person: u64,
}

impl Terms {
    /// Draws them. The cents stay clear of the sandbox's magic amounts.
    pub fn draw(seed: &mut Seed) -> Terms {
        let (currency, method) = WAYS[seed.below(WAYS.len() as u64) as usize];
        Terms { currency, method, whole: 20 + seed.below(480), cents: 10 + seed.below(90), person: seed.below(PEOPLE) }
    }

    /// The body of createSession.
    pub fn session(&self) -> String {
        let Terms { currency, whole, cents, person, .. } = self;
        format!(
            r#"{{"amount":"{whole}.{cents}","currency":"{currency}","flow":"on_ramp","target_token":"USDC","return_url":"https://partner.example/complete","user_reference":"user-{person}","metadata":{{"order_id":"{person}-{whole}"}}}}"#
        )
    }

    /// The body of lockQuote.
    pub fn quote(&self) -> String {
        let Terms { currency, method, whole, cents, .. } = self;
        format!(
            r#"{{"currency":"{currency}","asset":"USDC","amount":"{whole}.{cents}","side":"on_ramp","payment_method":"{method}"}}"#
        )
    }
}
