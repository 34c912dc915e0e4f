//! What clients over HTTP/3 do wrong, some of it frame by frame, since the crates' own client would not.

use super::*;

/// The index of some names in QPACK's static table.
const PATH: u8 = 1;
const CONTENT_LENGTH: u8 = 4;

/// A head of a POST to `/raw` with these headers of the static table.
pub(super) fn head(headers: &[(u8, &str)]) -> Vec<u8> {
    // No dynamic table; `:method POST` and `:scheme https` by their index.
    let mut fields = vec![0, 0, 0xd4, 0xd7];
    for &(index, value) in [(0, "localhost"), (PATH, "/raw")].iter().chain(headers) {
        fields.extend_from_slice(&[0x50 | index, value.len() as u8]);
        fields.extend_from_slice(value.as_bytes());
    }
    frame(1, &fields)
}

/// A header that the static table has not.
fn named(name: &str, value: &str) -> Vec<u8> {
    let mut fields = vec![0, 0, 0xd4, 0xd7, 0x50, 1, b'h', 0xc1, 0x27, name.len() as u8 - 7];
    fields.extend_from_slice(name.as_bytes());
    fields.push(value.len() as u8);
    fields.extend_from_slice(value.as_bytes());
    frame(1, &fields)
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32 | 0x8000_0000).to_be_bytes();
    [&[kind][..], &length, payload].concat()
}

fn data(payload: &[u8]) -> Vec<u8> {
    frame(0, payload)
}

/// Sends these bytes as a request and gives what comes back; the code with which the stream was reset otherwise.
async fn send(client: &Client, parts: &[Vec<u8>]) -> Result<String, u64> {
    let (mut sending, mut receiving) = client.connection.open_bi().await.unwrap();
    // A server that has heard enough stops listening.
    let _ = sending.write_all(&parts.concat()).await;
    let _ = sending.finish();
    match tokio::time::timeout(DEADLINE, receiving.read_to_end(10_000)).await.unwrap() {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(quinn::ReadToEndError::Read(quinn::ReadError::Reset(code))) => Err(code.into_inner()),
        Err(other) => panic!("{other}"),
    }
}

