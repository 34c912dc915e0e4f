//! Rules and lists as operators write them, in a file or in a request: from words to the core's policy.

mod file;
mod firing;
mod rows;

use std::collections::BTreeSet;
use std::net::IpAddr;

use causeway_core::id::{AccountId, Mode};
use causeway_core::limits::{
    DEVICE_FINGERPRINT_CHARS, POLICY_ENTRIES, POLICY_LISTS, POLICY_NAME_CHARS, POLICY_RULES, REFERENCE_CHARS,
    RULE_CONDITIONS, RULE_SCOPE_WORDS,
};
use causeway_core::risk::keys::{destination_key, named_person_key};
use causeway_core::risk::policy::{Bound, Condition, List, Rule};
use causeway_core::risk::{Entity, EntityKey, FEATURE_NAMES, NewPolicy};

pub use file::{PolicyFile, PolicyFileError};
pub use firing::Known;
pub use rows::{ListRow, ListView, RuleRow, RuleView};

use crate::keys::KeyRing;
use rows::{Entry, WhenRow};

/// What turns entries into keys: they differ by mode, those of devices by the mode's secret, too.
pub struct Keyed<'a> {
    mode: Mode,
    device: Box<dyn Fn(&str) -> EntityKey + 'a>,
    network: Box<dyn Fn(IpAddr) -> EntityKey + 'a>,
}

impl<'a> Keyed<'a> {
    /// As the cell with these keys does.
    pub fn by(keys: &'a KeyRing) -> Keyed<'a> {
        Keyed {
            mode: keys.mode(),
            device: Box::new(|fingerprint| keys.device_hash(fingerprint)),
            network: Box::new(|address| keys.network_hash(address)),
        }
    }

    /// As no cell does: to see whether everything could be turned.
    fn trial() -> Keyed<'static> {
        let (device, network) = (Box::new(|_: &str| EntityKey::default()), Box::new(|_| EntityKey::default()));
        Keyed { mode: Mode::Sandbox, device, network }
    }

    /// The one place that says what an entry of each kind is. Partners are not for lists: rules name accounts.
    fn key(&self, entity: Entity, entry: &Entry) -> Result<EntityKey, String> {
        match (entity, entry) {
            (Entity::Person, Entry::Person { account, reference }) => {
                within("the reference of a person", reference, REFERENCE_CHARS)?;
                Ok(named_person_key(self.mode, account.0, reference))
            }
            (Entity::Device, Entry::Text(fingerprint)) => {
                within("the fingerprint of a device", fingerprint, DEVICE_FINGERPRINT_CHARS)?;
                Ok((self.device)(fingerprint))
            }
            (Entity::Destination, Entry::Text(wallet)) => {
                within("a destination", wallet, REFERENCE_CHARS)?;
                Ok(destination_key(wallet))
            }
            (Entity::Person, Entry::Text(_)) => {
                Err("names a person by a text alone: write account and reference".to_owned())
            }
            (Entity::Network, Entry::Text(block)) => Ok((self.network)(address(block)?)),
            (Entity::Device | Entity::Destination | Entity::Network, Entry::Person { .. }) => {
                Err(format!("names a person in a list of {}s: write a text", entity.word()))
            }
            (Entity::Partner, _) => Err(not_listed(entity)),
        }
    }
}

/// As many warnings are told: a list may have ten thousand entries.
const WARNINGS: usize = 20;

/// Takes rules and lists one by one, so that what is wrong is told of the one at fault.
pub struct Builder<'a> {
    keyed: Keyed<'a>,
    new: NewPolicy,
    names: BTreeSet<String>,
    entries: usize,
    known: Option<Known<'a>>,
    /// What is no fault, and may be a mistake.
    warnings: Vec<String>,
}

