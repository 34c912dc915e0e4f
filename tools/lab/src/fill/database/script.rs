//! Stories in the words of the core, and whether the core did what they tell.

use causeway_core::command::{Command, LockQuote, Redeem};
use causeway_core::id::{AccountId, QuoteId, SessionId};
use causeway_core::payment::{FailureCode, Payment, PaymentStatus};
use causeway_core::session::{Flow, SessionTerms};
use causeway_core::terms::Side;

use crate::failure::Failure;
use crate::fill::csv::{customer_name, order_id, wallet_name};
use crate::fill::generate::History;
use crate::fill::generate::draft::Story;

/// A partner in the commands of its journeys.
pub struct Partner {
    /// Its account.
    pub account: AccountId,
    return_url: String,
}

/// The partners of a history.
pub fn partners(history: &History) -> Vec<Partner> {
    let partners = history.people().partners().iter().enumerate();
    let partner = |(number, one): (usize, &crate::fill::generate::customers::Partner)| Partner {
        account: one.account,
        return_url: format!("{}/return", host(number)),
    };
    partners.map(partner).collect()
}

/// Where a partner is found. Names in `example` belong to nobody.
pub fn host(number: usize) -> String {
    format!("https://partner-{:02}.example", number + 1)
}

/// Opens the story's session.
pub fn create_session(story: &Story, partner: &Partner) -> Command {
    let (draft, terms) = (&story.draft, &story.terms);
    let terms = SessionTerms {
        amount: terms.fiat_amount,
        currency: terms.currency,
        flow: Some(match draft.side {
            Side::OnRamp => Flow::OnRamp,
            Side::OffRamp => Flow::OffRamp,
        }),
        target_token: Some(draft.asset),
        target_network: None,
        wallet_address: Some(wallet_name(draft.wallet)),
        user_reference: Some(customer_name(draft.customer)),
        quote_preview_id: None,
        return_url: partner.return_url.clone(),
        cancel_url: None,
        metadata: Vec::new(),
        kyc_package: None,
    };
    Command::CreateSession(partner.account, Box::new(terms))
}

/// Locks the story's quote.
pub fn lock_quote(story: &Story, account: AccountId) -> Command {
    let terms = &story.terms;
    let lock = LockQuote {
        side: terms.side,
        currency: terms.currency,
        asset: terms.asset,
        amount: story.given,
        payment_method: terms.payment_method.clone(),
    };
    Command::LockQuote(account, lock)
}

/// Redeems the quote with the session.
pub fn redeem(story: &Story, account: AccountId, quote: Option<QuoteId>, session: Option<SessionId>) -> Command {
    let metadata = vec![("order_id".to_owned(), order_id(story.number))];
    let redeem = Redeem { quote, session, metadata };
    match story.terms.side {
        Side::OnRamp => Command::CreatePayIn(account, redeem),
        Side::OffRamp => Command::CreatePayOut(account, redeem),
    }
}

/// Whether a payment is what the story tells of its redemption.
pub fn check(story: &Story, payment: &Payment) -> Result<(), Failure> {
    let expected = match (story.is_declined, story.attempts.is_empty()) {
        (true, _) => PaymentStatus::Failed { code: FailureCode::RiskDeclined },
        (false, true) => PaymentStatus::Failed { code: FailureCode::NoRoute },
        (false, false) => PaymentStatus::Routed,
    };
    if payment.status == expected && payment.terms == story.terms {
        return Ok(());
    }
    let (id, status, terms) = (order_id(story.number), &payment.status, &payment.terms);
    Err(Failure::wrong(format!(
        "the core and the generator disagree on {id}: {status:?} with {terms:?}, expected {expected:?} with {:?}",
        story.terms
    )))
}

/// The core asks another corridor than the story tells.
pub fn other_corridor(story: &Story, corridor: &str) -> Failure {
    let id = order_id(story.number);
    Failure::wrong(format!("the core and the generator disagree on {id}: the core asks the corridor {corridor}"))
}
