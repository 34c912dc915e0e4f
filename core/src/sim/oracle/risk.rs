//! Risk: whom redemptions concern, what follows from their features, and what operators say of them afterwards.

use sha2::{Digest, Sha256};

use crate::id::{AccountId, Mode, PaymentId, SessionId};
use crate::quote::Quote;
use crate::risk::history::Usual;
use crate::risk::{Country, Decider, Entities, Entity, Features, NewLabel, Risk, Taken, Verdict};
use crate::session::Session;
use crate::state::Hosted;
use crate::terms::Terms;
use crate::time::Timestamp;

use super::{Oracle, price};

/// A day, in milliseconds.
pub const DAY: u64 = 24 * 3_600_000;

/// A person: the account with its name for the user, or with the session when it gave no name.
pub type Guest = (AccountId, Result<String, SessionId>);

/// Somebody or something that a redemption concerns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Being {
    Person(Guest),
    Device([u8; 16]),
    Network([u8; 16]),
    Wallet(String),
    Partner(AccountId),
}

/// One redemption.
#[derive(Clone)]
pub struct Visit {
    pub payment: PaymentId,
    pub beings: Vec<Being>,
    pub at: Timestamp,
    pub cents: u64,
    pub country: Option<Country>,
    pub usual: Usual,
}

/// What a redemption is before history counts it.
pub struct Scene<'a> {
    pub session: &'a Session,
    pub quote: &'a Quote,
    pub is_hosted: bool,
    pub visit: Visit,
    /// Whether it is seen as rules see it, which count all of a window's oldest bucket.
    pub is_whole: bool,
}

impl Oracle {
    /// The person behind a session.
    pub(super) fn guest(&self, session: &Session) -> Guest {
        (session.account, session.terms.user_reference.clone().ok_or(session.id))
    }

