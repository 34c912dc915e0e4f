//! Receivers that promise HTTP/2 and write its frames by hand, as no library would.

use std::sync::Arc;

use super::played::{certified, hold, played};
use super::*;

type Stream = tokio_rustls::server::TlsStream<TcpStream>;

const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
/// Status 200 for the first stream, whose body follows, or does not.
const HEAD: &[u8] = &[0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88];
const WHOLE: &[u8] = &[0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88];
/// A thousand bytes of the first stream's body, to be followed by them.
const DATA: &[u8] = &[0, 3, 0xe8, 0, 0, 0, 0, 0, 1];
/// Nothing behind the first stream was worked on, and nothing will be.
const GOAWAY: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];

#[derive(Clone, Copy)]
enum Does {
    /// Answers, and goes when the next request has come.
    Goes,
    /// Says this and then that again and again.
    Flood(&'static [u8], &'static [u8]),
    /// Says this, whatever was asked.
    Say(&'static [u8]),
}

async fn act(does: Does, mut stream: Stream) {
    match does {
        Does::Goes => {
            greet(&mut stream).await;
            for answer in [WHOLE, GOAWAY] {
                take(&mut stream).await;
                stream.write_all(answer).await.unwrap();
            }
            hold(stream).await;
        }
        Does::Flood(first, then) => {
            greet(&mut stream).await;
            take(&mut stream).await;
            stream.write_all(first).await.unwrap();
            let body = then.repeat(if then == DATA { 1 } else { 60 });
            let piece = if then == DATA { [&body[..], &[b'x'; 1_000]].concat() } else { body };
            while stream.write_all(&piece).await.is_ok() {}
        }
        Does::Say(text) => {
            stream.write_all(text).await.unwrap();
            hold(stream).await;
        }
    }
}

/// Says its settings, and answers the ping that the client begins with.
async fn greet(stream: &mut Stream) {
    stream.write_all(SETTINGS).await.unwrap();
    let (bytes, at) = until(stream, &PING[..9]).await;
    stream.write_all(&[&[0, 0, 8, 6, 1, 0, 0, 0, 0], &bytes[at + 9..at + 17]].concat()).await.unwrap();
}

/// Reads until a request's body has come; frames may stand behind it.
async fn take(stream: &mut Stream) {
    until(stream, BODY).await;
}

/// Reads until this has come and what belongs to it, and says where it stands.
async fn until(stream: &mut Stream, wanted: &[u8]) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    loop {
        let found = bytes.windows(wanted.len()).position(|window| window == wanted);
        if let Some(at) = found.filter(|at| wanted == BODY || bytes.len() >= at + PING.len()) {
            return (bytes, at);
        }
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
    }
}

/// What comes of two deliveries when the first connection does this, and others answer well over HTTP/1.1.
async fn meets(does: Does) -> [Result<u16, String>; 2] {
    let (new, certificate) = certified("localhost", 2100, &[b"h2"]);
    let (old, of_old) = certified("localhost", 2100, &[]);
    let receiver = played(move |number, stream| {
        let (new, old) = (new.clone(), old.clone());
        async move {
            match number {
                0 => act(does, new.accept(stream).await.unwrap()).await,
                _ => played::serve_well(old.accept(stream).await.unwrap()).await,
            }
        }
    })
    .await;
    let mut trusted = roots(&certificate);
    trusted.add(of_old).unwrap();
    let client = trusting(vec![], trusted, Duration::from_secs(5));
    let url = receiver.secure_url();
    let told = |came: Result<StatusCode, SendError>| came.map(|one| one.as_u16()).map_err(|error| error.to_string());
    let came = [told(post(&client, &url).await), told(post(&client, &url).await)];
    assert_eq!(receiver.connections(), 2);
    came
}

#[tokio::test]
async fn a_request_that_a_goodbye_names_as_not_worked_on_goes_over_a_fresh_connection() {
    assert_eq!(meets(Does::Goes).await, [Ok(200), Ok(200)]);
}

#[tokio::test]
async fn floods_of_any_frame_break_the_connection() {
    let too_much = "no valid HTTP answer: the receiver sent more than an answer may hold";
    for flood in [PING, SETTINGS] {
        assert_eq!(meets(Does::Flood(b"", flood)).await, [Err(too_much.to_owned()), Ok(200)]);
    }
    assert_eq!(meets(Does::Flood(HEAD, DATA)).await, [Ok(200), Ok(200)], "flow control that is ignored");
}

