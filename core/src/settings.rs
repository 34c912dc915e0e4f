//! What an operator may set of a cell. Every duration of the domain is here.

use crate::id::{IdKey, Mode};
use crate::quote::QuoteKey;
use crate::time::Millis;

/// The settings of one cell, fixed while it runs.
#[derive(Clone)]
pub struct Settings {
    /// The world that it lives in.
    pub mode: Mode,
    /// How long a session stays open.
    pub session_life: Millis,
    /// How long a quote lives, unless its account says otherwise.
    pub quote_life: Millis,
    /// How long a payment waits for its user's verification.
    pub verification_life: Millis,
    /// Gaps between the attempts of a webhook delivery, each made up to a tenth longer; one attempt more than gaps.
    pub delivery_gaps: Vec<Millis>,
    /// The key that hides counters in ids.
    pub id_key: IdKey,
    /// The keys that sign quotes; the first one signs, all of them verify.
    pub quote_keys: Vec<QuoteKey>,
}

impl Settings {
    /// The contract's defaults.
    pub fn new(mode: Mode, id_key: IdKey, quote_key: QuoteKey) -> Settings {
        Settings {
            mode,
            session_life: Millis::seconds(3_600),
            quote_life: Millis::seconds(30),
            verification_life: Millis::seconds(900),
            delivery_gaps: [60, 300, 1_800, 7_200].map(Millis::seconds).to_vec(),
            id_key,
            quote_keys: vec![quote_key],
        }
    }
}
