//! Clients that take their answers slowly, over all three versions of HTTP: who gets on is not cut off, who does not is.

use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpSocket;

use super::quic::{ask, small_windows, start_quic};
use super::*;

/// How long a client may take nothing.
const IDLE: Duration = Duration::from_millis(1_000);
/// How long a slow client looks away.
const PACE: Duration = Duration::from_millis(250);
/// How often it does so: together three times as long as nobody may take nothing.
const TIMES: usize = 12;
/// A stream's window in these tests.
const WINDOW: u32 = 64 * 1_024;
/// What a client over TCP asks for: several times what the system takes in for one who does not read.
const LONG: usize = 24 << 20;
/// The same over HTTP/2 and HTTP/3, where the window is the bound.
const LONG_FOR_A_WINDOW: usize = TIMES * 2 * WINDOW as usize;

fn idle() -> Limits {
    Limits { idle_timeout: IDLE, ..limits() }
}

/// Looks away after each share of `whole` bytes.
struct Pace {
    share: usize,
    next: usize,
    started: Instant,
}

impl Pace {
    fn new(whole: usize) -> Pace {
        Pace { share: whole / TIMES, next: 0, started: Instant::now() }
    }

    async fn taken(&mut self, count: usize) {
        while count >= self.next {
            self.next += self.share;
            tokio::time::sleep(PACE).await;
        }
    }

    fn is_slow(&self) -> bool {
        self.started.elapsed() >= 2 * IDLE
    }
}

/// Asks for a long answer over HTTP/1.1, with little room for it.
async fn asked_over_http1(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(WINDOW).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    let request = format!("GET /long?{LONG} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// The same over HTTP/2.
async fn asked_over_http2(server: &Server) -> ::http::Response<Incoming> {
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
    let (mut sender, connection) =
        builder.handshake::<_, Full<Bytes>>(TokioIo::new(server.connect().await)).await.unwrap();
    tokio::spawn(connection);
    let request = ::http::Request::get(format!("http://h/long?{LONG_FOR_A_WINDOW}"));
    sender.send_request(request.body(Full::default()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn who_takes_an_answer_slowly_has_it_whole_over_http1() {
    let server = start(idle()).await;
    let mut stream = asked_over_http1(&server).await;
    let (mut pace, mut count, mut buffer) = (Pace::new(LONG), 0, vec![0; 16 * 1_024]);
    while let Ok(more @ 1..) = stream.read(&mut buffer).await {
        count += more;
        pace.taken(count).await;
    }
    assert!(count > LONG && pace.is_slow(), "{count}");
}

#[tokio::test]
async fn who_takes_an_answer_slowly_has_it_whole_over_http2() {
    let server = start(idle()).await;
    let mut body = asked_over_http2(&server).await.into_body();
    let (mut pace, mut count) = (Pace::new(LONG_FOR_A_WINDOW), 0);
    while let Some(Ok(frame)) = body.frame().await {
        count += frame.into_data().map_or(0, |data| data.len());
        pace.taken(count).await;
    }
    assert!(count == LONG_FOR_A_WINDOW && pace.is_slow(), "{count}");
}

#[tokio::test]
async fn who_takes_an_answer_slowly_has_it_whole_over_http3() {
    let server = start_quic(idle()).await;
    let mut client = server.connect_with(small_windows(&server.trusted, WINDOW)).await;
    let mut stream = ask(&mut client, &format!("/long?{LONG_FOR_A_WINDOW}")).await;
    stream.recv_response().await.unwrap();
    let (mut pace, mut count) = (Pace::new(LONG_FOR_A_WINDOW), 0);
    while let Ok(Some(data)) = stream.recv_data().await {
        count += bytes::Buf::remaining(&data);
        pace.taken(count).await;
    }
    assert!(count == LONG_FOR_A_WINDOW && pace.is_slow(), "{count}");
}

/// The place is free again, and not before its time.
async fn cut(stop: watch::Sender<bool>, running: tokio::task::JoinHandle<()>, asked: Instant) {
    stop.send_replace(true);
    tokio::time::timeout(DEADLINE, running).await.expect("the connection ends").unwrap();
    assert!(asked.elapsed() >= IDLE, "{:?}", asked.elapsed());
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_cut_off() {
    let (first, second, third) = (start(idle()).await, start(idle()).await, start_quic(idle()).await);
    let asked = Instant::now();
    let _stream = asked_over_http1(&first).await;
    let _answer = asked_over_http2(&second).await;
    let mut client = third.connect_with(small_windows(&third.trusted, WINDOW)).await;
    let mut stream = ask(&mut client, &format!("/long?{LONG_FOR_A_WINDOW}")).await;
    stream.recv_response().await.unwrap();
    wait(|| first.service.calls.load(Ordering::SeqCst) == 1).await;
    cut(first.stop, first.running, asked).await;
    cut(second.stop, second.running, asked).await;
    cut(third.stop, third.running, asked).await;
    let closed = tokio::time::timeout(DEADLINE, client.driver).await.unwrap().unwrap();
    assert!(closed.is_h3_no_error(), "{closed}");
}

/// Pings are no progress either.
#[tokio::test]
async fn who_pings_and_takes_nothing_is_cut_off() {
    let server = start(Limits { idle_timeout: Duration::from_millis(200), ..limits() }).await;
    let (mut reader, mut writer) = server.connect().await.into_split();
    // A window of nothing, and a request that is whole.
    let settings = b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0";
    let request = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01h";
    let begin = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), settings, request].concat();
    writer.write_all(&begin).await.unwrap();
    wait(|| server.service.calls.load(Ordering::SeqCst) == 1).await;
    let pings = async {
        while writer.write_all(b"\0\0\x08\x06\0\0\0\0\0pingping").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answers = async {
        let mut buffer = [0; 1_024];
        while reader.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    };
    let closed = async {
        tokio::select! { () = pings => {}, () = answers => {} }
    };
    tokio::time::timeout(DEADLINE, closed).await.expect("the server closes it");
}