#[tokio::test]
async fn what_is_no_http_2_is_an_error() {
    for text in [&b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..], &[0xff; 100]] {
        let [first, second] = meets(Does::Say(text)).await;
        let error = first.unwrap_err();
        assert!(error.starts_with("no valid HTTP answer: not HTTP/2 as it should be: "), "{error}");
        assert_eq!(second, Ok(200));
    }
}

/// Answers so many requests, and takes no further one: a goodbye names the last. It closes then, or stays.
async fn goes_after(count: u32, closes: bool, mut stream: Stream) {
    stream.write_all(SETTINGS).await.ok();
    let mut head = [0; 24];
    // The preface.
    stream.read_exact(&mut head).await.ok();
    let mut answered = 0;
    while stream.read_exact(&mut head[..9]).await.is_ok() {
        let (length, kind, flags) = (usize::from(head[1]) << 8 | usize::from(head[2]), head[3], head[4]);
        let id = [head[5], head[6], head[7], head[8]];
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.unwrap();
        let said = match (kind, flags & 1) {
            (4, 0) => stream.write_all(&[0, 0, 0, 4, 1, 0, 0, 0, 0]).await,
            (6, 0) => stream.write_all(&[&[0, 0, 8, 6, 1, 0, 0, 0, 0], &payload[..]].concat()).await,
            (0, 1) if answered < count => {
                answered += 1;
                let answer = [&[0, 0, 1, 1, 5], &id[..], &[0x88]].concat();
                let goodbye = [&[0, 0, 8, 7, 0, 0, 0, 0, 0], &id[..], &[0; 4]].concat();
                let is_last = answered == count;
                stream.write_all(&if is_last { [answer, goodbye].concat() } else { answer }).await
            }
            _ => Ok(()),
        };
        if said.is_err() || (closes && answered == count) {
            return;
        }
    }
}

/// Receivers and what stands before them let connections go after so many requests. What came too late for one goes over
/// another, however many attempts there are and whatever becomes of the connections that they share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_attempt_fails_while_a_receiver_lets_its_connections_go() {
    for (count, closes) in [(1, false), (10, false), (1, true), (10, true)] {
        let (tls, certificate) = certified("localhost", 2100, &[b"h2"]);
        let receiver = played(move |_, stream| {
            let tls = tls.clone();
            async move { goes_after(count, closes, tls.accept(stream).await.unwrap()).await }
        })
        .await;
        let client = Arc::new(trusting(vec![], roots(&certificate), Duration::from_secs(10)));
        for round in 0..3 {
            let attempt = |_| {
                let (client, url) = (Arc::clone(&client), receiver.secure_url());
                async move { post(&client, &url).await.map_err(|error| error.to_string()) }
            };
            let attempts: tokio::task::JoinSet<_> = (0..48).map(attempt).collect();
            let came = attempts.join_all().await;
            let failed: Vec<_> = came.into_iter().filter_map(Result::err).collect();
            assert!(failed.is_empty(), "after {count}, closes: {closes}, round {round}: {failed:?}");
        }
    }
}

/// A connection that is being let go serves what it has, and nobody new.
#[tokio::test]
async fn a_connection_that_says_goodbye_is_leased_to_nobody_more() {
    const ALL_TAKEN: &[u8] = &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    const PONG: &[u8] = &[0, 0, 8, 6, 1];
    let (tls, certificate) = certified("localhost", 2100, &[b"h2"]);
    let (answers, answered) = tokio::sync::watch::channel(false);
    let (says, mut said) = tokio::sync::mpsc::channel(1);
    let receiver = played(move |number, stream| {
        let (tls, mut answered, says) = (tls.clone(), answered.clone(), says.clone());
        async move {
            let mut stream = tls.accept(stream).await.unwrap();
            if number > 0 {
                return goes_after(100, false, stream).await;
            }
            greet(&mut stream).await;
            take(&mut stream).await;
            stream.write_all(&[ALL_TAKEN, PING].concat()).await.unwrap();
            // Whoever answers the ping has read the goodbye.
            until(&mut stream, PONG).await;
            says.send(()).await.unwrap();
            answered.wait_for(|answered| *answered).await.unwrap();
            stream.write_all(WHOLE).await.unwrap();
            hold(stream).await;
        }
    })
    .await;
    let client = Arc::new(trusting(vec![], roots(&certificate), Duration::from_secs(10)));
    let (one, url) = (Arc::clone(&client), receiver.secure_url());
    let first = tokio::spawn(async move { post(&one, &url).await });
    said.recv().await.unwrap();
    assert_eq!(post(&client, &receiver.secure_url()).await.unwrap(), StatusCode::OK);
    answers.send(true).unwrap();
    assert_eq!(first.await.unwrap().unwrap(), StatusCode::OK);
    assert_eq!(receiver.connections(), 2);
}
