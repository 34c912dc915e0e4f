//! A model that becomes slow for what one partner pays harms nobody: it is cut off, and what others ask for takes no longer.

#![allow(clippy::print_stdout, reason = "what was measured is worth telling")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::server::Server;
use serde_json::Value;

use super::model_check::{made, metric};
use super::model_swaps::percentile;

/// Requests that each of the two partners makes at the same time.
const AT_ONCE: usize = 2;
/// How long each part is measured.
const SPAN: Duration = Duration::from_secs(8);
/// Meant to lie between the quick way of the tree model, for amounts below a hundred dollars, and its slow one. On a busy machine three
/// quick runs in a minute may take longer: then the model is cut off before, which is told.
const BUDGET: &str = "--model-budget=100us";
const QUICK: &str = "60.00";
const SLOW: &str = "450.00";

/// What was measured of one part.
struct Part {
    /// Of the partner that did nothing: each of its requests.
    others: Vec<Duration>,
    /// Pay-ins of both.
    pay_ins: Vec<Duration>,
}

#[test]
fn long_a_model_that_becomes_slow_for_one_partner_harms_no_other() {
    let server = Server::start(&[&format!("--model-dir={}", made("trap").display()), BUDGET]);
    assert!(server.log().out().contains("trap 1"), "{}", server.log().out());
    let (busy, other) = (server.demo(), server.operator().partner("somebody else", Rights::ALL));
    // What is measured is the model, not how much an account may ask for.
    for partner in [&busy, &other] {
        server.operator().set_tier(partner, "sandbox", "unlimited");
    }
    measure(&busy, QUICK, &other, Duration::from_secs(2), || {});
    let before = measure(&busy, QUICK, &other, SPAN, || {});
    let is_cut_off = || metric(&server, "causeway_model_quarantined") == Some(1.0);
    let was_cut_off = is_cut_off();
    let cut_off = Mutex::new(None);
    let during = measure(&busy, SLOW, &other, SPAN, || {
        let began = Instant::now();
        poll(SOON, "the model is quarantined", || is_cut_off().then_some(()));
        *cut_off.lock().unwrap() = Some(began.elapsed());
    });
    let decided = "causeway_cell_decisions_total{mode=\"sandbox\",decider=\"fallback\",reason=\"model_quarantined\"} ";
    let fallback = || {
        let text = server.operator().call("GET", "/metrics", &Value::Null).text();
        let value = text.lines().find_map(|line| line.strip_prefix(decided)?.trim().parse::<f64>().ok());
        value.unwrap_or_else(|| panic!("{text}"))
    };
    let first = fallback();
    let after = measure(&busy, SLOW, &other, SPAN, || {});
    let took = cut_off.lock().unwrap().unwrap();
    println!("cut off within {took:?} of the first slow payment; was it by quick ones already: {was_cut_off}");
    let parts = [("before", &before), ("during", &during), ("after", &after)];
    parts.iter().for_each(|(name, part)| told(name, part));
    assert!(fallback() >= first + after.pay_ins.len() as f64, "the fallback decides everything from then on");
    // Others run beside this test: what fails is that everybody waits for the model.
    let bound = |calm: &[Duration]| percentile(calm, 99) * 10 + Duration::from_millis(250);
    for (part, calm) in [(&during, &before), (&after, &before)] {
        assert!(percentile(&part.others, 99) <= bound(&calm.others), "{:?}", percentile(&part.others, 99));
        assert!(percentile(&part.pay_ins, 99) <= bound(&calm.pay_ins), "{:?}", percentile(&part.pay_ins, 99));
    }
}

/// Both partners pay for a while, one of them as much as is said, and something else is done meanwhile. A request that fails ends
/// the test.
fn measure(busy: &Partner, amount: &str, other: &Partner, span: Duration, meanwhile: impl FnOnce()) -> Part {
    let is_over = AtomicBool::new(false);
    let until_over = |work: &dyn Fn(&mut Vec<Duration>, &mut Vec<Duration>)| {
        let (mut requests, mut pay_ins) = (Vec::new(), Vec::new());
        while !is_over.load(Ordering::Relaxed) {
            work(&mut requests, &mut pay_ins);
        }
        (requests, pay_ins)
    };
    let pay = |partner: &Partner, amount: &str, pay_ins: &mut Vec<Duration>| {
        let body = partner.prepare(Kind::PayIn, amount);
        timed(pay_ins, || partner.post(&Kind::PayIn.path(), &body).expect(201))
    };
    std::thread::scope(|scope| {
        let attacker = || until_over(&|_, pay_ins| drop(pay(busy, amount, pay_ins)));
        let bystander = || {
            until_over(&|requests, pay_ins| {
                let payment = pay(other, QUICK, pay_ins);
                requests.extend(pay_ins.last());
                timed(requests, || other.read_payment(&payment));
                timed(requests, || other.prepare(Kind::PayIn, QUICK));
            })
        };
        let attackers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(attacker)).collect();
        let bystanders: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(bystander)).collect();
        let began = Instant::now();
        meanwhile();
        while let Some(left) = span.checked_sub(began.elapsed()) {
            std::thread::park_timeout(left);
        }
        is_over.store(true, Ordering::Relaxed);
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
