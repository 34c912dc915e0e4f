//! Reports over a store in memory: what is counted, what is said where there is nothing, and the page.

use std::sync::Arc;
use std::time::Duration;

use causeway_core::change::{Change, Effects, Head};
use causeway_core::id::{AccountId, Mode, PaymentId, QuoteId, SessionId, TransactionId};
use causeway_core::payment::{FailureCode, Payment, PaymentKind, PaymentStatus};
use causeway_core::receipt::Receipt;
use causeway_core::risk::drift::Expected;
use causeway_core::risk::features::COUNT;
use causeway_core::risk::history::Usual;
use causeway_core::risk::{Arm, Policied};
use causeway_core::risk::{Decider, Entities, Features, Histogram, Label, Labelled, Reference, Risk, Thresholds};
use causeway_core::store::{Batch, MemoryStore, Reader, Store};
use causeway_core::time::{Millis, Timestamp};

use super::collect::{self, Extent, Taker};
use super::rescore::Rescored;
use super::*;

const DAY: u64 = 86_400_000;
/// When the first decision was made.
const START: u64 = 20_000 * DAY;
const THRESHOLDS: Thresholds = Thresholds { step_up: 0.3, review: 0.8, decline: 0.8 };

/// Models `one` and `two`: the second one's score is the first feature.
struct Two;

impl Library for Two {
    fn about(&self, _: Mode, model: &Named) -> Option<Arc<About>> {
        let histogram = |edges: &[f64], shares: &[f64]| Histogram { edges: edges.to_vec(), shares: shares.to_vec() };
        let features = vec![(0, histogram(&[0.5], &[0.5, 0.5]))];
        let score = histogram(&[0.3, 0.8], &[0.8, 0.1, 0.1]);
        let reference = Reference { approval_rate: 0.8, score, features };
        let expected = (model.name == "one").then_some(Expected { reference, rows: Some(10_000) });
        let about = About { thresholds: Some(THRESHOLDS), features: 1, expected, ..About::default() };
        ["one", "two"].contains(&model.name.as_str()).then(|| Arc::new(about))
    }

    fn scorer(&self, _: Mode, model: &Named) -> Result<Score, String> {
        match model.name.as_str() {
            "two" => Ok(Box::new(|rows| Ok(rows.iter().map(|row| row.0[0]).collect()))),
            _ => Err(format!("the package of {model} is not here")),
        }
    }

    fn speed(&self, _: Mode, model: &Named) -> Option<Speed> {
        let speed = Speed { since: "today", calls: 4, rows: 10, seconds: 4e-5, ..Speed::default() };
        (model.name == "one").then_some(speed)
    }
}

fn named(name: &str) -> Named {
    Named { name: name.to_owned(), version: "1".to_owned() }
}

/// A decision of model `one`, so many minutes after the first; its first feature is the score, a little lower.
pub fn decision(minute: u64, score: f32) -> Receipt {
    let at = Timestamp(START + minute * 60_000);
    let mut features = Features([0.0; COUNT]);
    features.0[0] = score * 0.9;
    let verdict = THRESHOLDS.verdict(score);
    let decider = Decider::Model { name: "one".to_owned(), version: "1".to_owned() };
    Receipt {
        payment: PaymentId(u128::from(at.0) << 80 | u128::from(minute)),
        account: AccountId(7),
        at,
        batch: 1,
        entities: Entities { person: [1; 16], device: None, network: None, destination: None, partner: [2; 16] },
        amount_cents: 1_000,
        usual: Usual::Yes,
        features,
        device: None,
        risk: Risk { score, verdict, decider },
        applied: verdict,
        candidates: Vec::new(),
        policied: Policied::default(),
        arm: Arm::Live,
    }
}

/// A store with these receipts and labels.
pub fn reader(receipts: Vec<Receipt>, labels: &[(usize, Label, u64)]) -> Reader {
    reader_with(receipts, labels, Vec::new())
}

