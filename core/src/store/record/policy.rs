//! The record of a version of the risk policy. Features stand by their names, so that their order may change.

use serde::{Deserialize, Serialize};

use super::numbers::Numbered;
use super::{Malformed, read, write};
use crate::money::Currency;
use crate::risk::policy::{Bound, Condition, List, ListAction, Rule};
use crate::risk::{Entity, EntityKey, FEATURE_NAMES, RiskPolicy, Verdict};
use crate::store::key::currency;
use crate::terms::Side;
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct PolicyV1<'a> {
    set_at: u64,
    file: Option<[u8; 16]>,
    #[serde(borrow)]
    rules: Vec<RuleV1<'a>>,
    #[serde(borrow)]
    lists: Vec<ListV1<'a>>,
}

#[derive(Serialize, Deserialize)]
struct RuleV1<'a> {
    name: &'a str,
    accounts: Vec<[u8; 16]>,
    sides: Vec<u8>,
    #[serde(borrow)]
    methods: Vec<&'a str>,
    #[serde(borrow)]
    currencies: Vec<&'a str>,
    #[serde(borrow)]
    when: Vec<ConditionV1<'a>>,
    verdict: u8,
}

#[derive(Serialize, Deserialize)]
enum ConditionV1<'a> {
    AtLeast(&'a str, f32),
    AtMost(&'a str, f32),
}

#[derive(Serialize, Deserialize)]
struct ListV1<'a> {
    name: &'a str,
    action: u8,
    entity: u8,
    keys: Vec<EntityKey>,
}

/// Appends the record of `policy`.
pub fn encode(policy: &RiskPolicy, out: &mut Vec<u8>) {
    let fields = PolicyV1 {
        set_at: policy.set_at.0,
        file: policy.file,
        rules: policy.rules.iter().map(RuleV1::new).collect(),
        lists: policy.lists.iter().map(ListV1::new).collect(),
    };
    write(out, &fields);
}

/// Reads the record of this version.
pub fn decode(version: u64, bytes: &[u8]) -> Result<RiskPolicy, Malformed> {
    let fields: PolicyV1<'_> = read(bytes)?;
    Ok(RiskPolicy {
        version,
        set_at: Timestamp(fields.set_at),
        file: fields.file,
        rules: fields.rules.into_iter().map(RuleV1::rule).collect::<Result<_, _>>()?,
        lists: fields.lists.into_iter().map(ListV1::list).collect::<Result<_, _>>()?,
    })
}

impl<'a> RuleV1<'a> {
    fn new(rule: &'a Rule) -> RuleV1<'a> {
        RuleV1 {
            name: &rule.name,
            accounts: rule.accounts.iter().map(|&account| account.into()).collect(),
            sides: rule.sides.iter().map(|side| side.number()).collect(),
            methods: rule.methods.iter().map(String::as_str).collect(),
            currencies: rule.currencies.iter().map(Currency::code).collect(),
            when: rule.when.iter().map(ConditionV1::new).collect(),
            verdict: rule.verdict.number(),
        }
    }

    fn rule(self) -> Result<Rule, Malformed> {
        Ok(Rule {
            name: self.name.to_owned(),
            accounts: self.accounts.into_iter().map(Into::into).collect(),
            sides: self.sides.into_iter().map(Side::from_number).collect::<Result<_, _>>()?,
            methods: self.methods.into_iter().map(str::to_owned).collect(),
            currencies: self.currencies.into_iter().map(currency).collect::<Result<_, _>>()?,
            when: self.when.into_iter().map(ConditionV1::condition).collect::<Result<_, _>>()?,
            verdict: Verdict::from_number(self.verdict)?,
        })
    }
}

impl<'a> ConditionV1<'a> {
    fn new(condition: &Condition) -> ConditionV1<'a> {
        let name = FEATURE_NAMES[condition.feature];
        match condition.bound {
            Bound::AtLeast(bound) => ConditionV1::AtLeast(name, bound),
            Bound::AtMost(bound) => ConditionV1::AtMost(name, bound),
        }
    }

    fn condition(self) -> Result<Condition, Malformed> {
        let (name, bound) = match self {
            ConditionV1::AtLeast(name, bound) => (name, Bound::AtLeast(bound)),
            ConditionV1::AtMost(name, bound) => (name, Bound::AtMost(bound)),
        };
        let feature = FEATURE_NAMES.iter().position(|&known| known == name);
        Ok(Condition { feature: feature.ok_or(Malformed("no feature has this name"))?, bound })
    }
}

impl<'a> ListV1<'a> {
    fn new(list: &'a List) -> ListV1<'a> {
        let (action, entity) = (list.action.number(), list.entity as u8);
        ListV1 { name: &list.name, action, entity, keys: list.keys().to_vec() }
    }

    fn list(self) -> Result<List, Malformed> {
        let action = ListAction::from_number(self.action)?;
        let entity = Entity::ALL.into_iter().find(|entity| *entity as u8 == self.entity);
        let entity = entity.ok_or(Malformed("no kind of entity has this number"))?;
        Ok(List::new(self.name.to_owned(), action, entity, self.keys))
    }
}
