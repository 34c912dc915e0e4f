//! Honest rushes: a shop or an agent pays many times within minutes on one device, for those who stand in line or for itself.

use causeway_core::terms::Side;

use super::{Campaign, Ground};
use crate::fill::generate::draft::Draft;
use crate::fill::generate::random::{Purpose, Random, hash};

/// Payments of a rush.
pub const SIZES: (u64, u64) = (6, 25);
/// How long one may take, in seconds.
pub const LASTS: (u64, u64) = (SIZES.1 * GAP.1, SIZES.1 * GAP.1);

/// Seconds between two payments.
const GAP: (u64, u64) = (4, 45);

/// The payments of a rush.
pub fn drafts(campaign: &Campaign, ground: &Ground<'_>, random: &mut Random) -> Vec<Draft> {
    let agent = ground.people.agent(random, ground.market);
    let usual = ground.people.draft(random, ground.market, &agent, campaign.start);
    let card = ground.market.card(agent.place.currency).filter(|_| random.chance(0.5));
    let offer = card.unwrap_or(usual.offer);
    let (is_for_others, ends_large) = (random.chance(0.5), random.chance(0.25));
    let mut at = campaign.start;
    let payment = |place| {
        let is_large = ends_large && place + 1 == campaign.size;
        let usd = random.log_normal(if is_large { 700.0 } else { 18.0 }, 0.8);
        let of_other = hash(ground.seed, Purpose::Wallet, !campaign.own(place));
        let draft = Draft {
            at,
            offer,
            side: Side::OnRamp,
            minor: ground.market.offer(offer).minor(usd),
            wallet: if is_for_others { of_other } else { usual.wallet },
            session_seconds: random.within(2, 30),
            quote_seconds: random.within(0, 4),
            ..usual.clone()
        };
        at += random.within(GAP.0, GAP.1);
        draft
    };
    (0..campaign.size).map(payment).collect()
}
