//! Receivers that speak HTTP/2, well and badly.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::played::{Played, certified, played, serve_well};
use super::*;
use crate::dispatch::fixture::DEADLINE;

type Asked = (Request<RecvStream>, SendResponse<Bytes>);
pub type Server = Connection<TlsStream<TcpStream>, Bytes>;

const ATTEMPT: Duration = Duration::from_secs(5);
const BOTH: &[&[u8]] = &[b"h2", b"http/1.1"];

/// A receiver over HTTP/2 whose connections are met by `play`, and a client that trusts it.
pub async fn speaking<F>(play: impl Fn(usize, Server) -> F + Clone + Send + Sync + 'static) -> (Played, Client)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (tls, certificate) = certified("localhost", 2100, BOTH);
    let receiver = played(move |number, stream| {
        let (tls, play) = (tls.clone(), play.clone());
        async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let mut builder = Builder::new();
            builder.max_concurrent_streams(8);
            if let Ok(server) = builder.handshake(stream).await {
                play(number, server).await;
            }
        }
    })
    .await;
    (receiver, trusting(vec![], roots(&certificate), ATTEMPT))
}

/// So many attempts, all under way together.
fn at_once(count: usize, client: &Arc<Client>, url: &str) -> JoinSet<Result<StatusCode, SendError>> {
    let attempt = |_| {
        let (client, url) = (Arc::clone(client), url.to_owned());
        async move { post(&client, &url).await }
    };
    (0..count).map(attempt).collect()
}

pub async fn comes(what: impl Fn() -> bool) {
    let waiting = async {
        while !what() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, waiting).await.expect("it comes in time");
}

async fn asked(server: &mut Server) -> Option<Asked> {
    server.accept().await?.ok()
}

fn answer(status: u16) -> Response<()> {
    Response::builder().status(status).body(()).unwrap()
}

/// Answers every request as a receiver should.
pub async fn serve(mut server: Server) {
    while let Some((_, mut respond)) = asked(&mut server).await {
        respond.send_response(answer(200), true).unwrap();
    }
}

/// Keeps a connection going without answering.
pub async fn keep(mut server: Server) {
    let mut unanswered = Vec::new();
    while let Some((_, respond)) = asked(&mut server).await {
        unanswered.push(respond);
    }
}

#[tokio::test]
async fn a_request_arrives_whole_and_the_connection_is_shared() {
    let (seen, mut requests) = tokio::sync::mpsc::channel(8);
    let (receiver, client) = speaking(move |_, mut server| {
        let seen = seen.clone();
        async move {
            while let Some((request, mut respond)) = asked(&mut server).await {
                let seen = seen.clone();
                tokio::spawn(async move {
                    let (parts, mut body) = request.into_parts();
                    let data = body.data().await.unwrap().unwrap();
                    seen.send((parts, data)).await.unwrap();
                    let mut sending = respond.send_response(answer(202), false).unwrap();
                    sending.send_data(Bytes::from_static(b"ok"), true).unwrap();
                });
            }
        }
    })
    .await;
    for _ in 0..3 {
        assert_eq!(post(&client, &receiver.secure_url()).await.unwrap(), StatusCode::ACCEPTED);
        let (parts, body) = requests.recv().await.unwrap();
        assert_eq!((parts.method.as_str(), parts.uri.to_string()), ("POST", receiver.secure_url()));
        assert_eq!((parts.headers["gate-event-id"].as_bytes(), &body[..]), (&b"evt_test_1"[..], BODY));
        assert_eq!(parts.headers["content-length"], BODY.len().to_string());
        assert!(!parts.headers.contains_key("host"));
    }
    assert_eq!(receiver.connections(), 1);
}

