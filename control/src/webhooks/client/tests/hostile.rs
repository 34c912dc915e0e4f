//! Receivers that misbehave over HTTP/1.1. Each case says what partners see, and whether the connection may serve the next
//! delivery; that arrives in any case.

use super::played::{hold, played, serve_well, take_request};
use super::*;

/// What a receiver does once it has the request.
#[derive(Clone, Copy)]
enum Does {
    /// Says this, then waits.
    Say(&'static str),
    /// Says this, then closes.
    SayAndClose(&'static str),
    /// Says this, then waits for further requests and answers them well.
    SayAndServe(&'static str),
    /// Says the first, then the second again and again.
    Flood(&'static str, &'static str),
    /// Says this byte by byte, and waits between them.
    Drip(&'static str),
    /// Resets the connection.
    Reset,
}

const ATTEMPT: Duration = Duration::from_millis(400);
const LATE: &str = "no answer within 400 ms";
const TOO_MUCH: &str = "no valid HTTP answer: the receiver sent more than an answer may hold";
const CUT: &str = "no valid HTTP answer: connection closed before message completed";

async fn act(does: Does, mut stream: TcpStream) {
    if !take_request(&mut stream).await {
        return;
    }
    match does {
        Does::Say(text) => {
            stream.write_all(text.as_bytes()).await.ok();
            hold(stream).await;
        }
        Does::SayAndClose(text) => stream.write_all(text.as_bytes()).await.unwrap(),
        Does::SayAndServe(text) => {
            stream.write_all(text.as_bytes()).await.unwrap();
            serve_well(stream).await;
        }
        Does::Flood(first, then) => {
            stream.write_all(first.as_bytes()).await.ok();
            while stream.write_all(then.as_bytes()).await.is_ok() {}
        }
        Does::Drip(text) => {
            let mut ticks = tokio::time::interval(ATTEMPT / 8);
            for byte in text.as_bytes() {
                ticks.tick().await;
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
            }
            hold(stream).await;
        }
        Does::Reset => stream.set_zero_linger().unwrap(),
    }
}

/// `is_kept`: whether the next delivery goes over the same connection.
async fn check(does: Does, expected: Result<u16, &str>, is_kept: bool) {
    let receiver = played(move |number, stream| async move {
        match number {
            0 => act(does, stream).await,
            _ => serve_well(stream).await,
        }
    })
    .await;
    let client = trusting(vec![], RootCertStore::empty(), ATTEMPT);
    let begun = Instant::now();
    let came = post(&client, &receiver.url()).await.map(|status| status.as_u16()).map_err(|error| error.to_string());
    assert_eq!(came, expected.map_err(str::to_owned));
    assert!(begun.elapsed() < 4 * ATTEMPT, "{:?}", begun.elapsed());
    assert_eq!(post(&client, &receiver.url()).await.unwrap(), StatusCode::OK, "{came:?}");
    assert_eq!(receiver.connections(), if is_kept { 1 } else { 2 }, "{came:?}");
}

#[tokio::test]
async fn refusals_and_redirects_are_answers() {
    for (text, status) in [
        ("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", 500),
        ("HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\nno", 503),
        ("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", 302),
        ("HTTP/1.1 308 There\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", 308),
        ("HTTP/1.1 204 Taken\r\n\r\n", 204),
        ("HTTP/1.1 205 Taken\r\ncontent-length: 5\r\n\r\nhello", 205),
        (
            "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            200,
        ),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-end: 1\r\n\r\n", 200),
        ("HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n", 999),
    ] {
        check(Does::SayAndServe(text), Ok(status), true).await;
    }
}

/// The head has decided; what is wrong behind it costs the connection.
#[tokio::test]
async fn odd_bodies_cost_their_connection() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (does, status) in [
        (Does::SayAndServe("HTTP/1.1 204 Taken\r\n\r\nhello"), 204),
        (Does::SayAndServe("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more"), 200),
        (Does::SayAndClose("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nok"), 200),
        (Does::Say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nok"), 200),
        (Does::Say("HTTP/1.1 200 OK\r\n\r\nuntil it closes"), 200),
        (Does::SayAndServe("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"), 200),
        (Does::Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok"), 200),
        (Does::Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nok"), 200),
        (Does::SayAndClose("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n"), 200),
        (Does::Flood("HTTP/1.1 200 OK\r\n\r\n", "and so on "), 200),
        (Does::Flood(CHUNKED, "3\r\nyes\r\n"), 200),
        (Does::Flood(CHUNKED, "3;an=extension;and=another;and=so;on=x\r\nyes\r\n"), 200),
        (Does::Flood("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x=", "extension"), 200),
        (Does::Flood("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "x-end: 1\r\n"), 200),
        (Does::Flood("HTTP/1.1 500 No\r\ncontent-length: 9999999999\r\n\r\n", "sorry "), 500),
        (Does::Say("HTTP/1.1 101 Other\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"), 101),
    ] {
        check(does, Ok(status), false).await;
    }
}

#[tokio::test]
async fn slow_bodies_cost_their_connection_and_no_success() {
    check(Does::Drip("HTTP/1.1 200 OK\r\n\r\n"), Err(LATE), false).await;
    let receiver = played(|_, mut stream| async move {
        take_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 202 OK\r\ncontent-length: 1000\r\n\r\n").await.unwrap();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while stream.write_all(b"x").await.is_ok() {
            ticks.tick().await;
        }
    })
    .await;
    let client = trusting(vec![], RootCertStore::empty(), ATTEMPT);
    for number in 1..=2 {
        assert_eq!(post(&client, &receiver.url()).await.unwrap(), StatusCode::ACCEPTED);
        assert_eq!(receiver.connections(), number);
    }
}

#[tokio::test]
async fn what_is_no_answer_is_an_error_and_is_not_asked_again() {
    for (does, error) in [
        (Does::Say(""), LATE),
        (Does::Say("HTTP/1.1 200 OK\r\ncontent-le"), LATE),
        (Does::Say("HTTP/1.1 100 Go\r\n\r\n"), LATE),
        (Does::Drip("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), LATE),
        (Does::SayAndClose(""), CUT),
        (Does::SayAndClose("HTTP/1.1 200 OK\r\n"), CUT),
        (Does::Reset, "no valid HTTP answer: connection reset"),
        (Does::Flood("", "HTTP/1.1 100 Go\r\n\r\n"), TOO_MUCH),
        (
            Does::Flood("HTTP/1.1 200 OK\r\n", "x-line: and so on\r\n"),
            "no valid HTTP answer: message head is too large",
        ),
        (Does::Flood("HTTP/1.1 200 OK\r\nx-line: ", "and so on"), "no valid HTTP answer: message head is too large"),
        (Does::Say("SMTP ready\r\n\r\n"), "no valid HTTP answer: invalid HTTP version parsed"),
        (Does::Say("hello there, who is it\r\n\r\n"), "no valid HTTP answer: invalid HTTP version parsed"),
        (
            Does::Say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok"),
            "no valid HTTP answer: invalid content-length parsed",
        ),
        (
            Does::Say("HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nok"),
            "no valid HTTP answer: invalid content-length parsed",
        ),
    ] {
        check(does, Err(error), false).await;
    }
}

/// Serves one request well, and meets the second one as it is told.
async fn kept_and_then(does: Does) -> (Result<StatusCode, SendError>, usize) {
    let receiver = played(move |number, mut stream| async move {
        match number {
            0 => {
                take_request(&mut stream).await;
                stream.write_all(OK.as_bytes()).await.unwrap();
                act(does, stream).await;
            }
            1 => serve_well(stream).await,
            _ => panic!("a second fresh connection"),
        }
    })
    .await;
    let client = trusting(vec![], RootCertStore::empty(), ATTEMPT);
    assert_eq!(post(&client, &receiver.url()).await.unwrap(), StatusCode::OK);
    let second = post(&client, &receiver.url()).await;
    (second, receiver.connections())
}

#[tokio::test]
async fn a_kept_connection_is_replaced_only_when_nothing_of_an_answer_came() {
    for does in [Does::SayAndClose(""), Does::Reset] {
        let (second, connections) = kept_and_then(does).await;
        assert_eq!((second.unwrap(), connections), (StatusCode::OK, 2));
    }
    for (does, expected) in [
        (Does::SayAndClose("HTTP/1.1 200"), CUT),
        (Does::SayAndClose("HTTP/1.1 100 Go\r\n\r\n"), CUT),
        (Does::Say(""), LATE),
        (Does::Say("what\r\n\r\n"), "no valid HTTP answer: invalid HTTP version parsed"),
    ] {
        let (second, connections) = kept_and_then(does).await;
        assert_eq!((second.unwrap_err().to_string().as_str(), connections), (expected, 1));
    }
}

#[tokio::test]
async fn a_receiver_that_closes_every_connection_is_asked_twice_at_most() {
    let receiver = played(|number, mut stream| async move {
        if number == 0 {
            take_request(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
        take_request(&mut stream).await;
    })
    .await;
    let client = trusting(vec![], RootCertStore::empty(), ATTEMPT);
    assert_eq!(post(&client, &receiver.url()).await.unwrap(), StatusCode::OK);
    assert_eq!(post(&client, &receiver.url()).await.unwrap_err().to_string(), CUT);
    assert_eq!(receiver.connections(), 2);
}
