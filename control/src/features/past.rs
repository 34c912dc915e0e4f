//! The past of a replay: histories in a map; labels and late declines wait for their time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use causeway_core::money::Currency;
use causeway_core::risk::features::{Histories, KnownCustomer, count_decline, count_redemption, features, usual};
use causeway_core::risk::history::Past as Redeemed;
use causeway_core::risk::keys::destination_key;
use causeway_core::risk::{Country, Entities, Entity, EntityKey, Facts, Features, History, Label, Labelled};
use causeway_core::time::Timestamp;

use super::input::Payment;
use super::key::key;
use super::labels::Known;
use crate::iso;

/// Everything that happened so far.
pub struct Past {
    histories: HashMap<(Entity, EntityKey), History>,
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// What waits for its time, by its number.
    coming: HashMap<u64, (Entities, Coming)>,
    next: u64,
    countries: HashMap<Currency, Vec<Country>>,
    /// When each partner was first seen, for those of whom nothing is said.
    partners: HashMap<EntityKey, Timestamp>,
}

/// When something comes, and what: that of one time comes in the order of its payments.
type Waiting = (Timestamp, u64);

/// What becomes of a payment later.
enum Coming {
    /// What is known of it changes: from what, and to what.
    Label(Redeemed, Option<Labelled>, Option<Label>),
    /// A review declines it, with its US cents.
    Decline(u64),
}

impl Past {
    pub fn new() -> Past {
        Past {
            histories: HashMap::new(),
            waiting: BinaryHeap::new(),
            coming: HashMap::new(),
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
        match payment.declined_at {
            Some(at) if at > facts.now => self.wait(at, facts.entities, Coming::Decline(facts.amount_cents)),
            Some(_) => count_decline(facts.now, &facts.entities, facts.amount_cents, self),
            None => {}
        }
        let redeemed = Redeemed { at: facts.now, cents: facts.amount_cents, usual };
        self.expect(&payment.labels, facts.entities, redeemed);
        row
    }

    /// How many entities have a history.
    pub fn entities(&self) -> usize {
        self.histories.len()
    }

    /// Each label comes at its own time. One that says what is known already changes nothing, as in the cell.
    fn expect(&mut self, labels: &[Known], entities: Entities, redeemed: Redeemed) {
        let mut before: Option<Labelled> = None;
        for known in labels {
            let Some(at) = known.at else { continue };
            let after = known.is_fraud.map(|is_fraud| if is_fraud { Label::Fraud } else { Label::Honest });
            if before.map(|known| known.label) != after {
                self.wait(at, entities, Coming::Label(redeemed, before, after));
                before = after.map(|label| Labelled { label, at });
            }
        }
    }

    fn wait(&mut self, at: Timestamp, entities: Entities, coming: Coming) {
        self.waiting.push(Reverse((at, self.next)));
        self.coming.insert(self.next, (entities, coming));
        self.next += 1;
    }

    /// What came by `now`.
    fn learn_until(&mut self, now: Timestamp) {
        while let Some(Reverse((at, number))) = self.waiting.peek().copied().filter(|Reverse((at, _))| *at <= now) {
            self.waiting.pop();
            match self.coming.remove(&number) {
                None => {}
                Some((entities, Coming::Decline(cents))) => count_decline(at, &entities, cents, self),
                Some((entities, Coming::Label(redeemed, before, after))) => {
                    for (entity, key) in entities.known() {
                        self.change(entity, key, &mut |history| history.learned(at, redeemed, before, after));
                    }
                }
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
                destination: payment.wallet.as_deref().map(destination_key),
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
