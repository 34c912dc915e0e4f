//! Requests and objects as partners see them. What stands here is the contract: names, order and form of every field.
//!
//! Requests are read in two steps: serde refuses what has the wrong shape ([`parse`]), then each request turns its texts
//! into the core's values and names the field that cannot be one ([`field`]). Objects are views: they borrow what the core
//! answered and say it again, always in the same bytes, so that a replay repeats the first answer.

mod branding;
mod capability;
mod customer;
mod delivery;
mod embed;
mod event;
mod field;
mod forms;
mod fingerprint;
mod helpers;
mod hosted;
mod kyc_package;
mod list;
mod parse;
mod patch;
mod payment;
mod preview;
mod query;
mod quote;
mod scalar;
mod session;
mod time;
mod transaction;
mod version;

use causeway_core::id::Mode;

pub use crate::http::to_json;
pub use branding::{Branding, UpdateBranding};
pub use capability::{Asset, AssetNetwork, Country, Currency, Eligibility, Method};
pub use customer::{CreateCustomer, Customer, DeletedCustomer, ErasedCustomer, UpdateCustomer};
pub use delivery::WebhookDelivery;
pub use embed::{EmbedBootstrap, EmbedToken};
pub use event::{Envelope, EventObject, WebhookTest, render_event};
pub(crate) use field::is_email;
pub use fingerprint::Fingerprint;
pub use helpers::{CompleteSession, Outcome};
pub use hosted::{ConfirmEmbedSession, EmbedMovement, EmbedSession};
pub use kyc_package::Package;
pub use list::List;
pub use parse::parse;
pub use payment::{CreatePayment, NextAction, Payment, named_payment};
pub use preview::{PreviewQuotes, QuotePreview};
pub use query::Query;
pub use quote::{LockQuote, Price, SideWord, SignedQuote};
pub use scalar::{Decimal, DecimalText, Pairs, PairsView, Text};
pub use session::{CreateSession, CreatedSession, FlowWord, Session};
pub use time::Time;
pub use transaction::{Transaction, TransactionStatus};
pub use version::Version;

/// The date of the newest version.
pub const VERSION: &str = Version::NEWEST.date();

/// The word for a mode in objects: the one that ids and keys have, `test` for the sandbox and `live`.
pub fn mode_word(mode: Mode) -> &'static str {
    mode.word()
}

#[cfg(test)]
mod tests;
