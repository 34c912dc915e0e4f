//! No simple rule tells frauds from honest payments, although every rule here knows the whole history; and yet each pattern
//! can be found again.

use super::super::market::ELSEWHERE;
use super::*;

/// What a rule may look at.
#[derive(Debug)]
struct Facts {
    pattern: Option<Pattern>,
    /// How many customers the device and the wallet have.
    of_device: usize,
    of_wallet: usize,
    /// Payments of the customer.
    of_customer: usize,
    /// The most payments within ten minutes of this device, and of this customer, this one among them.
    device_rate: usize,
    customer_rate: usize,
    /// Whether nobody lives in the country, and whether this customer mostly pays from another one.
    is_elsewhere: bool,
    is_abroad: bool,
    /// Countries that the device was in.
    countries: usize,
    /// The amount over the customer's median.
    to_usual: f64,
    /// Whether nobody used the wallet before, or only in the last day.
    is_new_wallet: bool,
}

type Rule = (String, Box<dyn Fn(&Facts) -> bool>);

/// Neither is reached together with the other.
const BOUND: f64 = 0.8;

#[test]
fn no_simple_rule_finds_the_frauds_and_nothing_else() {
    let facts = facts(5);
    for (name, rule) in simple_rules() {
        for pattern in [None, Some(Pattern::Ring), Some(Pattern::StolenDevice), Some(Pattern::Burst)] {
            let (precision, recall) = quality(&facts, pattern, &rule);
            let figures = format!("{name}, {pattern:?}: precision {precision:.2}, recall {recall:.2}");
            assert!(precision < BOUND || recall < BOUND, "{figures}");
        }
    }
}

#[test]
fn a_rule_for_each_pattern_finds_most_of_it() {
    let facts = facts(6);
    let check = |pattern, rule: fn(&Facts) -> bool| {
        let (precision, recall) = quality(&facts, Some(pattern), &rule);
        let share = facts.iter().filter(|one| one.pattern == Some(pattern)).count() as f64 / facts.len() as f64;
        assert!(recall > 0.55, "{pattern:?}: recall {recall:.2}");
        assert!(precision > 8.0 * share, "{pattern:?}: precision {precision:.3} with a share of {share:.4}");
    };
    check(Pattern::Ring, is_new_and_shares);
    check(Pattern::StolenDevice, |one| one.to_usual >= 3.0 && one.of_customer > 4 && one.is_new_wallet);
    check(Pattern::Burst, |one| one.customer_rate >= 8);
}

/// More of each than is planted unless something else is said: it makes rules better, not worse.
fn facts(seed: u64) -> Vec<Facts> {
    let stories: Vec<Story> = history(60_000, seed, "none,ring=0.005,stolen-device=0.004,burst=0.005").collect();
    let key = |of: fn(&Draft) -> u64| stories.iter().map(move |story| of(&story.draft));
    let (devices, wallets, customers) = (key(|one| one.device), key(|one| one.wallet), key(|one| one.customer));
    let of_device = sharing(devices.clone().zip(customers.clone()));
    let of_wallet = sharing(wallets.zip(customers.clone()));
    let countries = sharing(devices.clone().zip(stories.iter().map(|story| story.draft.country)));
    let times = || stories.iter().map(|story| story.draft.at);
    let device_rates = rates(devices.zip(times()).collect());
    let customer_rates = rates(customers.zip(times()).collect());
    let usual = usual(&stories);
    let mut first = BTreeMap::new();
    let fact = |(place, story): (usize, &Story)| {
        let draft = &story.draft;
        let (country, median, of_customer) = usual[&draft.customer];
        Facts {
            pattern: draft.pattern,
            of_device: of_device[&draft.device].len(),
            of_wallet: of_wallet[&draft.wallet].len(),
            of_customer,
            device_rate: device_rates[place],
            customer_rate: customer_rates[place],
            is_elsewhere: ELSEWHERE.contains(&draft.country),
            is_abroad: draft.country != country,
            countries: countries[&draft.device].len(),
            to_usual: draft.minor as f64 / median,
            is_new_wallet: draft.at < *first.entry(draft.wallet).or_insert(draft.at) + DAY,
        }
    };
    stories.iter().enumerate().map(fact).collect()
}

