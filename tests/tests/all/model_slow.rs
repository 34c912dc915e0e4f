//! A model that is far too slow harms nobody: it is cut off, what decided before decides again, and nobody waits longer.

#![allow(clippy::print_stdout, reason = "what was measured is worth telling")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use causeway_tests::operator::{Operator, Rights};
use causeway_tests::partner::{Kind, Partner};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::server::Server;
use serde_json::{Value, json};

use super::model_check::made;
use super::model_life::register;
use super::model_swaps::percentile;

/// Requests that each of the two partners makes at the same time.
const AT_ONCE: usize = 2;
/// How long each part is measured.
const SPAN: Duration = Duration::from_secs(8);
/// The shipped model takes a tenth of it at most, the slow one about twice as much for one row, and more for a batch.
const BUDGET: &str = "--model-budget=400us";
const AMOUNT: &str = "60.00";

/// What was measured of one part.
struct Part {
    /// Each request of the partner that did nothing.
    others: Vec<Duration>,
    /// Pay-ins of both.
    pay_ins: Vec<Duration>,
}

#[test]
fn long_a_model_that_is_far_too_slow_harms_nobody() {
    let server = Server::start(&[BUDGET]);
    let (busy, other) = (server.demo(), server.operator().partner("somebody else", Rights::ALL));
    // What is measured is the model, not how much an account may ask for.
    for partner in [&busy, &other] {
        server.operator().set_tier(partner, "sandbox", "unlimited");
    }
    register(server.operator(), &made("too-slow"));
    measure(&busy, &other, Duration::from_secs(2), || {});
    let before = measure(&busy, &other, SPAN, || {});
    assert_eq!(live(server.operator()), "baseline");
    let mut lives = Vec::new();
    let during = measure(&busy, &other, SPAN, || {
        let began = Instant::now();
        while began.elapsed() < SPAN {
            lives.push(one_life(server.operator()));
        }
    });
    let after = measure(&busy, &other, SPAN, || {});
    println!("made live {} times, each time for {:?} at most", lives.len(), lives.iter().max().unwrap());
    for (name, part) in [("before", &before), ("during", &during), ("after", &after)] {
        told(name, part);
    }
    // Others run beside this test: what fails is that everybody waits for the model.
    let bound = |calm: &[Duration]| percentile(calm, 99) * 2 + Duration::from_millis(50);
    for part in [&during, &after] {
        assert!(percentile(&part.others, 99) <= bound(&before.others), "{:?}", percentile(&part.others, 99));
        assert!(percentile(&part.pay_ins, 99) <= bound(&before.pay_ins), "{:?}", percentile(&part.pay_ins, 99));
    }
}

/// Lets the slow model decide; how long it did before the gateway took it back by itself.
fn one_life(operator: &Operator) -> Duration {
    let began = Instant::now();
    let body = json!({ "mode": "sandbox", "reason": "it will be fine" });
    operator.done("POST", "/operator/models/too-slow/1/promote", &body);
    poll(SOON, "the slow model is taken back", || (live(operator) == "baseline").then_some(()));
    began.elapsed()
}

/// The name of the model that decides.
fn live(operator: &Operator) -> String {
    let plan = operator.done("GET", "/operator/models?mode=sandbox", &Value::Null);
    let live = plan["live"].as_str().and_then(|live| live.split(' ').next());
    live.unwrap_or_default().to_owned()
}

/// Set when it is dropped, also by a test that fails.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Both partners pay for a while, and something else is done meanwhile. A request that fails ends the test.
fn measure(busy: &Partner, other: &Partner, span: Duration, meanwhile: impl FnOnce()) -> Part {
    let is_over = AtomicBool::new(false);
    let until_over = |work: &dyn Fn(&mut Vec<Duration>, &mut Vec<Duration>)| {
        let (mut requests, mut pay_ins) = (Vec::new(), Vec::new());
        while !is_over.load(Ordering::Relaxed) {
            work(&mut requests, &mut pay_ins);
        }
        (requests, pay_ins)
    };
    let pay = |partner: &Partner, pay_ins: &mut Vec<Duration>| {
        let body = partner.prepare(Kind::PayIn, AMOUNT);
        timed(pay_ins, || partner.post(&Kind::PayIn.path(), &body).expect(201))
    };
    std::thread::scope(|scope| {
        let end = SetAtEnd(&is_over);
        let attacker = || until_over(&|_, pay_ins| drop(pay(busy, pay_ins)));
        let bystander = || {
            until_over(&|requests, pay_ins| {
                let payment = pay(other, pay_ins);
                requests.extend(pay_ins.last());
                timed(requests, || other.read_payment(&payment));
                timed(requests, || other.prepare(Kind::PayIn, AMOUNT));
            })
        };
        let attackers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(attacker)).collect();
        let bystanders: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(bystander)).collect();
        let began = Instant::now();
        meanwhile();
        while let Some(left) = span.checked_sub(began.elapsed()) {
            std::thread::park_timeout(left);
        }
        drop(end);
        let [attackers, bystanders] = [attackers, bystanders]
            .map(|workers| workers.into_iter().map(|worker| worker.join().unwrap()).unzip::<_, _, Vec<_>, Vec<_>>());
        Part { others: bystanders.0.concat(), pay_ins: [attackers.1.concat(), bystanders.1.concat()].concat() }
    })
}

fn timed<T>(took: &mut Vec<Duration>, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    took.push(began.elapsed());
    done
}

fn told(name: &str, part: &Part) {
    let figures =
        |took: &[Duration]| format!("{}, p50 {:?}, p99 {:?}", took.len(), percentile(took, 50), percentile(took, 99));
    println!("{name}: requests of the other partner {}; all pay-ins {}", figures(&part.others), figures(&part.pay_ins));
}
