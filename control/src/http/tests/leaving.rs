//! Clients that are refused while they are still sending: they hear why, and do not stay.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpSocket;

use super::tls::secure;
use super::*;

/// How often everything is tried: what depends on the moment goes well most of the time.
const TIMES: usize = 50;

/// Bytes that are refused before they have all come, and the end of the answer.
fn refused_early() -> Vec<(Vec<u8>, &'static str)> {
    let much = "a".repeat(256 * 1_024);
    let large = format!("GET / HTTP/1.1\r\nhost: h\r\nx: {much}\r\n\r\n");
    let long = format!("GET /{much} HTTP/1.1\r\nhost: h\r\n\r\n");
    let nonsense = format!("nonsense\r\n\r\n{much}");
    let asks = "POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\n";
    let impatient = format!("{asks}content-length: 262144\r\n\r\n{much}");
    let broken = format!("POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nx\r\n{much}");
    [
        (large, "refused 431"),
        (long, "refused 414"),
        (nonsense, "refused 400"),
        (impatient, "the body is too large"),
        (broken, "the body broke off"),
    ]
    .map(|(text, told)| (text.into_bytes(), told))
    .into()
}

/// A client whose system holds little of what it sends, so that it is still sending when it is refused.
async fn small(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(4_096).unwrap();
    socket.connect(server.address).await.unwrap()
}

/// What a client hears that sends all this at once and reads then, as most do. A reset on the way is an error.
async fn hears(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> io::Result<String> {
    stream.write_all(bytes).await?;
    stream.flush().await?;
    let mut text = String::new();
    tokio::time::timeout(DEADLINE, stream.read_to_string(&mut text)).await.expect("the server ends it")?;
    Ok(text)
}

#[tokio::test]
async fn who_is_refused_while_sending_hears_why() {
    let server = start(limits()).await;
    for (bytes, told) in refused_early() {
        for time in 0..TIMES {
            let text = hears(small(&server).await, &bytes).await;
            assert!(text.as_ref().is_ok_and(|text| text.ends_with(told)), "{told}, {time}: {text:?}");
        }
    }
}

#[tokio::test]
async fn who_is_refused_while_sending_hears_why_over_tls() {
    let directory = tempfile::tempdir().unwrap();
    let trusted = tls::certificate(directory.path());
    let server = start_with(limits(), Some(Arc::new(tls::load(directory.path()).unwrap()))).await;
    for (bytes, told) in refused_early() {
        for time in 0..TIMES {
            let stream = secure(small(&server).await, &trusted, &["http/1.1"]).await.unwrap();
            let text = hears(stream, &bytes).await;
            assert!(text.as_ref().is_ok_and(|text| text.ends_with(told)), "{told}, {time}: {text:?}");
        }
    }
}

/// Neither silence nor a flood keeps the place of a connection that was refused.
#[tokio::test]
async fn who_is_refused_does_not_stay() {
    let patience = Duration::from_millis(200);
    let server = start(Limits { connections: 1, refused_body_timeout: patience, ..limits() }).await;
    let mut silent = server.connect().await;
    silent.write_all(b"nonsense\r\n\r\n").await.unwrap();
    until(&mut silent, "refused 400").await;
    let mut flood = server.connect().await;
    flood.write_all(b"nonsense\r\n\r\n").await.unwrap();
    until(&mut flood, "refused 400").await;
    let cut = async { while flood.write_all(&[b'a'; 16 * 1_024]).await.is_ok() {} };
    tokio::time::timeout(DEADLINE, cut).await.expect("the server closes it");
    let mut next = server.connect().await;
    next.write_all(b"GET /next HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    until(&mut next, "GET /next").await;
    drop(silent);
}

/// Whoever was answered whole is let go at once, at the end of the program too: nobody waits for it to close its side.
#[tokio::test]
async fn who_has_sent_all_is_not_waited_for() {
    let server = start(Limits { refused_body_timeout: 2 * DEADLINE, ..limits() }).await;
    let (mut idle, mut last) = (server.connect().await, server.connect().await);
    idle.write_all(b"POST /idle HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\n\r\na").await.unwrap();
    until(&mut idle, "POST /idle  a").await;
    last.write_all(b"GET /last HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.unwrap();
    until(&mut last, "GET /last").await;
    server.stop.send_replace(true);
    tokio::time::timeout(DEADLINE, server.running).await.unwrap().unwrap();
}
