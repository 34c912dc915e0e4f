//! Records: what the values of rows look like.
//!
//! A record is one byte with the version of its kind, then the fields of that version in postcard's encoding. The fields
//! of a version stand in a private struct that never changes once it is released; a new need makes a new version, and
//! reading turns every known version into the domain's type. What the key says is not said again. Times are written as
//! distances from the millisecond inside the object's own id, which makes most of them one byte.

pub(super) mod account;
pub(super) mod branding;
pub(super) mod customer;
pub(super) mod delivery;
pub(super) mod event;
#[cfg(test)]
pub(super) mod golden;
pub(super) mod head;
pub(super) mod history;
#[cfg(feature = "rocksdb")]
pub(super) mod identity;
pub(super) mod ledger;
pub(super) mod models;
pub(super) mod money;
pub(super) mod numbers;
pub(super) mod payment;
pub(super) mod person;
pub(super) mod policy;
pub(super) mod quote;
pub(super) mod rail;
pub(super) mod receipt;
pub(super) mod redelivery;
pub(super) mod reference;
pub(super) mod replay;
#[cfg(test)]
pub(super) mod samples;
pub(super) mod session;
pub(super) mod terms;

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Why bytes are not a record or key of their kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// The first version of every kind.
const V1: u8 = 1;
/// The second version of the kinds that have one.
const V2: u8 = 2;
/// The third version of the kinds that have one.
const V3: u8 = 3;
/// The fourth version of the kinds that have one.
const V4: u8 = 4;

/// Appends a record of version 1 to `out`.
fn write(out: &mut Vec<u8>, fields: &impl Serialize) {
    write_as(V1, out, fields);
}

/// Appends a record of this version to `out`.
fn write_as(version: u8, out: &mut Vec<u8>, fields: &impl Serialize) {
    out.push(version);
    postcard::serialize_with_flavor(fields, Arena(out)).expect("memory takes every field");
}

/// Reads a record of version 1 that fills `bytes`.
fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Malformed> {
    read_as(V1, bytes)
}

/// Reads a record of this version that fills `bytes`.
fn read_as<'a, T: Deserialize<'a>>(version: u8, bytes: &'a [u8]) -> Result<T, Malformed> {
    let (fields, rest) = read_head_as(version, bytes)?;
    if rest.is_empty() { Ok(fields) } else { Err(Malformed("there are bytes behind the last field")) }
}

/// Reads a record of version 1 from the beginning of `bytes`, and gives what follows it.
fn read_head<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<(T, &'a [u8]), Malformed> {
    read_head_as(V1, bytes)
}

fn read_head_as<'a, T: Deserialize<'a>>(version: u8, bytes: &'a [u8]) -> Result<(T, &'a [u8]), Malformed> {
    match bytes.split_first() {
        Some((&found, fields)) if found == version => {
            postcard::take_from_bytes(fields).map_err(|_| Malformed("its fields cannot be read"))
        }
        Some(_) => Err(Malformed("its version is not known")),
        None => Err(Malformed("it is empty")),
    }
}

/// A point in time as its distance from the millisecond inside an id. Wraps, so that every time has a distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Distance(i64);

impl Distance {
    fn new(at: Timestamp, id: u128) -> Distance {
        Distance(at.0.wrapping_sub(millis(id)) as i64)
    }

    fn from(self, id: u128) -> Timestamp {
        Timestamp(millis(id).wrapping_add(self.0 as u64))
    }
}

fn millis(id: u128) -> u64 {
    (id >> 80) as u64
}

/// Lets postcard write to the end of a vector.
struct Arena<'a>(&'a mut Vec<u8>);

impl Flavor for Arena<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_is_read_as_a_whole_or_not_at_all() {
        let mut bytes = Vec::new();
        write(&mut bytes, &7u64);
        assert_eq!(read::<u64>(&bytes), Ok(7));
        bytes.push(0);
        assert_eq!(read::<u64>(&bytes), Err(Malformed("there are bytes behind the last field")));
        assert_eq!(read::<u64>(&[2, 7]), Err(Malformed("its version is not known")));
        assert_eq!(read::<u64>(&[1]), Err(Malformed("its fields cannot be read")));
        assert_eq!(read::<u64>(&[]), Err(Malformed("it is empty")));
    }

    proptest! {
        #[test]
        fn every_time_has_a_distance(at: u64, id: u128) {
            prop_assert_eq!(Distance::new(Timestamp(at), id).from(id), Timestamp(at));
        }
    }
}
