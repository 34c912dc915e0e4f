//! What an operator may set of a cell. Every duration of the domain is here.

use std::collections::HashMap;
use std::sync::Arc;

use crate::customer::NameKey;
use crate::id::{IdKey, Mode};
use crate::limits::TABLE_ROWS;
use crate::money::Currency;
use crate::quote::QuoteKey;
use crate::risk::Country;
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
    /// How long a payment waits for the decision of somebody at the bank.
    pub review_life: Millis,
    /// Where users are verified: an origin with an optional path, to which `/verify/` and the payment's id are added.
    pub public_url: String,
    /// Gaps between the attempts of a webhook delivery, each made up to a tenth longer; one attempt more than gaps.
    pub delivery_gaps: Vec<Millis>,
    /// How long nothing may arrive at an endpoint that is tried before it is disabled.
    pub endpoint_patience: Millis,
    /// How long an event and its delivery are kept, unless that has not ended.
    pub event_life: Millis,
    /// Whether every event is kept until the event bus has it. Without a bus nobody would ever take them away.
    pub bus: bool,
    /// Rows of each kind that the working set keeps in memory beside those not yet synced.
    pub table_rows: usize,
    /// Where each currency is used: what features compare an address with. Nothing is said of a currency that is not there.
    pub currency_countries: Arc<HashMap<Currency, Vec<Country>>>,
    /// The key that hides counters in ids.
    pub id_key: IdKey,
    /// The keys that sign quotes; the first one signs, all of them verify.
    pub quote_keys: Vec<QuoteKey>,
    /// The key that hides the names of customers.
    pub name_key: NameKey,
}

impl Settings {
    /// The contract's defaults; the public URL is the documented listener's.
    pub fn new(mode: Mode, id_key: IdKey, quote_key: QuoteKey, name_key: NameKey) -> Settings {
        Settings {
            mode,
            session_life: Millis::seconds(3_600),
            quote_life: Millis::seconds(30),
            verification_life: Millis::seconds(900),
            review_life: Millis::seconds(86_400),
            public_url: "http://127.0.0.1:8080".to_owned(),
            delivery_gaps: [60, 300, 1_800, 7_200].map(Millis::seconds).to_vec(),
            endpoint_patience: Millis::seconds(5 * 86_400),
            event_life: Millis::seconds(30 * 86_400),
            bus: false,
            table_rows: TABLE_ROWS,
            currency_countries: Arc::default(),
            id_key,
            quote_keys: vec![quote_key],
            name_key,
        }
    }
}
