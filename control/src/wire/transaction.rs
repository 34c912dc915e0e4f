//! Transactions: the support-safe view of a movement.

use causeway_core::id::Mode;
use causeway_core::payment::{Payment, PaymentLabel, PaymentStatus};
use causeway_core::session::Session;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Decimal, Time};

/// A transaction.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Transaction")]
pub struct Transaction<'a> {
    /// Always `transaction`.
    #[schemars(extend("const" = "transaction"))]
    pub object: &'static str,
    /// `tx_…`.
    pub refid: String,
    /// The session that it moved.
    pub session_id: Option<String>,
    /// Which way value moves.
    #[schemars(extend("enum" = ["on_ramp", "off_ramp", "swap"]))]
    pub action: &'static str,
    /// Where it stands.
    #[schemars(extend("enum" = ["pending", "processing", "completed", "failed", "cancelled"]))]
    pub status: &'static str,
    /// The asset.
    pub token: &'a str,
    /// The asset's network, where the session fixed it.
    pub network: Option<&'a str>,
    /// The fiat currency.
    pub currency: &'a str,
    /// How fiat moves.
    pub payment_method: Option<&'a str>,
    /// Fiat that the user pays (on_ramp) or receives (off_ramp).
    pub fiat_amount: Decimal,
    /// Asset that the user receives (on_ramp) or pays (off_ramp).
    pub token_amount: Decimal,
    /// Fiat per one asset.
    pub exchange_rate: Decimal,
    /// The sum of all fees, in fiat.
    pub total_fees: Decimal,
    /// The rail's name for the movement, once it settled.
    pub local_rail_transaction_id: Option<String>,
    /// When it was created.
    pub created_at: Time,
    /// When its status last changed.
    pub updated_at: Time,
}

impl<'a> Transaction<'a> {
    /// The transaction of `payment` as partners see it; `session` is the one that it moves.
    pub fn of(payment: &'a Payment, session: Option<&'a Session>, mode: Mode) -> Transaction<'a> {
        let terms = &payment.terms;
        let rail = match payment.status {
            PaymentStatus::Settled { .. } => payment.attempts.last(),
            PaymentStatus::Verifying { .. }
            | PaymentStatus::Reviewing { .. }
            | PaymentStatus::Routed
            | PaymentStatus::Failed { .. }
            | PaymentStatus::Cancelled => None,
        };
        Transaction {
            object: "transaction",
            refid: payment.transaction.text(mode),
            session_id: Some(payment.session.text(mode)),
            action: terms.side.word(),
            status: TransactionStatus::of(payment.status.label()).word(),
            token: terms.asset.symbol(),
            network: session.and_then(|session| session.terms.target_network.as_deref()),
            currency: terms.currency.code(),
            payment_method: Some(&terms.payment_method),
            fiat_amount: terms.fiat_amount.into(),
            token_amount: terms.crypto_amount.into(),
            exchange_rate: terms.exchange_rate.into(),
            total_fees: terms.fees.total.into(),
            local_rail_transaction_id: rail.map(|attempt| attempt.id.text(mode)),
            created_at: Time(payment.created_at),
            updated_at: Time(payment.updated_at),
        }
    }
}

/// The words of a transaction's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// Nothing has begun: no transaction of this version is ever so.
    Pending,
    /// It is on its way.
    Processing,
    /// The money moved.
    Completed,
    /// It ended without moving money.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl TransactionStatus {
    /// The status that `word` names.
    pub fn parse(word: &str) -> Option<TransactionStatus> {
        use TransactionStatus::{Cancelled, Completed, Failed, Pending, Processing};
        [Pending, Processing, Completed, Failed, Cancelled].into_iter().find(|status| status.word() == word)
    }

    /// How the payment behind it stands; none stands so when it is pending.
    pub fn label(self) -> Option<PaymentLabel> {
        match self {
            TransactionStatus::Pending => None,
            TransactionStatus::Processing => Some(PaymentLabel::Processing),
            TransactionStatus::Completed => Some(PaymentLabel::Settled),
            TransactionStatus::Failed => Some(PaymentLabel::Failed),
            TransactionStatus::Cancelled => Some(PaymentLabel::Cancelled),
        }
    }

    fn of(label: PaymentLabel) -> TransactionStatus {
        match label {
            PaymentLabel::Processing => TransactionStatus::Processing,
            PaymentLabel::Settled => TransactionStatus::Completed,
            PaymentLabel::Failed => TransactionStatus::Failed,
            PaymentLabel::Cancelled => TransactionStatus::Cancelled,
        }
    }

    fn word(self) -> &'static str {
        match self {
            TransactionStatus::Pending => "pending",
            TransactionStatus::Processing => "processing",
            TransactionStatus::Completed => "completed",
            TransactionStatus::Failed => "failed",
            TransactionStatus::Cancelled => "cancelled",
        }
    }
}