fn simple_rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut add = |name: String, rule: Box<dyn Fn(&Facts) -> bool>| rules.push((name, rule));
    for n in [2, 3, 4, 6, 8, 10, 12, 14, 16, 20, 24, 30, 40] {
        add(format!("a device of {n} customers"), Box::new(move |one| one.of_device >= n));
        add(format!("a wallet of {n} customers"), Box::new(move |one| one.of_wallet >= n));
        add(format!("{n} payments of a device in ten minutes"), Box::new(move |one| one.device_rate >= n));
        add(format!("{n} payments of a customer in ten minutes"), Box::new(move |one| one.customer_rate >= n));
        add(format!("a customer with {n} payments or fewer"), Box::new(move |one| one.of_customer <= n));
        add(format!("{n} times the usual amount"), Box::new(move |one| one.to_usual >= n as f64));
    }
    add("a country where nobody lives".into(), Box::new(|one| one.is_elsewhere));
    add("another country".into(), Box::new(|one| one.is_abroad));
    add("a device in two countries".into(), Box::new(|one| one.countries > 1));
    add("a new wallet".into(), Box::new(|one| one.is_new_wallet));
    let shares = |one: &Facts| one.of_device > 1 || one.of_wallet > 1;
    add("any of them".into(), Box::new(move |one| one.is_elsewhere || shares(one) || one.device_rate >= 6));
    add("a new customer who shares".into(), Box::new(is_new_and_shares));
    let far = |one: &Facts| one.is_elsewhere && one.to_usual >= 2.0;
    let ring = |one: &Facts| one.of_device >= 6 && one.of_wallet >= 8;
    add("any of them, narrower".into(), Box::new(move |one| far(one) || ring(one) || one.device_rate >= 10));
    rules
}

fn is_new_and_shares(one: &Facts) -> bool {
    one.of_customer <= 6 && (one.of_device >= 5 || one.of_wallet >= 8)
}

/// Precision and recall of a rule that looks for a pattern, or for all frauds.
fn quality(facts: &[Facts], pattern: Option<Pattern>, rule: &dyn Fn(&Facts) -> bool) -> (f64, f64) {
    let is_meant = |one: &&Facts| if pattern.is_some() { one.pattern == pattern } else { one.pattern.is_some() };
    let found: Vec<&Facts> = facts.iter().filter(|one| rule(one)).collect();
    let right = found.iter().copied().filter(is_meant).count() as f64;
    let all = facts.iter().filter(is_meant).count();
    assert!(all > 100, "{all} of {pattern:?}");
    (right / found.len().max(1) as f64, right / all as f64)
}

fn sharing<K: Ord, V: Ord>(pairs: impl Iterator<Item = (K, V)>) -> BTreeMap<K, BTreeSet<V>> {
    let mut sharing: BTreeMap<K, BTreeSet<V>> = BTreeMap::new();
    for (shared, one) in pairs {
        sharing.entry(shared).or_default().insert(one);
    }
    sharing
}

/// For each payment, in the order of time, the most that its key has in a span of ten minutes with this one in it.
fn rates(payments: Vec<(u64, u64)>) -> Vec<usize> {
    let mut of_key: BTreeMap<u64, Vec<(u64, usize)>> = BTreeMap::new();
    payments.iter().enumerate().for_each(|(place, &(key, at))| of_key.entry(key).or_default().push((at, place)));
    let mut rates = vec![0; payments.len()];
    for of_one in of_key.values() {
        for first in 0..of_one.len() {
            let span = of_one[first..].iter().take_while(|(at, _)| *at < of_one[first].0 + 600);
            let count = span.clone().count();
            span.for_each(|&(_, place)| rates[place] = rates[place].max(count));
        }
    }
    rates
}

/// The country that each customer mostly pays from, the median amount, and the number of payments.
fn usual(stories: &[Story]) -> BTreeMap<u64, (&'static str, f64, usize)> {
    let mut of: BTreeMap<u64, (Vec<u64>, BTreeMap<&'static str, usize>)> = BTreeMap::new();
    for Story { draft, .. } in stories {
        let (amounts, countries) = of.entry(draft.customer).or_default();
        amounts.push(draft.minor);
        *countries.entry(draft.country).or_default() += 1;
    }
    let summed = |(customer, (mut amounts, countries)): (u64, (Vec<u64>, BTreeMap<&'static str, usize>))| {
        amounts.sort_unstable();
        let country = countries.iter().max_by_key(|(_, count)| **count).map_or("", |(country, _)| *country);
        (customer, (country, amounts[amounts.len() / 2] as f64, amounts.len()))
    };
    of.into_iter().map(summed).collect()
}
