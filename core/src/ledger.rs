//! Double entry: every movement is a set of postings that sums to zero in each currency and asset.
//!
//! Debits are positive. Fiat that a rail owes us stands in `rail_receivable` until it settles; what a movement still has to
//! turn into something else stands in `suspense`; `conversion` is our position between fiat and asset.

use rust_decimal::Decimal;

use crate::id::AccountId;
use crate::money::Unit;
use crate::payment::PaymentKind;
use crate::terms::Terms;

/// The ledger accounts that each partner account has, per currency or asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LedgerAccount {
    /// Fiat that rails were asked to collect.
    RailReceivable = 1,
    /// Fiat that rails have collected, less what they have paid out.
    RailSettled = 2,
    /// Value of movements that have not ended.
    Suspense = 3,
    /// Our position between fiat and asset.
    Conversion = 4,
    /// Assets held for movements: received from users, less what was delivered.
    Wallet = 5,
    /// Earned for processing.
    FeesProcessing = 6,
    /// Earned for the asset's network.
    FeesNetwork = 7,
    /// Owed to the partner.
    FeesPartner = 8,
}

/// Names one balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BalanceKey {
    /// Whose books.
    pub owner: AccountId,
    /// Which account in them.
    pub account: LedgerAccount,
    /// What it counts.
    pub unit: Unit,
}

/// One line of a posting set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The ledger account.
    pub account: LedgerAccount,
    /// What is counted.
    pub unit: Unit,
    /// Debit positive, credit negative.
    pub amount: Decimal,
}

/// The moments at which a movement is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// A rail was asked.
    Started = 1,
    /// The money moved.
    Settled = 2,
    /// It ended without moving: what was started is taken back.
    Reversed = 3,
}

impl LedgerAccount {
    /// All of them, in the order of their numbers.
    pub const ALL: [LedgerAccount; 8] = [
        LedgerAccount::RailReceivable,
        LedgerAccount::RailSettled,
        LedgerAccount::Suspense,
        LedgerAccount::Conversion,
        LedgerAccount::Wallet,
        LedgerAccount::FeesProcessing,
        LedgerAccount::FeesNetwork,
        LedgerAccount::FeesPartner,
    ];
}

/// The postings of a movement at `phase`. They sum to zero per unit; lines of nothing are left out.
pub fn postings(kind: PaymentKind, terms: &Terms, phase: Phase) -> Vec<Posting> {
    let mut set = match (kind, phase) {
        (PaymentKind::PayIn, Phase::Started) => pay_in_started(terms),
        (PaymentKind::PayIn, Phase::Settled) => pay_in_settled(terms),
        (PaymentKind::PayOut, Phase::Started) => pay_out_started(terms),
        (PaymentKind::PayOut, Phase::Settled) => pay_out_settled(terms),
        (PaymentKind::PayIn | PaymentKind::PayOut, Phase::Reversed) => reversed(postings(kind, terms, Phase::Started)),
    };
    set.retain(|posting| !posting.amount.is_zero());
    assert!(is_balanced(&set), "a posting set sums to zero in every unit");
    set
}

/// Whether the set sums to zero in every unit.
pub fn is_balanced(set: &[Posting]) -> bool {
    set.iter().all(|posting| {
        let same_unit = set.iter().filter(|other| other.unit == posting.unit);
        same_unit.map(|other| other.amount).sum::<Decimal>().is_zero()
    })
}

fn pay_in_started(terms: &Terms) -> Vec<Posting> {
    let fiat = terms.fiat_amount.decimal();
    vec![fiat_line(terms, LedgerAccount::RailReceivable, fiat), fiat_line(terms, LedgerAccount::Suspense, -fiat)]
}

fn pay_in_settled(terms: &Terms) -> Vec<Posting> {
    let (fiat, crypto) = (terms.fiat_amount.decimal(), terms.crypto_amount.decimal());
    let mut set = vec![
        fiat_line(terms, LedgerAccount::Suspense, fiat),
        fiat_line(terms, LedgerAccount::RailReceivable, -fiat),
        fiat_line(terms, LedgerAccount::RailSettled, fiat),
        fiat_line(terms, LedgerAccount::Conversion, terms.fees.total.decimal() - fiat),
        asset_line(terms, LedgerAccount::Conversion, crypto),
        asset_line(terms, LedgerAccount::Wallet, -crypto),
    ];
    set.extend(fee_lines(terms));
    set
}

