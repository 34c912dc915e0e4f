//! How rules and lists are written: the same words in TOML and in JSON.

use causeway_core::id::AccountId;
use causeway_core::money::Currency;
use causeway_core::risk::policy::{Bound, List, ListAction, Rule};
use causeway_core::risk::{Entity, EntityKey, FEATURE_NAMES, Verdict};
use causeway_core::terms::Side;
use serde::{Deserialize, Serialize};

use crate::catalogue::word::{FromWord, Name, Word};
use crate::keys::hex;

/// A rule as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleRow {
    /// Its name in receipts.
    pub name: String,
    /// Whose redemptions; all otherwise.
    #[serde(default)]
    pub accounts: Vec<Word<AccountId>>,
    /// Which way value moves; either otherwise.
    #[serde(default)]
    pub sides: Vec<Word<Side>>,
    /// How fiat moves; in any way otherwise.
    #[serde(default)]
    pub methods: Vec<Word<Name>>,
    /// The fiat currencies; all otherwise.
    #[serde(default)]
    pub currencies: Vec<Word<Currency>>,
    /// All of these must hold.
    #[serde(default)]
    pub when: Vec<WhenRow>,
    /// What follows at least.
    pub verdict: VerdictWord,
}

/// A condition as written; with both bounds it is two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhenRow {
    /// The feature's name.
    pub feature: String,
    /// This or more.
    pub at_least: Option<f32>,
    /// This or less.
    pub at_most: Option<f32>,
}

/// A list as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRow {
    /// Its name in receipts.
    pub name: String,
    /// What it does.
    pub action: ActionWord,
    /// Of what kind its entries are.
    pub entity: Word<Entity>,
    /// Entries in clear.
    #[serde(default)]
    pub values: Vec<Entry>,
    /// Entries as they are kept and shown.
    #[serde(default)]
    pub keys: Vec<Word<Hex>>,
}

/// An entry in clear.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields, expecting = "must be a text, or an object with an account's id and a reference")]
pub enum Entry {
    /// A device's fingerprint, or a wallet.
    Text(String),
    /// A person.
    Person {
        /// Whose person.
        account: Word<AccountId>,
        /// The account's name for it.
        reference: String,
    },
}

/// What follows from a rule.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictWord {
    /// The user is verified first.
    StepUp,
    /// Somebody at the bank decides.
    Review,
    /// It ends.
    Decline,
}

/// What a list does.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionWord {
    /// Declines.
    Block,
    /// Approves.
    Allow,
}

/// A key in hexadecimal digits.
#[derive(Clone, Copy)]
pub struct Hex(pub EntityKey);

impl VerdictWord {
    /// The verdict.
    pub fn verdict(self) -> Verdict {
        match self {
            VerdictWord::StepUp => Verdict::StepUp,
            VerdictWord::Review => Verdict::Review,
            VerdictWord::Decline => Verdict::Decline,
        }
    }
}

impl ActionWord {
    /// The action.
    pub fn action(self) -> ListAction {
        match self {
            ActionWord::Block => ListAction::Block,
            ActionWord::Allow => ListAction::Allow,
        }
    }
}

impl FromWord for Hex {
    fn from_word(text: &str) -> Result<Hex, String> {
        let key = hex::decode::<16>(text);
        key.map(Hex).ok_or_else(|| "is no key: it has 32 hexadecimal digits in lower case".to_owned())
    }
}

impl FromWord for AccountId {
    fn from_word(text: &str) -> Result<AccountId, String> {
        AccountId::parse(text).ok_or_else(|| "is no account's id".to_owned())
    }
}

impl FromWord for Entity {
    fn from_word(text: &str) -> Result<Entity, String> {
        Entity::parse(text).ok_or_else(|| "is no kind of entity: use person, device, network or destination".to_owned())
    }
}

/// A rule as it is shown: what can be sent again.
#[derive(Serialize)]
pub struct RuleView<'a> {
    name: &'a str,
    accounts: Vec<String>,
    sides: Vec<&'static str>,
    methods: &'a [String],
    currencies: Vec<&'a str>,
    when: Vec<WhenView>,
    verdict: &'static str,
}

#[derive(Serialize)]
struct WhenView {
    feature: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<f32>,
}

/// A list as it is shown: what can be sent again.
#[derive(Serialize)]
pub struct ListView<'a> {
    name: &'a str,
    action: &'static str,
    entity: &'static str,
    keys: Vec<String>,
}

impl<'a> RuleView<'a> {
    /// The words of a rule.
    pub fn of(rule: &'a Rule) -> RuleView<'a> {
        let when = rule.when.iter().map(|condition| {
            let (at_least, at_most) = match condition.bound {
                Bound::AtLeast(bound) => (Some(bound), None),
                Bound::AtMost(bound) => (None, Some(bound)),
            };
            WhenView { feature: FEATURE_NAMES[condition.feature], at_least, at_most }
        });
        RuleView {
            name: &rule.name,
            accounts: rule.accounts.iter().map(|account| account.text()).collect(),
            sides: rule.sides.iter().map(|side| side.word()).collect(),
            methods: &rule.methods,
            currencies: rule.currencies.iter().map(Currency::code).collect(),
            when: when.collect(),
            verdict: rule.verdict.word(),
        }
    }
}

impl<'a> ListView<'a> {
    /// The words of a list.
    pub fn of(list: &'a List) -> ListView<'a> {
        ListView {
            name: &list.name,
            action: match list.action {
                ListAction::Block => "block",
                ListAction::Allow => "allow",
            },
            entity: list.entity.word(),
            keys: list.keys().iter().map(|key| hex::encode(key)).collect(),
        }
    }
}
