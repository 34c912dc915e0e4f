//! Fraud rings: many fresh customers of one partner, most of whom share a few devices and wallets over some days.

use causeway_core::terms::Side;

use super::{Campaign, Ground};
use crate::calendar::DAY;
use crate::fill::generate::draft::Draft;
use crate::fill::generate::overlap::OWN_IN_RING;
use crate::fill::generate::plants::Pattern;
use crate::fill::generate::random::{Purpose, Random, hash};

/// Payments of a ring.
pub const SIZES: (u64, u64) = (20, 80);
/// How long a ring works, in seconds.
pub const LASTS: (u64, u64) = (2 * DAY, 7 * DAY);

/// Two payments of a customer on average, so that nobody stands out alone.
const PAYMENTS_PER_CUSTOMER: u64 = 2;
/// Customers that share a device.
const CUSTOMERS_PER_DEVICE: u64 = 12;

/// The payments of a ring.
pub fn drafts(campaign: &Campaign, ground: &Ground<'_>, random: &mut Random) -> Vec<Draft> {
    let customers = campaign.size.div_ceil(PAYMENTS_PER_CUSTOMER);
    let (devices, wallets) = (customers.div_ceil(CUSTOMERS_PER_DEVICE), random.within(1, 2));
    // The first customer says which partner and country the ring has chosen.
    let first = ground.people.fresh(ground.market, campaign.own(0));
    let offer = ground.market.favourite(random, first.place.currency);
    let payment = |_| {
        let place = random.below(customers);
        let member = ground.people.fresh(ground.market, campaign.own(place));
        let at = campaign.start + random.below(campaign.lasts);
        let usual = ground.people.draft(random, ground.market, &member, at);
        let usd = random.log_normal(220.0, 0.4);
        let device = hash(ground.seed, Purpose::Device, !campaign.own(random.below(devices)));
        let wallet = hash(ground.seed, Purpose::Wallet, !campaign.own(random.below(wallets)));
        Draft {
            partner: first.partner,
            country: first.place.country,
            offer,
            side: Side::OnRamp,
            minor: ground.market.offer(offer).minor(usd),
            device: if place.is_multiple_of(OWN_IN_RING.0) { usual.device } else { device },
            wallet: if place.is_multiple_of(OWN_IN_RING.1) { usual.wallet } else { wallet },
            pattern: Some(Pattern::Ring),
            ..usual
        }
    };
    (0..campaign.size).map(payment).collect()
}
