//! Rules and lists: what operators decide beside the model, as one value that is replaced as a whole.
//!
//! A block list declines; else an allow list approves; else the strictest holds of the score's verdict and those of the rules that
//! fire. The score is taken in any case, so that a receipt shows what it would have said.

use crate::id::AccountId;
use crate::limits::{POLICY_ENTRIES, POLICY_LISTS, POLICY_NAME_CHARS, POLICY_RULES, RULE_CONDITIONS, RULE_SCOPE_WORDS};
use crate::money::Currency;
use crate::planted::{self, Bug};
use crate::risk::{Entities, Entity, EntityKey, Features, Verdict};
use crate::terms::{Side, Terms};
use crate::time::Timestamp;

/// The first half of SHA-256 over a file's bytes.
pub type FileHash = [u8; 16];

/// What applies, as of one version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RiskPolicy {
    /// Counts up from 1; 0 before anything was ever set.
    pub version: u64,
    /// Since when it applies.
    pub set_at: Timestamp,
    /// The file that was applied last, in this version or an earlier one.
    pub file: Option<FileHash>,
    /// The rules, in the operator's order.
    pub rules: Vec<Rule>,
    /// The lists, in the operator's order.
    pub lists: Vec<List>,
}

/// What takes the place of everything that applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewPolicy {
    /// The rules.
    pub rules: Vec<Rule>,
    /// The lists.
    pub lists: Vec<List>,
    /// The file that it comes from; none when an operator has sent it.
    pub file: Option<FileHash>,
}

/// A rule: fires when all of its conditions hold within its scope. A scope that is empty is everything.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name in receipts.
    pub name: String,
    /// Whose redemptions.
    pub accounts: Vec<AccountId>,
    /// Which way value moves.
    pub sides: Vec<Side>,
    /// How fiat moves.
    pub methods: Vec<String>,
    /// The fiat currency.
    pub currencies: Vec<Currency>,
    /// What must hold of the features.
    pub when: Vec<Condition>,
    /// What follows at least.
    pub verdict: Verdict,
}

/// What must hold of one feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// Its place in [`super::FEATURE_NAMES`]. Records hold the name.
    pub feature: usize,
    /// What its value must be.
    pub bound: Bound,
}

/// A bound of a feature's value; the bound itself is within.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// This or more.
    AtLeast(f32),
    /// This or less.
    AtMost(f32),
}

/// A list of entities.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// Its name in receipts.
    pub name: String,
    /// What it does with whoever stands on it.
    pub action: ListAction,
    /// Of what kind they are.
    pub entity: Entity,
    keys: Vec<EntityKey>,
}

/// What a list does with whoever stands on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListAction {
    /// Declines.
    Block,
    /// Approves, whatever score and rules say.
    Allow,
}

/// What a policy is asked about.
pub struct Case<'a> {
    /// Whose redemption.
    pub account: AccountId,
    /// What is redeemed.
    pub terms: &'a Terms,
    /// What is known.
    pub features: &'a Features,
    /// Whom it concerns.
    pub entities: &'a Entities,
}

/// What a policy made of a redemption, for its receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policied {
    /// The version that applied.
    pub version: u64,
    /// The names of the lists and then of the rules that fired, in the policy's order.
    pub fired: Vec<String>,
    /// What ended it after it had waited; none for most.
    pub late: Option<LateBlock>,
}

/// Block lists that were set while a payment waited, and name whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateBlock {
    /// The version in which they stand.
    pub version: u64,
    /// Their names, in the policy's order.
    pub lists: Vec<String>,
}

impl RiskPolicy {
    /// The verdict on a redemption, whose score alone would give `scored`.
    pub fn judge(&self, case: &Case<'_>, scored: Verdict) -> (Verdict, Policied) {
        let lists: Vec<&List> = self.lists.iter().filter(|list| list.holds(case.entities)).collect();
        let rules: Vec<&Rule> = self.rules.iter().filter(|rule| rule.fires(case)).collect();
        let has = |action| lists.iter().any(|list| list.action == action);
        let (blocks, allows) = (has(ListAction::Block), has(ListAction::Allow));
        let verdict = if blocks && !(allows && planted::has(Bug::AllowBeatsBlock)) {
            Verdict::Decline
        } else if allows {
            Verdict::Approve
        } else {
            rules.iter().map(|rule| rule.verdict).fold(scored, Verdict::max)
        };
        let names = lists.iter().map(|list| &list.name).chain(rules.iter().map(|rule| &rule.name));
        (verdict, Policied { version: self.version, fired: names.cloned().collect(), late: None })
    }

    /// The block lists on which somebody of these stands.
    pub fn blocks(&self, entities: &Entities) -> Option<LateBlock> {
        let lists = self.lists.iter().filter(|list| list.action == ListAction::Block && list.holds(entities));
        let lists: Vec<String> = lists.map(|list| list.name.clone()).collect();
        (!lists.is_empty()).then_some(LateBlock { version: self.version, lists })
    }

