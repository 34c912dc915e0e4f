//! Keys: built on the stack, most significant byte first, so that they sort as their parts do.

use std::fmt;
use std::ops::Deref;

use super::record::Malformed;
use super::record::numbers::Numbered;
use crate::command::{Timer, TimerTask};
use crate::customer::CustomerName;
use crate::id::AccountId;
use crate::ledger::{BalanceKey, LedgerAccount, Phase};
use crate::money::{Asset, Currency, Unit};
use crate::replay::ReplayKey;
use crate::risk::{Entity, EntityKey};
use crate::time::Timestamp;

/// The longest key: a timer with two ids.
const CAPACITY: usize = 8 + 1 + 2 * ID + ID;
const ID: usize = 16;

/// A key of any column. Small enough to live on the stack.
#[derive(Clone, Copy)]
pub struct Key {
    bytes: [u8; CAPACITY],
    length: u8,
}

impl Key {
    /// A row of `meta`, or of another column whose keys are words.
    pub fn meta(word: &'static str) -> Key {
        Key::new(&[word.as_bytes()])
    }

    /// An account, or everything of it in a column whose keys begin with the account.
    pub fn account(account: AccountId) -> Key {
        Key::new(&[&account.0.to_be_bytes()])
    }

    /// An object of an account.
    pub fn object(account: AccountId, id: impl Into<[u8; ID]>) -> Key {
        Key::new(&[&account.0.to_be_bytes(), &id.into()])
    }

    /// An object that has no account in its key.
    pub fn alone(id: impl Into<[u8; ID]>) -> Key {
        Key::new(&[&id.into()])
    }

    /// What is numbered.
    pub fn number(number: u64) -> Key {
        Key::new(&[&number.to_be_bytes()])
    }

    /// All objects of an account with one label; with an id appended, one of them.
    pub(super) fn labelled(account: AccountId, label: impl Numbered, id: Option<[u8; ID]>) -> Key {
        let id = id.as_ref().map_or(&[][..], |id| &id[..]);
        Key::new(&[&account.0.to_be_bytes(), &[label.number()], id])
    }

    /// The history of an entity.
    pub fn history(entity: Entity, key: EntityKey) -> Key {
        Key::new(&[&[entity as u8], &key])
    }

    /// A name of a customer.
    pub fn name(name: &CustomerName) -> Key {
        Key::new(&[&name.account.0.to_be_bytes(), &[name.kind.number()], &name.hash])
    }

    /// One version of a customer's terms.
    pub fn version(account: AccountId, customer: impl Into<[u8; ID]>, version: u64) -> Key {
        Key::new(&[&account.0.to_be_bytes(), &customer.into(), &version.to_be_bytes()])
    }

    /// One of the objects that belong to another object of an account.
    pub fn belonging(account: AccountId, owner: impl Into<[u8; ID]>, id: impl Into<[u8; ID]>) -> Key {
        Key::new(&[&account.0.to_be_bytes(), &owner.into(), &id.into()])
    }

    /// A remembered answer.
    pub fn replay(key: &ReplayKey) -> Key {
        Key::object(key.account, key.key)
    }

    /// A balance.
    pub fn balance(key: &BalanceKey) -> Key {
        let kind = match key.unit {
            Unit::Currency(_) => CURRENCY,
            Unit::Asset(_) => ASSET,
        };
        Key::new(&[&key.owner.0.to_be_bytes(), &[key.account as u8, kind], key.unit.symbol().as_bytes()])
    }

    /// A posting set.
    pub fn postings(account: AccountId, payment: impl Into<[u8; ID]>, phase: Phase) -> Key {
        Key::new(&[&account.0.to_be_bytes(), &payment.into(), &[phase as u8]])
    }

    /// A timer. Keys sort as timers do.
    pub fn timer(timer: &Timer) -> Key {
        let (due, account) = (timer.due.0.to_be_bytes(), timer.account.0.to_be_bytes());
        match timer.task {
            TimerTask::ExpireSession(session) => {
                Key::new(&[&due, &[EXPIRE_SESSION], &session.0.to_be_bytes(), &account])
            }
            TimerTask::ExpireVerification(payment, session) => {
                Key::new(&[&due, &[EXPIRE_VERIFICATION], &payment.0.to_be_bytes(), &session.0.to_be_bytes(), &account])
            }
            TimerTask::RetryDelivery(delivery) => {
                Key::new(&[&due, &[RETRY_DELIVERY], &delivery.0.to_be_bytes(), &account])
            }
            TimerTask::EraseCustomer(customer) => {
                Key::new(&[&due, &[ERASE_CUSTOMER], &customer.0.to_be_bytes(), &account])
            }
            TimerTask::ForgetAnswer(key) => Key::new(&[&due, &[FORGET_ANSWER], &key, &account]),
            TimerTask::ExpireReview(payment, session) => {
                Key::new(&[&due, &[EXPIRE_REVIEW], &payment.0.to_be_bytes(), &session.0.to_be_bytes(), &account])
            }
        }
    }

