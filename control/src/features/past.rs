//! The past of a replay: histories in a map, and labels that wait for their time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use causeway_core::money::Currency;
use causeway_core::risk::features::{Histories, KnownCustomer, count_decline, count_redemption, features, usual};
use causeway_core::risk::history::Past as Redeemed;
use causeway_core::risk::{Country, Entities, Entity, EntityKey, Facts, Features, History, Label};
use causeway_core::time::Timestamp;
use sha2::{Digest, Sha256};

use super::input::Payment;
use crate::iso;

/// Everything that happened so far.
pub struct Past {
    histories: HashMap<(Entity, EntityKey), History>,
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// Labels that wait for their time, by their numbers.
    labels: HashMap<u64, (Entities, Redeemed, Label)>,
    next: u64,
    countries: HashMap<Currency, Vec<Country>>,
    /// When each partner was first seen, for those of whom nothing is said.
    partners: HashMap<EntityKey, Timestamp>,
}

/// When a label comes, and which: those of one time come in the order of their payments.
type Waiting = (Timestamp, u64);

impl Past {
    pub fn new() -> Past {
        Past {
            histories: HashMap::new(),
            waiting: BinaryHeap::new(),
            labels: HashMap::new(),
            next: 0,
            countries: iso::currency_countries(),
            partners: HashMap::new(),
        }
    }

    /// The features of a payment, which then is past.
    pub fn see(&mut self, payment: &Payment) -> Features {
        self.learn_until(payment.at);
        let facts = self.facts(payment);
        let (row, usual) = (features(&facts, self), usual(&facts, self));
        count_redemption(&facts, usual, self);
        if payment.is_declined {
            count_decline(facts.now, &facts.entities, facts.amount_cents, self);
        }
        if let Some(label) = payment.label
            && let Some(at) = label.at
        {
            let word = if label.is_fraud { Label::Fraud } else { Label::Honest };
            let redeemed = Redeemed { at: facts.now, cents: facts.amount_cents, usual };
            self.waiting.push(Reverse((at.max(facts.now), self.next)));
            self.labels.insert(self.next, (facts.entities, redeemed, word));
            self.next += 1;
        }
        row
    }

    /// How many entities have a history.
    pub fn entities(&self) -> usize {
        self.histories.len()
    }

    /// Labels that came by `now`.
    fn learn_until(&mut self, now: Timestamp) {
        while let Some(Reverse((at, number))) = self.waiting.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.waiting.pop();
            let Some((entities, redeemed, word)) = self.labels.remove(&number) else { continue };
            for (entity, key) in entities.known() {
                self.change(entity, key, &mut |history| history.learned(at, redeemed, None, Some(word)));
            }
        }
    }

    fn facts(&mut self, payment: &Payment) -> Facts {
        let named = |kind: &str, name: &str| key(&[kind, name]);
        let partner = named("partner", &payment.partner);
        let first = *self.partners.entry(partner).or_insert(payment.at);
        let uses = |country: Option<Country>| {
            let countries = self.countries.get(&payment.currency)?;
            country.map(|country| countries.contains(&country))
        };
        let customer = payment.customer_since.map(|since| KnownCustomer {
            since,
            country: payment.customer_country,
            uses_currency: uses(payment.customer_country),
        });
        Facts {
            now: payment.at,
            entities: Entities {
                person: key(&["person", &payment.partner, &payment.customer]),
                device: payment.device.as_deref().map(|device| named("device", device)),
                network: payment.network.as_deref().map(|network| named("network", network)),
                destination: payment.wallet.as_deref().map(|wallet| named("destination", wallet)),
                partner,
            },
            amount_cents: payment.amount_cents,
            side: payment.side,
            is_card: payment.is_card,
            is_hosted: payment.is_hosted,
            session_age: payment.session_age,
            quote_age: payment.quote_age,
            address_country: payment.country,
            address_uses_currency: uses(payment.country),
            customer,
            partner_since: payment.partner_since.unwrap_or(first),
        }
    }
}

impl Histories for Past {
    fn history(&self, entity: Entity, key: EntityKey) -> Option<&History> {
        self.histories.get(&(entity, key))
    }

    fn change(&mut self, entity: Entity, key: EntityKey, change: &mut dyn FnMut(&mut History)) {
        change(self.histories.entry((entity, key)).or_default());
    }
}

/// Names with their lengths, so that no two lists of names give the same text.
fn key(names: &[&str]) -> EntityKey {
    let mut hash = Sha256::new();
    for name in names {
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}
