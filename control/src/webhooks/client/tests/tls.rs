//! Receivers whose TLS is bad.

use super::played::{certified, hold, played, serve_well, take_request};
use super::*;

const HTTP_11: &[&[u8]] = &[b"http/1.1"];

/// What comes of a delivery to `localhost` when `tls` is presented and `trusted` is trusted.
async fn meets(tls: TlsAcceptor, trusted: RootCertStore) -> Result<StatusCode, String> {
    let receiver = played(move |_, stream| {
        let tls = tls.clone();
        async move {
            if let Ok(stream) = tls.accept(stream).await {
                serve_well(stream).await;
            }
        }
    })
    .await;
    let client = trusting(vec![], trusted, Duration::from_secs(10));
    let came = post(&client, &receiver.secure_url()).await.map_err(|error| error.to_string());
    assert_eq!(came.is_ok(), post(&client, &receiver.secure_url()).await.is_ok());
    assert_eq!(receiver.connections(), if came.is_ok() { 1 } else { 2 });
    came
}

#[tokio::test]
async fn only_a_certificate_that_is_trusted_and_fits_is_taken() {
    let (good, certificate) = certified("localhost", 2100, HTTP_11);
    assert_eq!(meets(good.clone(), roots(&certificate)).await, Ok(StatusCode::OK));
    let (wrong, of_wrong) = certified("other.example", 2100, HTTP_11);
    let (expired, of_expired) = certified("localhost", 2001, HTTP_11);
    for (tls, trusted, expected) in [
        (good, RootCertStore::empty(), "TLS failed: invalid peer certificate: UnknownIssuer"),
        (wrong, roots(&of_wrong), "TLS failed: invalid peer certificate: certificate not valid for name \"localhost\""),
        (expired, roots(&of_expired), "TLS failed: invalid peer certificate: certificate expired"),
    ] {
        let error = meets(tls, trusted).await.unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn a_handshake_that_goes_wrong_or_never_ends_is_an_error() {
    let client = trusting(vec![], RootCertStore::empty(), Duration::from_millis(200));
    let silent = played(|_, stream| hold(stream)).await;
    let begun = Instant::now();
    assert_eq!(post(&client, &silent.secure_url()).await.unwrap_err().to_string(), "no answer within 200 ms");
    assert!(begun.elapsed() < Duration::from_secs(2));
    for (said, expected) in [
        (&b""[..], "TLS failed: unexpected end of file"),
        (&b"HTTP/1.1 400 Plain\r\n\r\n"[..], "TLS failed: received corrupt message of type InvalidContentType"),
    ] {
        let receiver = played(move |_, mut stream| async move {
            let mut hello = [0; 8];
            stream.read_exact(&mut hello).await.unwrap();
            stream.write_all(said).await.unwrap();
            stream.shutdown().await.ok();
            hold(stream).await;
        })
        .await;
        assert_eq!(post(&client, &receiver.secure_url()).await.unwrap_err().to_string(), expected);
    }
}

/// What is above TLS sees nothing of what that adds. Here it is a record for each byte of a head that is short enough.
#[tokio::test]
async fn what_tls_adds_is_counted_too() {
    const TOO_MUCH: &str = "no valid HTTP answer: the receiver sent more than an answer may hold";
    for (piece, expected) in [(1_000, Ok(StatusCode::OK)), (1, Err(TOO_MUCH.to_owned()))] {
        let (tls, certificate) = certified("localhost", 2100, HTTP_11);
        let receiver = played(move |_, stream| {
            let tls = tls.clone();
            async move {
                let mut stream = tls.accept(stream).await.unwrap();
                assert!(take_request(&mut stream).await);
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-long: {}\r\n\r\n", "x".repeat(12_000));
                for piece in head.as_bytes().chunks(piece) {
                    if stream.write_all(piece).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                }
                hold(stream).await;
            }
        })
        .await;
        let client = trusting(vec![], roots(&certificate), Duration::from_secs(10));
        assert_eq!(post(&client, &receiver.secure_url()).await.map_err(|error| error.to_string()), expected);
    }
}
