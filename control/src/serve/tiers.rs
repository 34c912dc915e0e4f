//! What a start says about accounts whose tier the configuration does not have any more.

use std::collections::BTreeMap;

use crate::gate::Cell;
use crate::quota::Tiers;
use crate::telemetry::{Level, Telemetry};

/// Tiers that are named one by one; an operator who lost more of them has lost the file.
const NAMED: usize = 16;

/// Logs each tier that accounts of `cell` were given and that is not configured: they are in the default meanwhile.
pub fn tell_forgotten(telemetry: &Telemetry, cell: &Cell, tiers: &Tiers) {
    let directory = cell.directory();
    let mut forgotten = BTreeMap::<&str, u64>::new();
    for account in directory.newest(None) {
        if let Some(tier) = account.tier.as_deref().filter(|tier| !tiers.has(tier)) {
            *forgotten.entry(tier).or_default() += 1;
        }
    }
    for (tier, accounts) in forgotten.into_iter().take(NAMED) {
        let record = telemetry.record(Level::Warn, "tier_not_configured").text("mode", cell.mode().name());
        telemetry.write(record.text("tier", tier).number("accounts", accounts).text("instead", Tiers::STANDARD));
    }
}
