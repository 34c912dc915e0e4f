//! What a simulated cell stands on: its settings and its catalogue.

use std::sync::Arc;

use crate::account::Entitlements;
use crate::command::{Answer, Command, NewEndpoint, Outcome, Reply, Submission};
use crate::customer::NameKey;
use crate::id::{AccountId, IdKey, Mode};
use crate::money::{Amount, Asset, Currency, Rate};
use crate::quote::{FeeSchedule, QuoteKey};
use crate::risk::features::place;
use crate::risk::keys::{destination_key, named_person_key};
use crate::risk::policy::{Bound, Condition, List, ListAction, Rule};
use crate::risk::{Country, Entity, ModelStep, NewPolicy, Verdict};
use crate::routing::{AssetInfo, Catalogue, Corridor, Network, PairRate};
use crate::settings::Settings;
use crate::sim::scorer::model;
use crate::terms::Side;
use crate::time::{Millis, Timestamp};

/// The settings of a seed: live and sandbox take turns, and so do small and large working sets, and patience and haste with
/// receivers. Three in four have an event bus.
pub fn settings(seed: u64) -> Settings {
    let mode = if seed.is_multiple_of(2) { Mode::Sandbox } else { Mode::Live };
    let key = QuoteKey { id: 1, mode, secret: [9; 32] };
    let table_rows = [4, 64, crate::limits::TABLE_ROWS][(seed / 2 % 3) as usize];
    let usual = Settings::new(mode, IdKey([3; 16]), key, NameKey([5; 32]));
    let hasty = [20, 60].map(Millis).to_vec();
    let delivery_gaps = if seed / 6 % 2 == 1 { hasty } else { usual.delivery_gaps.clone() };
    // So short that they are over within a seed.
    let endpoint_patience = Millis::seconds(5_400);
    let event_life = if seed / 3 % 2 == 1 { Millis::seconds(60) } else { Millis::seconds(6 * 3_600) };
    let bus = !seed.is_multiple_of(4);
    let used_in =
        |code: &str, countries: &[&[u8; 2]]| (currency(code), countries.iter().map(|code| Country(**code)).collect());
    let currency_countries = Arc::new([used_in("EUR", &[b"DE", b"FR"]), used_in("USD", &[b"US"])].into());
    let review_life = Millis::seconds(7_200);
    Settings { currency_countries, table_rows, delivery_gaps, endpoint_patience, event_life, bus, review_life, ..usual }
}

/// Two currencies, two assets, three methods, five corridors.
pub fn catalogue() -> Catalogue {
    let (eur, usd) = (currency("EUR"), currency("USD"));
    let (usdc, btc) = (asset("USDC"), asset("BTC"));
    let both = [Side::OnRamp, Side::OffRamp];
    Catalogue {
        corridors: vec![
            corridor("card-one", &both, &[eur, usd], &["card"], 0.97),
            corridor("card-two", &both, &[eur], &["card"], 0.95),
            corridor("sepa-one", &[Side::OnRamp], &[eur], &["sepa", "card"], 0.96),
            corridor("ach-one", &both, &[usd], &["ach"], 0.93),
            Corridor { enabled: false, ..corridor("off", &both, &[eur, usd], &["card"], 0.99) },
        ],
        assets: [(usdc, info("USD Coin", 6)), (btc, info("Bitcoin", 8))].into(),
        rates: [((eur, usdc), rate("0.92", 20)), ((usd, usdc), rate("1.0003", 15)), ((eur, btc), rate("58123.45", 40))]
            .into(),
        fees: [((eur, "card"), 100), ((usd, "card"), 120), ((eur, "sepa"), 10), ((usd, "ach"), 5)]
            .map(|((currency, method), points)| ((currency, method.to_owned()), fees(points)))
            .into(),
        methods: ["card", "sepa", "ach"].map(|method| (method.to_owned(), method.to_uppercase())).into(),
        dollar_asset: Some(usdc),
    }
}

/// What operators do before anybody asks for anything: two accounts with everything, of which the operator vouches for the
/// users of one, and a third account without rails; and a live model.
pub fn opening() -> Vec<Command> {
    let webhook = NewEndpoint { url: "https://hooks.example".to_owned(), sealed_secret: vec![1] };
    let account = |number: u128| Command::CreateAccount(AccountId(number), format!("Partner {number}"));
    vec![
        account(1),
        account(2),
        account(3),
        Command::SetEntitlements(AccountId(1), Entitlements::ALL),
        Command::SetEntitlements(AccountId(2), Entitlements { verified_users: false, ..Entitlements::ALL }),
        Command::SetWebhook(AccountId(1), webhook),
        Command::ChangeModels(ModelStep::Register(model(1), [1; 32])),
        Command::ChangeModels(ModelStep::Promote(model(1))),
    ]
}

fn condition(feature: &str, bound: Bound) -> Condition {
    Condition { feature: place(feature).expect("the simulation names features that there are"), bound }
}

