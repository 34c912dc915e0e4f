//! What tests share: one currency, one asset, one method, two corridors.

use crate::account::{Account, Entitlements};
use crate::branding::Branding;
use crate::command::{Command, LockQuote, Redeem};
use crate::customer::{CustomerTerms, NameKey};
use crate::id::{AccountId, IdKey, Mode, QuoteId, SessionId};
use crate::money::{Amount, Asset, Currency, Rate};
use crate::payment::Payment;
use crate::quote::{FeeSchedule, QuoteKey};
use crate::rail::{RailOutcome, RailReport};
use crate::routing::{AssetInfo, Catalogue, Corridor, Network, PairRate};
use crate::session::{Flow, KycPackage, PackageVerdict, SessionTerms};
use crate::settings::Settings;
use crate::terms::{Fees, Side, Terms};
use crate::time::Timestamp;

pub fn account(id: AccountId) -> Account {
    Account {
        id,
        name: "Partner".to_owned(),
        created_at: Timestamp(1),
        entitlements: Entitlements::ALL,
        origins: Vec::new(),
        keys: Vec::new(),
        webhook: None,
        quote_life: None,
        risk_is_real: false,
        branding: Branding::default(),
        tier: None,
    }
}

/// A command that opens an on_ramp session of one and the same user.
pub fn create_session(account: AccountId, amount: &str) -> Command {
    let terms = SessionTerms {
        amount: Amount::parse(amount).unwrap(),
        currency: Currency::parse("EUR").unwrap(),
        flow: Some(Flow::OnRamp),
        target_token: None,
        target_network: None,
        wallet_address: None,
        user_reference: Some("user-1".to_owned()),
        quote_preview_id: None,
        return_url: "https://partner.example/done".to_owned(),
        cancel_url: None,
        metadata: vec![("order".to_owned(), "1".to_owned())],
        kyc_package: None,
    };
    Command::CreateSession(account, Box::new(terms))
}

/// What is kept of a package that was handed over.
pub fn kyc_package(is_accepted: bool) -> KycPackage {
    let verdict = if is_accepted { PackageVerdict::Accepted } else { PackageVerdict::Rejected };
    KycPackage { hash: [7; 32], verdict }
}

/// A command that locks a quote by card into USDC.
pub fn lock_quote(account: AccountId, amount: &str) -> Command {
    let lock = LockQuote {
        side: Side::OnRamp,
        currency: Currency::parse("EUR").unwrap(),
        asset: Asset::parse("USDC").unwrap(),
        amount: Amount::parse(amount).unwrap(),
        payment_method: "card".to_owned(),
    };
    Command::LockQuote(account, lock)
}

/// What a quote for 100 EUR by card may fix.
pub fn terms() -> Terms {
    let amount = |text| Amount::parse(text).unwrap();
    Terms {
        side: Side::OnRamp,
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

/// A command that redeems a quote with a session.
pub fn redeem(account: AccountId, session: SessionId, quote: QuoteId) -> Command {
    Command::CreatePayIn(account, Redeem { quote: Some(quote), session: Some(session), metadata: Vec::new() })
}

/// A rail's word on the current attempt of a payment.
pub fn report(payment: &Payment, outcome: RailOutcome) -> Command {
    Command::ReportRails(vec![RailReport {
        attempt: payment.attempts.last().unwrap().id,
        payment: payment.id,
        account: payment.account,
        session: payment.session,
        outcome,
    }])
}

/// What a partner says of a customer with this name: its email address and external id follow from it.
pub fn customer_terms(name: &str) -> CustomerTerms {
    CustomerTerms {
        email: format!("{name}@people.example"),
        external_id: Some(format!("user-{name}")),
        phone: Some("+4930123456".to_owned()),
        first_name: Some(name.to_owned()),
        last_name: None,
        country_code: Some("DE".to_owned()),
        metadata: vec![("tier".to_owned(), "gold".to_owned())],
    }
}

pub fn settings(mode: Mode) -> Settings {
    let quote_key = QuoteKey { id: 1, mode, secret: [9; 32] };
    Settings::new(mode, IdKey([3; 16]), quote_key, NameKey([5; 32]))
}

pub fn catalogue() -> Catalogue {
    let (currency, asset) = (Currency::parse("EUR").unwrap(), Asset::parse("USDC").unwrap());
    let fees = FeeSchedule {
        processing_basis_points: 100,
        processing_fixed: Amount::ZERO,
        network_fixed: Amount::parse("0.10").unwrap(),
        partner_basis_points: 50,
    };
    let network = Network {
        chain: "ethereum".to_owned(),
        contract_address: None,
        amounts: (Amount::parse("1").unwrap(), Amount::parse("100000").unwrap()),
    };
    let info = AssetInfo { name: "USD Coin".to_owned(), decimals: 6, networks: vec![network] };
    let rate = PairRate { mid: Rate::new("0.92".parse().unwrap()).unwrap(), spread_basis_points: 20 };
    Catalogue {
        corridors: vec![corridor("first", 0.98), corridor("second", 0.95)],
        assets: [(asset, info)].into(),
        rates: [((currency, asset), rate)].into(),
        fees: [((currency, "card".to_owned()), fees)].into(),
        methods: [("card".to_owned(), "Card".to_owned())].into(),
        dollar_asset: Some(asset),
    }
}

fn corridor(id: &str, success: f32) -> Corridor {
    Corridor {
        id: id.to_owned(),
        rail: "simulated".to_owned(),
        sides: vec![Side::OnRamp, Side::OffRamp],
        countries: vec!["DE".to_owned()],
        currencies: vec![Currency::parse("EUR").unwrap()],
        methods: vec!["card".to_owned()],
        amounts: (Amount::parse("1").unwrap(), Amount::parse("100000").unwrap()),
        cost_basis_points: 10,
        settlement_seconds: 1,
        success,
        enabled: true,
        connected: true,
    }
}