    /// The next version.
    pub fn replaced(&self, new: &NewPolicy, now: Timestamp) -> RiskPolicy {
        RiskPolicy {
            version: self.version + 1,
            set_at: now,
            file: new.file.or(self.file),
            rules: new.rules.clone(),
            lists: new.lists.clone(),
        }
    }
}

impl NewPolicy {
    /// Whether everything keeps to its bound.
    pub fn is_within_limits(&self) -> bool {
        let entries: usize = self.lists.iter().map(|list| list.keys.len()).sum();
        let mut names = self.rules.iter().map(|rule| &rule.name).chain(self.lists.iter().map(|list| &list.name));
        self.rules.len() <= POLICY_RULES
            && self.lists.len() <= POLICY_LISTS
            && entries <= POLICY_ENTRIES
            && names.all(|name| name.chars().count() <= POLICY_NAME_CHARS)
            && self.rules.iter().all(Rule::is_within_limits)
    }
}

impl Rule {
    fn is_within_limits(&self) -> bool {
        let scopes = [self.accounts.len(), self.sides.len(), self.methods.len(), self.currencies.len()];
        self.when.len() <= RULE_CONDITIONS && scopes.iter().all(|words| *words <= RULE_SCOPE_WORDS)
    }

    fn fires(&self, case: &Case<'_>) -> bool {
        fn takes<T: PartialEq>(scope: &[T], one: &T) -> bool {
            scope.is_empty() || scope.contains(one)
        }
        takes(&self.accounts, &case.account)
            && takes(&self.sides, &case.terms.side)
            && takes(&self.methods, &case.terms.payment_method)
            && takes(&self.currencies, &case.terms.currency)
            && self.when.iter().all(|condition| condition.holds(case.features))
    }
}

impl Condition {
    /// A feature that is no number is within no bound.
    fn holds(&self, features: &Features) -> bool {
        let Some(value) = features.0.get(self.feature) else { return false };
        match self.bound {
            Bound::AtLeast(bound) => *value >= bound,
            Bound::AtMost(bound) => *value <= bound,
        }
    }
}

impl List {
    /// A list with these entities, in any order; one that is named twice is there once.
    pub fn new(name: String, action: ListAction, entity: Entity, mut keys: Vec<EntityKey>) -> List {
        keys.sort_unstable();
        keys.dedup();
        List { name, action, entity, keys }
    }

    /// Who stands on it, in the order of the keys.
    pub fn keys(&self) -> &[EntityKey] {
        &self.keys
    }