/// Rules and lists by small numbers: sometimes none at all, sometimes an allow list and a block list with the same person.
pub fn policy(what: u8, which: u8) -> NewPolicy {
    let rule = |name: &str, when: &[(&str, Bound)], verdict| Rule {
        name: name.to_owned(),
        accounts: Vec::new(),
        sides: Vec::new(),
        methods: Vec::new(),
        currencies: Vec::new(),
        when: when.iter().map(|&(feature, bound)| condition(feature, bound)).collect(),
        verdict,
    };
    let often = rule("often", &[("person_count_24h", Bound::AtLeast(3.4))], Verdict::StepUp);
    let large = rule(
        "large",
        &[("amount_usd_log10", Bound::AtLeast(2.3)), ("amount_usd_log10", Bound::AtMost(2.6))],
        Verdict::Review,
    );
    let euro = vec![currency("EUR")];
    let returned = rule("returned", &[("person_declines_24h", Bound::AtLeast(0.4))], Verdict::Decline);
    let returned = Rule { accounts: vec![AccountId(1), AccountId(2)], currencies: euro, ..returned };
    let out = rule("small out", &[("amount_usd_log10", Bound::AtMost(1.8))], Verdict::Review);
    let out = Rule { sides: vec![Side::OffRamp], methods: vec!["card".to_owned()], ..out };
    // Without these hardly anything would wait.
    let all = rule("all", &[], if which.is_multiple_of(2) { Verdict::Review } else { Verdict::StepUp });
    let all = what.is_multiple_of(3).then_some(all);
    let some = |place: u8| what.rotate_right(place.into()) & 3 == 0;
    let rules = [often, large, returned, out].into_iter().zip(0..).filter(|(_, place)| some(2 * place));
    let people = |name: &str| {
        let of = |account| [Mode::Sandbox, Mode::Live].map(|mode| named_person_key(mode, AccountId(account), name));
        [1, 2, 3].map(of).concat()
    };
    let list = |name: &str, action, entity, keys| List::new(name.to_owned(), action, entity, keys);
    let (block, allow) = (ListAction::Block, ListAction::Allow);
    let lists = match which % 8 {
        0 | 1 => vec![],
        2 => vec![list("phones", block, Entity::Device, vec![[which % 7; 16], [5; 16]])],
        3 => vec![list("staff", allow, Entity::Person, people("ann"))],
        4 => vec![list("eves", block, Entity::Person, people("eve"))],
        5 => vec![list("wallet", block, Entity::Destination, vec![destination_key("0xabc")])],
        _ => vec![
            list("bobs", block, Entity::Person, people("bob")),
            list("wallet", allow, Entity::Destination, vec![destination_key("0xabc")]),
            list("shop", allow, Entity::Partner, vec![AccountId(2).0.to_be_bytes()]),
        ],
    };
    NewPolicy {
        rules: rules.map(|(rule, _)| rule).chain(all).collect(),
        lists,
        file: what.is_multiple_of(5).then_some([what; 16]),
    }
}

/// A command without key and deadline.
pub fn plain(command: Command) -> Submission {
    Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) }
}

/// The outcome of what has no answer.
pub fn done() -> Outcome {
    Ok(Answer { reply: Reply::Done, replayed: false })
}

/// A currency of the catalogue.
pub fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("a known currency")
}

/// An asset's symbol.
pub fn asset(symbol: &str) -> Asset {
    Asset::parse(symbol).expect("a well-formed symbol")
}

/// An amount.
pub fn amount(text: &str) -> Amount {
    Amount::parse(text).expect("a well-formed amount")
}

fn info(name: &str, decimals: u32) -> AssetInfo {
    let network =
        Network { chain: "ethereum".to_owned(), contract_address: None, amounts: (amount("0.0001"), amount("100000")) };
    AssetInfo { name: name.to_owned(), decimals, networks: vec![network] }
}

fn rate(mid: &str, spread_basis_points: u32) -> PairRate {
    let mid = mid.parse().ok().and_then(Rate::new);
    PairRate { mid: mid.expect("a well-formed rate"), spread_basis_points }
}

fn fees(processing_basis_points: u32) -> FeeSchedule {
    FeeSchedule {
        processing_basis_points,
        processing_fixed: amount("0.05"),
        network_fixed: amount("0.10"),
        partner_basis_points: 50,
    }
}

fn corridor(id: &str, sides: &[Side], currencies: &[Currency], methods: &[&str], success: f32) -> Corridor {
    Corridor {
        id: id.to_owned(),
        rail: "simulated".to_owned(),
        sides: sides.to_vec(),
        countries: vec!["DE".to_owned()],
        currencies: currencies.to_vec(),
        methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        amounts: (amount("1"), amount("5000")),
        cost_basis_points: 10,
        settlement_seconds: 60,
        success,
        enabled: true,
        connected: true,
    }
}
