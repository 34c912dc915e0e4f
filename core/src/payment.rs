//! A payment: a quote redeemed with a session, on its way over a rail. A pay-in brings fiat in, a pay-out takes it out.

use std::sync::Arc;

use crate::id::{AccountId, AttemptId, PaymentId, QuoteId, SessionId, TransactionId};
use crate::session::Metadata;
use crate::terms::{Side, Terms};
use crate::time::Timestamp;

/// Pay-in or pay-out; follows from the side of the quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentKind {
    /// Redeems an on_ramp quote.
    PayIn,
    /// Redeems an off_ramp quote.
    PayOut,
}

/// The name of a corridor in its file: at most 64 characters.
pub type CorridorId = String;

/// One try on one corridor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its id; the rail knows the work by it.
    pub id: AttemptId,
    /// The corridor tried.
    pub corridor: CorridorId,
}

/// A payment with its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Pay-in or pay-out.
    pub kind: PaymentKind,
    /// Whose it is.
    pub account: AccountId,
    /// Where it stands.
    pub status: PaymentStatus,
    /// The quote that it consumed.
    pub quote: QuoteId,
    /// The session that it moves.
    pub session: SessionId,
    /// Its support-safe name.
    pub transaction: TransactionId,
    /// The quote's terms.
    pub terms: Terms,
    /// The sandbox's script, from the digits of the given amount; `None` in live.
    pub magic: Option<Magic>,
    /// Corridors tried, in order; the last one is the current one while it is processing.
    pub attempts: Vec<Attempt>,
    /// The partner's own pairs.
    pub metadata: Metadata,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its status or its attempts last changed.
    pub updated_at: Timestamp,
}

/// Where a payment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// Waits for the user's verification; no rail knows of it yet.
    Verifying {
        /// From when on it fails.
        expires_at: Timestamp,
        /// Where the user goes, as it was first told: replays and retried webhooks tell the same.
        url: Arc<str>,
    },
    /// Waits for the decision of somebody at the bank; no rail knows of it yet.
    Reviewing {
        /// From when on it is declined.
        expires_at: Timestamp,
    },
    /// A rail was asked to move it.
    Routed,
    /// The money moved.
    Settled {
        /// When.
        at: Timestamp,
    },
    /// It ended without moving money.
    Failed {
        /// Why.
        code: FailureCode,
    },
    /// The rail cancelled it.
    Cancelled,
}

/// The status of a payment without its data: what lists filter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentLabel {
    /// On its way, or waiting for verification or a review.
    Processing,
    /// The money moved.
    Settled,
    /// It ended without moving money.
    Failed,
    /// The rail cancelled it.
    Cancelled,
}

/// What can happen to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentEvent {
    /// The user was verified.
    Verified,
    /// The user was not verified in time.
    VerificationExpired,
    /// Somebody at the bank lets it go on.
    ReviewApproved,
    /// Somebody at the bank declines it.
    ReviewDeclined,
    /// Nobody at the bank decided in time.
    ReviewExpired,
    /// The rail moved the money.
    Settled,
    /// The corridor could not, another may: the attempt ends, the payment goes on.
    SoftFailed,
    /// It cannot succeed anywhere, or nothing is left to try.
    Failed(FailureCode),
    /// The rail cancelled it.
    Cancelled,
}

/// Why a payment failed, as partners see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCode {
    /// The risk decision was no.
    RiskDeclined,
    /// No corridor is left that could take it.
    NoRoute,
    /// The rail refused it for good.
    RailRejected,
    /// The user was not verified in time.
    VerificationExpired,
}

/// What the sandbox's simulated parts do, read from the last two digits of the amount as given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Magic {
    /// Approved and settled within a second.
    None,
    /// `.01`: the first corridor fails softly, the next one settles.
    FirstCorridorFails,
    /// `.02`: every corridor fails.
    EveryCorridorFails,
    /// `.03`: the rail cancels.
    RailCancels,
    /// `.04`: risk declines.
    RiskDeclines,
    /// `.05`: the user must be verified.
    StepUp,
    /// `.06`: the rail answers late.
    RailLate,
    /// `.07`: the rail answers twice.
    RailAnswersTwice,
}

impl PaymentStatus {
    /// The status after `event` at `now`; `None` when the event comes too late or too early and changes nothing.
    pub fn on(&self, event: PaymentEvent, now: Timestamp) -> Option<PaymentStatus> {
        use PaymentEvent as E;
        use PaymentStatus as S;
        match (self, event) {
            // The timer that fails it may come a moment late; time itself does not.
            (S::Verifying { expires_at, .. }, E::Verified) => (now < *expires_at).then_some(S::Routed),
            (S::Verifying { .. }, E::VerificationExpired) => Some(S::Failed { code: FailureCode::VerificationExpired }),
            (S::Verifying { .. }, E::ReviewApproved | E::ReviewDeclined | E::ReviewExpired) => None,
            (S::Reviewing { expires_at }, E::ReviewApproved) => (now < *expires_at).then_some(S::Routed),
            (S::Reviewing { expires_at }, E::ReviewDeclined) => {
                (now < *expires_at).then_some(S::Failed { code: FailureCode::RiskDeclined })
            }
            (S::Reviewing { .. }, E::ReviewExpired) => Some(S::Failed { code: FailureCode::RiskDeclined }),
            (S::Reviewing { .. }, E::Verified | E::VerificationExpired) => None,
            (S::Verifying { .. } | S::Reviewing { .. }, E::Settled | E::SoftFailed) => None,
            (S::Verifying { .. } | S::Reviewing { .. } | S::Routed, E::Failed(code)) => Some(S::Failed { code }),
            (S::Verifying { .. } | S::Reviewing { .. } | S::Routed, E::Cancelled) => Some(S::Cancelled),
            (S::Routed, E::Settled) => Some(S::Settled { at: now }),
            (S::Routed, E::SoftFailed) => Some(S::Routed),
            (
                S::Routed,
                E::Verified | E::VerificationExpired | E::ReviewApproved | E::ReviewDeclined | E::ReviewExpired,
            ) => None,
            (
                S::Settled { .. } | S::Failed { .. } | S::Cancelled,
                E::Verified
                | E::VerificationExpired
                | E::ReviewApproved
                | E::ReviewDeclined
                | E::ReviewExpired
                | E::Settled
                | E::SoftFailed
                | E::Failed(_)
                | E::Cancelled,
            ) => None,
        }
    }

