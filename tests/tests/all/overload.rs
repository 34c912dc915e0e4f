//! Overload is an answer: what cannot be worked on in time is refused with a time to come back, and has not happened.

use std::sync::atomic::{AtomicUsize, Ordering};

use causeway_tests::http::{Request, Response};
use causeway_tests::partner::{Kind, Partner, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::server::Server;

const THREADS: usize = 48;
const EACH: usize = 25;

/// A server whose requests have a millisecond. The first start of a directory has work of its own to do in time.
fn hasty() -> Server {
    let server = Server::start(&[]);
    let directory = server.directory().clone();
    assert_eq!(server.stop().code, Some(0));
    Server::start_in(&directory, &["--request-deadline=1ms"])
}

#[test]
fn what_waits_too_long_is_refused_and_has_not_happened() {
    let server = hasty();
    let partner = server.demo();
    let granted = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (partner, granted) = (&partner, &granted);
            scope.spawn(move || {
                for at in 0..EACH {
                    if is_granted(partner, &format!("{thread} {at}")) {
                        granted.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let granted = granted.into_inner();
    eprintln!("{granted} of {} were granted", THREADS * EACH);
    assert_eq!(sessions_of(&partner), granted, "of {} requests", THREADS * EACH);
    assert_eq!(server.stop().code, Some(0));
}

/// Many repeat each request at once while the queue is long: those that cannot wait for the first one's answer are told that it
/// runs, and repeat it later.
#[test]
fn a_duplicate_hears_at_its_deadline_that_the_first_still_runs() {
    let server = hasty();
    let partner = server.demo();
    let mut round = 0;
    let (key, told) = poll(SOON, "a duplicate is told of the first", || {
        round += 1;
        repeated(&partner, round)
    });
    assert_eq!(told.json()["param"], "Idempotency-Key");
    let request = Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, "10.00")).key(&key);
    let answered = || {
        poll(SOON, "the same request is answered", || {
            Some(partner.send(request.clone())).filter(|answer| answer.status == 201)
        })
    };
    assert_eq!(answered().text(), answered().text());
}

/// One round of duplicates: the key and the answer of one that heard that its first still runs.
fn repeated(partner: &Partner, round: usize) -> Option<(String, Response)> {
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    let key = format!("{round} {}", thread / 8);
                    let request = Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, "10.00"));
                    let answer = partner.send(request.key(&key));
                    if answer.status == 409 {
                        answer.expect_refusal(409, "idempotency_in_progress");
                        return Some((key, answer));
                    }
                    if answer.status != 201 {
                        answer.expect_refusal(503, "overloaded");
                    }
                    None
                })
            })
            .collect();
        senders.into_iter().filter_map(|sender| sender.join().unwrap()).last()
    })
}

fn is_granted(partner: &Partner, key: &str) -> bool {
    let request = Request::post("/v1/gate_sessions").json(&session_body(Kind::PayIn, "10.00"));
    let answer = partner.send(request.key(key));
    if answer.status != 201 {
        answer.expect_refusal(503, "overloaded");
        let seconds = answer.header("Retry-After").and_then(|seconds| seconds.parse::<u32>().ok());
        assert!(seconds.is_some_and(|seconds| seconds > 0), "{seconds:?}");
    }
    answer.status == 201
}

fn sessions_of(partner: &Partner) -> usize {
    let (mut count, mut after) = (0, String::new());
    loop {
        let page = partner.get(&format!("/v1/gate_sessions?limit=100{after}")).expect(200);
        let data = page["data"].as_array().unwrap();
        count += data.len();
        match data.last() {
            Some(last) if page["has_more"] == true => {
                after = format!("&starting_after={}", last["id"].as_str().unwrap());
            }
            _ => return count,
        }
    }
}
