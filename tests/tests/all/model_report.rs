//! What an operator sees of a model: a page and its numbers, from payments that were made and labels that came back.

use causeway_tests::http::{Request, Response};
use causeway_tests::partner::{Kind, Partner};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::server::Server;
use serde_json::{Value, json};

const REPORT: &str = "/operator/models/baseline/2/report?mode=sandbox";

fn start() -> Server {
    Server::start(&[])
}

fn pay(partner: &Partner, amount: &str) -> String {
    let payment = partner.start(Kind::PayIn, amount);
    partner.wait_for_payment(&payment, "settled");
    payment["id"].as_str().unwrap().to_owned()
}

fn numbers(server: &Server, more: &str) -> Value {
    server.operator().done("GET", &format!("{REPORT}&format=json{more}"), &Value::Null)
}

fn page(server: &Server, more: &str) -> (Response, String) {
    let response = server.operator().call("GET", &format!("{REPORT}{more}"), &Value::Null);
    assert_eq!(response.status, 200, "{}", response.text());
    let text = response.text();
    (response, text)
}

#[test]
fn payments_and_labels_become_a_report() {
    let server = start();
    let (_, empty) = page(&server, "");
    assert!(empty.contains("This model has decided nothing in this time."), "{empty}");
    let partner = server.demo();
    let payments: Vec<String> =
        ["60.00", "70.00", "80.00", "4500.00"].iter().map(|amount| pay(&partner, amount)).collect();
    let (_, unlabelled) = page(&server, "");
    assert!(unlabelled.contains("No labels came back yet"), "{unlabelled}");
    let label = |(place, payment): (usize, &String)| json!({ "payment": payment, "label": if place == 3 { "fraud" } else { "legitimate" } });
    let labels: Vec<Value> = payments.iter().enumerate().map(label).collect();
    let told = server.operator().done("PUT", "/operator/labels", &json!({ "labels": labels, "reason": "chargebacks" }));
    assert_eq!(told["accepted"], 4);
    let decision = format!("/operator/payments/{}/decision", payments[3]);
    let label = server.operator().done("GET", &decision, &Value::Null)["label"].clone();
    assert!(label["label"] == "fraud" && label["since"].is_string(), "{label}");
    let pay_out = payments[3].replacen("pi_", "po_", 1);
    let other = json!({ "labels": [{ "payment": pay_out, "label": "legitimate" }], "reason": "by mistake" });
    assert_eq!(server.operator().done("PUT", "/operator/labels", &other)["unknown"], json!([pay_out]));

    let report = numbers(&server, "");
    assert_eq!(
        (&report["object"], &report["name"], &report["version"]),
        (&json!("model_report"), &json!("baseline"), &json!("2"))
    );
    assert_eq!((&report["decisions"]["counted"], &report["decisions"]["is_sample"]), (&json!(4), &json!(false)));
    assert_eq!((&report["labels"]["basis"], &report["labels"]["labelled"]), (&json!("labelled"), &json!(4)));
    assert_eq!((&report["quality"]["payments"], &report["quality"]["frauds"]), (&json!(4), &json!(1)));
    assert!(report["quality"]["auc"].is_number() && report["drift"]["score_psi"].is_number(), "{report}");
    assert_eq!(report["approvals"]["all"]["of"], 4);
    assert_eq!(report["package"]["thresholds"][0][0], "step_up");
    assert!(report["speed"]["rows"].as_u64() >= Some(4), "{report}");
    let mature = numbers(&server, "&maturity_days=0");
    assert_eq!((&mature["labels"]["basis"], &mature["labels"]["judged"]), (&json!("mature"), &json!(4)));
    assert_eq!(numbers(&server, "&until=2020-01-01T00:00:00Z")["decisions"]["counted"], 0);

    let (response, text) = page(&server, "");
    let header = |name: &str| response.header(name).unwrap_or_default().to_owned();
    assert!(header("content-type").starts_with("text/html") && header("cache-control").contains("no-store"));
    assert!(header("content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(!text.contains("<script") && !text.contains("http://") && !text.contains("https://"), "{text}");
    for id in ["scores", "calibration", "precision-recall", "drift", "approvals", "comparison", "latency"] {
        assert!(text.contains(&format!("<section id=\"{id}\"")), "{id}");
    }
    let against = page(&server, "&against=baseline/1").1;
    assert!(against.contains("the package of baseline 1 is not known to this gateway"), "{against}");
    drift_is_in_the_metrics(&server);
}

/// The follower reads on its own; what it knows is a number soon.
fn drift_is_in_the_metrics(server: &Server) {
    let wanted =
        "causeway_model_window_decisions{mode=\"sandbox\",model=\"baseline\",version=\"2\",of=\"decisions\"} 4";
    let metrics = poll(SOON, "the follower has seen all decisions", || {
        let text = server.operator().send(&Request::new("GET", "/metrics")).text();
        text.contains(wanted).then_some(text)
    });
    for name in ["causeway_model_psi", "causeway_model_approval_rate"] {
        assert!(metrics.lines().any(|line| line.starts_with(&format!("{name}{{"))), "{name}: {metrics}");
    }
    assert!(metrics.contains("of=\"score\"") && metrics.contains("of=\"amount_usd_log10\""), "{metrics}");
}

#[test]
fn what_cannot_be_reported_is_refused_in_words() {
    let server = start();
    let call = |path: &str| server.operator().call("GET", path, &Value::Null);
    let unknown = call("/operator/models/nobody/1/report?mode=sandbox");
    unknown.expect_refusal(404, "not_found");
    call("/operator/models/Nobody/x/report?mode=sandbox").expect_refusal(404, "not_found");
    call("/operator/models/baseline/2/report").expect_refusal(400, "invalid_request");
    call("/operator/models/baseline/2/report?mode=live").expect_refusal(501, "not_enabled");
    for wrong in [
        "from=yesterday",
        "until=1970-01-01T00:00:00Z",
        "maturity_days=9999",
        "basis=all",
        "format=pdf",
        "against=x",
        "against=baseline/2",
    ] {
        let refused = call(&format!("{REPORT}&{wrong}"));
        refused.expect_refusal(400, "invalid_request");
        assert_eq!(refused.json()["param"], wrong.split('=').next().unwrap().replace("until", "from"), "{wrong}");
    }
}
