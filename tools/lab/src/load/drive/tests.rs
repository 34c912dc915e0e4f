//! Steps against a server of one thread that answers a constant, and stalls when it is told to.

use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

use super::*;
use crate::load::client::Protocol;
use crate::target::Target;

/// What the server does to a request that arrives so long after it started, before it answers.
type Stall = fn(Duration);

/// Performs a step against a server in a thread of its own.
fn step(protocol: Protocol, stall: Stall, in_flight: usize, patience: Duration, plan: Plan) -> Step {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || serve(listener, stall));
    let dialer = Dialer::new(target, "sk_test_x", protocol);
    let work = Rc::new(Work::ConstantGet("/v1".to_owned()));
    let step = LocalSet::new().block_on(&runtime, drive(&dialer, &Width { in_flight, patience }, plan, &work, 7));
    step.unwrap()
}

fn serve(listener: std::net::TcpListener, stall: Stall) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).unwrap();
        let start = Rc::new(RefCell::new(None));
        let answer = move |_: Request<Incoming>| {
            let begun = *start.borrow_mut().get_or_insert_with(Instant::now);
            // The thread itself stands still, and with it every connection: so does a server in trouble.
            stall(begun.elapsed());
            async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}")))) }
        };
        let tasks = LocalSet::new();
        tasks
            .run_until(async {
                while let Ok((stream, _)) = listener.accept().await {
                    let answer = answer.clone();
                    tokio::task::spawn_local(async move {
                        let builder = Builder::new(TokioExecutor::new());
                        // The load ends by closing its connections.
                        let _ = builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
                    });
                }
            })
            .await;
    });
}

fn plan(rate: f64) -> Plan {
    let (lead, time) = (Duration::from_millis(100), Duration::from_millis(1_000));
    Plan { pace: Pace::Rate(rate), lead, time, most: u64::MAX }
}

const CALM: Stall = |_| {};

/// Stands still once, from 400 to 700 ms after the first request.
const STALLS: Stall = |since| {
    if since > Duration::from_millis(400) && since < Duration::from_millis(700) {
        std::thread::sleep(Duration::from_millis(700) - since);
    }
};

#[test]
fn a_stall_of_the_server_shows_in_p99_and_not_only_in_the_few_that_were_under_way() {
    let step = step(Protocol::Http1, STALLS, 2, Duration::from_secs(1), plan(500.0));
    let tally = &step.tally;
    assert!((400..600).contains(&tally.good), "{} good of {} due", tally.good, tally.due);
    // Three of ten were due during the stall, evenly spread over its 300 ms; only two were under way.
    let (corrected, sent) = (tally.latency.ms(0.9), tally.service.ms(0.9));
    assert!(corrected > 150.0, "p90 from when they were due: {corrected} ms");
    assert!(sent < 50.0, "p90 from when they were sent hides the stall: {sent} ms");
    assert!(tally.latency.ms(0.99) > 250.0);
}

#[test]
fn what_cannot_begin_in_time_is_missed_and_counted() {
    let step = step(Protocol::Http1, STALLS, 2, Duration::from_millis(50), plan(500.0));
    let tally = &step.tally;
    assert!((75..200).contains(&tally.missed), "{} missed in 250 ms", tally.missed);
    assert_eq!(tally.due, tally.good + tally.missed);
    assert!(step.rate() < 0.97 * step.offered(), "such a rate is not sustained");
}

#[test]
fn a_calm_server_answers_all_in_time_over_both_protocols() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let step = step(protocol, CALM, 16, Duration::from_secs(1), plan(300.0));
        let tally = &step.tally;
        assert!((230..370).contains(&tally.due), "{} due", tally.due);
        assert_eq!((tally.good, tally.missed, tally.unanswered), (tally.due, 0, 0), "{:?}", tally.others);
        assert_eq!(tally.gets, tally.good);
    }
}

#[test]
fn flat_out_is_as_fast_as_the_server_and_stops_at_its_count() {
    let plan = Plan { pace: Pace::FlatOut, lead: Duration::ZERO, most: 300, ..plan(1.0) };
    let step = step(Protocol::Http1, CALM, 4, Duration::from_secs(1), plan);
    assert_eq!((step.tally.due, step.tally.good), (300, 300));
    assert!(step.window < 1.0 && step.rate() >= 300.0, "{} s", step.window);
}

#[test]
fn a_server_that_is_gone_ends_the_step() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = Target::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dialer = Dialer::new(target, "sk_test_x", Protocol::Http1);
    let width = Width { in_flight: 1, patience: Duration::from_secs(1) };
    let work = Rc::new(Work::ConstantGet("/v1".to_owned()));
    let failure = LocalSet::new().block_on(&runtime, drive(&dialer, &width, plan(10.0), &work, 7)).err().unwrap();
    assert!(failure.to_string().contains("broke off"), "{failure}");
}
