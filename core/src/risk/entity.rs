//! Whom a redemption concerns: each has a history of its own, and each can stand on a list.

/// What stands for one entity: a hash, so that nobody can tell the person, device or address from it.
pub type EntityKey = [u8; 16];

/// A kind of entity. Numbers are part of the store's keys and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Entity {
    /// The user whom an account names; the session, where it names nobody. Each account's persons are its own.
    Person = 0,
    /// The device that a hosted flow was confirmed from, whoever's account it is.
    Device = 1,
    /// The block of network addresses (IPv4 /24, IPv6 /48) that a hosted flow was confirmed from, whoever's account it is.
    Network = 2,
    /// The wallet that the session names, whoever's account it is.
    Destination = 3,
    /// The account itself.
    Partner = 4,
}

/// The entities of one redemption; what is not known has no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entities {
    /// The person.
    pub person: EntityKey,
    /// The device, in a hosted flow that says something of it.
    pub device: Option<EntityKey>,
    /// The network block, in a hosted flow.
    pub network: Option<EntityKey>,
    /// The wallet, when the session names one.
    pub destination: Option<EntityKey>,
    /// The account.
    pub partner: EntityKey,
}

impl Entity {
    /// All of them, in the order of their numbers.
    pub const ALL: [Entity; 5] =
        [Entity::Person, Entity::Device, Entity::Network, Entity::Destination, Entity::Partner];

    /// The word in features, lists and files.
    pub fn word(self) -> &'static str {
        match self {
            Entity::Person => "person",
            Entity::Device => "device",
            Entity::Network => "network",
            Entity::Destination => "destination",
            Entity::Partner => "partner",
        }
    }

    /// The entity that `word` names.
    pub fn parse(word: &str) -> Option<Entity> {
        Entity::ALL.into_iter().find(|entity| entity.word() == word)
    }
}

impl Entities {
    /// The key of one of them, if it is known.
    pub fn key(&self, entity: Entity) -> Option<EntityKey> {
        match entity {
            Entity::Person => Some(self.person),
            Entity::Device => self.device,
            Entity::Network => self.network,
            Entity::Destination => self.destination,
            Entity::Partner => Some(self.partner),
        }
    }

    /// All that are known, in the order of [`Entity::ALL`].
    pub fn known(&self) -> impl Iterator<Item = (Entity, EntityKey)> {
        Entity::ALL.into_iter().filter_map(|entity| self.key(entity).map(|key| (entity, key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entity_has_its_own_number_and_word() {
        for (number, entity) in Entity::ALL.into_iter().enumerate() {
            assert_eq!(entity as usize, number);
            assert_eq!(Entity::parse(entity.word()), Some(entity));
        }
        assert_eq!(Entity::parse("somebody"), None);
    }
}
