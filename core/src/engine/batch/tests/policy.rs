//! Rules and lists beside the model: what applies is named in the receipt, from the next redemption on.

use super::world::{ACCOUNT, World, account, plain};
use crate::account::Account;
use crate::command::{Command, Refusal, Reply};
use crate::limits::{POLICIES_KEPT, POLICY_RULES};
use crate::payment::{FailureCode, PaymentStatus};
use crate::receipt::Receipt;
use crate::risk::features::place;
use crate::risk::keys::named_person_key;
use crate::risk::policy::{Bound, Condition, List, ListAction, Rule};
use crate::risk::{Entity, LateBlock, NewPolicy, Policied, Verdict};
use crate::store::Column;
use crate::time::Millis;

fn list(name: &str, action: ListAction) -> List {
    let key = named_person_key(crate::id::Mode::Sandbox, ACCOUNT, "user-1");
    List::new(name.to_owned(), action, Entity::Person, vec![key])
}

fn rule(name: &str, feature: &str, least: f32, verdict: Verdict) -> Rule {
    Rule {
        name: name.to_owned(),
        accounts: vec![ACCOUNT],
        sides: Vec::new(),
        methods: Vec::new(),
        currencies: Vec::new(),
        when: vec![Condition { feature: place(feature).unwrap(), bound: Bound::AtLeast(least) }],
        verdict,
    }
}

impl World {
    pub fn set_policy(&mut self, rules: &[Rule], lists: &[List]) {
        let new = NewPolicy { rules: rules.to_vec(), lists: lists.to_vec(), file: None };
        assert_eq!(self.one(plain(Command::SetRiskPolicy(Box::new(new)))).unwrap().reply, Reply::Done);
    }

    /// How a redemption of this amount begins, and its receipt.
    fn decided(&mut self, amount: &str) -> (PaymentStatus, Receipt) {
        let (payment, _) = self.paid(amount);
        let receipt = self.reader.receipt(ACCOUNT, payment).unwrap().unwrap();
        (self.stored_payment(payment).status, receipt)
    }
}

fn fired(version: u64, names: &[&str]) -> Policied {
    Policied { version, fired: names.iter().map(|&name| name.to_owned()).collect(), late: None }
}

#[test]
fn lists_and_rules_decide_and_are_named_in_the_receipt() {
    const DECLINED: PaymentStatus = PaymentStatus::Failed { code: FailureCode::RiskDeclined };
    let mut world = World::of(Account { risk_is_real: true, ..account(ACCOUNT) });
    let (status, receipt) = world.decided("100.00");
    assert_eq!((status, receipt.policied), (PaymentStatus::Routed, fired(0, &[])));
    let often = rule("often", "person_count_24h", 0.5, Verdict::StepUp);
    world.set_policy(&[often.clone(), rule("never", "person_count_24h", 99.0, Verdict::Decline)], &[]);
    let (status, receipt) = world.decided("100.00");
    assert!(matches!(status, PaymentStatus::Verifying { .. }), "{status:?}");
    assert_eq!((receipt.risk.verdict, receipt.applied), (Verdict::Approve, Verdict::StepUp));
    assert_eq!(receipt.policied, fired(1, &["often"]));
    // The model declines this amount: an allow list lets it go, a block list beside it does not.
    world.set_policy(std::slice::from_ref(&often), &[list("staff", ListAction::Allow)]);
    let (status, receipt) = world.decided("200.00");
    assert_eq!((status, receipt.risk.verdict), (PaymentStatus::Routed, Verdict::Decline));
    assert_eq!(receipt.policied, fired(2, &["staff", "often"]));
    world.set_policy(&[], &[list("staff", ListAction::Allow), list("stolen", ListAction::Block)]);
    let (status, receipt) = world.decided("100.00");
    assert_eq!((status, receipt.policied), (DECLINED, fired(3, &["staff", "stolen"])));
    assert_eq!(receipt.applied, Verdict::Decline);
}

/// Who knows when the hours begin gets no more past a cap: what lies in its window counts whole, whatever models see.
#[test]
fn a_cap_holds_until_its_window_is_over() {
    let mut world = World::of(Account { risk_is_real: true, ..account(ACCOUNT) });
    world.set_policy(&[rule("three a day", "person_count_24h", 3.0, Verdict::Review)], &[]);
    let hour = Millis::seconds(3_600);
    let until_the_hour = |world: &World| Millis(hour.0 - world.now.0 % hour.0);
    // Just before the end of an hour, and again five minutes before a day has passed.
    world.pass(Millis(until_the_hour(&world).0 + hour.0 - 60_000));
    for _ in 0..3 {
        assert_eq!(world.decided("100.00").1.policied, fired(1, &[]));
    }
    world.pass(Millis(24 * hour.0 - 300_000));
    let (status, receipt) = world.decided("100.00");
    assert_eq!((receipt.policied, receipt.applied), (fired(1, &["three a day"]), Verdict::Review));
    assert!(matches!(status, PaymentStatus::Reviewing { .. }), "{status:?}");
    let estimate = receipt.features.named("person_count_24h");
    assert!(estimate < 0.5, "the receipt keeps what the model saw: {estimate}");
    world.pass(until_the_hour(&world));
    assert_eq!(world.decided("100.00").1.policied, fired(1, &[]), "within an hour it is over");
}