/// Eight streams are what this receiver allows: the ninth goes over another connection, and none is opened or asked for more
/// than that.
#[tokio::test]
async fn attempts_at_once_share_connections_within_the_receivers_bound() {
    let waiting = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Semaphore::new(0));
    let (counter, opened) = (Arc::clone(&waiting), Arc::clone(&gate));
    let (receiver, client) = speaking(move |_, mut server| {
        let (counter, opened) = (Arc::clone(&counter), Arc::clone(&opened));
        async move {
            while let Some((_, mut respond)) = asked(&mut server).await {
                let (counter, opened) = (Arc::clone(&counter), Arc::clone(&opened));
                tokio::spawn(async move {
                    counter.fetch_add(1, Ordering::SeqCst);
                    opened.acquire().await.unwrap().forget();
                    respond.send_response(answer(200), true).unwrap();
                });
            }
        }
    })
    .await;
    let client = Arc::new(client);
    gate.add_permits(1);
    post(&client, &receiver.secure_url()).await.unwrap();
    let attempts = at_once(40, &client, &receiver.secure_url());
    comes(|| waiting.load(Ordering::SeqCst) == 41).await;
    assert_eq!(receiver.connections(), 5);
    gate.add_permits(40);
    for came in attempts.join_all().await {
        assert_eq!(came.unwrap(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_receiver_that_goes_or_refuses_is_asked_once_more_over_one_fresh_connection() {
    for refuses in [true, false] {
        let (receiver, client) = speaking(move |number, mut server| async move {
            if number > 0 {
                return serve(server).await;
            }
            let (_, mut respond) = asked(&mut server).await.unwrap();
            respond.send_response(answer(200), true).unwrap();
            if refuses {
                let (_, mut respond) = asked(&mut server).await.unwrap();
                respond.send_reset(Reason::REFUSED_STREAM);
            } else {
                server.graceful_shutdown();
            }
            keep(server).await;
        })
        .await;
        for _ in 0..3 {
            assert_eq!(post(&client, &receiver.secure_url()).await.unwrap(), StatusCode::OK);
        }
        assert_eq!(receiver.connections(), 2, "refuses: {refuses}");
    }
}

/// A restart of the receiver, say: whatever was under way shares the one connection that replaces the old one.
#[tokio::test]
async fn attempts_that_lose_their_connection_share_the_next_one() {
    let (receiver, client) = speaking(|number, mut server| async move {
        let (_, mut respond) = asked(&mut server).await.unwrap();
        respond.send_response(answer(200), true).unwrap();
        if number > 0 {
            return serve(server).await;
        }
        let mut lost = Vec::new();
        while lost.len() < 6 {
            lost.push(asked(&mut server).await.unwrap());
        }
        lost.into_iter().for_each(|(_, mut respond)| respond.send_reset(Reason::REFUSED_STREAM));
        keep(server).await;
    })
    .await;
    let client = Arc::new(client);
    assert_eq!(post(&client, &receiver.secure_url()).await.unwrap(), StatusCode::OK);
    let attempts = at_once(6, &client, &receiver.secure_url());
    for came in attempts.join_all().await {
        assert_eq!(came.unwrap(), StatusCode::OK);
    }
    assert_eq!(receiver.connections(), 2);
}

/// Connections that were there before the attempt go together when a receiver goes: the second try passes them by.
#[tokio::test]
async fn the_second_try_goes_over_a_connection_that_is_newer_than_the_attempt() {
    let (gate, goes) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let (opened, gone) = (Arc::clone(&gate), Arc::clone(&goes));
    let (receiver, client) = speaking(move |number, mut server| {
        let (opened, gone) = (Arc::clone(&opened), Arc::clone(&gone));
        async move {
            while let Some((_, mut respond)) = asked(&mut server).await {
                let opened = Arc::clone(&opened);
                if number < 2 && gone.load(Ordering::SeqCst) > 0 {
                    respond.send_reset(Reason::REFUSED_STREAM);
                    continue;
                }
                tokio::spawn(async move {
                    opened.acquire().await.unwrap().forget();
                    respond.send_response(answer(200), true).unwrap();
                });
            }
        }
    })
    .await;
    let client = Arc::new(client);
    gate.add_permits(1);
    post(&client, &receiver.secure_url()).await.unwrap();
    let attempts = at_once(12, &client, &receiver.secure_url());
    comes(|| receiver.connections() == 2).await;
    gate.add_permits(13);
    assert!(attempts.join_all().await.iter().all(Result::is_ok));
    goes.store(1, Ordering::SeqCst);
    assert_eq!(post(&client, &receiver.secure_url()).await.unwrap(), StatusCode::OK);
    assert_eq!(receiver.connections(), 3);
}

/// What was refused was not worked on, and goes on twice; an error of the receiver's own is one at once.
#[tokio::test]
async fn an_attempt_that_is_refused_again_and_again_ends() {
    for (reason, connections, expected) in [
        (
            Reason::REFUSED_STREAM,
            3,
            "no valid HTTP answer: the receiver reset the stream: refused stream before processing any application logic",
        ),
        (
            Reason::INTERNAL_ERROR,
            1,
            "no valid HTTP answer: the receiver reset the stream: unexpected internal error encountered",
        ),
    ] {
        let (receiver, client) = speaking(move |number, mut server| async move {
            if number >= connections {
                return serve(server).await;
            }
            let (_, mut respond) = asked(&mut server).await.unwrap();
            respond.send_reset(reason);
            keep(server).await;
        })
        .await;
        assert_eq!(post(&client, &receiver.secure_url()).await.unwrap_err().to_string(), expected);
        assert_eq!(receiver.connections(), connections);
        assert_eq!(post(&client, &receiver.secure_url()).await.unwrap(), StatusCode::OK);
        assert_eq!(receiver.connections(), connections + 1, "none was kept");
    }
}

/// Bodies that never end, whether fast or slow, end their own stream; the connection goes on.
#[tokio::test]
async fn an_endless_body_is_reset_and_the_connection_goes_on() {
    let resets = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&resets);
    let (receiver, client) = speaking(move |_, mut server| {
        let counter = Arc::clone(&counter);
        async move {
            let mut number = 0;
            while let Some((_, mut respond)) = asked(&mut server).await {
                number += 1;
                if number % 3 == 0 {
                    respond.send_response(answer(200), true).unwrap();
                    continue;
                }
                let mut sending = respond.send_response(answer(201), false).unwrap();
                let piece = if number % 3 == 1 { "x".repeat(1_000_000) } else { "x".to_owned() };
                sending.send_data(Bytes::from(piece), false).unwrap();
                let counter = Arc::clone(&counter);
                tokio::spawn(async move {
                    let reason = std::future::poll_fn(|cx| sending.poll_reset(cx)).await;
                    assert_eq!(reason.unwrap(), Reason::CANCEL);
                    counter.fetch_add(1, Ordering::SeqCst);
                });
            }
        }
    })
    .await;
    for expected in [201, 201, 200, 201, 201, 200] {
        assert_eq!(post(&client, &receiver.secure_url()).await.unwrap().as_u16(), expected);
    }
    assert_eq!(receiver.connections(), 1);
    assert_eq!(resets.load(Ordering::SeqCst), 4);
}

/// Nobody can tell a slow receiver from one that is gone: others go on, whoever is new gets another connection.
#[tokio::test]
async fn a_stream_without_an_answer_retires_its_connection() {
    let (receiver, client) = speaking(|number, server| async move {
        match number {
            0 => keep(server).await,
            _ => serve(server).await,
        }
    })
    .await;
    let client = Client { attempt: Duration::from_millis(500), ..client };
    assert_eq!(post(&client, &receiver.secure_url()).await.unwrap_err().to_string(), "no answer within 500 ms");
    assert_eq!(post(&client, &receiver.secure_url()).await.unwrap(), StatusCode::OK);
    assert_eq!(receiver.connections(), 2);
}

#[tokio::test]
async fn floods_of_interim_answers_and_heads_break_off() {
    for is_head in [true, false] {
        let (receiver, client) = speaking(move |number, mut server| async move {
            if number > 0 {
                return serve(server).await;
            }
            let (_, mut respond) = asked(&mut server).await.unwrap();
            if is_head {
                let long = Response::builder().header("x-long", "x".repeat(40_000)).body(()).unwrap();
                respond.send_response(long, true).unwrap();
                return keep(server).await;
            }
            let flooding = async {
                while respond.send_informational(answer(103)).is_ok() {
                    tokio::task::yield_now().await;
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = flooding => {}
                () = keep(server) => {}
            }
        })
        .await;
        let error = post(&client, &receiver.secure_url()).await.unwrap_err().to_string();
        let expected = if is_head { "not HTTP/2 as it should be" } else { "sent more than an answer may hold" };
        assert!(error.contains(expected), "{error}");
        assert_eq!(post(&client, &receiver.secure_url()).await.unwrap(), StatusCode::OK);
        assert_eq!(receiver.connections(), 2);
    }
}

/// A receiver that goes back to HTTP/1.1 is followed, and back again.
#[tokio::test]
async fn a_receiver_may_change_what_it_speaks() {
    let (new, certificate) = certified("localhost", 2100, BOTH);
    let (old, of_old) = certified("localhost", 2100, &[]);
    let receiver = played(move |number, stream| {
        let (new, old) = (new.clone(), old.clone());
        async move {
            if number == 1 {
                return serve_well(old.accept(stream).await.unwrap()).await;
            }
            let mut server: Server = h2::server::handshake(new.accept(stream).await.unwrap()).await.unwrap();
            let (_, mut respond) = asked(&mut server).await.unwrap();
            respond.send_response(answer(200), true).unwrap();
            server.graceful_shutdown();
            keep(server).await;
        }
    })
    .await;
    let mut trusted = roots(&certificate);
    trusted.add(of_old).unwrap();
    let client = trusting(vec![], trusted, ATTEMPT);
    for connections in [1, 2, 2] {
        assert_eq!(post(&client, &receiver.secure_url()).await.unwrap(), StatusCode::OK);
        assert_eq!(receiver.connections(), connections);
    }
}
