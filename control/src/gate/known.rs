//! What cells know that a risk policy may speak of.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Cell;
use crate::risk_policy::Known;

/// What these cells know together.
pub fn known_to<'a>(cells: impl Iterator<Item = &'a Cell>) -> Known<'static> {
    let (mut methods, mut currencies, mut directories) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for cell in cells {
        let offer = Arc::clone(&*cell.offer());
        methods.extend(offer.known_methods().cloned());
        currencies.extend(offer.known_currencies());
        directories.push(Arc::clone(&*cell.directory()));
    }
    let has_account = Box::new(move |id| directories.iter().any(|directory| directory.account(id).is_some()));
    Known { methods, currencies, has_account }
}