fn pay_out_started(terms: &Terms) -> Vec<Posting> {
    let crypto = terms.crypto_amount.decimal();
    vec![asset_line(terms, LedgerAccount::Wallet, crypto), asset_line(terms, LedgerAccount::Suspense, -crypto)]
}

fn pay_out_settled(terms: &Terms) -> Vec<Posting> {
    let (fiat, crypto) = (terms.fiat_amount.decimal(), terms.crypto_amount.decimal());
    let mut set = vec![
        asset_line(terms, LedgerAccount::Suspense, crypto),
        asset_line(terms, LedgerAccount::Conversion, -crypto),
        fiat_line(terms, LedgerAccount::Conversion, fiat + terms.fees.total.decimal()),
        fiat_line(terms, LedgerAccount::RailSettled, -fiat),
    ];
    set.extend(fee_lines(terms));
    set
}

fn fee_lines(terms: &Terms) -> [Posting; 3] {
    [
        fiat_line(terms, LedgerAccount::FeesProcessing, -terms.fees.processing.decimal()),
        fiat_line(terms, LedgerAccount::FeesNetwork, -terms.fees.network.decimal()),
        fiat_line(terms, LedgerAccount::FeesPartner, -terms.fees.partner.decimal()),
    ]
}

fn reversed(set: Vec<Posting>) -> Vec<Posting> {
    set.into_iter().map(|posting| Posting { amount: -posting.amount, ..posting }).collect()
}

fn fiat_line(terms: &Terms, account: LedgerAccount, amount: Decimal) -> Posting {
    Posting { account, unit: Unit::Currency(terms.currency), amount }
}

fn asset_line(terms: &Terms, account: LedgerAccount, amount: Decimal) -> Posting {
    Posting { account, unit: Unit::Asset(terms.asset), amount }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Amount, Asset, Currency, Rate};
    use crate::terms::{Fees, Side};

    fn terms(side: Side) -> Terms {
        let amount = |text| Amount::parse(text).unwrap();
        Terms {
            side,
            currency: Currency::parse("EUR").unwrap(),
            asset: Asset::parse("USDC").unwrap(),
            payment_method: "card".to_owned(),
            fiat_amount: amount("100.00"),
            crypto_amount: amount("106.141304"),
            exchange_rate: Rate::new("0.92".parse().unwrap()).unwrap(),
            fees: Fees {
                processing: amount("1.75"),
                network: amount("0.10"),
                partner: amount("0.50"),
                total: amount("2.35"),
            },
        }
    }

    fn sum_over(kind: PaymentKind, side: Side, phases: &[Phase], account: LedgerAccount, unit: Unit) -> Decimal {
        let all = phases.iter().flat_map(|&phase| postings(kind, &terms(side), phase));
        all.filter(|posting| posting.account == account && posting.unit == unit).map(|posting| posting.amount).sum()
    }

    #[test]
    fn every_set_is_balanced_and_suspense_ends_at_zero() {
        for (kind, side) in [(PaymentKind::PayIn, Side::OnRamp), (PaymentKind::PayOut, Side::OffRamp)] {
            for end in [Phase::Settled, Phase::Reversed] {
                for unit in [Unit::Currency(terms(side).currency), Unit::Asset(terms(side).asset)] {
                    for account in [LedgerAccount::Suspense, LedgerAccount::RailReceivable] {
                        assert!(sum_over(kind, side, &[Phase::Started, end], account, unit).is_zero());
                    }
                }
            }
        }
    }

    #[test]
    fn fees_are_earned_once_the_money_moved() {
        let unit = Unit::Currency(terms(Side::OnRamp).currency);
        let earned =
            |phases: &[Phase]| sum_over(PaymentKind::PayIn, Side::OnRamp, phases, LedgerAccount::FeesPartner, unit);
        assert_eq!(earned(&[Phase::Started, Phase::Settled]), "-0.50".parse().unwrap());
        assert!(earned(&[Phase::Started, Phase::Reversed]).is_zero());
    }
}
