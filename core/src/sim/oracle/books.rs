//! Books: what each movement posts at each of its moments. Balances are sums over everything that was ever booked.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::id::{AccountId, PaymentId};
use crate::ledger::{BalanceKey, LedgerAccount, Phase, Posting};
use crate::money::Unit;
use crate::payment::{Payment, PaymentKind};

use super::Oracle;

/// One posting set.
pub struct Booked {
    pub account: AccountId,
    pub payment: PaymentId,
    pub phase: Phase,
    pub lines: Vec<Posting>,
}

impl Oracle {
    /// Books a moment of a movement.
    pub(super) fn book(&mut self, payment: &Payment, phase: Phase) {
        let lines = lines(payment, phase);
        self.booked.push(Arc::new(Booked { account: payment.account, payment: payment.id, phase, lines }));
        self.touch();
    }

    /// Every balance that was ever posted to.
    pub(super) fn balances(&self) -> BTreeMap<BalanceKey, Decimal> {
        let mut balances = BTreeMap::new();
        for booked in &self.booked {
            for line in &booked.lines {
                let key = BalanceKey { owner: booked.account, account: line.account, unit: line.unit };
                *balances.entry(key).or_insert(Decimal::ZERO) += line.amount;
            }
        }
        balances
    }
}

/// Debits are positive. Lines of nothing are left out.
///
/// A pay-in: a rail owes us fiat for a movement in suspense; once settled the rail has it, fees are earned, and what is left
/// buys the asset that leaves the wallet. A pay-out: the asset enters the wallet for a movement in suspense; once settled it
/// is sold, fees are earned, and the rail pays the rest out. What ends otherwise is taken back.
fn lines(payment: &Payment, phase: Phase) -> Vec<Posting> {
    use LedgerAccount as A;
    let terms = &payment.terms;
    let (fiat, crypto, fees) = (terms.fiat_amount.decimal(), terms.crypto_amount.decimal(), &terms.fees);
    let (money, token) = (Unit::Currency(terms.currency), Unit::Asset(terms.asset));
    let earned = [
        (A::FeesProcessing, money, -fees.processing.decimal()),
        (A::FeesNetwork, money, -fees.network.decimal()),
        (A::FeesPartner, money, -fees.partner.decimal()),
    ];
    let gross = match payment.kind {
        PaymentKind::PayIn => fiat - fees.total.decimal(),
        PaymentKind::PayOut => fiat + fees.total.decimal(),
    };
    let started = match payment.kind {
        PaymentKind::PayIn => [(A::RailReceivable, money, fiat), (A::Suspense, money, -fiat)],
        PaymentKind::PayOut => [(A::Wallet, token, crypto), (A::Suspense, token, -crypto)],
    };
    let moved = match payment.kind {
        PaymentKind::PayIn => vec![
            (A::Suspense, money, fiat),
            (A::RailReceivable, money, -fiat),
            (A::RailSettled, money, fiat),
            (A::Conversion, money, -gross),
            (A::Conversion, token, crypto),
            (A::Wallet, token, -crypto),
        ],
        PaymentKind::PayOut => vec![
            (A::Suspense, token, crypto),
            (A::Conversion, token, -crypto),
            (A::Conversion, money, gross),
            (A::RailSettled, money, -fiat),
        ],
    };
    let all: Vec<_> = match phase {
        Phase::Started => started.to_vec(),
        Phase::Settled => moved.into_iter().chain(earned).collect(),
        Phase::Reversed => started.into_iter().map(|(account, unit, amount)| (account, unit, -amount)).collect(),
    };
    let lines = all.into_iter().map(|(account, unit, amount)| Posting { account, unit, amount });
    lines.filter(|line| !line.amount.is_zero()).collect()
}