    /// A redemption as risk sees it.
    pub(super) fn scene<'a>(
        &self,
        payment: PaymentId,
        session: &'a Session,
        quote: &'a Quote,
        hosted: Option<&Hosted>,
    ) -> Scene<'a> {
        let address = hosted.and_then(|hosted| hosted.address);
        let device = hosted.and_then(|hosted| hosted.device.as_ref()?.fingerprint);
        let mut beings = vec![Being::Person(self.guest(session)), Being::Partner(session.account)];
        beings.extend(device.map(Being::Device));
        beings.extend(address.map(|address| Being::Network(address.network)));
        // Wallets of the simulation are hexadecimal.
        beings.extend(session.terms.wallet_address.as_ref().map(|wallet| Being::Wallet(wallet.to_lowercase())));
        let country = address.and_then(|address| address.country);
        let (at, cents) = (self.now(), self.cents(&quote.terms));
        let visit = Visit { payment, beings, at, cents, country, usual: Usual::Yes };
        let mut scene = Scene { session, quote, is_hosted: hosted.is_some(), visit, is_whole: false };
        scene.visit.usual = self.usual(&scene);
        scene
    }

    /// The simulator's model of this version, or the fallback's rules where none has a score.
    pub(super) fn risk(&self, row: &Features, version: Option<u32>) -> Risk {
        let feature = |name: &str| row.named(name);
        let Some(version) = version else {
            let (is_large, is_new) = (feature("amount_usd_log10") >= 4.0, feature("is_new_person") == 1.0);
            let bursts = feature("person_count_1h") >= 10.0;
            let declined_often = feature("person_declines_24h") >= 3.0;
            let decider = Decider::Fallback { reason: String::new() };
            return match (declined_often, bursts || is_large && is_new) {
                (true, _) => Risk { score: 0.95, verdict: Verdict::Decline, decider },
                (false, true) => Risk { score: 0.6, verdict: Verdict::StepUp, decider },
                (false, false) => Risk { score: 0.05, verdict: Verdict::Approve, decider },
            };
        };
        let decider = Decider::Model { name: "simulated".to_owned(), version: version.to_string() };
        if version == 2 {
            let is_large = feature("amount_usd_log10") > 2.2;
            let (score, verdict) = if is_large { (0.7, Verdict::Decline) } else { (0.2, Verdict::StepUp) };
            return Risk { score, verdict, decider };
        }
        if feature("amount_usd_log10") > 3.9 || feature("person_count_24h") >= 6.0 {
            Risk { score: 0.9, verdict: Verdict::Decline, decider }
        } else if feature("amount_usd_log10") > 3.0 {
            Risk { score: 0.75, verdict: Verdict::Review, decider }
        } else if feature("amount_usd_log10") > 2.7 {
            Risk { score: 0.6, verdict: Verdict::StepUp, decider }
        } else {
            Risk { score: 0.1, verdict: Verdict::Approve, decider }
        }
    }

    /// What operators say of payments. Only what changes something is written down.
    pub(super) fn set_labels(&mut self, labels: &[NewLabel]) -> Vec<Taken> {
        let mut taken = Vec::new();
        for new in labels {
            let is_there = self.receipts.iter().any(|one| one.payment == new.payment);
            let before = self.labels.get(&new.payment).map(|(label, _)| *label);
            taken.push(match (is_there, before == new.label) {
                (false, _) => Taken::NoPayment,
                (true, true) => Taken::Known,
                (true, false) => {
                    self.label(*new);
                    Taken::New
                }
            });
        }
        taken
    }

    fn label(&mut self, new: NewLabel) {
        let now = self.now();
        self.touch();
        self.learned.push((new.payment, new.label, now));
        match new.label {
            Some(label) => drop(self.labels.insert(new.payment, (label, now))),
            None => drop(self.labels.remove(&new.payment)),
        }
    }

    /// US cents of the fiat amount, by the price of the dollar's asset in the middle.
    fn cents(&self, terms: &Terms) -> u64 {
        let dollar = self.catalogue.dollar_asset.and_then(|asset| self.catalogue.rates.get(&(terms.currency, asset)));
        dollar.map_or(0, |quoted| price::cents(terms.fiat_amount, quoted.mid))
    }

    /// The keys of whom a redemption concerns.
    pub(super) fn entities(&self, visit: &Visit) -> Entities {
        let key = |entity| {
            visit.beings.iter().find(|being| being.entity() == entity).map(|being| being.key(self.settings.mode))
        };
        Entities {
            person: key(Entity::Person).expect("every visit is somebody's"),
            device: key(Entity::Device),
            network: key(Entity::Network),
            destination: key(Entity::Destination),
            partner: key(Entity::Partner).expect("every visit is of some account"),
        }
    }

    /// Whether a redemption concerned it.
    pub(super) fn concerns(&self, payment: PaymentId, being: Option<&Being>) -> bool {
        let visit = self.visits.iter().find(|visit| visit.payment == payment);
        being.is_some_and(|being| visit.is_some_and(|visit| visit.beings.contains(being)))
    }
}

impl Being {
    /// Which kind it is.
    pub fn entity(&self) -> Entity {
        match self {
            Being::Person(_) => Entity::Person,
            Being::Device(_) => Entity::Device,
            Being::Network(_) => Entity::Network,
            Being::Wallet(_) => Entity::Destination,
            Being::Partner(_) => Entity::Partner,
        }
    }

    /// What stands for it: of persons and wallets the first half of a hash.
    pub fn key(&self, mode: Mode) -> [u8; 16] {
        let half = |hash: Sha256| {
            let hash: [u8; 32] = hash.finalize().into();
            let mut half = [0; 16];
            half.copy_from_slice(&hash[..16]);
            half
        };
        match self {
            // SHA-256 over account, mode and reference, or a byte that no text has and the session.
            Being::Person((account, name)) => {
                let mode = match mode {
                    Mode::Sandbox => "test",
                    Mode::Live => "live",
                };
                let hash = Sha256::new().chain_update(account.0.to_be_bytes()).chain_update(mode);
                half(match name {
                    Ok(reference) => hash.chain_update(reference),
                    Err(session) => hash.chain_update([0xff]).chain_update(session.0.to_be_bytes()),
                })
            }
            Being::Device(key) | Being::Network(key) => *key,
            Being::Wallet(wallet) => half(Sha256::new().chain_update("destination").chain_update(wallet)),
            Being::Partner(account) => account.0.to_be_bytes(),
        }
    }
}
