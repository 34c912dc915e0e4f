//! Labels: what became known of a payment after it was decided. They come back with a delay, and may be corrected.

use crate::id::PaymentId;
use crate::time::Timestamp;

/// What a payment turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// A fraud.
    Fraud,
    /// None.
    Honest,
}

/// A label as the cell keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// What it turned out to be.
    pub label: Label,
    /// When the cell learned of it.
    pub at: Timestamp,
}

/// A label as an operator gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewLabel {
    /// Which payment.
    pub payment: PaymentId,
    /// What it turned out to be; `None` takes back what was said.
    pub label: Option<Label>,
}

/// What came of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is kept.
    New,
    /// It was known.
    Known,
    /// There is no such payment.
    NoPayment,
}

impl Label {
    /// The word in files and requests.
    pub fn word(self) -> &'static str {
        match self {
            Label::Fraud => "fraud",
            Label::Honest => "legitimate",
        }
    }

    /// The label that `word` names.
    pub fn parse(word: &str) -> Option<Label> {
        [Label::Fraud, Label::Honest].into_iter().find(|label| label.word() == word)
    }
}
