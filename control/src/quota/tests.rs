use super::*;

const ACCOUNT: AccountId = AccountId(1);
const OTHER: AccountId = AccountId(2);
const SECOND: u64 = 1_000_000_000;

/// Quotas in which `small` allows two requests of each class at once, one a second, and two in progress.
fn quotas() -> (Quotas, Arc<AtomicU64>) {
    let now = Arc::new(AtomicU64::new(SECOND));
    let mut tiers = Tiers::default();
    tiers.add("small", [Rate { per_second: 1, burst: 2 }; 4], 2).unwrap();
    let clock = now.clone();
    (Quotas::with_clock(tiers, Arc::new(move || clock.load(Relaxed))), now)
}

fn ask(quotas: &Quotas, account: AccountId, class: Class) -> Answer {
    quotas.ask(Mode::Sandbox, account, Some("small"), class)
}

fn refused(answer: &Answer) -> Option<Refused> {
    answer.place.as_ref().err().copied()
}

fn said(answer: &Answer) -> String {
    let [policy, standing] = answer.standing.as_ref().unwrap().fields();
    assert_eq!((policy.0, standing.0), (POLICY_FIELD, STANDING_FIELD));
    format!("{} | {}", policy.1, standing.1)
}

#[test]
fn accounts_classes_and_modes_are_counted_apart() {
    let (quotas, _) = quotas();
    for _ in 0..2 {
        assert_eq!(refused(&ask(&quotas, ACCOUNT, Class::Reads)), None);
    }
    let beyond = ask(&quotas, ACCOUNT, Class::Reads);
    assert_eq!(refused(&beyond), Some(Refused { reason: Reason::Rate, retry_after: 1 }));
    assert_eq!(refused(&ask(&quotas, ACCOUNT, Class::Writes)), None);
    assert_eq!(refused(&ask(&quotas, OTHER, Class::Reads)), None);
    assert!(quotas.ask(Mode::Live, ACCOUNT, Some("small"), Class::Reads).place.is_ok());
    let count = |mode, class| quotas.refused(mode, class, Reason::Rate);
    assert_eq!([count(Mode::Sandbox, Class::Reads), count(Mode::Sandbox, Class::Writes)], [1, 0]);
    assert_eq!(count(Mode::Live, Class::Reads), 0);
}

#[test]
fn what_is_left_is_told_and_comes_back() {
    let (quotas, now) = quotas();
    let policy = r#""rails";q=2;w=2, "in-progress";q=2;qu="concurrent-requests""#;
    let expect = |answer: &Answer, standing: &str| assert_eq!(said(answer), format!("{policy} | {standing}"));
    expect(&ask(&quotas, ACCOUNT, Class::Rails), r#""rails";r=1;t=1, "in-progress";r=1"#);
    expect(&ask(&quotas, ACCOUNT, Class::Rails), r#""rails";r=0;t=1, "in-progress";r=1"#);
    expect(&ask(&quotas, ACCOUNT, Class::Rails), r#""rails";r=0;t=1, "in-progress";r=1"#);
    now.fetch_add(SECOND - 1, Relaxed);
    assert!(refused(&ask(&quotas, ACCOUNT, Class::Rails)).is_some());
    now.fetch_add(1, Relaxed);
    assert_eq!(refused(&ask(&quotas, ACCOUNT, Class::Rails)), None);
}

#[test]
fn places_are_held_and_given_back() {
    let (quotas, now) = quotas();
    let held = [ask(&quotas, ACCOUNT, Class::Reads), ask(&quotas, ACCOUNT, Class::Writes)];
    let beyond = ask(&quotas, ACCOUNT, Class::Writes);
    assert_eq!(refused(&beyond), Some(Refused { reason: Reason::InProgress, retry_after: 1 }));
    assert!(said(&beyond).ends_with(r#""writes";r=1;t=1, "in-progress";r=0"#), "it costs nothing of the rate");
    // Browsers have places of their own, and other accounts theirs.
    assert_eq!(refused(&ask(&quotas, ACCOUNT, Class::Embed)), None);
    assert_eq!(refused(&ask(&quotas, OTHER, Class::Reads)), None);
    drop(held);
    now.fetch_add(2 * SECOND, Relaxed);
    assert_eq!(refused(&ask(&quotas, ACCOUNT, Class::Writes)), None);
    // Those who are refused for their rate leave no place taken.
    let refusals = (0..10).filter(|_| refused(&ask(&quotas, ACCOUNT, Class::Reads)).is_some()).count();
    assert!(refusals >= 8, "{refusals}");
    assert_eq!(quotas.refused(Mode::Sandbox, Class::Reads, Reason::InProgress), 0);
}

#[test]
fn the_tier_without_bounds_says_nothing_and_keeps_nothing() {
    let (quotas, _) = quotas();
    for _ in 0..10_000 {
        let answer = quotas.ask(Mode::Sandbox, ACCOUNT, Some(Tiers::UNLIMITED), Class::Rails);
        assert!(answer.place.is_ok() && answer.standing.is_none());
    }
    assert!(quotas.sandbox.accounts.read().is_empty());
}

#[test]
fn who_has_no_tier_or_one_that_is_gone_is_in_the_default() {
    let (quotas, _) = quotas();
    for tier in [None, Some(Tiers::STANDARD), Some("gone")] {
        let answer = quotas.ask(Mode::Sandbox, ACCOUNT, tier, Class::Reads);
        assert!(said(&answer).starts_with(r#""reads";q=2000;w=2, "#), "{tier:?}");
    }
    assert_eq!(quotas.sandbox.accounts.read().len(), 1, "requests add nothing");
}

#[test]
fn tiers_have_plain_names_and_one_is_reserved() {
    let mut tiers = Tiers::default();
    let mut add = |name: &str, burst| tiers.add(name, [Rate { per_second: 1, burst }; 4], 1);
    for name in ["", "Gold", "a b", "ü", &"x".repeat(65)] {
        assert_eq!(add(name, 1), Err(TierError::Name), "{name}");
    }
    assert_eq!(add("unlimited", 1), Err(TierError::Reserved));
    assert_eq!((add("gold", 1), add("gold", 2), add("standard", 3)), (Ok(()), Ok(()), Ok(())));
    for at in 0..61 {
        assert_eq!(add(&format!("t{at}"), 1), Ok(()));
    }
    assert_eq!(add("one-more", 1), Err(TierError::TooMany));
    assert_eq!(tiers.of(Some("gone")).bounds().unwrap().rate(Class::Reads).burst, 3);
    assert!(tiers.names().starts_with("standard, unlimited, gold, t0"));
}

#[test]
fn waits_are_rounded_up() {
    for (nanos, expected) in [(0, 0), (1, 1), (SECOND, 1), (SECOND + 1, 2), (u64::MAX, u32::MAX)] {
        assert_eq!(seconds(nanos), expected, "{nanos}");
    }
}