/// Trailers are read and not used; where they cannot be read, the request has not come to its end.
#[tokio::test]
async fn trailers_that_are_none_break_a_request_off() {
    let server = start_quic(limits()).await;
    let good = [&[0, 0, 0x27, 3][..], b"x-checksum", &[1, b'1']].concat();
    // The second is no QPACK.
    for (trailers, is_whole) in [(good, true), (vec![0, 0, 0xff, 0xff, 0xff], false)] {
        let client = server.connect().await;
        let parts = [head(&[]), data(b"abcdef"), frame(1, &trailers)];
        let (mut sending, mut receiving) = client.connection.open_bi().await.unwrap();
        let _ = sending.write_all(&parts.concat()).await;
        let _ = sending.finish();
        let told = tokio::time::timeout(DEADLINE, receiving.read_to_end(10_000)).await.unwrap();
        let is_done = told.is_ok_and(|told| told.ends_with(b"POST /raw  abcdef"));
        assert_eq!(is_done, is_whole, "{trailers:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_as_long_as_announced_breaks_off() {
    let server = start_quic(limits()).await;
    let client = server.connect().await;
    let length = |text: &'static str| head(&[(CONTENT_LENGTH, text)]);
    for whole in [
        vec![length("6"), data(b"abcdef")],
        // Empty frames and unknown ones are nothing.
        vec![length("6"), data(b"abc"), data(b""), frame(0x21, b"grease"), data(b"def"), data(b"")],
        vec![head(&[]), data(b""), data(b"abcdef")],
    ] {
        assert!(send(&client, &whole).await.is_ok_and(|told| told.ends_with("POST /raw  abcdef")), "{whole:?}");
    }
    let mut cut = data(b"abcdef");
    cut.pop();
    for broken in [
        vec![length("6"), data(b"abc")],
        vec![length("6")],
        vec![length("6"), data(b"abcdefg")],
        vec![length("0"), data(b"a")],
        vec![head(&[]), cut],
    ] {
        let told = send(&client, &broken).await;
        assert!(told.as_ref().is_ok_and(|told| told.ends_with("the body broke off")), "{broken:?} {told:?}");
    }
    // Nothing may follow the trailers; with them it comes before the head was judged.
    let more = vec![head(&[]), data(b"a"), frame(1, &[0, 0]), data(b"b")];
    assert!(send(&client, &more).await.is_err());
    assert!(client.connection.close_reason().is_none(), "the connection lives on");
}

#[tokio::test]
async fn heads_that_contradict_themselves_are_refused_in_the_services_words() {
    let server = start_quic(limits()).await;
    let client = server.connect().await;
    for wrong in [
        head(&[(CONTENT_LENGTH, "1"), (CONTENT_LENGTH, "1")]),
        head(&[(CONTENT_LENGTH, "one")]),
        named("transfer-encoding", "chunked"),
        named("connection", "close"),
    ] {
        let told = send(&client, &[wrong.clone(), data(b"a")]).await;
        assert!(told.as_ref().is_ok_and(|told| told.ends_with("refused 400")), "{wrong:?} {told:?}");
    }
    assert!(send(&client, &[named("x-harmless", "1")]).await.is_ok_and(|told| told.contains("POST /")));
    assert_eq!(server.service.calls.load(Ordering::SeqCst), 1, "nothing else was done");
}

#[tokio::test]
async fn large_heads_and_bodies_are_refused_over_http3() {
    let server = start_quic(limits()).await;
    let mut client = server.connect().await;
    let answer = client.ask(request("POST", "/"), &[b'a'; 101]).await;
    assert_eq!(answer.body(), "POST /  the body is too large");
    let many = (0..100).fold(request("GET", "/"), |mut request, at| {
        let name: ::http::HeaderName = format!("x-{at}").parse().unwrap();
        request.headers_mut().insert(name, ::http::HeaderValue::from_static("1"));
        request
    });
    let mut wide = request("GET", "/");
    wide.headers_mut().insert("x-wide", "a".repeat(40_000).parse().unwrap());
    for large in [many, wide] {
        let answer = client.ask(large, b"").await;
        assert_eq!((answer.status().as_u16(), answer.body().as_str()), (431, "refused 431"));
    }
    // What is longer than any head could be is not even held.
    let (mut sending, mut receiving) = client.connection.open_bi().await.unwrap();
    sending.write_all(&[1, 0x80, 0x10, 0, 0]).await.unwrap();
    let reset = tokio::time::timeout(DEADLINE, receiving.read_to_end(100)).await.unwrap();
    assert!(matches!(reset, Err(quinn::ReadToEndError::Read(quinn::ReadError::Reset(_)))), "{reset:?}");
    assert_eq!(client.get("/after").await.body(), "GET /after  ", "the connection lives on");
}

#[tokio::test]
async fn slow_heads_and_slow_bodies_end_over_http3() {
    // The greeting must fit into the time for a head, too.
    let (short, brief) = (Duration::from_millis(60), Duration::from_millis(500));
    let server = start_quic(Limits { header_timeout: brief, idle_timeout: DEADLINE, ..limits() }).await;
    let client = server.connect().await;
    let (mut sending, mut receiving) = client.connection.open_bi().await.unwrap();
    sending.write_all(&head(&[])[..4]).await.unwrap();
    let reset = tokio::time::timeout(DEADLINE, receiving.read_to_end(100)).await.unwrap();
    assert!(matches!(reset, Err(quinn::ReadToEndError::Read(quinn::ReadError::Reset(_)))), "{reset:?}");
    let server = start_quic(Limits { body_timeout: short, ..limits() }).await;
    let client = server.connect().await;
    let (mut sending, mut receiving) = client.connection.open_bi().await.unwrap();
    sending.write_all(&[head(&[]), data(b"ab")].concat()).await.unwrap();
    let told = tokio::time::timeout(DEADLINE, receiving.read_to_end(1_000)).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&told).ends_with("the body took too long"));
}

/// Streams that nobody asked for are given back, and those that are needed are not exceeded.
#[tokio::test]
async fn streams_of_one_direction_are_bounded() {
    let server = start_quic(limits()).await;
    let mut client = server.connect().await;
    let mut kept = Vec::new();
    let refused = loop {
        match tokio::time::timeout(Duration::from_millis(200), client.connection.open_uni()).await {
            Ok(stream) => kept.push(stream.unwrap()),
            Err(_) => break kept.len(),
        }
    };
    assert!((1..=8).contains(&refused), "{refused}");
    for stream in &mut kept {
        stream.write_all(&[0x21, 1, 2, 3]).await.unwrap();
    }
    for stream in &mut kept {
        assert!(tokio::time::timeout(DEADLINE, stream.stopped()).await.unwrap().is_ok_and(|code| code.is_some()));
    }
    assert_eq!(client.get("/after").await.body(), "GET /after  ");
}
