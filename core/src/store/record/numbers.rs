//! The numbers of the domains' enums in records and keys. They never change.

use super::Malformed;
use crate::account::KeyKind;
use crate::customer::{KycStatus, NameKind};
use crate::delivery::DeliveryLabel;
use crate::event::EventKind;
use crate::id::Mode;
use crate::ledger::{LedgerAccount, Phase};
use crate::payment::{FailureCode, Magic, PaymentLabel};
use crate::redelivery::Which;
use crate::risk::history::Usual;
use crate::risk::policy::ListAction;
use crate::risk::{Entity, Label, Verdict, Word};
use crate::session::{Flow, PackageVerdict, SessionLabel};
use crate::terms::Side;

/// An enum whose variants have numbers in records.
pub trait Numbered: Sized {
    /// The number of this variant; never 0, so that 0 can mean "none".
    fn number(self) -> u8;

    /// The variant with this number.
    fn from_number(number: u8) -> Result<Self, Malformed>;
}

/// The number of what may be absent: 0 when it is.
pub fn optional<T: Numbered>(value: Option<T>) -> u8 {
    value.map_or(0, Numbered::number)
}

/// Reads what [`optional`] gave.
pub fn from_optional<T: Numbered>(number: u8) -> Result<Option<T>, Malformed> {
    if number == 0 { Ok(None) } else { T::from_number(number).map(Some) }
}

macro_rules! numbered {
    ($($name:ident: $what:literal { $($variant:ident = $number:literal,)* })*) => {$(
        impl Numbered for $name {
            fn number(self) -> u8 {
                match self { $($name::$variant => $number,)* }
            }

            fn from_number(number: u8) -> Result<$name, Malformed> {
                match number {
                    $($number => Ok($name::$variant),)*
                    _ => Err(Malformed(concat!("no ", $what, " has this number"))),
                }
            }
        }
    )*};
}

numbered! {
    Mode: "mode" { Sandbox = 1, Live = 2, }
    KeyKind: "kind of key" { Secret = 1, Publishable = 2, }
    Flow: "flow" { OnRamp = 1, OffRamp = 2, Swap = 3, }
    SessionLabel: "status of a session" { Open = 1, Completed = 2, Expired = 3, Cancelled = 4, }
    PaymentLabel: "status of a payment" { Processing = 1, Settled = 2, Failed = 3, Cancelled = 4, }
    DeliveryLabel: "status of a delivery" { Undelivered = 1, Succeeded = 2, DeadLettered = 3, }
    Side: "side" { OnRamp = 1, OffRamp = 2, }
    FailureCode: "failure" { RiskDeclined = 1, NoRoute = 2, RailRejected = 3, VerificationExpired = 4, }
    Magic: "script" {
        None = 1,
        FirstCorridorFails = 2,
        EveryCorridorFails = 3,
        RailCancels = 4,
        RiskDeclines = 5,
        StepUp = 6,
        RailLate = 7,
        RailAnswersTwice = 8,
    }
    Phase: "phase" { Started = 1, Settled = 2, Reversed = 3, }
    LedgerAccount: "ledger account" {
        RailReceivable = 1,
        RailSettled = 2,
        Suspense = 3,
        Conversion = 4,
        Wallet = 5,
        FeesProcessing = 6,
        FeesNetwork = 7,
        FeesPartner = 8,
    }
    KycStatus: "verification" { Unverified = 1, Verified = 2, }
    PackageVerdict: "verdict of a package" { Accepted = 1, Rejected = 2, }
    NameKind: "kind of name" { Email = 1, ExternalId = 2, }
    Word: "word of an operator" { Verified = 1, Refused = 2, }
    Which: "choice of a redelivery" { Missed = 1, All = 2, }
    Label: "label" { Fraud = 1, Honest = 2, }
    Entity: "entity" { Person = 1, Device = 2, Network = 3, Destination = 4, Partner = 5, }
    Usual: "habit" { Yes = 1, No = 2, Habit = 3, }
    ListAction: "action of a list" { Block = 1, Allow = 2, }
    Verdict: "verdict" { Approve = 1, StepUp = 2, Decline = 3, Review = 4, }
}

impl Numbered for EventKind {
    fn number(self) -> u8 {
        self as u8
    }

    fn from_number(number: u8) -> Result<EventKind, Malformed> {
        EventKind::from_number(number).ok_or(Malformed("no kind of event has this number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Numbered + PartialEq + std::fmt::Debug + Copy>(count: u8) {
        assert!(T::from_number(0).is_err() && T::from_number(count + 1).is_err());
        for number in 1..=count {
            assert_eq!(T::from_number(number).unwrap().number(), number);
        }
        assert_eq!(from_optional::<T>(optional::<T>(None)), Ok(None));
        assert_eq!(from_optional::<T>(count), T::from_number(count).map(Some));
    }

    #[test]
    fn numbers_name_one_variant_each() {
        check::<Mode>(2);
        check::<KeyKind>(2);
        check::<Flow>(3);
        check::<SessionLabel>(4);
        check::<PaymentLabel>(4);
        check::<DeliveryLabel>(3);
        check::<Side>(2);
        check::<FailureCode>(4);
        check::<Magic>(8);
        check::<Phase>(3);
        check::<LedgerAccount>(8);
        check::<Verdict>(4);
        check::<ListAction>(2);
        check::<Word>(2);
        check::<Which>(2);
        check::<KycStatus>(2);
        check::<PackageVerdict>(2);
        check::<NameKind>(2);
        check::<EventKind>(21);
    }

    #[test]
    fn numbers_that_the_domain_states_are_the_same_here() {
        for account in LedgerAccount::ALL {
            assert_eq!(account.number(), account as u8);
        }
        for phase in [Phase::Started, Phase::Settled, Phase::Reversed] {
            assert_eq!(phase.number(), phase as u8);
        }
    }
}
