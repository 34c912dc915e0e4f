use std::io::Write;

use causeway_core::id::AccountId;
use causeway_core::money::Currency;
use causeway_core::risk::{Policied, Verdict};

use super::*;
use crate::keys::MasterKey;

fn loaded(text: &str) -> Result<PolicyFile, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    PolicyFile::load(file.path()).map_err(|error| {
        let text = error.to_string();
        text.split_once(':').map_or(text.clone(), |(_, rest)| rest.to_owned())
    })
}

fn account() -> String {
    AccountId(7).text()
}

fn known(accounts: &'static [u128]) -> Known<'static> {
    Known {
        methods: BTreeSet::from(["card".to_owned()]),
        currencies: BTreeSet::from([Currency::parse("EUR").unwrap()]),
        has_account: Box::new(|account| accounts.contains(&account.0)),
    }
}

#[test]
fn a_file_becomes_a_policy() {
    let account = account();
    let text = format!(
        r#"
        [[rule]]
        name = "often"
        when = [{{ feature = "person_count_24h", at_least = 20 }}]
        verdict = "review"

        [[rule]]
        name = "small cards"
        accounts = ["{account}"]
        sides = ["on_ramp"]
        methods = ["card"]
        currencies = ["EUR"]
        when = [{{ feature = "amount_usd_log10", at_least = 0.5, at_most = 1.5 }}]
        verdict = "step_up"

        [[list]]
        name = "fraudsters"
        action = "block"
        entity = "person"
        values = [{{ account = "{account}", reference = "eve" }}, {{ account = "{account}", reference = "eve" }}]

        [[list]]
        name = "house wallets"
        action = "allow"
        entity = "destination"
        values = ["0xabc"]
        keys = ["000102030405060708090a0b0c0d0e0f"]
        "#
    );
    let file = loaded(&text).unwrap();
    let keys = KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Live);
    let (new, warnings) = file.policy(&keys, known(&[7])).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let warnings = file.policy(&keys, known(&[8])).unwrap().1;
    let expected =
        ["the rule \"small cards\"", "values[0] of the list \"fraudsters\"", "values[1] of the list \"fraudsters\""];
    let missing = format!("names the account {account}, which there is not");
    assert_eq!(warnings, expected.map(|whose| format!("{whose} {missing}")));
    let nothing = Known { methods: BTreeSet::from(["sepa".to_owned()]), ..known(&[7]) };
    let fault = file.policy(&keys, nothing).unwrap_err().to_string();
    let expect = "7: this rule \"small cards\" can never fire: it is for the method \"card\", which no corridor has; there are sepa";
    assert!(fault.contains(expect), "{fault}");
    let nothing = Known { currencies: BTreeSet::new(), ..known(&[7]) };
    let fault = file.policy(&keys, nothing).unwrap_err().to_string();
    assert!(fault.contains("it is for EUR, which no corridor has"), "{fault}");
    assert_eq!(new.file, Some(file.hash));
    let [often, cards] = &new.rules[..] else { panic!("{new:?}") };
    assert_eq!((often.name.as_str(), often.verdict, often.when.len()), ("often", Verdict::Review, 1));
    assert_eq!((cards.accounts.as_slice(), cards.when.len()), (&[AccountId(7)][..], 2));
    let [fraudsters, wallets] = &new.lists[..] else { panic!("{new:?}") };
    assert_eq!(fraudsters.keys(), [named_person_key(Mode::Live, AccountId(7), "eve")]);
    assert!(wallets.keys().contains(&destination_key("0xabc")) && wallets.keys().len() == 2);
    assert_eq!(Policied::default().version, 0);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let rule = |rest: &str| format!("\n[[rule]]\nname = \"a\"\nverdict = \"decline\"\n{rest}");
    let list =
        |entity: &str, rest: &str| format!("[[list]]\nname = \"a\"\naction = \"block\"\nentity = \"{entity}\"\n{rest}");
    let check = |text: &str, expect: &str| {
        let found = loaded(text).err().unwrap_or_else(|| panic!("{text} is taken"));
        assert!(found.contains(expect), "{found}\n{expect}");
    };
    check(&rule(""), "2: this rule \"a\" would fire for everything");
    check(&rule("when = [{ feature = \"luck\", at_least = 1 }]"), "asks for the feature \"luck\", which there is not");
    check(&rule("when = [{ feature = \"is_card\" }]"), "needs a number as at_least or at_most");
    check(&rule("when = [{ feature = \"is_card\", at_least = nan }]"), "needs a number");
    check(&rule("methods = [\"card\"]\nmethod = \"card\""), "6:");
    check(&rule("currencies = [\"EURO\"]"), "`EURO` is no ISO 4217 currency");
    let twice = rule("methods = [\"card\"]\n").repeat(2);
    check(&twice, "7: this rule has the name \"a\", which stands here for the second time");
    check(&list("person", "values = [\"eve\"]"), "1: this list \"a\" values[0] names a person by a text alone");
    check(&list("device", "values = [\"\"]"), "must be the fingerprint of a device with 1 to 128 characters");
    check(
        &list("network", "values = [\"203.0.113.0/16\"]"),
        "values[0] must be an address, or a block of them with /24",
    );
    check(&list("partner", ""), "is of the kind partner, of which there are no lists");
    check(&list("planet", ""), "`planet` is no kind of entity");
    check(&list("device", "keys = [\"xyz\"]"), "is no key");
    check(&rule("methods = [\"card\"]").replace("decline", "approve"), "unknown variant `approve`");
    check("[[rule]\n", "1:");
}

