//! Stolen devices: the device of somebody who has paid for long is suddenly in another country and pays large amounts to a
//! wallet that nobody knows.

use causeway_core::terms::Side;

use super::{Campaign, Ground};
use crate::fill::generate::draft::Draft;
use crate::fill::generate::market::ELSEWHERE;
use crate::fill::generate::plants::Pattern;
use crate::fill::generate::random::{Purpose, Random, hash};

/// Payments with one device.
pub const SIZES: (u64, u64) = (1, 4);
/// The longest that one is used, in seconds.
pub const LONGEST: u64 = 4 * 1_800;

/// Payments with a stolen device.
pub fn drafts(campaign: &Campaign, ground: &Ground<'_>, random: &mut Random) -> Vec<Draft> {
    let victim = ground.people.regular(random, ground.market, campaign.start);
    let country = ELSEWHERE[random.below(ELSEWHERE.len() as u64) as usize];
    let wallet = hash(ground.seed, Purpose::Wallet, !campaign.own(0));
    let usual = ground.people.draft(random, ground.market, &victim, campaign.start);
    let mut at = campaign.start;
    let payment = |_| {
        let usd = victim.median_usd * random.between(4.0, 14.0);
        let draft = Draft {
            at,
            country,
            wallet,
            side: if random.chance(0.6) { Side::OnRamp } else { Side::OffRamp },
            minor: ground.market.offer(usual.offer).minor(usd),
            session_seconds: random.log_normal(60.0, 0.7) as u64,
            quote_seconds: random.exponential(5.0) as u64,
            pattern: Some(Pattern::StolenDevice),
            ..usual.clone()
        };
        at += random.within(60, 1_800);
        draft
    };
    (0..campaign.size).map(payment).collect()
}
