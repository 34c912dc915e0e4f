//! SIGTERM: what was accepted is answered, the rest is refused, the exit code is 0.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use causeway_tests::http::{Request, Response, SendError};
use causeway_tests::partner::{Kind, Partner, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::program;
use causeway_tests::receiver::{Answer, Receiver, TOLD_OF_A_PAY_IN};
use causeway_tests::server::{DataDir, Server};
use rustix::process::{Pid, Signal, kill_process};

/// Threads that go on until they hear nothing any more.
const THREADS: usize = 6;

#[test]
fn accepted_work_is_finished_and_nothing_is_half_there() {
    let server = Server::start(&[]);
    let (partner, directory) = (server.demo(), server.directory().clone());
    let answered = Mutex::new(Vec::new());
    let unanswered = Mutex::new(Vec::new());
    let count = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (partner, answered, unanswered, count) = (&partner, &answered, &unanswered, &count);
            scope.spawn(move || {
                for at in 0.. {
                    let request = create(thread, at);
                    match partner.try_send(request.clone()) {
                        Ok(response) if response.status == 201 => {
                            count.fetch_add(1, Ordering::SeqCst);
                            answered.lock().unwrap().push((request, response.text()));
                        }
                        other => return unanswered.lock().unwrap().push((request, refused(other))),
                    }
                }
            });
        }
        poll(SOON, "a hundred sessions are made", || (count.load(Ordering::SeqCst) >= 100).then_some(()));
        server.terminate();
    });
    let exit = server.wait();
    assert_eq!(exit.code, Some(0), "{exit}");
    let server = Server::start_in(&directory, &[]);
    let partner = partner.at(&server);
    for (request, text) in answered.into_inner().unwrap() {
        let again = partner.send(request);
        assert_eq!(again.header("Idempotent-Replayed"), Some("true"), "what was acknowledged is there");
        assert_eq!(again.text(), text);
    }
    for (request, half) in unanswered.into_inner().unwrap() {
        assert!(!half, "an answer broke off: {}", request.path);
        partner.send(request).expect(201);
    }
}

fn create(thread: usize, at: usize) -> Request {
    let body = session_body(Kind::PayIn, "10.00");
    Request::post("/v1/gate_sessions").json(&body).key(&format!("{thread} {at}"))
}

/// Whether an answer broke off. A whole refusal must say that the gateway is going away.
fn refused(outcome: Result<Response, SendError>) -> bool {
    match outcome {
        Ok(response) => {
            assert_eq!(response.status, 503, "{}", response.text());
            false
        }
        Err(failure) => failure.answered,
    }
}

/// A movement in flight and a webhook that is not taken do not hold the end up, and go on after the next start.
#[test]
fn what_waits_goes_on_after_the_next_start() {
    let server = Server::start(&["--rail-late-delay=1s"]);
    let (partner, directory) = (server.demo(), server.directory().clone());
    let refuses = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let answer = refuses.clone();
    let receiver =
        Receiver::answering(move |_, _| Answer::status(if answer.load(Ordering::SeqCst) { 500 } else { 200 }));
    let secret = server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    let payment = start_late(&partner);
    poll(SOON, "the receiver has refused once", || (!receiver.all().is_empty()).then_some(()));
    let exit = server.stop();
    assert_eq!(exit.code, Some(0), "{exit}");
    refuses.store(false, Ordering::SeqCst);
    let server = Server::start_in(&directory, &["--rail-late-delay=1s"]);
    let partner = partner.at(&server);
    partner.wait_for_payment(&payment, "settled");
    let events = receiver.wait_for(payment["session_id"].as_str().unwrap(), &TOLD_OF_A_PAY_IN);
    events.iter().for_each(|event| event.verify(&secret).unwrap());
}

fn start_late(partner: &Partner) -> serde_json::Value {
    let payment = partner.start(Kind::PayIn, "10.06");
    assert_eq!(payment["status"], "processing");
    payment
}

#[test]
fn an_idle_connection_does_not_hold_the_end_up() {
    let server = Server::start(&[]);
    let mut idle = causeway_tests::http::Connection::open(server.api().address()).unwrap();
    let request = Request::get("/v1/gate_sessions").bearer(&server.demo().secret);
    idle.send(&request).unwrap();
    idle.read(false).unwrap().expect(200);
    let started = std::time::Instant::now();
    assert_eq!(server.stop().code, Some(0));
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

/// Nobody reads what it logs, and no more fits in: lines are lost, the end is not held up.
#[test]
fn a_log_that_nobody_reads_does_not_hold_up_the_end() {
    let directory = DataDir::new();
    let (unread, full) = full_stream();
    let path = directory.path().to_string_lossy().into_owned();
    let mut command = program::causeway();
    command.args(["serve", "--data-dir", &path, "--listen=127.0.0.1:0", "--operator-listen=127.0.0.1:0"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(OwnedFd::from(full));
    let mut gateway = Mortal(command.spawn().unwrap());
    let mut lines = BufReader::new(gateway.0.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("operator")), "it starts");
    kill_process(Pid::from_child(&gateway.0), Signal::TERM).unwrap();
    let status = poll(SOON, "it ends", || gateway.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    drop(unread);
}

/// Two ends of a stream into which nothing more can be written.
fn full_stream() -> (UnixStream, UnixStream) {
    let (unread, mut full) = UnixStream::pair().unwrap();
    full.set_nonblocking(true).unwrap();
    for size in [4_096, 1] {
        while full.write(&[b'\n'; 4_096][..size]).is_ok() {}
    }
    full.set_nonblocking(false).unwrap();
    (unread, full)
}

/// A process that does not outlive its test.
struct Mortal(Child);

impl Drop for Mortal {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing left to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
