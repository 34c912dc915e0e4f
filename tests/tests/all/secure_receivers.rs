//! Deliveries over TLS: to receivers whose authority the machine trusts, in the version of HTTP that they agree to, and to
//! no others.

use causeway_tests::partner::{Kind, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::{Received, TOLD_OF_A_PAY_IN as TOLD};
use causeway_tests::secure_receiver::{Authority, SecureReceiver};
use causeway_tests::server::{DataDir, Server};
use http::Version;

/// A gateway on a machine that trusts this authority alone.
fn trusting(authority: &Authority) -> Server {
    let trusted = DataDir::new();
    std::fs::write(trusted.file("roots.pem"), authority.pem()).unwrap();
    let roots = trusted.file("roots.pem").display().to_string();
    // It reads them when it starts.
    Server::start_with(&[("SSL_CERT_FILE", &roots)], &DataDir::new(), &[])
}

#[test]
fn events_go_over_tls_in_the_version_that_their_receiver_agrees_to() {
    let authority = Authority::new();
    let server = trusting(&authority);
    let partner = server.demo();
    for (protocols, version) in [
        (&["http/1.1"][..], Version::HTTP_11),
        (&["h2"], Version::HTTP_2),
        (&["http/1.1", "h2"], Version::HTTP_11),
        (&["h2", "http/1.1"], Version::HTTP_2),
        (&[], Version::HTTP_11),
    ] {
        let receiver = SecureReceiver::start(&authority, protocols);
        let secret = server.operator().set_webhook(&partner, "sandbox", &receiver.url());
        partner.start(Kind::PayIn, "100.00");
        let all = poll(SOON, "all events come", || Some(receiver.all()).filter(|all| all.len() >= TOLD.len()));
        for (came, received) in &all {
            assert_eq!(*came, version, "{protocols:?}");
            received.verify(&secret).unwrap();
        }
        let kinds: Vec<&str> = all.iter().map(|(_, received)| Received::kind(received)).collect();
        assert_eq!(kinds, TOLD, "{protocols:?}");
    }
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_receiver_of_an_authority_that_is_not_trusted_hears_nothing() {
    let server = trusting(&Authority::new());
    let partner = server.demo();
    let receiver = SecureReceiver::start(&Authority::new(), &["h2", "http/1.1"]);
    server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    partner.session(&session_body(Kind::PayIn, "100.00"));
    let error = poll(SOON, "the partner is shown why", || {
        let deliveries = partner.get("/v1/webhooks/deliveries").expect(200);
        deliveries["data"][0]["last_error"].as_str().map(str::to_owned)
    });
    assert!(error.starts_with("TLS failed"), "{error}");
    assert!(receiver.all().is_empty());
}