    fn new(parts: &[&[u8]]) -> Key {
        let mut key = Key { bytes: [0; CAPACITY], length: 0 };
        for part in parts {
            let start = key.length as usize;
            key.bytes[start..start + part.len()].copy_from_slice(part);
            key.length += part.len() as u8;
        }
        key
    }
}

impl Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length as usize]
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        **self == **other
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self))
    }
}

/// The bytes of a key in hexadecimal, for messages.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first key after all keys that begin with `prefix`; `None` when there is no such key.
pub(super) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// The first key after `key`.
pub(super) fn after(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}

/// Reads the key of an object: account and id.
pub(super) fn parse_object(key: &[u8]) -> Result<(AccountId, [u8; ID]), Malformed> {
    let mut parts = Parts(key);
    let read = (AccountId::from(parts.id()?), parts.id()?);
    parts.end(read)
}

/// Reads a key that is one id.
pub(super) fn parse_alone(key: &[u8]) -> Result<[u8; ID], Malformed> {
    let mut parts = Parts(key);
    let read = parts.id()?;
    parts.end(read)
}

/// Reads a key of an index: account, label and object.
pub(super) fn parse_labelled<L: Numbered>(key: &[u8]) -> Result<(AccountId, L, [u8; ID]), Malformed> {
    let mut parts = Parts(key);
    let read = (AccountId::from(parts.id()?), L::from_number(parts.byte()?)?, parts.id()?);
    parts.end(read)
}

/// Reads the id at the end of a key that begins with an account: the object's own, whatever it lies under.
pub(super) fn parse_last(key: &[u8]) -> Result<[u8; ID], Malformed> {
    let last = key.last_chunk::<ID>().filter(|_| key.len() >= 2 * ID);
    last.copied().ok_or(Malformed("the key is too short"))
}

/// Reads a key that is a number.
pub(super) fn parse_number(key: &[u8]) -> Result<u64, Malformed> {
    key.try_into().map(u64::from_be_bytes).map_err(|_| Malformed("the key is not a number"))
}

/// Reads a key of `balances`.
pub(super) fn parse_balance(key: &[u8]) -> Result<BalanceKey, Malformed> {
    let mut parts = Parts(key);
    let (owner, account) = (AccountId::from(parts.id()?), LedgerAccount::from_number(parts.byte()?)?);
    let (kind, symbol) = (parts.byte()?, parts.text()?);
    Ok(BalanceKey { owner, account, unit: unit(kind, symbol)? })
}

/// Reads a key of `postings`: account, payment and phase.
pub(super) fn parse_postings(key: &[u8]) -> Result<(AccountId, [u8; ID], Phase), Malformed> {
    let mut parts = Parts(key);
    let read = (AccountId::from(parts.id()?), parts.id()?, Phase::from_number(parts.byte()?)?);
    parts.end(read)
}

/// Reads a key of `timers`.
pub(super) fn parse_timer(key: &[u8]) -> Result<Timer, Malformed> {
    let mut parts = Parts(key);
    let due = Timestamp(u64::from_be_bytes(parts.take()?));
    let task = match parts.byte()? {
        EXPIRE_SESSION => TimerTask::ExpireSession(parts.id()?.into()),
        EXPIRE_VERIFICATION => TimerTask::ExpireVerification(parts.id()?.into(), parts.id()?.into()),
        RETRY_DELIVERY => TimerTask::RetryDelivery(parts.id()?.into()),
        ERASE_CUSTOMER => TimerTask::EraseCustomer(parts.id()?.into()),
        FORGET_ANSWER => TimerTask::ForgetAnswer(parts.id()?),
        EXPIRE_REVIEW => TimerTask::ExpireReview(parts.id()?.into(), parts.id()?.into()),
        _ => return Err(Malformed("no timer has this number")),
    };
    let account = AccountId::from(parts.id()?);
    parts.end(Timer { due, task, account })
}

/// The number of a unit's kind, in keys and in records.
pub(super) const CURRENCY: u8 = 1;
/// See [`CURRENCY`].
pub(super) const ASSET: u8 = 2;

