//! A rail on loopback that says what the test wrote down, over TLS if it has an acceptor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// A request as it came.
pub struct Asked {
    pub head: String,
    pub body: Vec<u8>,
}

/// What is said to one request.
#[derive(Clone)]
pub struct Said {
    text: String,
    then_close: bool,
}

pub struct Played {
    port: u16,
    connections: Arc<AtomicUsize>,
    asked: mpsc::UnboundedReceiver<Asked>,
}

impl Said {
    pub fn new(status: u16, body: &str) -> Said {
        let length = body.len();
        Said { text: format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}"), then_close: false }
    }

    pub fn with(mut self, header: &str) -> Said {
        self.text = self.text.replacen("\r\n", &format!("\r\n{header}\r\n"), 1);
        self
    }

    pub fn silence() -> Said {
        Said { text: String::new(), then_close: false }
    }

    pub fn hang_up() -> Said {
        Said { text: String::new(), then_close: true }
    }
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or_default()
    }
}

impl Played {
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}/", self.port)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub async fn next(&mut self) -> Asked {
        timeout(Duration::from_secs(20), self.asked.recv()).await.expect("a request comes").unwrap()
    }
}

pub async fn played(script: Vec<Said>, tls: Option<TlsAcceptor>) -> Played {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let (sender, asked) = mpsc::unbounded_channel();
    let script = Arc::new(Mutex::new(script.into_iter()));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let (tls, script, sender) = (tls.clone(), Arc::clone(&script), sender.clone());
            tokio::spawn(async move {
                match tls {
                    None => play(stream, &script, &sender).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            play(stream, &script, &sender).await;
                        }
                    }
                }
            });
        }
    });
    Played { port, connections, asked }
}

async fn play(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: &Mutex<std::vec::IntoIter<Said>>,
    sender: &mpsc::UnboundedSender<Asked>,
) {
    let mut buffer = Vec::new();
    while stream.read_buf(&mut buffer).await.is_ok_and(|read| read > 0) {
        let Some(asked) = whole(&buffer) else { continue };
        buffer.clear();
        sender.send(asked).ok();
        let Some(said) = script.lock().next() else { return };
        stream.write_all(said.text.as_bytes()).await.ok();
        stream.flush().await.ok();
        if said.then_close {
            return;
        }
    }
}

fn whole(buffer: &[u8]) -> Option<Asked> {
    let end = buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(buffer[..end + 2].to_vec()).unwrap();
    let asked = Asked { head, body: buffer[end + 4..].to_vec() };
    let length: usize = asked.header("content-length").parse().unwrap_or_default();
    (asked.body.len() >= length).then_some(asked)
}
