//! How connections over QUIC begin, idle and end.

use std::sync::atomic::Ordering::Relaxed;

use tokio::net::UdpSocket;

use super::*;

/// Begins a request at `/wait` and leaves it there.
async fn begin(client: &mut Client) -> RequestStream<h3_quinn::BidiStream<Bytes>, Bytes> {
    ask(client, "/wait").await
}

fn calls(server: &Quic) -> usize {
    server.service.calls.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_client_that_stops_listening_is_heard_while_its_request_waits() {
    let server = start_quic(limits()).await;
    let mut client = server.connect().await;
    let left = || server.service.left.load(Ordering::SeqCst);
    let mut stream = begin(&mut client).await;
    wait(|| calls(&server) == 1).await;
    stream.stop_sending(h3::error::Code::H3_REQUEST_CANCELLED);
    wait(|| left() == 1).await;
    assert_eq!(client.get("/after").await.body(), "GET /after  ", "the connection lives on");
    let _stream = begin(&mut client).await;
    wait(|| calls(&server) == 3).await;
    client.connection.close(0u32.into(), b"");
    wait(|| left() == 2).await;
}

#[tokio::test]
async fn requests_beyond_the_bound_of_a_connection_wait() {
    let server = start_quic(limits()).await;
    let mut client = server.connect().await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(begin(&mut client).await);
    }
    wait(|| calls(&server) == 8).await;
    let ninth = client.connection.open_bi();
    assert!(tokio::time::timeout(Duration::from_millis(100), ninth).await.is_err());
    // quinn gives places back by twos.
    server.service.go_on.notify_waiters();
    tokio::time::timeout(DEADLINE, client.connection.open_bi()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_without_requests_ends_and_pings_do_not_keep_it() {
    let server = start_quic(Limits { idle_timeout: Duration::from_millis(800), ..limits() }).await;
    let mut transport = TransportConfig::default();
    transport.keep_alive_interval(Some(Duration::from_millis(20)));
    let mut pings = config(&server.trusted);
    pings.transport_config(Arc::new(transport));
    let mut client = server.connect_with(pings).await;
    assert_eq!(client.get("/once").await.status(), 200);
    let closed = tokio::time::timeout(DEADLINE, client.driver).await.unwrap().unwrap();
    assert!(closed.is_h3_no_error(), "{closed}");
    let mut client = server.connect().await;
    let mut stream = begin(&mut client).await;
    wait(|| calls(&server) == 2).await;
    // Longer than the bound; the answer comes nevertheless.
    let asked = Instant::now();
    wait(|| asked.elapsed() > Duration::from_millis(1_300)).await;
    server.service.go_on.notify_one();
    assert_eq!(stream.recv_response().await.unwrap().status(), 200);
}

/// What the server says on its control stream until the connection ends.
async fn told_by_control(connection: &quinn::Connection) -> Vec<u8> {
    let mut control = loop {
        let mut stream = connection.accept_uni().await.unwrap();
        let mut purpose = [1];
        stream.read_exact(&mut purpose).await.unwrap();
        if purpose == [0] {
            break stream;
        }
    };
    let mut told = Vec::new();
    while let Ok(Some(chunk)) = control.read_chunk(1_000, true).await {
        told.extend_from_slice(&chunk.bytes);
    }
    told
}

/// However a connection ends in good order, its client hears before from which request on nothing was done.
#[tokio::test]
async fn a_connection_ends_with_a_word_on_requests() {
    let short = Duration::from_millis(600);
    for (limits, requests, stops) in [
        (Limits { idle_timeout: short, ..limits() }, 0, false),
        (Limits { idle_timeout: short, ..limits() }, 2, false),
        // Less than what clients bear, who give up a silent connection without a word.
        (Limits { quiet_timeout: short, ..limits() }, 2, false),
        (Limits { requests: 3, ..limits() }, 3, false),
        (limits(), 1, true),
    ] {
        let server = start_quic(limits).await;
        let connection = server.greet(config(&server.trusted)).await.unwrap();
        for _ in 0..requests {
            let (mut sending, mut receiving) = connection.open_bi().await.unwrap();
            sending.write_all(&wrong::head(&[])).await.unwrap();
            sending.finish().unwrap();
            assert!(receiving.read_to_end(10_000).await.unwrap().ends_with(b"POST /raw  "));
        }
        if stops {
            server.stop.send_replace(true);
        }
        let told = tokio::time::timeout(DEADLINE, told_by_control(&connection)).await.unwrap();
        assert!(told.ends_with(&[7, 1, 4 * requests]), "{requests} {stops} {told:?}");
        let closed = connection.closed().await;
        let ConnectionError::ApplicationClosed(close) = &closed else { panic!("{closed}") };
        assert_eq!(close.error_code.into_inner(), 0x100);
    }
}

#[tokio::test]
async fn connections_beyond_the_bound_are_refused_at_once() {
    let server = start_quic(Limits { connections: 2, ..limits() }).await;
    // The second one must show where it is first, and is none the worse for it.
    let (first, mut second) = (server.connect().await, server.connect().await);
    assert_eq!(second.get("/second").await.body(), "GET /second  ");
    let refused = server.greet(config(&server.trusted)).await.unwrap_err();
    assert!(matches!(&refused, ConnectionError::ConnectionClosed(_)), "{refused}");
    let counted = [&server.stats.accepted, &server.stats.retried, &server.stats.full].map(|count| count.load(Relaxed));
    // Whoever is refused has shown where it is before.
    assert_eq!((counted, server.stats.taken()), ([2, 2, 1], 2));
    first.connection.close(0u32.into(), b"");
    drop(first);
    let started = Instant::now();
    while server.greet(config(&server.trusted)).await.is_err() {
        assert!(started.elapsed() < DEADLINE, "the place is given back");
    }
}

#[tokio::test]
async fn a_greeting_that_comes_to_nothing_is_counted() {
    let server = start_quic(limits()).await;
    let mut tls = tls_of_clients(&server.trusted);
    tls.alpn_protocols = vec![b"h4".to_vec()];
    let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    assert!(server.greet(config).await.is_err());
    wait(|| server.stats.failed.load(Relaxed) == 1 && server.stats.taken() == 0).await;
    assert_eq!(server.stats.accepted.load(Relaxed), 0);
}

/// What the server says first to a greeting that comes from an address at which nobody listens to the answer: the type in a
/// long header, 0 for a greeting in return and 3 for the wish to see that the sender is there.
async fn first_word_to_a_forger(server: &Quic) -> u8 {
    let (trap, forger) = (UdpSocket::bind("127.0.0.1:0").await.unwrap(), UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let _greeting = endpoint.connect_with(config(&server.trusted), trap.local_addr().unwrap(), "localhost").unwrap();
    let mut buffer = [0; 2_000];
    let length = tokio::time::timeout(DEADLINE, trap.recv(&mut buffer)).await.unwrap().unwrap();
    forger.send_to(&buffer[..length], server.address).await.unwrap();
    let answered = tokio::time::timeout(DEADLINE, forger.recv(&mut buffer)).await.unwrap().unwrap();
    assert!(answered <= 3 * length, "nobody is flooded through us");
    buffer[0] >> 4 & 3
}

#[tokio::test]
async fn forged_addresses_never_take_more_than_half_of_the_places() {
    let server = start_quic(Limits { connections: 4, ..limits() }).await;
    for place in 0..8 {
        let expected = if place < 2 { 0 } else { 3 };
        assert_eq!(first_word_to_a_forger(&server).await, expected, "{place}");
    }
    assert_eq!(server.stats.retried.load(Relaxed), 6);
    assert_eq!(server.connect().await.get("/honest").await.status(), 200);
}

#[tokio::test]
async fn stopping_says_so_finishes_what_was_taken_and_closes() {
    let server = start_quic(limits()).await;
    let (mut idle, mut busy) = (server.connect().await, server.connect().await);
    assert_eq!(idle.get("/idle").await.status(), 200);
    let mut stream = begin(&mut busy).await;
    wait(|| calls(&server) == 2).await;
    server.stop.send_replace(true);
    assert!(tokio::time::timeout(DEADLINE, idle.driver).await.unwrap().unwrap().is_h3_no_error());
    let started = Instant::now();
    // The word that nothing more is taken reaches the client before its last answer.
    loop {
        let late = busy.sender.send_request(request("GET", "/late"));
        // Until then requests are left lying, and at their bound no more can be begun.
        if tokio::time::timeout(Duration::from_millis(20), late).await.is_ok_and(|late| late.is_err()) {
            break;
        }
        assert!(started.elapsed() < DEADLINE);
    }
    assert!(!server.running.is_finished());
    server.service.go_on.notify_one();
    assert_eq!(stream.recv_response().await.unwrap().status(), 200);
    let mut told = Vec::new();
    while let Some(data) = stream.recv_data().await.unwrap() {
        told.extend_from_slice(data.chunk());
    }
    assert_eq!(told, b"GET /wait  ");
    assert!(tokio::time::timeout(DEADLINE, busy.driver).await.unwrap().unwrap().is_h3_no_error());
    tokio::time::timeout(DEADLINE, server.running).await.unwrap().unwrap();
    assert_eq!(server.service.calls.load(Ordering::SeqCst), 2, "nothing was begun after the word");
}

/// Streams that broke off count, too: what is remembered of them ends with their connection.
#[tokio::test]
async fn a_connection_ends_after_its_last_request() {
    let server = start_quic(Limits { requests: 20, ..limits() }).await;
    let mut client = server.connect().await;
    assert_eq!(client.get("/first").await.status(), 200);
    for _ in 0..19 {
        let (mut sending, _receiving) = client.connection.open_bi().await.unwrap();
        sending.finish().unwrap();
    }
    let closed = tokio::time::timeout(DEADLINE, client.driver).await.unwrap().unwrap();
    assert!(closed.is_h3_no_error(), "{closed}");
    assert_eq!(server.connect().await.get("/next").await.status(), 200);
}

/// Whoever does not finish in time is told when the program ends.
#[tokio::test]
async fn what_is_cut_off_is_told_so() {
    let server = start_quic(Limits { drain_time: Duration::from_millis(1_100), ..limits() }).await;
    let mut client = server.connect().await;
    let _unfinished = begin(&mut client).await;
    wait(|| calls(&server) == 1).await;
    server.stop.send_replace(true);
    tokio::time::timeout(DEADLINE, server.running).await.unwrap().unwrap();
    let closed = tokio::time::timeout(DEADLINE, client.connection.closed()).await.unwrap();
    assert!(matches!(closed, ConnectionError::ApplicationClosed(_)), "{closed}");
}

/// A client that comes again and would send early data finds that none is taken.
#[tokio::test]
async fn early_data_is_not_taken() {
    let server = start_quic(limits()).await;
    assert_eq!(server.tls.quic().max_early_data_size, 0);
    let tls = Arc::new(tls_of_clients(&server.trusted));
    let config = || ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls.clone()).unwrap()));
    let mut first = server.connect_with(config()).await;
    assert_eq!(first.get("/first").await.status(), 200);
    let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let connecting = endpoint.connect_with(config(), server.address, "localhost").unwrap();
    let Err(connecting) = connecting.into_0rtt() else { panic!("early data was offered to the server") };
    connecting.await.unwrap();
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_new_connections() {
    let server = start_quic(limits()).await;
    let mut before = server.connect().await;
    let second = certificate(server.directory.path());
    assert!(server.greet(config(&second)).await.is_err(), "nobody has asked for the new one");
    server.tls.reload().unwrap();
    assert!(server.greet(config(&second)).await.is_ok());
    assert!(server.greet(config(&server.trusted)).await.is_err());
    assert_eq!(before.get("/still").await.body(), "GET /still  ", "who was greeted before goes on");
}

/// The peer of a request is where its connection began: nobody moves to another address.
#[tokio::test]
async fn connections_do_not_move() {
    let server = start_quic(limits()).await;
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(Some(Duration::from_millis(500).try_into().unwrap()));
    let mut impatient = config(&server.trusted);
    impatient.transport_config(Arc::new(transport));
    let endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
    let connection = endpoint.connect_with(impatient, server.address, "localhost").unwrap().await.unwrap();
    let (mut driver, mut sender) = h3::client::new(h3_quinn::Connection::new(connection)).await.unwrap();
    let driver = tokio::spawn(async move { std::future::poll_fn(|cx| driver.poll_close(cx)).await });
    endpoint.rebind(std::net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
    let mut stream = sender.send_request(request("GET", "/moved")).await.unwrap();
    let _ = stream.finish().await;
    assert!(stream.recv_response().await.is_err());
    assert!(!tokio::time::timeout(DEADLINE, driver).await.unwrap().unwrap().is_h3_no_error());
    assert_eq!(calls(&server), 0);
}