#[test]
fn in_the_sandbox_magic_amounts_and_the_accounts_own_rule_come_first() {
    let mut world = World::new();
    world.set_policy(&[], &[list("stolen", ListAction::Block)]);
    let (status, receipt) = world.decided("100.00");
    assert_eq!((status, receipt.applied), (PaymentStatus::Routed, Verdict::Approve));
    assert_eq!(receipt.policied, fired(1, &["stolen"]), "the receipt says what would have been");
    let mut world = World::of(Account { risk_is_real: true, ..account(ACCOUNT) });
    world.set_policy(&[], &[list("staff", ListAction::Allow)]);
    assert_eq!(world.decided("100.04").1.applied, Verdict::Decline);
}

/// What waits for its user was judged with the lists of its redemption. Those that were set since then bind it, too.
#[test]
fn who_was_blocked_while_the_user_was_verified_does_not_go_on() {
    let mut world = World::of(Account { risk_is_real: true, ..account(ACCOUNT) });
    world.set_policy(&[rule("all", "person_count_24h", 0.0, Verdict::StepUp)], &[]);
    let ended = |world: &mut World, amount: &str, rules: &[Rule], lists: &[List]| {
        let (payment, session) = world.paid(amount);
        world.set_policy(rules, lists);
        let verify = plain(Command::VerifyPayment(ACCOUNT, session, payment));
        assert!(world.rounds(&verify) <= 2);
        let Reply::Payment(ended) = world.one(verify).unwrap().reply else { panic!("a payment") };
        (ended.status.clone(), world.reader.receipt(ACCOUNT, payment).unwrap().unwrap())
    };
    let rules = [rule("all", "person_count_24h", 0.0, Verdict::StepUp), rule("no", "is_card", 0.0, Verdict::Decline)];
    let (status, receipt) = ended(&mut world, "100.00", &rules, &[list("staff", ListAction::Allow)]);
    assert_eq!((status, receipt.policied.late), (PaymentStatus::Routed, None), "rules and caps were asked already");
    world.set_policy(&rules[..1], &[]);
    let blocked = [list("staff", ListAction::Allow), list("stolen", ListAction::Block)];
    let (status, receipt) = ended(&mut world, "100.00", &rules, &blocked);
    assert_eq!(status, PaymentStatus::Failed { code: FailureCode::RiskDeclined });
    assert_eq!((receipt.applied, &receipt.policied.fired), (Verdict::StepUp, &vec!["all".to_owned()]));
    assert_eq!(receipt.policied.late, Some(LateBlock { version: 4, lists: vec!["stolen".to_owned()] }));
    let (status, _) = ended(&mut world, "100.05", &rules, &blocked);
    assert_eq!(status, PaymentStatus::Routed, "the sandbox's magic amount rules over lists");
}

#[test]
fn the_newest_versions_are_kept_and_too_large_ones_refused() {
    let mut world = World::new();
    let often = rule("often", "person_count_24h", 0.5, Verdict::StepUp);
    for _ in 0..POLICIES_KEPT + 3 {
        world.set_policy(std::slice::from_ref(&often), &[]);
    }
    let versions: Vec<u64> = world.reader.risk_policies().unwrap().iter().map(|policy| policy.version).collect();
    assert_eq!(versions, (4..=POLICIES_KEPT + 3).rev().collect::<Vec<_>>());
    assert_eq!((world.written.0, world.written.1), (2, 1), "the version, the head, and the oldest version");
    let before = world.state.directory().risk_policy().clone();
    assert_eq!(world.reader.risk_policy().unwrap().as_ref(), Some(&before));
    let new = NewPolicy { rules: vec![often; POLICY_RULES + 1], ..NewPolicy::default() };
    assert_eq!(world.one(plain(Command::SetRiskPolicy(Box::new(new)))), Err(Refusal::LimitReached));
    assert_eq!(world.rows(Column::RiskPolicies).len() as u64, POLICIES_KEPT);
}