pub fn reader_with(receipts: Vec<Receipt>, labels: &[(usize, Label, u64)], payments: Vec<Payment>) -> Reader {
    let label = |(place, label, hours): &(usize, Label, u64)| {
        let receipt: &Receipt = &receipts[*place];
        Change::Label(receipt.payment, Some(Labelled { label: *label, at: receipt.at.plus(Millis(hours * 3_600_000)) }))
    };
    let labels: Vec<Change> = labels.iter().map(label).collect();
    let changes = receipts.into_iter().map(|receipt| Change::Receipt(Arc::new(receipt))).chain(labels);
    let changes = changes.chain(payments.into_iter().map(|payment| Change::Payment(Arc::new(payment)))).collect();
    let store = MemoryStore::new();
    store.commit(&[Batch::encode(&Effects { head: Head { batch: 1, ..Head::default() }, changes })]).unwrap();
    Reader::new(Arc::new(store))
}

fn request(against: Option<&str>, days_later: u64) -> Request {
    Request {
        model: named("one"),
        against: against.map(named),
        from: Timestamp(START),
        until: Timestamp(START + 40 * DAY),
        maturity: Millis(30 * DAY),
        basis: None,
        now: Timestamp(START + days_later * DAY),
    }
}

/// Ten decisions: eight approved, one stepped up, one declined; the last two are frauds, one of them is told.
fn ten() -> Reader {
    let scores = [0.01, 0.02, 0.02, 0.05, 0.1, 0.1, 0.2, 0.25, 0.5, 0.9];
    let receipts = scores.iter().enumerate().map(|(minute, score)| decision(minute as u64, *score)).collect();
    reader(receipts, &[(0, Label::Honest, 2), (8, Label::Fraud, 40)])
}

fn made(reader: &Reader, request: &Request) -> Report {
    report::make(reader, &Two, Mode::Sandbox, request).unwrap()
}

fn text(response: &crate::http::Response) -> String {
    String::from_utf8(response.body.to_vec()).unwrap()
}

#[test]
fn mature_decisions_without_a_label_are_honest_unless_they_were_declined() {
    let report = made(&ten(), &request(None, 31));
    let labels = &report.labels;
    assert_eq!((report.basis(), labels.mature, labels.labelled, labels.frauds), (Basis::Mature, 10, 2, 1));
    assert_eq!((labels.judged, labels.taken_as_honest, labels.declined_unknown), (9, 7, 1));
    assert_eq!((labels.delay_median, labels.delay_p90), (Some(7_200.0), Some(144_000.0)));
    let quality = report.quality.as_ref().unwrap();
    assert_eq!((quality.payments, quality.frauds, quality.auc), (9, 1, Some(1.0)));
    assert_eq!(quality.thresholds.iter().map(|mark| mark.verdict).collect::<Vec<_>>(), ["step_up", "decline"]);
    assert_eq!(quality.thresholds[0].recall.share, Some(1.0));
}

/// What became of the payment of a decision.
pub fn ended(receipt: &Receipt, status: PaymentStatus) -> Payment {
    Payment {
        id: receipt.payment,
        kind: PaymentKind::PayIn,
        account: receipt.account,
        status,
        quote: QuoteId(1),
        session: SessionId(1),
        transaction: TransactionId(1),
        terms: crate::rails::fixture::work(1).terms,
        magic: None,
        attempts: Vec::new(),
        metadata: Vec::new(),
        created_at: receipt.at,
        updated_at: receipt.at,
    }
}