/// The unit of a kind with this code or symbol, in upper case as it was written.
pub(super) fn unit(kind: u8, symbol: &str) -> Result<Unit, Malformed> {
    match kind {
        CURRENCY => currency(symbol).map(Unit::Currency),
        ASSET => asset(symbol).map(Unit::Asset),
        _ => Err(Malformed("no kind of unit has this number")),
    }
}

/// The currency of this code, in upper case as it was written.
pub(super) fn currency(code: &str) -> Result<Currency, Malformed> {
    let currency = Currency::parse(code).filter(|currency| currency.code() == code);
    currency.ok_or(Malformed("not a currency"))
}

/// The asset of this symbol, in upper case as it was written.
pub(super) fn asset(symbol: &str) -> Result<Asset, Malformed> {
    let asset = Asset::parse(symbol).filter(|asset| asset.symbol() == symbol);
    asset.ok_or(Malformed("not an asset"))
}

// The numbers follow the order of `TimerTask`, so that keys sort as timers do.
const EXPIRE_SESSION: u8 = 1;
const EXPIRE_VERIFICATION: u8 = 2;
const RETRY_DELIVERY: u8 = 3;
const ERASE_CUSTOMER: u8 = 4;
const FORGET_ANSWER: u8 = 5;
const EXPIRE_REVIEW: u8 = 6;

struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (part, rest) = self.0.split_first_chunk().ok_or(Malformed("the key is too short"))?;
        self.0 = rest;
        Ok(*part)
    }

    fn id(&mut self) -> Result<[u8; ID], Malformed> {
        self.take()
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn text(self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.0).map_err(|_| Malformed("the key's text is not UTF-8"))
    }

    fn end<T>(self, read: T) -> Result<T, Malformed> {
        if self.0.is_empty() { Ok(read) } else { Err(Malformed("the key is too long")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::{CustomerId, DeliveryId, PaymentId, SessionId};
    use crate::session::SessionLabel;

    fn timer(due: u64, kind: u8, first: u128, second: u128, account: u128) -> Timer {
        let task = match kind {
            0 => TimerTask::ExpireSession(SessionId(first)),
            1 => TimerTask::ExpireVerification(PaymentId(first), SessionId(second)),
            2 => TimerTask::RetryDelivery(DeliveryId(first)),
            3 => TimerTask::EraseCustomer(CustomerId(first)),
            4 => TimerTask::ForgetAnswer(first.to_be_bytes()),
            _ => TimerTask::ExpireReview(PaymentId(first), SessionId(second)),
        };
        Timer { due: Timestamp(due), task, account: AccountId(account) }
    }

    fn any_timer() -> impl Strategy<Value = Timer> {
        (0u64..3, 0u8..6, any::<u128>(), any::<u128>(), any::<u128>())
            .prop_map(|(due, kind, first, second, account)| timer(due, kind, first, second, account))
    }

    #[test]
    fn balances_are_read_back() {
        for unit in [Unit::Currency(Currency::parse("EUR").unwrap()), Unit::Asset(Asset::parse("USDC").unwrap())] {
            for account in LedgerAccount::ALL {
                let key = BalanceKey { owner: AccountId(7), account, unit };
                assert_eq!(parse_balance(&Key::balance(&key)).unwrap(), key);
            }
        }
        let mut foreign = Key::balance(&BalanceKey {
            owner: AccountId(7),
            account: LedgerAccount::Wallet,
            unit: Unit::Asset(Asset::parse("USDC").unwrap()),
        })
        .to_vec();
        *foreign.last_mut().unwrap() = b'c';
        assert_eq!(parse_balance(&foreign), Err(Malformed("not an asset")));
    }

    #[test]
    fn the_end_of_a_prefix_carries_over() {
        assert_eq!(after_prefix(&[1, 2]), Some(vec![1, 3]));
        assert_eq!(after_prefix(&[1, 255, 255]), Some(vec![2]));
        assert_eq!(after_prefix(&[255]), None);
        assert_eq!(after_prefix(&[]), None);
    }

    proptest! {
        #[test]
        fn timers_are_read_back_and_sort_alike(one in any_timer(), other in any_timer()) {
            prop_assert_eq!(parse_timer(&Key::timer(&one)).unwrap(), one);
            prop_assert_eq!(Key::timer(&one).cmp(&Key::timer(&other)), one.cmp(&other));
        }

        #[test]
        fn any_bytes_are_a_key_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = (parse_object(&bytes), parse_alone(&bytes), parse_labelled::<SessionLabel>(&bytes));
            let _ = parse_last(&bytes);
            let _ = (parse_balance(&bytes), parse_postings(&bytes), parse_timer(&bytes));
        }
    }
}
