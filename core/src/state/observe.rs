//! What risk is told of a redemption, and how histories count it: the same functions that a replay of history runs.

use std::sync::Arc;

use super::State;
use crate::account::Account;
use crate::command::{Address, Confirm, Reply};
use crate::customer::{Customer, CustomerName};
use crate::money::Currency;
use crate::planted::{self, Bug};
use crate::quote::Quote;
use crate::risk::features::{
    Histories, KnownCustomer, count_decline, count_redemption, features, features_for_rules, usual,
};
use crate::risk::history::Usual;
use crate::risk::keys::{entities, usd_cents};
use crate::risk::{Country, Device, Entities, Entity, EntityKey, Facts, Features, History, Labelled};
use crate::risk::{NewLabel, Taken};
use crate::session::Session;
use crate::terms::Terms;

/// How a hosted flow was confirmed.
#[derive(Clone, Debug, Default)]
pub struct Hosted {
    /// The device, as far as it says.
    pub device: Option<Device>,
    /// Where it is on the network.
    pub address: Option<Address>,
}

impl Hosted {
    /// What a confirmation says of it.
    pub fn of(confirm: &Confirm) -> Hosted {
        Hosted { device: confirm.device.clone(), address: confirm.address }
    }
}

impl State {
    /// Whom a redemption concerns.
    pub(super) fn entities(&self, session: &Session, device: Option<&Device>, address: Option<Address>) -> Entities {
        entities(self.settings.mode, session, device, address.map(|address| address.network))
    }

    /// What is known of a redemption, before anything counts it.
    pub(super) fn facts(&self, account: &Account, session: &Session, quote: &Quote, hosted: Option<&Hosted>) -> Facts {
        let (now, terms) = (self.now(), &quote.terms);
        let address = hosted.and_then(|hosted| hosted.address);
        let country = address.and_then(|address| address.country);
        let customer = self.customer_of(account, session).map(|customer| {
            let country = customer.terms.country_code.as_deref().and_then(Country::parse);
            let uses_currency = self.uses(country, terms.currency);
            KnownCustomer { since: customer.facts.created_at, country, uses_currency }
        });
        Facts {
            now,
            entities: self.entities(session, hosted.and_then(|hosted| hosted.device.as_ref()), address),
            amount_cents: self.usd_cents(terms),
            side: terms.side,
            is_card: terms.payment_method == "card",
            is_hosted: hosted.is_some(),
            session_age: now.since(session.created_at),
            quote_age: now.since(quote.created_at),
            address_country: country,
            address_uses_currency: self.uses(country, terms.currency),
            customer,
            partner_since: account.created_at,
        }
    }

    /// The features before a redemption, for models and, where there are rules, for those; its entities' histories then count
    /// it.
    pub(super) fn observe(&mut self, facts: &Facts) -> (Features, Option<Box<Features>>, Usual) {
        let (row, usual) = (features(facts, self), usual(facts, self));
        let has_rules = !self.directory.risk_policy().rules.is_empty();
        let for_rules = has_rules.then(|| Box::new(features_for_rules(facts, self)));
        count_redemption(facts, usual, self);
        (row, for_rules, usual)
    }

    /// Declines of a batch count when it closes.
    pub(super) fn count_declines(&mut self) {
        let now = self.now();
        for (entities, cents) in std::mem::take(&mut self.declined) {
            count_decline(now, &entities, cents, self);
        }
    }

    /// The customer that the session's user is on record as: only accounts that may have customers have any.
    fn customer_of(&self, account: &Account, session: &Session) -> Option<&Arc<Customer>> {
        let name = self.customer_name(account, session)?;
        let id = *self.customer_names.get(&name)?;
        self.customers.get(&(account.id, id))
    }

    /// The name under which the session's user would be on record.
    pub(super) fn customer_name(&self, account: &Account, session: &Session) -> Option<CustomerName> {
        let reference = session.terms.user_reference.as_ref().filter(|_| account.entitlements.customers)?;
        Some(CustomerName::of_external_id(&self.settings.name_key, account.id, reference))
    }

    fn uses(&self, country: Option<Country>, currency: Currency) -> Option<bool> {
        let countries = self.settings.currency_countries.get(&currency)?;
        country.map(|country| countries.contains(&country))
    }

    fn usd_cents(&self, terms: &Terms) -> u64 {
        let dollar = self.catalogue.dollar_asset.and_then(|asset| self.catalogue.rates.get(&(terms.currency, asset)));
        dollar.map_or(0, |rate| usd_cents(terms.fiat_amount, rate.mid))
    }

    /// Labels come back: the histories of whom a payment concerned learn of it now, however long ago it was.
    pub(super) fn set_labels(&mut self, labels: &[NewLabel]) -> Reply {
        Reply::Labels(labels.iter().map(|label| self.set_label(*label)).collect())
    }

    fn set_label(&mut self, new: NewLabel) -> Taken {
        let receipt = self.receipts.get(&new.payment);
        let Some((entities, past)) = receipt.map(|receipt| (receipt.entities, receipt.past())) else {
            return Taken::NoPayment;
        };
        let (now, before) = (self.now(), self.labels.get(&new.payment).copied());
        if before.map(|known| known.label) == new.label {
            return Taken::Known;
        }
        for (entity, key) in entities.known() {
            self.change(entity, key, &mut |history| history.learned(now, past, before, new.label));
        }
        match new.label {
            Some(label) => self.labels.put(self.head.batch, new.payment, Labelled { label, at: now }),
            None => self.labels.remove(self.head.batch, new.payment),
        }
        Taken::New
    }
}

impl Histories for State {
    fn history(&self, entity: Entity, key: EntityKey) -> Option<&History> {
        self.histories.get(&(entity, key)).map(|history| &**history)
    }

    fn change(&mut self, entity: Entity, key: EntityKey, change: &mut dyn FnMut(&mut History)) {
        if planted::has(Bug::LoseHistory) && entity == Entity::Network {
            return;
        }
        self.histories.edit(self.head.batch, (entity, key), |history| change(Arc::make_mut(history)));
    }
}
