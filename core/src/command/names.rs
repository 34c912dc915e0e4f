//! The names of commands, for those who count them: one list, which the compiler keeps complete.

use super::Command;

/// A new command gets a line here; without it nothing compiles, and with it the simulation must perform it.
macro_rules! names {
    ($($name:ident)*) => {
        impl Command {
            /// The names of all commands.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// The name of this command: one of [`Command::NAMES`].
            pub fn name(&self) -> &'static str {
                match self {
                    $(Command::$name { .. } => stringify!($name),)*
                }
            }
        }
    };
}

names! {
    CreateSession
    CancelSession
    LockQuote
    CreatePayIn
    CreatePayOut
    ConfirmSession
    VerifyPayment
    RememberPayment
    CreateCustomer
    UpdateCustomer
    DeleteCustomer
    UpdateBranding
    ReplayDelivery
    SendTestWebhook
    ReportRails
    ReportDeliveries
    AdvanceRedelivery
    SweepEvents
    ReportPublished
    RunTimer
    CreateAccount
    CreateKey
    RevokeKey
    SetEntitlements
    SetOrigins
    SetWebhook
    UnsetWebhook
    ChangeEndpoint
    SetTier
    SetRules
    SetVerification
    SetLabels
    DecideReview
    SetRiskPolicy
    ChangeModels
    StartRedelivery
    CancelRedelivery
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, SessionId};

    #[test]
    fn a_command_has_a_name_of_its_own() {
        let distinct: std::collections::BTreeSet<_> = Command::NAMES.iter().collect();
        assert_eq!(distinct.len(), Command::NAMES.len());
        assert_eq!(Command::CancelSession(AccountId(1), SessionId(1)).name(), "CancelSession");
    }
}