    /// The word on the wire.
    pub fn word(&self) -> &'static str {
        match self.label() {
            PaymentLabel::Processing => "processing",
            PaymentLabel::Settled => "settled",
            PaymentLabel::Failed => "failed",
            PaymentLabel::Cancelled => "cancelled",
        }
    }

    /// The status without its data.
    pub fn label(&self) -> PaymentLabel {
        match self {
            PaymentStatus::Verifying { .. } | PaymentStatus::Reviewing { .. } | PaymentStatus::Routed => {
                PaymentLabel::Processing
            }
            PaymentStatus::Settled { .. } => PaymentLabel::Settled,
            PaymentStatus::Failed { .. } => PaymentLabel::Failed,
            PaymentStatus::Cancelled => PaymentLabel::Cancelled,
        }
    }

    /// Whether anything can still happen.
    pub fn is_final(&self) -> bool {
        match self {
            PaymentStatus::Verifying { .. } | PaymentStatus::Reviewing { .. } | PaymentStatus::Routed => false,
            PaymentStatus::Settled { .. } | PaymentStatus::Failed { .. } | PaymentStatus::Cancelled => true,
        }
    }
}

impl PaymentKind {
    /// The kind that redeems a quote of `side`.
    pub fn of(side: Side) -> PaymentKind {
        match side {
            Side::OnRamp => PaymentKind::PayIn,
            Side::OffRamp => PaymentKind::PayOut,
        }
    }

    /// The prefix of its ids.
    pub fn prefix(self) -> &'static str {
        match self {
            PaymentKind::PayIn => "pi",
            PaymentKind::PayOut => "po",
        }
    }

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            PaymentKind::PayIn => "pay_in",
            PaymentKind::PayOut => "pay_out",
        }
    }
}

impl FailureCode {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            FailureCode::RiskDeclined => "risk_declined",
            FailureCode::NoRoute => "no_route",
            FailureCode::RailRejected => "rail_rejected",
            FailureCode::VerificationExpired => "verification_expired",
        }
    }

    /// What a partner may tell its user.
    pub fn message(self) -> &'static str {
        match self {
            FailureCode::RiskDeclined => "The payment was declined by the risk check.",
            FailureCode::NoRoute => "No route could carry the payment; try another payment method or later.",
            FailureCode::RailRejected => "The payment was rejected and no money moved.",
            FailureCode::VerificationExpired => "The user was not verified in time.",
        }
    }
}

impl Magic {
    /// The script that the last two digits of an amount ask for.
    pub fn of_digits(digits: u8) -> Magic {
        match digits {
            1 => Magic::FirstCorridorFails,
            2 => Magic::EveryCorridorFails,
            3 => Magic::RailCancels,
            4 => Magic::RiskDeclines,
            5 => Magic::StepUp,
            6 => Magic::RailLate,
            7 => Magic::RailAnswersTwice,
            _ => Magic::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_payment_never_changes() {
        let now = Timestamp(5);
        let all = [
            PaymentEvent::Verified,
            PaymentEvent::VerificationExpired,
            PaymentEvent::ReviewApproved,
            PaymentEvent::ReviewDeclined,
            PaymentEvent::ReviewExpired,
            PaymentEvent::Settled,
            PaymentEvent::SoftFailed,
            PaymentEvent::Failed(FailureCode::NoRoute),
            PaymentEvent::Cancelled,
        ];
        let ends = [
            PaymentStatus::Settled { at: Timestamp(1) },
            PaymentStatus::Failed { code: FailureCode::NoRoute },
            PaymentStatus::Cancelled,
        ];
        for status in ends {
            assert!(status.is_final());
            assert!(all.iter().all(|&event| status.on(event, now).is_none()), "{status:?}");
        }
    }

    #[test]
    fn money_settles_only_after_a_rail_was_asked() {
        let verifying =
            PaymentStatus::Verifying { expires_at: Timestamp(9), url: "https://pay.example/verify/1".into() };
        assert_eq!(verifying.on(PaymentEvent::Settled, Timestamp(1)), None);
        assert_eq!(verifying.on(PaymentEvent::Verified, Timestamp(1)), Some(PaymentStatus::Routed));
        assert_eq!(verifying.on(PaymentEvent::ReviewApproved, Timestamp(1)), None);
        let reviewing = PaymentStatus::Reviewing { expires_at: Timestamp(9) };
        assert_eq!(reviewing.on(PaymentEvent::Verified, Timestamp(1)), None, "a review asks for more than the user");
        assert_eq!(reviewing.on(PaymentEvent::ReviewApproved, Timestamp(8)), Some(PaymentStatus::Routed));
        assert_eq!(reviewing.on(PaymentEvent::ReviewApproved, Timestamp(9)), None, "time itself is never late");
        assert_eq!(
            PaymentStatus::Routed.on(PaymentEvent::Settled, Timestamp(1)),
            Some(PaymentStatus::Settled { at: Timestamp(1) })
        );
    }
}
