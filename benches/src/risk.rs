//! A stream of redemptions and their past, for the benches of features and scores.

use std::collections::HashMap;

use causeway_core::risk::features::{Histories, KnownCustomer, count_decline, count_redemption, features, usual};
use causeway_core::risk::history::Past as Redeemed;
use causeway_core::risk::{Country, Entities, Entity, EntityKey, Facts, Features, History, Label};
use causeway_core::terms::Side;
use causeway_core::time::{Millis, Timestamp};

/// Redemptions that come before the measured ones: sixty days of them.
pub const WARM_UP: usize = 400_000;
/// Between two redemptions.
const GAP: u64 = 13_000;
/// Labels come after a week.
const LABEL_DELAY: usize = 7 * 86_400_000 / GAP as usize;
const PERSONS: u64 = 20_000;
const WALLETS: u64 = 12_000;
const NETWORKS: u64 = 4_000;
const PARTNERS: u64 = 20;

/// What happened so far, and what happens next.
pub struct Stream {
    random: Random,
    number: u64,
    past: Past,
    /// Those whose labels have not come yet.
    unlabelled: std::collections::VecDeque<(Entities, Redeemed)>,
}

/// Histories in a map.
#[derive(Default)]
struct Past(HashMap<(Entity, EntityKey), History>);

impl Histories for Past {
    fn history(&self, entity: Entity, key: EntityKey) -> Option<&History> {
        self.0.get(&(entity, key))
    }

    fn change(&mut self, entity: Entity, key: EntityKey, change: &mut dyn FnMut(&mut History)) {
        change(self.0.entry((entity, key)).or_default());
    }
}

impl Stream {
    /// A stream with a past of [`WARM_UP`] redemptions.
    pub fn new(seed: u64) -> Stream {
        let unlabelled = std::collections::VecDeque::new();
        let mut stream = Stream { random: Random(seed | 1), number: 0, past: Past::default(), unlabelled };
        for _ in 0..WARM_UP {
            let facts = stream.redemption();
            stream.observe(&facts);
            stream.settle(&facts);
        }
        stream
    }

    /// The next redemption.
    pub fn redemption(&mut self) -> Facts {
        self.number += 1;
        let now = Timestamp(1_790_000_000_000 + self.number * GAP);
        // Few come often, many seldom.
        let person = self.random.below(PERSONS) * self.random.below(PERSONS) / PERSONS;
        let is_hosted = !person.is_multiple_of(3);
        let own = |kind: u8, number: u64| key(kind, number);
        let network = if self.random.below(5) == 0 { self.random.below(NETWORKS) } else { person % NETWORKS };
        let wallet = if self.random.below(8) == 0 { self.random.below(WALLETS) } else { person % WALLETS };
        let device = if self.random.below(20) == 0 { self.random.below(PERSONS) } else { person };
        let country = Country(if network.is_multiple_of(9) { *b"FR" } else { *b"DE" });
        Facts {
            now,
            entities: Entities {
                person: own(1, person),
                device: is_hosted.then(|| own(2, device)),
                network: is_hosted.then(|| own(3, network)),
                destination: Some(own(4, wallet)),
                partner: own(5, person % PARTNERS),
            },
            amount_cents: 1_000 + self.random.below(200) * self.random.below(200),
            side: if person.is_multiple_of(4) { Side::OffRamp } else { Side::OnRamp },
            is_card: person.is_multiple_of(2),
            is_hosted,
            session_age: Millis(self.random.below(300_000)),
            quote_age: Millis(self.random.below(30_000)),
            address_country: is_hosted.then_some(country),
            address_uses_currency: is_hosted.then_some(true),
            customer: person.is_multiple_of(2).then_some(KnownCustomer {
                since: Timestamp(1_780_000_000_000),
                country: Some(country),
                uses_currency: Some(true),
            }),
            partner_since: Timestamp(1_770_000_000_000),
        }
    }

    /// The features of a redemption.
    pub fn features(&self, facts: &Facts) -> Features {
        features(facts, &self.past)
    }

    /// The same with what a cell does for them: whether it is usual, and that history counts it. A label comes as well.
    pub fn observe(&mut self, facts: &Facts) -> Features {
        let (row, usual) = (features(facts, &self.past), usual(facts, &self.past));
        count_redemption(facts, usual, &mut self.past);
        let redeemed = Redeemed { at: facts.now, cents: facts.amount_cents, usual };
        self.unlabelled.push_back((facts.entities, redeemed));
        row
    }

    /// What becomes known meanwhile, and declines: not a part of what is measured.
    pub fn settle(&mut self, facts: &Facts) {
        if self.random.below(200) == 0 {
            count_decline(facts.now, &facts.entities, facts.amount_cents, &mut self.past);
        }
        if self.unlabelled.len() > LABEL_DELAY
            && let Some((entities, redeemed)) = self.unlabelled.pop_front()
        {
            let label = if self.random.below(100) == 0 { Label::Fraud } else { Label::Honest };
            for (entity, key) in entities.known() {
                self.past.change(entity, key, &mut |history| history.learned(facts.now, redeemed, None, Some(label)));
            }
        }
    }
}

/// A xorshift generator: the same numbers from the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The upper bits: the lower ones of a xorshift repeat sooner.
        (self.0 >> 16) % bound
    }
}

fn key(kind: u8, number: u64) -> EntityKey {
    // Spread like a hash: marks are a key's first bytes.
    let spread = (u128::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) ^ u128::from(kind);
    spread.to_be_bytes()
}
