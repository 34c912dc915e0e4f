//! A receiver on loopback, for tests: it answers every request with the same bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

pub const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A receiver with what it saw.
pub struct Receiver {
    pub port: u16,
    pub connections: Arc<AtomicUsize>,
    pub requests: mpsc::UnboundedReceiver<String>,
}

/// What it does after an answer.
#[derive(Clone, Copy, PartialEq)]
pub enum Then {
    Wait,
    Close,
}

pub async fn receiver(answer: &'static str, then: Then, tls: Option<TlsAcceptor>) -> Receiver {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let (seen, requests) = mpsc::unbounded_channel();
    let counter = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let (tls, seen) = (tls.clone(), seen.clone());
            tokio::spawn(async move {
                match tls {
                    None => answer_all(stream, answer, then, seen).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            answer_all(stream, answer, then, seen).await;
                        }
                    }
                }
            });
        }
    });
    Receiver { port, connections, requests }
}

async fn answer_all(
    mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin,
    answer: &str,
    then: Then,
    seen: mpsc::UnboundedSender<String>,
) {
    let mut buffer = Vec::new();
    while stream.read_buf(&mut buffer).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8(buffer.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() < length.parse().unwrap() {
            continue;
        }
        buffer.clear();
        seen.send(text).unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        if then == Then::Close {
            return;
        }
    }
}
