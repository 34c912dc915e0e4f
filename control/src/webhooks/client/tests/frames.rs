//! Receivers that promise HTTP/2 and write its frames by hand, as no library would.

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
