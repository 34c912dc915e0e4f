//! One account offers far beyond its rate; another one does not notice.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use causeway_tests::partner::{Kind, Partner, session_body};

use super::{LIST, partner_in, server};

/// Writes of the modest account in each measurement.
const WRITES: usize = 100;
/// Threads of the greedy one: together they offer hundreds of times its rate.
const GREEDY: usize = 4;
/// What the greedy account may add to the median of the modest one's latency. Its refusals cost processor time alone; the
/// bound leaves room for a machine that has two and other things to do.
const ADDED: Duration = Duration::from_millis(100);

/// The median latency of writes, none of which may be refused.
fn median(partner: &Partner) -> Duration {
    let mut latencies: Vec<Duration> = (0..WRITES)
        .map(|_| {
            let started = Instant::now();
            partner.post(LIST, &session_body(Kind::PayIn, "100.00")).expect(201);
            started.elapsed()
        })
        .collect();
    latencies.sort();
    latencies[WRITES / 2]
}

#[test]
fn a_greedy_account_does_not_slow_a_modest_one() {
    let (server, _config) = server(&[]);
    let (greedy, modest) = (partner_in(&server, "small"), partner_in(&server, "standard"));
    let alone = median(&modest);
    let (stop, refusals) = (AtomicBool::new(false), AtomicUsize::new(0));
    let beside = std::thread::scope(|scope| {
        for _ in 0..GREEDY {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let answer = greedy.post(LIST, &session_body(Kind::PayIn, "100.00"));
                    refusals.fetch_add(usize::from(answer.status == 429), Ordering::SeqCst);
                }
            });
        }
        // A refusal of the modest one must not leave the greedy one running.
        let beside = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| median(&modest)));
        stop.store(true, Ordering::SeqCst);
        beside
    });
    let beside = beside.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let refusals = refusals.into_inner();
    assert!(refusals > WRITES, "only {refusals} refusals: the greedy account was not greedy");
    assert!(beside <= alone + ADDED, "median alone {alone:?}, beside {refusals} refusals {beside:?}");
}