/// Nobody will ever complain of what moved no money, whatever its first verdict was.
#[test]
fn what_ended_without_money_moving_is_unknown_and_not_honest() {
    use PaymentStatus as S;
    let (at, url) = (Timestamp(START), Arc::from("https://verify.example"));
    let codes = [FailureCode::RiskDeclined, FailureCode::NoRoute, FailureCode::VerificationExpired];
    let failed = codes.into_iter().chain([FailureCode::RailRejected]).map(|code| S::Failed { code });
    let waiting = [S::Verifying { expires_at: at, url }, S::Reviewing { expires_at: at }, S::Cancelled];
    let statuses: Vec<S> = failed.chain(waiting).chain([S::Routed, S::Settled { at }]).collect();
    let receipts: Vec<Receipt> = (0..10).map(|minute| decision(minute, 0.1 + 0.05 * (minute % 2) as f32)).collect();
    let payments = receipts.iter().zip(statuses).map(|(receipt, status)| ended(receipt, status)).collect();
    let reader = reader_with(receipts, &[(0, Label::Fraud, 2)], payments);
    let labels = made(&reader, &request(None, 31)).labels;
    // The first one has a label; the last one's payment is not there, and its receipt says that it was approved.
    assert_eq!((labels.mature, labels.judged), (10, 4));
    assert_eq!((labels.taken_as_honest, labels.declined_unknown), (3, 6));
}

#[test]
fn while_nothing_is_mature_what_has_a_label_is_judged() {
    let report = made(&ten(), &request(None, 1));
    assert_eq!((report.basis(), report.labels.judged, report.labels.mature), (Basis::Labelled, 2, 0));
    let asked = Request { basis: Some(Basis::Mature), ..request(None, 1) };
    assert!(made(&ten(), &asked).quality.is_none());
}

#[test]
fn drift_and_approvals_are_measured_against_the_reference() {
    let report = made(&ten(), &request(None, 1));
    let drift = report.drift.as_ref().unwrap();
    assert!(drift.score_psi.abs() < 1e-12, "the shares are those of the reference");
    assert_eq!((drift.features[0].0, drift.parts.len(), drift.part_seconds), ("amount_usd_log10", 1, 86_400));
    assert_eq!((report.approvals.reference, report.approvals.all.share), (Some(0.8), Some(0.8)));
    let [low, high] = report.approvals.change_99.unwrap();
    assert!(low < 0.0 && high > 0.0);
}

#[test]
fn another_model_is_compared_on_the_same_redemptions() {
    let comparison = made(&ten(), &request(Some("two"), 31)).comparison.unwrap();
    assert_eq!((comparison.both, comparison.verdicts.as_slice()), (10, ["approve", "step_up", "decline"].as_slice()));
    assert_eq!(comparison.matrix, [[8, 0, 0], [0, 1, 0], [0, 0, 1]]);
    assert_eq!((comparison.agreement, comparison.auc), (Some(1.0), [Some(1.0); 2]));
    assert_eq!(comparison.pairs.iter().flatten().sum::<u64>(), 10);
    let missing = made(&ten(), &request(Some("three"), 31)).comparison.unwrap();
    assert!(missing.both == 0 && missing.trouble.unwrap().contains("three 1"));
}

/// A model in the shadow has decided nothing: it is judged by the other's receipts.
#[test]
fn a_shadow_is_judged_by_what_the_live_model_decided() {
    let asked = Request { model: named("two"), ..request(Some("one"), 31) };
    let report = made(&ten(), &asked);
    assert_eq!((report.decisions.counted, report.decisions.rescored), (10, 10));
    assert_eq!(report.comparison.as_ref().unwrap().both, 10);
    assert!(report.quality.is_some() && report.drift.is_none());
    let page = text(&page(&report));
    assert!(page.contains("10 of them another model decided") && page.contains("The package states no reference"));
}

#[test]
fn the_page_holds_everything_and_says_what_is_missing() {
    let full = text(&page(&made(&ten(), &request(Some("two"), 31))));
    for id in ["package", "scores", "calibration", "precision-recall", "drift", "approvals", "comparison", "latency"] {
        assert!(full.contains(&format!("<section id=\"{id}\"")), "{id}");
    }
    assert!(
        !full.contains("<script") && !full.contains("href=\"http") && !full.contains("src=") && !full.contains("NaN")
    );
    assert!(!full.contains(" style=\""), "the policy allows no style in attributes");
    let unlabelled = text(&page(&made(&reader(vec![decision(0, 0.1)], &[]), &request(None, 1))));
    assert!(unlabelled.contains("No labels came back yet"));
    let nothing = made(&reader(Vec::new(), &[]), &request(None, 1));
    assert!(!nothing.is_empty() && text(&page(&nothing)).contains("This model has decided nothing in this time."));
    let unknown = Request { model: named("three"), ..request(None, 1) };
    assert!(made(&ten(), &unknown).is_empty());
}

