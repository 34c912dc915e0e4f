//! Pay-ins and pay-outs: one object, told apart by `kind`.

use causeway_core::command::Redeem;
use causeway_core::id::{Mode, PaymentId, QuoteId, SessionId};
use causeway_core::payment::{Payment as CorePayment, PaymentKind, PaymentStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Decimal, Fingerprint, Pairs, PairsView, Price, Text, Time};

/// What a payment's id says, of whichever kind and mode it is.
pub fn named_payment(text: &str) -> Option<(PaymentKind, Mode, PaymentId)> {
    let kinds = [PaymentKind::PayIn, PaymentKind::PayOut].into_iter();
    let mut each = kinds.flat_map(|kind| [(kind, Mode::Sandbox), (kind, Mode::Live)]);
    each.find_map(|(kind, mode)| Some((kind, mode, PaymentId::parse(kind.prefix(), text, mode)?)))
}

/// The body of createPayIn and createPayOut. Amount, currency and method are the quote's.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePayment<'a> {
    /// The quote to redeem.
    #[serde(borrow)]
    pub quote_id: Text<'a>,
    /// The session to redeem it with.
    #[serde(borrow)]
    pub session_id: Text<'a>,
    /// Your own pairs.
    pub metadata: Option<Pairs>,
}

impl CreatePayment<'_> {
    /// The redemption that the core takes, with the request's fingerprint. Texts that are no ids stay in the fingerprint.
    pub fn redeem(self, mode: Mode) -> (Redeem, [u8; 16]) {
        let metadata = self.metadata.unwrap_or_default().0;
        let fingerprint = Fingerprint::new()
            .field("quote_id", &self.quote_id.0)
            .field("session_id", &self.session_id.0)
            .pairs("metadata", &metadata)
            .finish();
        let quote = QuoteId::parse(&self.quote_id.0, mode);
        let session = SessionId::parse(&self.session_id.0, mode);
        (Redeem { quote, session, metadata }, fingerprint)
    }
}

/// A pay-in or pay-out.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Payment")]
pub struct Payment<'a> {
    /// `rail_pay_in` or `rail_pay_out`.
    #[schemars(extend("enum" = ["rail_pay_in", "rail_pay_out"]))]
    pub object: &'static str,
    /// `pi_…` or `po_…`.
    pub id: String,
    /// Which of the two it is.
    #[schemars(extend("enum" = ["pay_in", "pay_out"]))]
    pub kind: &'static str,
    /// Where it stands.
    #[schemars(extend("enum" = ["processing", "settled", "failed", "cancelled"]))]
    pub status: &'static str,
    /// The quote that it redeemed.
    pub quote_id: String,
    /// The session that it moves.
    pub session_id: String,
    /// The fiat currency.
    pub currency: &'a str,
    /// The asset.
    pub asset: &'a str,
    /// How fiat moves.
    pub payment_method: &'a str,
    /// Fiat that the user pays (pay-in) or receives (pay-out).
    pub fiat_amount: Decimal,
    /// Asset that the user receives (pay-in) or pays (pay-out).
    pub crypto_amount: Decimal,
    /// Fiat per one asset.
    pub exchange_rate: Decimal,
    /// Fees, in fiat.
    pub fees: Price,
    /// Its transaction.
    pub transaction_refid: String,
    /// What the user has to do before it goes on.
    pub next_action: Option<NextAction<'a>>,
    /// Why it failed, for programs.
    #[schemars(extend("enum" = ["risk_declined", "no_route", "rail_rejected", "verification_expired", null]))]
    pub failure_code: Option<&'static str>,
    /// Why it failed, for people.
    pub failure_message: Option<&'static str>,
    /// The partner's own pairs.
    pub metadata: PairsView<'a>,
    /// When it was created.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When the money moved.
    pub settled_at: Option<Time>,
}

/// What the user has to do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NextAction<'a> {
    /// Always `verify`.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "verify"))]
    pub kind: &'static str,
    /// Where the user does it.
    #[schemars(extend("format" = "uri"))]
    pub url: &'a str,
    /// From when on the payment fails.
    pub expires_at: Time,
}

impl<'a> Payment<'a> {
    /// The payment as partners see it.
    pub fn of(payment: &'a CorePayment, mode: Mode) -> Payment<'a> {
        let terms = &payment.terms;
        let id = payment.id.text(payment.kind.prefix(), mode);
        let (next_action, failure, settled_at) = match &payment.status {
            PaymentStatus::Verifying { expires_at, url } => {
                (Some(NextAction { kind: "verify", url, expires_at: Time(*expires_at) }), None, None)
            }
            // Of a review partners see nothing.
            PaymentStatus::Reviewing { .. } | PaymentStatus::Routed | PaymentStatus::Cancelled => (None, None, None),
            PaymentStatus::Settled { at } => (None, None, Some(Time(*at))),
            PaymentStatus::Failed { code } => (None, Some(*code), None),
        };
        Payment {
            object: match payment.kind {
                PaymentKind::PayIn => "rail_pay_in",
                PaymentKind::PayOut => "rail_pay_out",
            },
            id,
            kind: payment.kind.word(),
            status: payment.status.word(),
            quote_id: payment.quote.text(mode),
            session_id: payment.session.text(mode),
            currency: terms.currency.code(),
            asset: terms.asset.symbol(),
            payment_method: &terms.payment_method,
            fiat_amount: terms.fiat_amount.into(),
            crypto_amount: terms.crypto_amount.into(),
            exchange_rate: terms.exchange_rate.into(),
            fees: Price::from(&terms.fees),
            transaction_refid: payment.transaction.text(mode),
            next_action,
            failure_code: failure.map(|code| code.word()),
            failure_message: failure.map(|code| code.message()),
            metadata: PairsView(&payment.metadata),
            created_at: Time(payment.created_at),
            updated_at: Time(payment.updated_at),
            settled_at,
        }
    }
}