impl<'a> Builder<'a> {
    /// One with nothing yet.
    pub fn new(keyed: Keyed<'a>) -> Builder<'a> {
        let (new, names, warnings) = (NewPolicy::default(), BTreeSet::new(), Vec::new());
        Builder { keyed, new, names, entries: 0, known: None, warnings }
    }

    /// The same for a gateway that knows these: what it does not know is told.
    pub fn knowing(self, known: Known<'a>) -> Builder<'a> {
        Builder { known: Some(known), ..self }
    }

    /// The next rule, or what is wrong with it.
    pub fn rule(&mut self, row: &RuleRow) -> Result<(), String> {
        self.name(&row.name)?;
        self.add_rule(row).map_err(|reason| format!("{:?} {reason}", row.name))
    }

    fn add_rule(&mut self, row: &RuleRow) -> Result<(), String> {
        if self.new.rules.len() == POLICY_RULES {
            return Err(format!("is one too many: there may be {POLICY_RULES} rules"));
        }
        let scopes = [row.accounts.len(), row.sides.len(), row.methods.len(), row.currencies.len()];
        if scopes.iter().any(|words| *words > RULE_SCOPE_WORDS) {
            return Err(format!("names more than {RULE_SCOPE_WORDS} accounts, sides, methods or currencies"));
        }
        let when: Vec<Condition> = row.when.iter().map(conditions).collect::<Result<Vec<_>, _>>()?.concat();
        if when.len() > RULE_CONDITIONS {
            return Err(format!("has more than {RULE_CONDITIONS} conditions"));
        }
        if when.is_empty() && scopes == [0; 4] {
            return Err("would fire for everything: give it a condition in `when`, or say for whom it is".to_owned());
        }
        let rule = Rule {
            name: row.name.clone(),
            accounts: row.accounts.iter().map(|account| account.0).collect(),
            sides: row.sides.iter().map(|side| side.0).collect(),
            methods: row.methods.iter().map(|method| method.0.0.clone()).collect(),
            currencies: row.currencies.iter().map(|currency| currency.0).collect(),
            when,
            verdict: row.verdict.verdict(),
        };
        let stranger = self.known.as_ref().and_then(|known| known.stranger(&rule));
        if let Some(reason) = firing::never(&rule).or(stranger) {
            return Err(format!("can never fire: it {reason}"));
        }
        rule.accounts.iter().for_each(|account| self.look_for(*account, &format!("the rule {:?}", rule.name)));
        self.new.rules.push(rule);
        Ok(())
    }

    /// The next list, or what is wrong with it.
    pub fn list(&mut self, row: &ListRow) -> Result<(), String> {
        self.name(&row.name)?;
        self.add_list(row).map_err(|reason| format!("{:?} {reason}", row.name))
    }

    fn add_list(&mut self, row: &ListRow) -> Result<(), String> {
        if self.new.lists.len() == POLICY_LISTS {
            return Err(format!("is one too many: there may be {POLICY_LISTS} lists"));
        }
        self.entries += row.values.len() + row.keys.len();
        if self.entries > POLICY_ENTRIES {
            return Err(format!("takes the entries of all lists beyond {POLICY_ENTRIES}"));
        }
        let entity = row.entity.0;
        if entity == Entity::Partner {
            return Err(not_listed(entity));
        }
        let mut keys: Vec<EntityKey> = row.keys.iter().map(|key| key.0.0).collect();
        for (place, entry) in row.values.iter().enumerate() {
            let key = self.keyed.key(entity, entry).map_err(|reason| format!("values[{place}] {reason}"))?;
            keys.push(key);
            if let Entry::Person { account, .. } = entry {
                self.look_for(account.0, &format!("values[{place}] of the list {:?}", row.name));
            }
        }
        self.new.lists.push(List::new(row.name.clone(), row.action.action(), entity, keys));
        Ok(())
    }

    /// Everything that was taken, and what may be a mistake in it.
    pub fn finish(self) -> (NewPolicy, Vec<String>) {
        (self.new, self.warnings)
    }

    /// An account that is not there is no fault: a file may be there before its accounts are, and one file is for all cells.
    fn look_for(&mut self, account: AccountId, whose: &str) {
        let is_missing = self.known.as_ref().is_some_and(|known| !(known.has_account)(account));
        if is_missing && self.warnings.len() < WARNINGS {
            self.warnings.push(format!("{whose} names the account {}, which there is not", account.text()));
        }
    }

    fn name(&mut self, name: &str) -> Result<(), String> {
        let is_printable = !name.trim().is_empty() && !name.chars().any(char::is_control);
        if !is_printable || name.chars().count() > POLICY_NAME_CHARS {
            return Err(format!("needs a name of 1 to {POLICY_NAME_CHARS} printable characters"));
        }
        if !self.names.insert(name.to_owned()) {
            return Err(format!("has the name {name:?}, which stands here for the second time"));
        }
        Ok(())
    }
}

fn conditions(row: &WhenRow) -> Result<Vec<Condition>, String> {
    let feature = FEATURE_NAMES.iter().position(|&known| known == row.feature).ok_or_else(|| {
        format!("asks for the feature {:?}, which there is not; there are {}", row.feature, FEATURE_NAMES.join(", "))
    })?;
    let bounds = [row.at_least.map(Bound::AtLeast), row.at_most.map(Bound::AtMost)];
    let is_number = |bound: &Bound| match bound {
        Bound::AtLeast(number) | Bound::AtMost(number) => number.is_finite(),
    };
    let conditions: Vec<Condition> = bounds.into_iter().flatten().map(|bound| Condition { feature, bound }).collect();
    if conditions.is_empty() || !conditions.iter().all(|condition| is_number(&condition.bound)) {
        return Err(format!("needs a number as at_least or at_most for {:?}", row.feature));
    }
    Ok(conditions)
}

fn within(what: &str, text: &str, most: usize) -> Result<(), String> {
    let is_within = !text.trim().is_empty() && text.chars().count() <= most;
    if is_within { Ok(()) } else { Err(format!("must be {what} with 1 to {most} characters")) }
}

/// An address in a block, or the block itself as it is kept: of IPv4 24 bits, of IPv6 48.
pub fn address(block: &str) -> Result<IpAddr, String> {
    let unread = || "must be an address, or a block of them with /24 (IPv4) or /48 (IPv6)".to_owned();
    let (address, width) = block.split_once('/').map_or((block, None), |(address, width)| (address, Some(width)));
    let address: IpAddr = address.parse().map_err(|_| unread())?;
    let kept = if address.to_canonical().is_ipv4() { "24" } else { "48" };
    if width.is_none_or(|width| width == kept) { Ok(address) } else { Err(unread()) }
}

fn not_listed(entity: Entity) -> String {
    format!("is of the kind {}, of which there are no lists: use person, device, network or destination", entity.word())
}

#[cfg(test)]
mod tests;
