//! Names that vanish, move, or are slow to resolve.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::dispatch::fixture::DEADLINE;
use crate::webhooks::client::resolver::{LookUp, Resolver};

fn resolving(look_up: LookUp, attempt: Duration) -> Client {
    Client::resolving(Guard::public(), attempt, RootCertStore::empty(), Resolver::new(look_up))
}

#[tokio::test]
async fn a_name_that_vanished_is_an_error() {
    let gone = resolving(Box::new(|_, _| Err(io::ErrorKind::NotFound.into())), Duration::from_secs(10));
    let empty = resolving(Box::new(|_, _| Ok(vec![])), Duration::from_secs(10));
    let url = "https://partner.example/";
    assert_eq!(post(&gone, url).await.unwrap_err().to_string(), "the endpoint's host name could not be resolved");
    assert_eq!(post(&empty, url).await.unwrap_err().to_string(), "the endpoint's host has no public address");
    let none = trusting(vec![], RootCertStore::empty(), Duration::from_secs(10));
    let error = post(&none, "https://nobody.invalid/").await.unwrap_err();
    assert!(
        matches!(error, SendError::Refused(Refused::Unresolved)) || matches!(error, SendError::TimedOut(_)),
        "{error}"
    );
}

/// Whatever a name turns into, the address is judged at each connection. Nothing of these is ever connected to.
#[tokio::test]
async fn a_name_that_leads_inside_is_refused() {
    for address in [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "100.100.100.200",
        "0.0.0.0",
        "192.168.0.1",
        "::1",
        "::",
        "fd00::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
    ] {
        let address = SocketAddr::new(address.parse().unwrap(), 443);
        let client = resolving(Box::new(move |_, _| Ok(vec![address])), Duration::from_secs(10));
        let error = post(&client, "https://partner.example/").await.unwrap_err();
        assert!(matches!(error, SendError::Refused(Refused::Address)), "{address}: {error}");
    }
}

/// Resolvers read `0x7f.1` and `2130706433` as 127.0.0.1: the address is what counts.
#[tokio::test]
async fn odd_spellings_of_an_address_gain_nothing() {
    for url in ["https://0x7f.1/", "https://2130706433/", "https://127.1/", "https://0xa9fea9fe/"] {
        let error = post(&client(vec![]), url).await.unwrap_err();
        assert!(matches!(error, SendError::Refused(_)), "{url}: {error}");
    }
}

/// Look-ups that hang take few threads, also when the attempts that asked are long over, and quick names pass by.
#[tokio::test]
async fn slow_names_delay_each_other_and_nobody_else() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = parking_lot::Mutex::new(held);
    let hanging = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&hanging);
    let look_up: LookUp = Box::new(move |host, _| {
        if host.starts_with("slow") {
            counter.fetch_add(1, Ordering::SeqCst);
            // Ends with an error when the test lets go.
            held.lock().recv().ok();
        }
        Err(io::ErrorKind::NotFound.into())
    });
    let quick: LookUp = Box::new(move |host, port| match host {
        "quick.example" => Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]),
        _ => look_up(host, port),
    });
    let client = Arc::new(resolving(quick, Duration::from_millis(300)));
    let refused = post(&client, "https://quick.example/").await.unwrap_err();
    assert!(matches!(refused, SendError::Refused(Refused::Address)), "{refused}");
    let mut attempts = tokio::task::JoinSet::new();
    for number in 0..100 {
        let client = Arc::clone(&client);
        attempts.spawn(async move { post(&client, &format!("https://slow-{number}.example/")).await });
    }
    while let Some(came) = attempts.join_next().await {
        assert_eq!(came.unwrap().unwrap_err().to_string(), "no answer within 300 ms");
    }
    assert_eq!(hanging.load(Ordering::SeqCst), 16, "look-ups under way");
    let refused = post(&client, "https://quick.example/").await.unwrap_err();
    assert!(matches!(refused, SendError::Refused(Refused::Address)), "{refused}");
    drop(release);
}

/// Servers that fall silent hold the places of quick names for a second, and then none.
#[tokio::test]
async fn quick_names_that_fall_silent_together_delay_a_healthy_one_by_little() {
    const PARTNERS: usize = 90;
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = parking_lot::Mutex::new(held);
    let (silent, hanging) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (are_silent, counter) = (Arc::clone(&silent), Arc::clone(&hanging));
    let look_up: LookUp = Box::new(move |host, port| {
        if host != "healthy.example" && are_silent.load(Ordering::SeqCst) {
            counter.fetch_add(1, Ordering::SeqCst);
            // Ends with an error when the test lets go.
            held.lock().recv().ok();
        }
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
    });
    let client = Arc::new(resolving(look_up, DEADLINE));
    let urls: Vec<String> = (0..PARTNERS).map(|number| format!("https://partner-{number}.example/")).collect();
    for url in urls.iter().map(String::as_str).chain(["https://healthy.example/"]) {
        let refused = post(&client, url).await.unwrap_err();
        assert!(matches!(refused, SendError::Refused(Refused::Address)), "{refused}");
    }
    silent.store(true, Ordering::SeqCst);
    let mut attempts = tokio::task::JoinSet::new();
    for url in urls {
        let client = Arc::clone(&client);
        attempts.spawn(async move { post(&client, &url).await });
    }
    let quick_ones_hang = async {
        while hanging.load(Ordering::SeqCst) < 64 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, quick_ones_hang).await.unwrap();
    let begun = Instant::now();
    let refused = post(&client, "https://healthy.example/").await.unwrap_err();
    assert!(matches!(refused, SendError::Refused(Refused::Address)), "{refused}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    drop(release);
}
