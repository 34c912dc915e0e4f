//! Connections that nobody uses any more, while nothing more is sent to their receivers.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::multiplexed::{comes, keep, serve, speaking};
use super::played::{played, serve_well};
use super::*;

/// Posts, and says that the connection stays until it has been idle and is tidied away.
async fn stays_until_idle(client: &Client, url: &str, ended: &AtomicUsize) {
    for _ in 0..2 {
        assert_eq!(post(client, url).await.unwrap(), StatusCode::OK);
        client.tidy(Instant::now());
        assert_eq!(ended.load(Ordering::SeqCst), 0);
    }
    client.tidy(Instant::now() + IDLE);
    comes(|| ended.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_unasked() {
    let ended = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&ended);
    let receiver = played(move |_, stream| {
        let counter = Arc::clone(&counter);
        async move {
            serve_well(stream).await;
            counter.fetch_add(1, Ordering::SeqCst);
        }
    })
    .await;
    stays_until_idle(&client(vec![]), &receiver.url(), &ended).await;
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn an_idle_connection_of_http_2_is_closed_unasked() {
    let ended = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&ended);
    let (receiver, client) = speaking(move |_, server| {
        let counter = Arc::clone(&counter);
        async move {
            serve(server).await;
            counter.fetch_add(1, Ordering::SeqCst);
        }
    })
    .await;
    stays_until_idle(&client, &receiver.secure_url(), &ended).await;
    assert_eq!(receiver.connections(), 1);
}

/// It may be used by nobody, so it has no time to wait for.
#[tokio::test]
async fn a_retired_connection_is_closed_unasked() {
    let ended = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&ended);
    let (receiver, client) = speaking(move |_, server| {
        let counter = Arc::clone(&counter);
        async move {
            keep(server).await;
            counter.fetch_add(1, Ordering::SeqCst);
        }
    })
    .await;
    let client = Client { attempt: Duration::from_millis(300), ..client };
    assert_eq!(post(&client, &receiver.secure_url()).await.unwrap_err().to_string(), "no answer within 300 ms");
    client.tidy(Instant::now());
    comes(|| ended.load(Ordering::SeqCst) == 1).await;
    assert_eq!(receiver.connections(), 1);
}
