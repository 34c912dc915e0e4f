//! Thousands of dead receivers.

use std::process::Command as Process;

use tokio::net::TcpListener;
use tokio::time::Instant;

use super::*;

/// Dead receivers: half of them refuse, half of them never answer.
const DEAD: u128 = 4_000;
const AT_ONCE: u32 = 128;
const ATTEMPT: Duration = Duration::from_millis(100);
/// Deliveries to the receiver that works, meanwhile.
const LIVELY: u128 = 100;
/// What the sockets and the memory may come to: a place is a socket; the rest are the listeners', the runtime's and those
/// that are saying goodbye.
const SOCKETS: usize = 2 * AT_ONCE as usize;
const MEGABYTES: u64 = 64;

/// In a process of its own, since what is bounded is the process.
#[test]
fn thousands_of_dead_receivers_cost_bounded_sockets_and_memory() {
    let name = "webhooks::dispatcher::tests::crowd::alone";
    let mut process = Process::new(std::env::current_exe().unwrap());
    let told = process.args(["--exact", name, "--ignored", "--nocapture"]).output().unwrap();
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&told.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "thousands_of_dead_receivers_cost_bounded_sockets_and_memory runs it in a process of its own"]
async fn alone() {
    let mut lively = receiver(OK, Then::Wait, None).await;
    let (silent, refusing) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await);
    let ports = [silent.local_addr().unwrap().port(), refusing.unwrap().local_addr().unwrap().port()];
    let url = |port: u16| format!("http://127.0.0.1:{port}/");
    let dead = |number: u128| (AccountId(number + 10), url(ports[number as usize % 2]));
    let mut accounts: Vec<Account> = vec![account(&keys(), Some(&url(lively.port)))];
    accounts.extend((0..DEAD).map(dead).map(|(id, url)| numbered(id, &keys(), Some(&url))));
    let bench = Bench::crowded(accounts, due(1), ATTEMPT, AT_ONCE);
    bench.outcome().await;
    lively.requests.recv().await.unwrap();

    let before = megabytes();
    bench.cell.put((0..DEAD).flat_map(|number| due_of(dead(number).0, 10_000 * (number + 1))).collect());
    let serving = async {
        let (mut slowest, mut sockets) = (Duration::ZERO, 0);
        for number in 2..2 + LIVELY {
            let begun = Instant::now();
            bench.cell.put(due(number));
            lively.requests.recv().await.unwrap();
            slowest = slowest.max(begun.elapsed());
            sockets = sockets.max(open_sockets());
        }
        let waiting = bench.stats.backlog.load(Ordering::Relaxed);
        (slowest, sockets, waiting)
    };
    let reported = async {
        let mut errors = Vec::new();
        let mut sockets = 0;
        while errors.len() < (DEAD + LIVELY) as usize {
            errors.extend(bench.outcomes().await.into_iter().map(|outcome| outcome.error));
            sockets = sockets.max(open_sockets());
        }
        (errors, sockets)
    };
    let ((slowest, while_serving, waiting), (errors, later)) = tokio::join!(serving, reported);
    let of = |text: &str| errors.iter().flatten().filter(|error| error.as_str() == text).count() as u128;
    // A machine that is busy makes late what would have been refused, or taken.
    let (late, refused) = (of("no answer within 100 ms"), of("could not connect: connection refused"));
    assert!(late >= DEAD / 2 && (DEAD..=DEAD + LIVELY).contains(&(late + refused)), "{late} late, {refused} refused");
    let (sockets, grown) = (while_serving.max(later), megabytes().saturating_sub(before));
    eprintln!(
        "{sockets} sockets, {grown} MB more at most, {slowest:?} at most to the lively one, {waiting} waited then"
    );
    assert!(waiting > 0, "the dead ones were done before the lively one was");
    assert!(sockets <= SOCKETS && grown <= MEGABYTES);
    assert!(slowest < Duration::from_secs(1), "the lively one waited for the dead ones: {slowest:?}");
    bench.stop().await;
}

fn open_sockets() -> usize {
    let of_this = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let links = of_this.filter_map(|file| std::fs::read_link(file.path()).ok());
    links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
}

/// The most memory that this process has had.
fn megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
}
