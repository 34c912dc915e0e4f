//! API keys: an account has so many, and a leaked one can always be followed by another.

use super::world::{ACCOUNT, World, plain};
use crate::account::{ApiKey, KeyKind};
use crate::command::{Command, NewKey, Refusal, Reply};
use crate::limits::KEYS_PER_ACCOUNT;

impl World {
    fn create_key(&mut self, number: u8) -> Result<ApiKey, Refusal> {
        let new = NewKey { kind: KeyKind::Secret, hash: [number; 32] };
        self.one(plain(Command::CreateKey(ACCOUNT, new))).map(|answer| {
            let Reply::Key(key) = answer.reply else { panic!("a key") };
            key
        })
    }
}

#[test]
fn revoked_keys_make_room_for_new_ones() {
    let mut world = World::new();
    let first = world.state.directory().account(ACCOUNT).unwrap().keys.len();
    let keys: Vec<ApiKey> = (first..KEYS_PER_ACCOUNT).map(|number| world.create_key(number as u8).unwrap()).collect();
    assert_eq!(world.create_key(100), Err(Refusal::LimitReached));
    for (at, key) in keys.iter().rev().take(3).enumerate() {
        world.one(plain(Command::RevokeKey(ACCOUNT, key.id))).unwrap();
        assert!(world.state.directory().key(&key.hash).is_some(), "a revoked key is still known for what it is");
        let new = world.create_key(200 + at as u8).unwrap();
        let directory = world.state.directory();
        assert!(directory.key(&key.hash).is_none() && directory.key(&new.hash).is_some());
        assert_eq!(directory.account(ACCOUNT).unwrap().keys.len(), KEYS_PER_ACCOUNT);
    }
    assert_eq!(world.create_key(100), Err(Refusal::LimitReached));
}