/// Each of these looks like protection and is none.
#[test]
fn a_rule_that_can_never_fire_is_refused_with_its_name() {
    let check = |rest: &str, expect: Option<&str>| {
        let found = loaded(&format!("\n[[rule]]\nname = \"a\"\nverdict = \"decline\"\n{rest}")).err();
        let expect = expect.map(|expect| format!("2: this rule \"a\" can never fire: it {expect}"));
        assert_eq!(found.map(|found| found.trim().to_owned()), expect, "{rest}");
    };
    let when = |all: &[(&str, &str)]| {
        let all: Vec<String> =
            all.iter().map(|(feature, rest)| format!("{{ feature = \"{feature}\", {rest} }}")).collect();
        format!("when = [{}]", all.join(", "))
    };
    let dollars =
        "asks for amount_usd_log10 of at least 10000, which there is not: it is 0 to 18, its unit is log10(1 + USD)";
    check(&when(&[("amount_usd_log10", "at_least = 10000")]), Some(dollars));
    let below = "asks for person_count_24h of at most -1, which there is not: it is 0 to inf, its unit is redemptions";
    check(&when(&[("person_count_24h", "at_most = -1")]), Some(below));
    let hour = "asks for hour_of_day of at least 24, which there is not: it is 0 to 23, its unit is hour, 0 to 23";
    check(&when(&[("hour_of_day", "at_least = 24")]), Some(hour));
    let flag = "asks for is_weekend of at least 2, which there is not: its unit is 0 or 1";
    check(&when(&[("is_weekend", "at_least = 2")]), Some(flag));
    let half = "asks for is_weekend of 0.2 to 0.8, which there is not: its unit is 0 or 1";
    check(&when(&[("is_weekend", "at_least = 0.2, at_most = 0.8")]), Some(half));
    let both = "asks for person_count_1h of at least 5 and at most 4: nothing is both";
    check(&when(&[("person_count_1h", "at_least = 5, at_most = 4")]), Some(both));
    check(&when(&[("person_count_1h", "at_least = 5"), ("person_count_1h", "at_most = 4")]), Some(both));
    let sides = "asks of is_pay_out what its own sides or methods rule out";
    check(&format!("sides = [\"on_ramp\"]\n{}", when(&[("is_pay_out", "at_least = 1")])), Some(sides));
    check(&format!("sides = [\"off_ramp\"]\n{}", when(&[("is_pay_out", "at_least = 1")])), None);
    let card = "asks of is_card what its own sides or methods rule out";
    check(&format!("methods = [\"wire\"]\n{}", when(&[("is_card", "at_least = 1")])), Some(card));
    check(&format!("methods = [\"wire\", \"card\"]\n{}", when(&[("is_card", "at_least = 1")])), None);
    check(
        &when(&[("amount_deviations", "at_least = -20, at_most = 20"), ("person_networks_30d", "at_least = 16")]),
        None,
    );
    check(&when(&[("destination_days_since_last_unexplained_fraud", "at_most = 31")]), None);
}

#[test]
fn what_is_too_much_is_refused() {
    let entries: Vec<String> = (0..=POLICY_ENTRIES).map(|number| format!("\"{number}\"")).collect();
    let list = |count: usize| {
        let values = entries[..count].join(",");
        format!("[[list]]\nname = \"a\"\naction = \"block\"\nentity = \"device\"\nvalues = [{values}]")
    };
    assert!(loaded(&list(POLICY_ENTRIES)).is_ok());
    assert!(loaded(&list(POLICY_ENTRIES + 1)).is_err());
    let rules = |count: usize| -> String {
        let rule = |number| format!("[[rule]]\nname = \"{number}\"\nverdict = \"review\"\nmethods = [\"card\"]\n");
        (0..count).map(rule).collect()
    };
    assert!(loaded(&rules(POLICY_RULES)).is_ok());
    assert!(loaded(&rules(POLICY_RULES + 1)).is_err_and(|fault| fault.contains("is one too many")));
}