    fn holds(&self, entities: &Entities) -> bool {
        entities.key(self.entity).is_some_and(|key| self.keys.binary_search(&key).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::risk::features::COUNT;

    const PERSON: EntityKey = [1; 16];
    const WALLET: EntityKey = [2; 16];
    const STRANGER: EntityKey = [3; 16];

    fn list(name: &str, action: ListAction, entity: Entity, keys: &[EntityKey]) -> List {
        List::new(name.to_owned(), action, entity, keys.to_vec())
    }

    fn rule(name: &str, when: &[Condition], verdict: Verdict) -> Rule {
        let (accounts, sides, methods, currencies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Rule { name: name.to_owned(), accounts, sides, methods, currencies, when: when.to_vec(), verdict }
    }

    fn at_least(feature: usize, bound: f32) -> Condition {
        Condition { feature, bound: Bound::AtLeast(bound) }
    }

    fn at_most(feature: usize, bound: f32) -> Condition {
        Condition { feature, bound: Bound::AtMost(bound) }
    }

    /// The verdict, and what fired, for account 1 by card in EUR, with 5 as feature 3, of a person with a wallet.
    fn judged(rules: &[Rule], lists: &[List], scored: Verdict) -> (Verdict, String) {
        let new = NewPolicy { rules: rules.to_vec(), lists: lists.to_vec(), file: None };
        assert!(new.is_within_limits());
        let policy = RiskPolicy::default().replaced(&new, Timestamp(1));
        let mut features = Features([0.0; COUNT]);
        features.0[3] = 5.0;
        let entities =
            Entities { person: PERSON, device: None, network: None, destination: Some(WALLET), partner: [9; 16] };
        let terms = fixture::terms();
        let case = Case { account: AccountId(1), terms: &terms, features: &features, entities: &entities };
        let (verdict, policied) = policy.judge(&case, scored);
        assert_eq!(policied.version, 1);
        (verdict, policied.fired.join(" "))
    }

    #[test]
    fn block_comes_before_allow_and_allow_before_everything_else() {
        use ListAction::{Allow, Block};
        let blocked = list("stolen", Block, Entity::Destination, &[STRANGER, WALLET]);
        let allowed = list("staff", Allow, Entity::Person, &[PERSON, STRANGER]);
        let others = list("others", Block, Entity::Person, &[STRANGER, WALLET]);
        let unknown = list("phones", Block, Entity::Device, &[PERSON, WALLET]);
        let often = rule("often", &[at_least(3, 5.0)], Verdict::Review);
        let check = |lists: &[&List], scored: Verdict, expect: (Verdict, &str)| {
            let lists: Vec<List> = lists.iter().map(|&list| list.clone()).collect();
            let (verdict, fired) = judged(std::slice::from_ref(&often), &lists, scored);
            assert_eq!((verdict, fired.as_str()), expect);
        };
        check(&[&allowed, &blocked], Verdict::Approve, (Verdict::Decline, "staff stolen often"));
        check(&[&allowed, &others], Verdict::Decline, (Verdict::Approve, "staff often"));
        check(&[&others, &unknown], Verdict::Approve, (Verdict::Review, "often"));
        check(&[], Verdict::Decline, (Verdict::Decline, "often"));
    }

    #[test]
    fn the_strictest_of_score_and_rules_holds() {
        let fires = |name: &str, verdict| rule(name, &[at_least(3, 4.5)], verdict);
        let rules = [fires("mild", Verdict::StepUp), fires("strict", Verdict::Review)];
        assert_eq!(judged(&rules, &[], Verdict::Approve), (Verdict::Review, "mild strict".to_owned()));
        assert_eq!(judged(&rules[..1], &[], Verdict::Approve).0, Verdict::StepUp);
        assert_eq!(judged(&rules, &[], Verdict::Decline).0, Verdict::Decline, "a rule makes nothing milder");
        assert_eq!(judged(&[], &[], Verdict::StepUp), (Verdict::StepUp, String::new()));
    }

    #[test]
    fn a_rule_fires_when_all_of_it_fits() {
        let usd = Currency::parse("USD").unwrap();
        let always = rule("all", &[], Verdict::Decline);
        let fits = [
            always.clone(),
            Rule { accounts: vec![AccountId(2), AccountId(1)], ..always.clone() },
            Rule { methods: vec!["card".to_owned()], sides: vec![Side::OnRamp], ..always.clone() },
            Rule { when: vec![at_least(3, 5.0), at_most(3, 5.0)], ..always.clone() },
            Rule { when: vec![at_most(0, 0.0)], ..always.clone() },
        ];
        let does_not = [
            Rule { accounts: vec![AccountId(2)], ..always.clone() },
            Rule { sides: vec![Side::OffRamp], ..always.clone() },
            Rule { methods: vec!["wire".to_owned()], ..always.clone() },
            Rule { currencies: vec![usd], ..always.clone() },
            Rule { when: vec![at_least(3, 5.0), at_least(4, 0.1)], ..always.clone() },
            Rule { when: vec![at_least(COUNT, 0.0)], ..always.clone() },
            Rule { when: vec![at_least(3, f32::NAN)], ..always },
        ];
        for rule in fits {
            assert_eq!(judged(std::slice::from_ref(&rule), &[], Verdict::Approve).0, Verdict::Decline, "{rule:?}");
        }
        for rule in does_not {
            assert_eq!(judged(std::slice::from_ref(&rule), &[], Verdict::Approve).0, Verdict::Approve, "{rule:?}");
        }
    }

    #[test]
    fn a_version_remembers_the_last_file() {
        let from = |file| NewPolicy { file, ..NewPolicy::default() };
        let first = RiskPolicy::default().replaced(&from(Some([7; 16])), Timestamp(1));
        let second = first.replaced(&from(None), Timestamp(2));
        assert_eq!((second.version, second.set_at, second.file), (2, Timestamp(2), Some([7; 16])));
    }

    #[test]
    fn what_is_too_much_is_seen() {
        let many = |count: usize| (0..count).map(|key| (key as u128).to_be_bytes()).collect::<Vec<_>>();
        let entries = |count| vec![list("many", ListAction::Block, Entity::Person, &many(count))];
        let policy = |rules, lists| NewPolicy { rules, lists, file: None }.is_within_limits();
        assert!(policy(Vec::new(), entries(POLICY_ENTRIES)));
        assert!(!policy(Vec::new(), entries(POLICY_ENTRIES + 1)));
        let one = rule("one", &[at_least(0, 1.0)], Verdict::StepUp);
        assert!(policy(vec![one.clone(); POLICY_RULES], Vec::new()));
        assert!(!policy(vec![one.clone(); POLICY_RULES + 1], Vec::new()));
        assert!(!policy(vec![rule(&"x".repeat(POLICY_NAME_CHARS + 1), &[], Verdict::StepUp)], Vec::new()));
        assert!(!policy(vec![Rule { when: vec![at_least(0, 1.0); RULE_CONDITIONS + 1], ..one }], Vec::new()));
    }
}
