//! What was done how often: a simulation that never does something does not test it.

use std::collections::BTreeMap;

use crate::command::{Command, Outcome};

/// Counts of one or more runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By command: how often it was done, replayed and refused.
    pub commands: BTreeMap<&'static str, (u64, u64, u64)>,
    /// By refusal.
    pub refusals: BTreeMap<String, u64>,
    /// Answers that clients heard.
    pub answers: u64,
    /// Deaths of the process.
    pub crashes: u64,
    /// Failures of the store.
    pub failures: u64,
    /// Comparisons of oracle and disk.
    pub comparisons: u64,
}

impl Tally {
    /// A command ran.
    pub fn ran(&mut self, command: &Command, outcome: &Outcome) {
        let counts = self.commands.entry(name(command)).or_default();
        match outcome {
            Ok(answer) if answer.replayed => counts.1 += 1,
            Ok(_) => counts.0 += 1,
            Err(refusal) => {
                counts.2 += 1;
                *self.refusals.entry(format!("{refusal:?}")).or_default() += 1;
            }
        }
    }

    /// Adds another run.
    pub fn add(&mut self, other: &Tally) {
        for (name, (done, replayed, refused)) in &other.commands {
            let counts = self.commands.entry(name).or_default();
            *counts = (counts.0 + done, counts.1 + replayed, counts.2 + refused);
        }
        for (refusal, count) in &other.refusals {
            *self.refusals.entry(refusal.clone()).or_default() += count;
        }
        self.answers += other.answers;
        self.crashes += other.crashes;
        self.failures += other.failures;
        self.comparisons += other.comparisons;
    }
}

/// The names of all commands.
pub const COMMANDS: [&str; 25] = [
    "CreateSession",
    "CancelSession",
    "LockQuote",
    "CreatePayIn",
    "CreatePayOut",
    "ConfirmSession",
    "VerifyPayment",
    "RememberPayment",
    "CreateCustomer",
    "UpdateCustomer",
    "DeleteCustomer",
    "UpdateBranding",
    "ReplayDelivery",
    "SendTestWebhook",
    "ReportRails",
    "ReportDeliveries",
    "RunTimer",
    "CreateAccount",
    "CreateKey",
    "RevokeKey",
    "SetEntitlements",
    "SetOrigins",
    "SetWebhook",
    "UnsetWebhook",
    "SetTier",
];

/// The name of a command. A new one belongs into [`COMMANDS`] too, and then the simulation must meet it.
fn name(command: &Command) -> &'static str {
    match command {
        Command::CreateSession(..) => "CreateSession",
        Command::CancelSession(..) => "CancelSession",
        Command::LockQuote(..) => "LockQuote",
        Command::CreatePayIn(..) => "CreatePayIn",
        Command::CreatePayOut(..) => "CreatePayOut",
        Command::ConfirmSession(..) => "ConfirmSession",
        Command::VerifyPayment(..) => "VerifyPayment",
        Command::RememberPayment(..) => "RememberPayment",
        Command::CreateCustomer(..) => "CreateCustomer",
        Command::UpdateCustomer(..) => "UpdateCustomer",
        Command::DeleteCustomer(..) => "DeleteCustomer",
        Command::UpdateBranding(..) => "UpdateBranding",
        Command::ReplayDelivery(..) => "ReplayDelivery",
        Command::SendTestWebhook(..) => "SendTestWebhook",
        Command::ReportRails(..) => "ReportRails",
        Command::ReportDeliveries(..) => "ReportDeliveries",
        Command::RunTimer(..) => "RunTimer",
        Command::CreateAccount(..) => "CreateAccount",
        Command::CreateKey(..) => "CreateKey",
        Command::RevokeKey(..) => "RevokeKey",
        Command::SetEntitlements(..) => "SetEntitlements",
        Command::SetOrigins(..) => "SetOrigins",
        Command::SetWebhook(..) => "SetWebhook",
        Command::UnsetWebhook(..) => "UnsetWebhook",
        Command::SetTier(..) => "SetTier",
    }
}
