//! A whole run, in little, against a server that answers as the gateway does and remembers keys, but does no work.

use std::collections::HashSet;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::Value;
use tokio::net::TcpListener;

use super::*;
use crate::load::client::Protocol;
use crate::load::mix::Mix;
use crate::load::plan::tests::options;
use crate::sandbox::Sandbox;
use crate::target::Target;

/// Answers in a runtime of its own, for as long as the test process lives; gives its URL. With `knows_repeats` it says when a
/// key comes again.
fn start(knows_repeats: bool) -> String {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let keys: Arc<Mutex<HashSet<String>>> = Arc::default();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let keys = Arc::clone(&keys);
            let answer = service_fn(move |request: Request<Incoming>| {
                let key = request.headers().get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
                let is_repeated = key.is_some_and(|key| !keys.lock().unwrap().insert(key)) && knows_repeats;
                let response = answer(&request, is_repeated);
                async {
                    request.into_body().collect().await.unwrap();
                    Ok::<_, Infallible>(response)
                }
            });
            // The load ends by closing its connections.
            tokio::spawn(async move {
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
    std::mem::forget(runtime);
    url
}

fn answer(request: &Request<Incoming>, is_repeated: bool) -> Response<Full<Bytes>> {
    let is_post = request.method() == Method::POST;
    let body = match request.uri().path().split('/').nth(2) {
        Some("gate_sessions") => r#"{"id":"gs_1","status":"open"}"#,
        Some("quotes") => r#"{"id":"qt_1","status":"active"}"#,
        Some("rails") if is_post => r#"{"id":"pi_1","status":"processing","transaction_refid":"tx_1"}"#,
        Some("rails") => r#"{"id":"pi_1","status":"settled","transaction_refid":"tx_1"}"#,
        _ => r#"{"id":"tx_1"}"#,
    };
    let mut response = Response::builder().status(if is_post { 201 } else { 200 });
    if is_repeated {
        response = response.header("idempotent-replayed", "true");
    }
    response.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
}

/// Runs it; the report is about a made-up machine.
fn run(line: &str, url: &str, constant: &str) -> Report {
    let options = options(line).unwrap();
    let partner = Sandbox {
        account_id: "acct_1".to_owned(),
        secret_key: "sk_test_x".to_owned(),
        publishable_key: "pk_test_x".to_owned(),
        allowed_origins: Vec::new(),
        base_url: url.to_owned(),
    };
    let gateway = Gateway::running(partner, url, Path::new("nowhere"), "http://127.0.0.1:1").unwrap();
    let mut report = Report::begin(&options, Machine::look(Path::new("/")));
    let bench = gateway.bench(&options, 1, &Target::parse(constant).unwrap(), None);
    report.rounds = crate::block_on(rounds(bench)).unwrap();
    report
}

#[test]
fn a_small_run_measures_every_mix_and_can_be_read() {
    let url = start(true);
    let report = run("--seconds 0.1 --rounds 2 --in-flight 8 --rate 200 --noise-bound 1000000", &url, &url);
    let json = report.json();
    assert_eq!(json["mixes"].as_array().unwrap().len(), 4);
    for mix in json["mixes"].as_array().unwrap() {
        let name = mix["mix"].as_str().unwrap();
        assert_eq!(mix["rounds"].as_array().unwrap().len(), 2, "{name}");
        let steady = &mix["rounds"][0]["steady"];
        assert!(steady["good"].as_u64().unwrap() > 0, "{name}: {steady}");
        assert_eq!(steady["others"], serde_json::json!({}), "{name}");
        assert!(mix["steady_p99_ms"]["median"].as_f64().unwrap() > 0.0, "{name}");
        assert!(mix["shares_of_ceilings"]["http"]["median"].as_f64().unwrap() > 0.0, "{name}");
    }
    assert_eq!(json["ceilings"]["http_get"]["rounds"].as_array().unwrap().len(), 9, "around the rounds of each mix");
    assert_eq!(json["settings"]["rate"], 200.0);
    assert_eq!(json["verdict"]["machine"], "quiet");
    for text in [report.table(), report.entry(), report.svg()] {
        assert!(Mix::ALL.iter().all(|mix| text.contains(mix.name())), "{text}");
        assert!(!text.contains("NaN"), "{text}");
    }
}

#[test]
fn the_peak_is_searched_over_http_2_as_well() {
    let url = start(true);
    let report = run("burst --http 2 --seconds 0.1 --rounds 1 --in-flight 8", &url, &url);
    let json = report.json();
    let burst = &json["mixes"][0];
    let rate = |name: &str| burst[name]["median"].as_f64().unwrap();
    assert!(rate("flat_out_per_second") > 0.0);
    assert_eq!(json["settings"]["http"], "2");
    // A machine that compiles beside the tests may sustain nothing for so short a time.
    if burst["peak_per_second"] != Value::Null {
        assert!(rate("steady_per_second") < 1.2 * rate("peak_per_second"), "{burst}");
    }
}

#[test]
fn two_effects_of_one_key_fail_the_run() {
    let forgetful = start(false);
    let report = run("storm --seconds 0.1 --rounds 1 --in-flight 8 --rate 50", &forgetful, &forgetful);
    let place = tempfile::tempdir().unwrap();
    let failure = report.finish(&options("--json").unwrap(), place.path()).unwrap_err();
    assert!(failure.to_string().contains("one key in different ways"), "{failure}");
    let written: Vec<_> = std::fs::read_dir(place.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(written.len(), 2, "the figures are written all the same: {written:?}");
}

#[test]
fn protocols_have_their_numbers() {
    assert_eq!(options("--http 2").unwrap().http, Protocol::Http2);
    assert!(options("--http 3").is_err());
}
