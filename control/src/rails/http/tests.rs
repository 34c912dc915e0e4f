use std::sync::Arc;
use std::time::Duration;

use causeway_core::id::Mode;
use causeway_core::rail::RailOutcome;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;
use crate::keys::SecretText;
use crate::rails::Schedule;
use crate::rails::fixture::work;
use crate::webhooks::guard::Target;

mod played;
mod reports;
mod tls;

use played::{Said, played};

const ID: &str = "att_live_00000000000000000000000007";

/// A rail at `url`, which is given half a second for each answer.
fn config(name: &str, url: &str) -> RailConfig {
    let mut target = Target::read(url).unwrap();
    target.path = "/bank".to_owned();
    RailConfig {
        name: name.to_owned(),
        mode: Mode::Live,
        target,
        secret: secret(name),
        timeout: Duration::from_millis(500),
        at_once: 4,
        enquiries: Schedule::new(Duration::from_secs(1), Duration::from_secs(1)).unwrap(),
        tls: connector(RootCertStore::empty()),
    }
}

fn secret(name: &str) -> SecretText {
    SecretText::new(format!("the secret of the rail {name:>16}"))
}

fn connector(roots: RootCertStore) -> TlsConnector {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    TlsConnector::from(Arc::new(builder.with_no_client_auth()))
}

fn told(state: &str) -> String {
    format!("{{\"attempt_id\":\"{ID}\",\"state\":\"{state}\"}}")
}

#[tokio::test]
async fn an_attempt_is_sent_and_enquired_about_by_signed_requests() {
    let mut rail = played(vec![Said::new(202, ""), Said::new(200, &told("settled"))], None).await;
    let http = HttpRail::new(config("sepa", &rail.url("http")));
    assert_eq!(http.send(&work(7)).await, Ok(Word::Accepted));
    assert_eq!(http.enquire(&work(7)).await, Ok(Word::Outcome(RailOutcome::Settled)));
    let sent = rail.next().await;
    assert!(sent.head.starts_with("POST /bank/attempts HTTP/1.1\r\n"), "{}", sent.head);
    assert_eq!(sent.header("idempotency-key"), ID);
    assert_eq!(sent.header("content-type"), "application/json");
    assert_eq!(sent.body, message::attempt(&work(7), Mode::Live));
    let passes = |purpose, content: &[u8], header: &str| {
        signature::is_authentic(&secret("sepa"), purpose, system_time().unix_seconds(), content, header)
    };
    assert!(passes(Purpose::Send, &sent.body, sent.header("rail-signature")));
    let enquired = rail.next().await;
    assert!(enquired.head.starts_with(&format!("GET /bank/attempts/{ID} HTTP/1.1\r\n")), "{}", enquired.head);
    assert!(passes(Purpose::Enquire, ID.as_bytes(), enquired.header("rail-signature")));
    assert_eq!(rail.connections(), 1, "the connection is used again");
}

#[tokio::test]
async fn what_is_no_answer_says_nothing() {
    let long = "x".repeat(20_000);
    for said in [
        Said::new(500, ""),
        Said::new(200, "hello"),
        Said::new(200, &told("settled").replace('7', "8")),
        Said::new(200, &long),
        Said::new(302, "").with("location: /elsewhere"),
        Said::silence(),
        Said::hang_up(),
    ] {
        let rail = played(vec![said.clone(), said], None).await;
        let http = HttpRail::new(config("sepa", &rail.url("http")));
        for error in [http.send(&work(7)).await.unwrap_err(), http.enquire(&work(7)).await.unwrap_err()] {
            assert!(error.0.starts_with("the rail sepa: ") && !error.0.contains("secret"), "{error}");
        }
    }
    let nobody = HttpRail::new(config("sepa", "http://127.0.0.1:1/"));
    assert!(nobody.send(&work(7)).await.unwrap_err().0.contains("could not connect"));
}

/// A request that may have arrived is never repeated by itself; a question is.
#[tokio::test]
async fn a_kept_connection_that_broke_repeats_questions_only() {
    let mut rail = played(
        vec![
            Said::new(202, ""),
            Said::hang_up(),
            Said::new(202, ""),
            Said::hang_up(),
            Said::new(404, &told("unknown")),
        ],
        None,
    )
    .await;
    let http = HttpRail::new(config("sepa", &rail.url("http")));
    assert_eq!(http.send(&work(7)).await, Ok(Word::Accepted));
    assert!(http.send(&work(7)).await.is_err());
    assert_eq!(http.send(&work(7)).await, Ok(Word::Accepted));
    assert_eq!(http.enquire(&work(7)).await, Ok(Word::Unknown));
    let mut methods = Vec::new();
    for _ in 0..5 {
        methods.push(rail.next().await.head.split(' ').next().unwrap().to_owned());
    }
    assert_eq!(methods, ["POST", "POST", "POST", "GET", "GET"]);
}
