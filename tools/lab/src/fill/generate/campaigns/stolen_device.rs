//! Stolen devices: the device of somebody who has paid for long is in other hands, often in another country, and pays large
//! amounts, mostly to a wallet that nobody knows.

use causeway_core::terms::Side;

use super::{Campaign, Ground};
use crate::fill::generate::draft::Draft;
use crate::fill::generate::market::{elsewhere, somewhere};
use crate::fill::generate::overlap::STOLEN_USED;
use crate::fill::generate::plants::Pattern;
use crate::fill::generate::random::{Purpose, Random, hash};

/// Payments with one device.
pub const SIZES: (u64, u64) = (1, 4);
/// How long one may be used, in seconds.
pub const LASTS: (u64, u64) = (SIZES.1 * GAP.1, SIZES.1 * GAP.1);

/// Seconds between two payments.
const GAP: (u64, u64) = (60, 1_800);

/// Payments with a stolen device.
pub fn drafts(campaign: &Campaign, ground: &Ground<'_>, random: &mut Random) -> Vec<Draft> {
    let victim = ground.people.regular(random, ground.market, campaign.start);
    let country = country(random, victim.place.country);
    let own = hash(ground.seed, Purpose::Wallet, !campaign.own(0));
    let usual = ground.people.draft(random, ground.market, &victim, campaign.start);
    let mut at = campaign.start;
    let payment = |_| {
        let usd = victim.median_usd * random.between(2.5, 14.0);
        let side = if random.chance(0.6) { Side::OnRamp } else { Side::OffRamp };
        // What is sold comes from the victim's wallet, or from where it was moved first.
        let wallet = if side == Side::OnRamp || random.chance(0.5) { own } else { usual.wallet };
        let draft = Draft {
            at,
            country,
            wallet,
            side,
            minor: ground.market.offer(usual.offer).minor(usd),
            session_seconds: random.log_normal(60.0, 0.7) as u64,
            quote_seconds: random.exponential(5.0) as u64,
            pattern: Some(Pattern::StolenDevice),
            ..usual.clone()
        };
        at += random.within(GAP.0, GAP.1);
        draft
    };
    (0..campaign.size).map(payment).collect()
}

fn country(random: &mut Random, home: &'static str) -> &'static str {
    let place = random.unit();
    match STOLEN_USED {
        (far, _) if place < far => elsewhere(random),
        (far, near) if place < far + near => somewhere(random).country,
        _ => home,
    }
}
