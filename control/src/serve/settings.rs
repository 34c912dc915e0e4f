//! What the configuration says of a cell's domain.

use std::sync::Arc;

use causeway_core::settings::Settings;

use super::ground::Ground;
use crate::config::duration::millis;
use crate::iso;
use crate::keys::KeyRing;

/// The settings of the cell with these keys; `bus` says whether it has an event bus.
pub(super) fn settings(ground: &Ground<'_>, keys: &KeyRing, bus: bool) -> Settings {
    let config = ground.config;
    Settings {
        bus,
        public_url: ground.public_url.clone(),
        session_life: millis(config.session_life),
        quote_life: millis(config.quote_life),
        verification_life: millis(config.verification_life),
        review_life: millis(config.review_life),
        endpoint_patience: millis(config.endpoint_patience),
        event_life: millis(config.event_retention),
        delivery_gaps: config.delivery_gaps.0.iter().copied().map(millis).collect(),
        currency_countries: Arc::new(iso::currency_countries()),
        ..Settings::new(keys.mode(), keys.id_key(), keys.quote_key(), keys.name_key())
    }
}
