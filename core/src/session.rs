//! A hosted session: one user's intention to move one amount, open until it completes, is cancelled or expires.

use crate::id::{AccountId, PaymentId, SessionId, TransactionId};
use crate::money::{Amount, Asset, Currency};
use crate::terms::Side;
use crate::time::Timestamp;

/// What the session is for. A session without a flow lets the user choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// Fiat to asset.
    OnRamp,
    /// Asset to fiat.
    OffRamp,
    /// Asset to asset.
    Swap,
}

/// String pairs that a partner attaches; order as given.
pub type Metadata = Vec<(String, String)>;

/// What a partner says about a session when creating it. Bounds and formats were checked at the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTerms {
    /// The fiat amount, at the currency's minor unit.
    pub amount: Amount,
    /// The fiat currency.
    pub currency: Currency,
    /// What the session is for, if fixed.
    pub flow: Option<Flow>,
    /// The asset wanted, if fixed.
    pub target_token: Option<Asset>,
    /// The asset's network, if fixed.
    pub target_network: Option<String>,
    /// Where the asset goes, if known.
    pub wallet_address: Option<String>,
    /// The partner's name for the user.
    pub user_reference: Option<String>,
    /// The preview that the user saw.
    pub quote_preview_id: Option<String>,
    /// Where the user's browser returns.
    pub return_url: String,
    /// Where it returns after giving up.
    pub cancel_url: Option<String>,
    /// The partner's own pairs.
    pub metadata: Metadata,
    /// What is kept of the verification that the partner handed over.
    pub kyc_package: Option<KycPackage>,
}

/// What is kept of a verification that a partner handed over: nothing of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KycPackage {
    /// A keyed hash of what was handed over, so that one can show later that it was this.
    pub hash: [u8; 32],
    /// What came of it.
    pub verdict: PackageVerdict,
}

/// Whether a verification that was handed over is relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageVerdict {
    /// The session's user counts as verified.
    Accepted,
    /// It says of itself that it is not passed or not valid any more.
    Rejected,
}

/// A session with its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// Where it stands.
    pub status: SessionStatus,
    /// What was asked for.
    pub terms: SessionTerms,
    /// When it was created.
    pub created_at: Timestamp,
    /// From when on it takes no new movement.
    pub expires_at: Timestamp,
}

/// Where a session stands. A movement is a pay-in or pay-out redeemed with it; there is one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStatus {
    /// Takes a movement, unless one runs.
    Open {
        /// The movement that runs.
        movement: Option<PaymentId>,
    },
    /// A movement settled.
    Completed {
        /// Its transaction.
        transaction: TransactionId,
    },
    /// Its time ran out.
    Expired,
    /// The partner cancelled it.
    Cancelled,
}

/// What can happen to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// A redemption starts.
    MovementStarted(PaymentId),
    /// The running movement settled.
    MovementSettled(TransactionId),
    /// The running movement failed or was cancelled.
    MovementEnded,
    /// The partner cancels.
    Cancel,
    /// Its time runs out.
    Expire,
}

/// Why an event does not apply to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionRefusal {
    /// It is not open any more.
    NotOpen,
    /// A movement runs.
    Busy,
}

impl SessionStatus {
    /// The status after `event`, or why it does not apply.
    pub fn on(self, event: SessionEvent) -> Result<SessionStatus, SessionRefusal> {
        use SessionEvent as E;
        use SessionStatus as S;
        match (self, event) {
            (S::Open { movement: None }, E::MovementStarted(payment)) => Ok(S::Open { movement: Some(payment) }),
            (S::Open { movement: None }, E::Cancel) => Ok(S::Cancelled),
            (S::Open { movement: None }, E::Expire) => Ok(S::Expired),
            (S::Open { movement: None }, E::MovementSettled(_) | E::MovementEnded) => Err(SessionRefusal::NotOpen),
            (S::Open { movement: Some(_) }, E::MovementSettled(transaction)) => Ok(S::Completed { transaction }),
            (S::Open { movement: Some(_) }, E::MovementEnded) => Ok(S::Open { movement: None }),
            (S::Open { movement: Some(_) }, E::MovementStarted(_) | E::Cancel | E::Expire) => Err(SessionRefusal::Busy),
            (
                S::Completed { .. } | S::Expired | S::Cancelled,
                E::MovementStarted(_) | E::MovementSettled(_) | E::MovementEnded | E::Cancel | E::Expire,
            ) => Err(SessionRefusal::NotOpen),
        }
    }

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        self.label().word()
    }

    /// The status without its data: what lists filter by.
    pub fn label(self) -> SessionLabel {
        match self {
            SessionStatus::Open { .. } => SessionLabel::Open,
            SessionStatus::Completed { .. } => SessionLabel::Completed,
            SessionStatus::Expired => SessionLabel::Expired,
            SessionStatus::Cancelled => SessionLabel::Cancelled,
        }
    }
}

/// The four words of a session's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionLabel {
    /// `open`
    Open,
    /// `completed`
    Completed,
    /// `expired`
    Expired,
    /// `cancelled`
    Cancelled,
}

impl SessionLabel {
    /// All of them, in the order of their numbers in index keys.
    pub const ALL: [SessionLabel; 4] =
        [SessionLabel::Open, SessionLabel::Completed, SessionLabel::Expired, SessionLabel::Cancelled];

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            SessionLabel::Open => "open",
            SessionLabel::Completed => "completed",
            SessionLabel::Expired => "expired",
            SessionLabel::Cancelled => "cancelled",
        }
    }

    /// The label that `word` names.
    pub fn parse(word: &str) -> Option<SessionLabel> {
        SessionLabel::ALL.into_iter().find(|label| label.word() == word)
    }
}

impl SessionTerms {
    /// Whether the partner handed over a verification that is relied upon.
    pub fn has_accepted_package(&self) -> bool {
        self.kyc_package.is_some_and(|package| package.verdict == PackageVerdict::Accepted)
    }
}

impl Flow {
    /// Which way value moves between fiat and an asset; `None` when it moves between assets.
    pub fn side(self) -> Option<Side> {
        match self {
            Flow::OnRamp => Some(Side::OnRamp),
            Flow::OffRamp => Some(Side::OffRamp),
            Flow::Swap => None,
        }
    }

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Flow::OnRamp => "on_ramp",
            Flow::OffRamp => "off_ramp",
            Flow::Swap => "swap",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_movement_blocks_everything_but_its_own_end() {
        let busy = SessionStatus::Open { movement: Some(PaymentId(1)) };
        for event in [SessionEvent::MovementStarted(PaymentId(2)), SessionEvent::Cancel, SessionEvent::Expire] {
            assert_eq!(busy.on(event), Err(SessionRefusal::Busy), "{event:?}");
        }
        assert_eq!(busy.on(SessionEvent::MovementEnded), Ok(SessionStatus::Open { movement: None }));
    }

    #[test]
    fn an_ended_session_takes_nothing() {
        for status in [
            SessionStatus::Completed { transaction: TransactionId(1) },
            SessionStatus::Expired,
            SessionStatus::Cancelled,
        ] {
            for event in [SessionEvent::Cancel, SessionEvent::Expire, SessionEvent::MovementStarted(PaymentId(1))] {
                assert_eq!(status.on(event), Err(SessionRefusal::NotOpen), "{status:?} {event:?}");
            }
        }
    }
}
