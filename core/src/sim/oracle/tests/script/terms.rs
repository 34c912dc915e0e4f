//! The terms of sessions and quotes, and which of them are brought together.

use crate::command::{Address, Command, Confirm, LockQuote, Redeem};
use crate::id::{AccountId, QuoteId};
use crate::quote::Quote;
use crate::risk::{Country, Device};
use crate::session::{Flow, KycPackage, PackageVerdict, Session, SessionTerms};
use crate::sim::ground::{amount, asset, currency};
use crate::terms::Side;

use super::{Script, pick_young};

const FIAT: [&str; 16] = [
    "100.00", "100", "250.5", "100.01", "100.02", "100.03", "100.04", "100.05", "100.06", "100.07", "505", "600.00",
    "1500.00", "0.12", "4900.00", "9999.99",
];
const CRYPTO: [&str; 12] = [
    "50",
    "50.01",
    "50.02",
    "50.04",
    "50.05",
    "7.1234567",
    "0.000001",
    "700",
    "0.0015",
    "12345678.9",
    "1000000000000",
    "99.999999",
];

impl Script {
    /// What a user says; now and then something that the session has fixed otherwise.
    pub(super) fn confirm(&mut self) -> Confirm {
        let methods = [None, None, Some("card"), Some("sepa"), Some("wire"), Some("cash")];
        let sides = [None, None, None, Some(Side::OnRamp), Some(Side::OffRamp)];
        let tokens = [None, None, None, Some("USDC"), Some("BTC")];
        let device = Device { fingerprint: Some([self.rng.byte(); 16]), ..Device::default() };
        Confirm {
            payment_method: methods[self.rng.below(6) as usize].map(str::to_owned),
            side: sides[self.rng.below(5) as usize],
            asset: tokens[self.rng.below(5) as usize].map(asset),
            device: (self.rng.below(2) == 0).then_some(device),
            address: (self.rng.below(3) != 0).then(|| self.address()),
        }
    }

    /// Few networks in few countries.
    fn address(&mut self) -> Address {
        let country = [None, Some(Country(*b"DE")), Some(Country(*b"BR"))][self.rng.below(3) as usize];
        Address { network: [self.rng.below(3) as u8; 16], country }
    }

    pub(super) fn session_terms(&mut self) -> SessionTerms {
        let flows = [
            None,
            None,
            Some(Flow::OnRamp),
            Some(Flow::OnRamp),
            Some(Flow::OffRamp),
            Some(Flow::OffRamp),
            Some(Flow::Swap),
        ];
        let tokens = [None, None, Some("USDC"), Some("USDC"), Some("BTC"), Some("DOGE")];
        let users = [None, Some("ann"), Some("ann"), Some("ann"), Some("ann"), Some("bob")];
        let verdict = [PackageVerdict::Accepted, PackageVerdict::Rejected][self.rng.below(2) as usize];
        let package = KycPackage { hash: [self.rng.byte(); 32], verdict };
        let (code, given) = self.money();
        SessionTerms {
            amount: amount(given),
            currency: currency(code),
            flow: flows[self.rng.below(7) as usize],
            target_token: tokens[self.rng.below(6) as usize].map(asset),
            target_network: None,
            wallet_address: [None, Some("0xabc"), Some("0xdef")][self.rng.below(3) as usize].map(str::to_owned),
            user_reference: users[self.rng.below(6) as usize].map(str::to_owned),
            quote_preview_id: None,
            return_url: "https://partner.example/done".to_owned(),
            cancel_url: None,
            metadata: vec![("order".to_owned(), self.rng.byte().to_string())],
            kyc_package: (self.rng.below(4) == 0).then_some(package),
        }
    }

    fn money(&mut self) -> (&'static str, &'static str) {
        let code = ["EUR", "EUR", "EUR", "USD", "JPY"][self.rng.below(5) as usize];
        let given = FIAT[self.rng.below(16) as usize];
        if code == "JPY" {
            (code, ["20000", "20005", "20004.00", "3000000", "3"][self.rng.below(5) as usize])
        } else {
            (code, given)
        }
    }

    /// Mostly for a young session.
    pub(super) fn lock(&mut self, account: AccountId) -> Command {
        let session = pick_young(&mut self.rng, &self.sessions).filter(|_| self.rng.below(4) != 0);
        let any = self.any_lock();
        match session {
            Some(session) => self.lock_for(&session),
            None => Command::LockQuote(account, any),
        }
    }

    fn lock_for(&mut self, session: &Session) -> Command {
        let wanted = &session.terms;
        let side = match wanted.flow {
            Some(Flow::OffRamp) => Side::OffRamp,
            Some(Flow::OnRamp | Flow::Swap) | None => Side::OnRamp,
        };
        let lock = LockQuote {
            side,
            currency: wanted.currency,
            asset: wanted.target_token.unwrap_or(asset("USDC")),
            amount: if side == Side::OnRamp { wanted.amount } else { amount(CRYPTO[self.rng.below(7) as usize]) },
            payment_method: "card".to_owned(),
        };
        Command::LockQuote(session.account, lock)
    }

    fn any_lock(&mut self) -> LockQuote {
        let (code, given) = self.money();
        let side = if self.rng.below(3) == 0 { Side::OffRamp } else { Side::OnRamp };
        let given = match side {
            Side::OnRamp if self.rng.below(20) == 0 => "1.12345",
            Side::OnRamp => given,
            Side::OffRamp => CRYPTO[self.rng.below(12) as usize],
        };
        LockQuote {
            side,
            currency: currency(code),
            asset: asset(["USDC", "USDC", "USDC", "BTC", "DOGE"][self.rng.below(5) as usize]),
            amount: amount(given),
            payment_method: ["card", "card", "card", "sepa", "wire", "cash"][self.rng.below(6) as usize].to_owned(),
        }
    }

    /// Mostly a session with a quote that fits it.
    pub(super) fn redeem(&mut self) -> Command {
        let (account, session) = self.session();
        let known = self.sessions.iter().rev().find(|one| one.id == session);
        let fitting = known.and_then(|session| self.quotes.iter().rev().find(|quote| fits(quote, session))).cloned();
        if let Some(session) = known.filter(|_| fitting.is_none() && self.rng.below(4) != 0).cloned() {
            return self.lock_for(&session);
        }
        let any = pick_young(&mut self.rng, &self.quotes);
        let quote = if self.rng.below(6) == 0 { any.or(fitting) } else { fitting.or(any) };
        let is_pay_out = quote.as_ref().is_some_and(|quote| quote.terms.side == Side::OffRamp);
        let id = quote.map_or(QuoteId(9), |quote| quote.id);
        let redeem = Redeem {
            quote: (self.rng.below(30) != 0).then_some(id),
            session: (self.rng.below(30) != 0).then_some(session),
            metadata: vec![("note".to_owned(), "x".to_owned())],
        };
        if is_pay_out == (self.rng.below(20) != 0) {
            Command::CreatePayOut(account, redeem)
        } else {
            Command::CreatePayIn(account, redeem)
        }
    }
}

fn fits(quote: &Quote, session: &Session) -> bool {
    let (terms, wanted) = (&quote.terms, &session.terms);
    let amount_fits = match terms.side {
        Side::OnRamp => wanted.amount == terms.fiat_amount,
        Side::OffRamp => wanted.amount >= terms.fiat_amount && wanted.flow == Some(Flow::OffRamp),
    };
    session.account == quote.account && quote.consumed.is_none() && wanted.currency == terms.currency && amount_fits
}
