//! Whether a rule could ever fire. One that cannot is a mistake that nobody would notice: it looks like protection and is none.

use std::collections::{BTreeMap, BTreeSet};

use causeway_core::id::AccountId;
use causeway_core::money::Currency;
use causeway_core::risk::FEATURE_NAMES;
use causeway_core::risk::features::FEATURES;
use causeway_core::risk::policy::{Bound, Rule};
use causeway_core::terms::Side;

/// No amount in US dollars has a larger logarithm: amounts are 64 bits of cents.
const MOST_LOG_USD: f32 = 18.0;
/// No stretch of time in seconds has a larger one: it would be three hundred years.
const MOST_LOG_SECONDS: f32 = 10.0;
/// The unit of features that are one of two values.
const FLAG: &str = "0 or 1";

/// What a gateway knows when a policy is set.
pub struct Known<'a> {
    /// How fiat moves in its corridors.
    pub methods: BTreeSet<String>,
    /// Their currencies.
    pub currencies: BTreeSet<Currency>,
    /// Whether there is such an account.
    pub has_account: Box<dyn Fn(AccountId) -> bool + 'a>,
}

impl Known<'_> {
    /// Which word of a rule's scope this gateway does not know. One without corridors, where nothing can be paid yet, says nothing.
    pub fn stranger(&self, rule: &Rule) -> Option<String> {
        if self.methods.is_empty() {
            return None;
        }
        let method = rule.methods.iter().find(|method| !self.methods.contains(*method));
        let currency = rule.currencies.iter().find(|currency| !self.currencies.contains(currency));
        let all = || Vec::from_iter(self.methods.iter().map(String::as_str)).join(", ");
        method
            .map(|method| format!("is for the method {method:?}, which no corridor has; there are {}", all()))
            .or_else(|| currency.map(|currency| format!("is for {}, which no corridor has", currency.code())))
    }
}

/// Why the rule cannot fire, whatever is paid.
pub fn never(rule: &Rule) -> Option<String> {
    let mut asked = BTreeMap::new();
    for condition in &rule.when {
        let (low, high) = asked.entry(condition.feature).or_insert((f32::NEG_INFINITY, f32::INFINITY));
        match condition.bound {
            Bound::AtLeast(bound) => *low = low.max(bound),
            Bound::AtMost(bound) => *high = high.min(bound),
        }
    }
    asked.into_iter().find_map(|(feature, asked)| unmet(feature, asked).or_else(|| against_scope(rule, feature, asked)))
}

/// Why a feature is never within these bounds.
fn unmet(feature: usize, (low, high): (f32, f32)) -> Option<String> {
    let (name, unit) = (FEATURE_NAMES[feature], FEATURES[feature].unit);
    if low > high {
        return Some(format!("asks for {name} of at least {low} and at most {high}: nothing is both"));
    }
    let (least, most) = range(unit);
    let is_between = unit == FLAG && !(holds((low, high), 0.0) || holds((low, high), 1.0));
    if low > most || high < least || is_between {
        let asked = if high == f32::INFINITY { format!("at least {low}") } else { format!("at most {high}") };
        let asked = if is_between && low > least && high < most { format!("{low} to {high}") } else { asked };
        let values = if unit == FLAG { String::new() } else { format!("it is {least} to {most}, ") };
        return Some(format!("asks for {name} of {asked}, which there is not: {values}its unit is {unit}"));
    }
    None
}

/// Why a feature is never within these bounds where the rule applies at all.
fn against_scope(rule: &Rule, feature: usize, asked: (f32, f32)) -> Option<String> {
    let flags: Vec<bool> = match FEATURE_NAMES[feature] {
        "is_pay_out" => rule.sides.iter().map(|side| *side == Side::OffRamp).collect(),
        "is_card" => rule.methods.iter().map(|method| method == "card").collect(),
        _ => return None,
    };
    let is_met = flags.is_empty() || flags.iter().any(|flag| holds(asked, f32::from(u8::from(*flag))));
    let name = FEATURE_NAMES[feature];
    (!is_met).then(|| format!("asks of {name} what its own sides or methods rule out"))
}

fn holds((low, high): (f32, f32), value: f32) -> bool {
    low <= value && value <= high
}

/// The least and the most that a feature of this unit can be, as the unit itself says it.
fn range(unit: &str) -> (f32, f32) {
    let number = |text: &str| text.trim().parse::<f32>().ok();
    let said = unit.rsplit(", ").next().unwrap_or(unit);
    let most = said.strip_prefix("at most ").and_then(number).map(|most| (0.0, most));
    let span = || said.split_once(" to ").and_then(|(least, most)| number(least).zip(number(most)));
    match unit {
        FLAG => (0.0, 1.0),
        "log10(1 + USD)" => (0.0, MOST_LOG_USD),
        "log10(1 + s)" => (0.0, MOST_LOG_SECONDS),
        _ => most.or_else(span).unwrap_or((0.0, f32::INFINITY)),
    }
}
