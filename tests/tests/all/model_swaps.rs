//! Models change under load: no request fails, and none takes much longer.

#![allow(clippy::print_stdout, reason = "what was measured is worth telling")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use causeway_tests::partner::{Kind, Partner};
use causeway_tests::server::{DataDir, Server};
use serde_json::json;

use super::model_life::{package, register, step};

/// Partners that pay at the same time.
const AT_ONCE: usize = 4;

/// Three versions take turns, so that the one that comes is always loaded anew.
#[test]
fn long_swaps_under_load_fail_no_request_and_take_no_longer() {
    let packages = DataDir::new();
    let server = Server::start(&[]);
    let (operator, partner) = (server.operator(), server.demo());
    [7, 8, 9].iter().for_each(|version| drop(register(operator, &package(&packages, *version))));
    pay(&partner, Duration::from_secs(2), || {});
    let calm = pay(&partner, Duration::from_secs(10), || {});
    let mut versions = [7, 8, 9].into_iter().cycle();
    let mut swaps = 0;
    let swapped = pay(&partner, Duration::from_secs(30), || {
        step(operator, versions.next().unwrap(), "promote", json!({}));
        swaps += 1;
    });
    let (before, after) = (percentile(&calm, 99), percentile(&swapped, 99));
    let ratio = after.as_secs_f64() / before.as_secs_f64();
    println!(
        "without swaps: {} payments, p50 {:?}, p99 {before:?}; with {swaps} swaps: {} payments, p50 {:?}, p99 {after:?}; \
         the p99 is {ratio:.2} times as long",
        calm.len(),
        percentile(&calm, 50),
        swapped.len(),
        percentile(&swapped, 50),
    );
    assert!(swaps >= 20, "{swaps}");
    // How much longer is a figure, and other tests run beside this one: what fails is a swap that everybody waits for.
    assert!(after <= before * 2 + Duration::from_millis(250), "{before:?} to {after:?}");
}

/// Pays for a while and does something once a second; how long each payment took. One that fails ends the test.
fn pay(partner: &Partner, span: Duration, mut every_second: impl FnMut()) -> Vec<Duration> {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let worker = || {
            let mut took = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let body = partner.prepare(Kind::PayIn, "60.00");
                let began = Instant::now();
                partner.post(&Kind::PayIn.path(), &body).expect(201);
                took.push(began.elapsed());
            }
            took
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        let began = Instant::now();
        for second in 1.. {
            let due = Duration::from_secs(second);
            std::thread::park_timeout(due.saturating_sub(began.elapsed()));
            if began.elapsed() >= span {
                break;
            }
            every_second();
        }
        is_over.store(true, Ordering::Relaxed);
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    })
}

pub fn percentile(took: &[Duration], percent: usize) -> Duration {
    let mut sorted = took.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}
