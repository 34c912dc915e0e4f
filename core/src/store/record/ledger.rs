//! The records of balances and posting sets.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::money::SignedV1;
use super::numbers::Numbered;
use super::{Malformed, read, write};
use crate::ledger::{LedgerAccount, Posting};
use crate::money::Unit;
use crate::store::key::{ASSET, CURRENCY, unit};

#[derive(Serialize, Deserialize)]
struct PostingV1<'a> {
    account: u8,
    unit_kind: u8,
    unit: &'a str,
    amount: SignedV1,
}

/// Appends the record of a balance.
pub fn encode_balance(balance: Decimal, out: &mut Vec<u8>) {
    write(out, &SignedV1::from(balance));
}

/// Reads the record of a balance.
pub fn decode_balance(bytes: &[u8]) -> Result<Decimal, Malformed> {
    read::<SignedV1>(bytes)?.try_into()
}

/// Appends the record of a posting set.
pub fn encode_postings(set: &[Posting], out: &mut Vec<u8>) {
    let fields: Vec<PostingV1<'_>> = set.iter().map(PostingV1::from).collect();
    write(out, &fields);
}

/// Reads the record of a posting set.
pub fn decode_postings(bytes: &[u8]) -> Result<Vec<Posting>, Malformed> {
    let fields: Vec<PostingV1<'_>> = read(bytes)?;
    fields.into_iter().map(PostingV1::posting).collect()
}

impl<'a> From<&'a Posting> for PostingV1<'a> {
    fn from(posting: &'a Posting) -> PostingV1<'a> {
        let unit_kind = match posting.unit {
            Unit::Currency(_) => CURRENCY,
            Unit::Asset(_) => ASSET,
        };
        PostingV1 {
            account: posting.account.number(),
            unit_kind,
            unit: posting.unit.symbol(),
            amount: posting.amount.into(),
        }
    }
}

impl PostingV1<'_> {
    fn posting(self) -> Result<Posting, Malformed> {
        Ok(Posting {
            account: LedgerAccount::from_number(self.account)?,
            unit: unit(self.unit_kind, self.unit)?,
            amount: self.amount.try_into()?,
        })
    }
}