/// Counts what it is given.
#[derive(Default)]
struct Minutes(Vec<u64>);

impl Taker for Minutes {
    fn take(&mut self, receipts: Vec<Receipt>) -> Result<(), causeway_core::store::StoreError> {
        self.0.extend(receipts.iter().map(|receipt| receipt.at.since(Timestamp(START)).0 / 60_000));
        Ok(())
    }
}

#[test]
fn too_many_receipts_are_sampled_over_the_whole_time() {
    let reader = reader((0..2_500).map(|minute| decision(minute, 0.1)).collect(), &[]);
    let check = |from: u64, until: u64, most: usize, expect: Extent, expected: &[u64]| {
        let time = |minute: u64| Timestamp(START + minute * 60_000);
        let mut minutes = Minutes::default();
        let extent = collect::receipts(&reader, (time(from), time(until)), most, &mut minutes).unwrap();
        // Nothing is taken that does not count: whoever takes it may score it again.
        assert_eq!((extent, minutes.0.len()), (expect, expect.read));
        assert!(expected.iter().all(|minute| minutes.0.contains(minute)), "{:?}", minutes.0);
    };
    let all = |read| Extent { read, is_sample: false };
    check(0, 2_500, 2_500, all(2_500), &[0, 2_499]);
    check(0, 9_000, 9_000, all(2_500), &[0, 2_499]);
    check(10, 20, 100, all(10), &[10, 19]);
    check(10, 20, 10, all(10), &[10, 19]);
    check(3_000, 4_000, 10, all(0), &[]);
    check(0, 2_500, 5, Extent { read: 5, is_sample: true }, &[0, 500, 1_000, 1_500, 2_000]);
}

#[test]
fn names_and_versions_are_read_as_packages_have_them() {
    let check = |text, is_model: bool| assert_eq!(Named::parse(text).is_some(), is_model, "{text}");
    check("baseline/2", true);
    check("a-1/999999", true);
    for text in [
        "baseline",
        "baseline/",
        "/2",
        "Base/2",
        "baseline/2a",
        "baseline/1234567",
        "baseline/02",
        "baseline/0",
        "a/b/2",
        "../2",
        "1a/2",
    ] {
        check(text, false);
    }
}

#[tokio::test]
async fn one_report_is_made_at_a_time() {
    let world = crate::fixture::World::start().await;
    let cell = world.gate.cell(Mode::Sandbox).unwrap();
    let reports = Reports::new(Arc::new(Two));
    let place = Arc::clone(&reports.place).try_acquire_owned().unwrap();
    let refused = reports.make(cell, request(None, 1)).await.err().unwrap();
    assert_eq!((refused.code, refused.retry_after), (Code::Overloaded, Some(5)));
    drop(place);
    assert!(reports.make(cell, request(None, 1)).await.is_ok());
    assert!(reports.make(cell, request(None, 1)).await.is_ok(), "the place is given back");
}

/// A report has all the time that it needs, but not for ever; what ends it says what to do.
#[test]
fn scoring_again_ends_at_some_time() {
    let rows = vec![decision(0, 0.5).features; 200];
    let mut model = Rescored::new(&Two, Mode::Sandbox, named("two"));
    assert_eq!(model.score(&rows).unwrap().len(), 200);
    model.patience = Duration::ZERO;
    let reason = model.score(&rows).unwrap_err();
    assert!(reason.contains("ask for a shorter time"), "{reason}");
    model.patience = Duration::MAX;
    assert_eq!(model.score(&rows), Err(reason), "it is not asked again");
}
