//! Velocity bursts: stolen cards are tried with many small payments within minutes, and then used for a large one.

use causeway_core::terms::Side;

use super::{Campaign, Ground};
use crate::fill::generate::draft::Draft;
use crate::fill::generate::overlap::BURSTS_OF_DEVICES;
use crate::fill::generate::plants::Pattern;
use crate::fill::generate::random::{Purpose, Random, hash};

/// Payments of a burst.
pub const SIZES: (u64, u64) = (12, 40);
/// How long one may take, in seconds.
pub const LASTS: (u64, u64) = (SIZES.1 * GAP.1, SIZES.1 * GAP.1);

/// Seconds between two payments.
const GAP: (u64, u64) = (3, 25);

/// The payments of a burst, the large one last.
pub fn drafts(campaign: &Campaign, ground: &Ground<'_>, random: &mut Random) -> Vec<Draft> {
    let customer = ground.people.fresh(ground.market, campaign.own(0));
    let usual = ground.people.draft(random, ground.market, &customer, campaign.start);
    let offer = ground.market.card(customer.place.currency).unwrap_or(usual.offer);
    let of_device = if random.chance(BURSTS_OF_DEVICES) { random.within(1, 4) } else { campaign.size };
    let mut at = campaign.start;
    let payment = |place| {
        let is_last = place + 1 == campaign.size;
        let usd = if is_last { random.log_normal(900.0, 0.4) } else { random.between(4.0, 9.0) };
        let draft = Draft {
            at,
            offer,
            device: hash(ground.seed, Purpose::Device, !campaign.own(place / of_device)),
            side: Side::OnRamp,
            minor: ground.market.offer(offer).minor(usd),
            session_seconds: random.within(2, 12),
            quote_seconds: random.within(0, 2),
            pattern: Some(Pattern::Burst),
            ..usual.clone()
        };
        at += random.within(GAP.0, GAP.1);
        draft
    };
    (0..campaign.size).map(payment).collect()
}
