//! No secret is stored or logged in clear.

use std::path::Path;

use causeway_tests::http::Request;
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, session_body};
use causeway_tests::receiver::Receiver;
use causeway_tests::server::Server;
use serde_json::json;

#[test]
fn no_secret_is_stored_or_logged_in_clear() {
    let server = Server::start(&[]);
    let partner = server.operator().partner("a discreet one", Rights::ALL);
    let receiver = Receiver::start();
    let webhook = server.operator().set_webhook(&partner, "sandbox", &receiver.url());
    let session = partner.session(&session_body(Kind::PayIn, "100.00"));
    let client_secret = session["client_secret"].as_str().unwrap().to_owned();
    let bootstrap = Request::post("/v1/embed/bootstrap").json(&json!({ "clientSecret": client_secret }));
    let token = partner.browse(bootstrap).expect(201)["embed_token"].as_str().unwrap().to_owned();
    let payment = partner.start(Kind::PayIn, "100.00");
    partner.wait_for_payment(&payment, "settled");
    // Wrong credentials must not be kept either.
    let wrong = "sk_test_this_key_is_wrong_and_must_not_be_kept";
    partner.send(Request::get("/v1/gate_sessions").bearer(wrong)).expect_refusal(401, "invalid_key");
    let log = server.log().clone();
    let directory = server.directory().clone();
    let operator_token = server.operator().token().to_owned();
    assert_eq!(server.stop().code, Some(0));
    let files = files(directory.path());
    let secret_part = client_secret.rsplit('_').next().unwrap();
    let inner_token = token.split('.').nth(2).unwrap();
    let webhook_key = webhook.strip_prefix("whsec_").unwrap();
    let is_kept = |text: &str| files.iter().any(|(_, bytes)| contains(bytes, text.as_bytes()));
    assert!(is_kept("https://partner.example/complete"), "what is no secret is found");
    let secrets = [&partner.secret, &partner.publishable, wrong, webhook_key, secret_part, inner_token];
    for secret in secrets.into_iter().chain([operator_token.as_str()]) {
        let said = log.out() + &log.error();
        assert!(!said.contains(secret), "{secret:.12}… is logged");
        for (path, bytes) in &files {
            // The two files that tell the first credentials are what they are for.
            let told = path.ends_with("sandbox.json") || path.ends_with("operator-token");
            assert!(told || !contains(bytes, secret.as_bytes()), "{secret:.12}… stands in {}", path.display());
        }
    }
    let demo = directory.sandbox()["secret_key"].as_str().unwrap().to_owned();
    let elsewhere = files.iter().filter(|(path, _)| !path.ends_with("sandbox.json"));
    assert!(elsewhere.into_iter().all(|(_, bytes)| !contains(bytes, demo.as_bytes())));
}

pub fn files(path: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push((entry.path(), std::fs::read(entry.path()).unwrap()));
        }
    }
    found
}

pub fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
