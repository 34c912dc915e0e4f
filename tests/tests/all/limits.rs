//! What an account may ask for: rates by class, requests in progress, and that nobody pays for another's greed.

mod fairness;
mod places;

use causeway_tests::http::{Request, Response};
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::server::{DataDir, Server, refused};
use serde_json::{Value, json};

use super::shared;

const LIST: &str = "/v1/gate_sessions";

/// `small` comes to its end soon, `few` has two places.
const TIERS: &str = "\
[tiers.small]
reads = { per_second = 2, burst = 4 }
writes = { per_second = 2, burst = 4 }
rails = { per_second = 1, burst = 2 }
embed = { per_second = 1, burst = 3 }
in_progress = 32

[tiers.few]
reads = { per_second = 1000, burst = 2000 }
writes = { per_second = 1000, burst = 2000 }
rails = { per_second = 1000, burst = 2000 }
embed = { per_second = 1000, burst = 2000 }
in_progress = 2
";

/// A gateway with these tiers; the file lives as long as the directory.
fn server(flags: &[&str]) -> (Server, DataDir) {
    let directory = DataDir::new();
    let file = directory.file("causeway.toml");
    std::fs::write(&file, TIERS).unwrap();
    let config = format!("--config={}", file.display());
    (Server::start(&[&[config.as_str()], flags].concat()), directory)
}

fn partner_in(server: &Server, tier: &str) -> Partner {
    let partner = server.operator().partner(tier, Rights::ALL);
    set_tier(server, &partner, tier);
    partner
}

fn set_tier(server: &Server, partner: &Partner, tier: &str) -> Value {
    server.operator().set_tier(partner, "sandbox", tier)
}

/// Asks until the account is refused, which its small tier lets happen soon; gives what was granted before, too.
fn until_refused(ask: impl Fn() -> Response) -> (Vec<Response>, Response) {
    let mut granted = Vec::new();
    loop {
        let answer = ask();
        if answer.status == 429 {
            return (granted, answer);
        }
        assert!(answer.status < 300, "{}", answer.text());
        granted.push(answer);
        assert!(granted.len() < 500, "the account is never refused");
    }
}

/// The number behind `name` in the first item of the standing.
fn standing(answer: &Response, name: &str) -> u64 {
    let field = answer.header("RateLimit").unwrap_or_else(|| panic!("no RateLimit in {:?}", answer.headers));
    let first = field.split(',').next().unwrap_or_default();
    let number = first.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no {name} in {field}"))
}

#[test]
fn a_burst_is_granted_and_then_the_rate() {
    let (server, _config) = server(&[]);
    let partner = partner_in(&server, "small");
    let (granted, refused) = until_refused(|| partner.get(LIST));
    assert!(granted.len() >= 4, "{}", granted.len());
    let policy = r#""reads";q=4;w=2, "in-progress";q=32;qu="concurrent-requests""#;
    for answer in granted.iter().chain([&refused]) {
        assert_eq!(answer.header("RateLimit-Policy"), Some(policy));
        assert!(standing(answer, "r") < 4 && standing(answer, "t") <= 1);
    }
    assert_eq!(standing(&granted[0], "r"), 3);
    let body = refused.expect_refusal(429, "rate_limited");
    assert_eq!((&body["type"], &body["param"]), (&json!("rate_limit"), &json!(null)));
    assert_eq!((standing(&refused, "r"), refused.header("Retry-After")), (0, Some("1")));
    // Other classes, and other accounts of the tier, have their own.
    partner.post(LIST, &session_body(Kind::PayIn, "100.00")).expect(201);
    partner_in(&server, "small").get(LIST).expect(200);
    poll(SOON, "the account may ask again", || (partner.get(LIST).status == 200).then_some(()));
    let metrics = server.operator().call("GET", "/metrics", &json!(null)).text();
    let line = r#"causeway_quota_refusals_total{mode="sandbox",class="reads",reason="rate"} "#;
    let count = metrics.lines().find_map(|found| found.strip_prefix(line)).unwrap_or_else(|| panic!("{metrics}"));
    assert!(count.parse::<f64>().unwrap() >= 1.0, "{count}");
    assert!(!metrics.contains(&partner.account));
}

#[test]
fn refusals_of_every_kind_say_how_the_account_stands() {
    let partner = shared::partner("a counter");
    let plain = shared::server().operator().partner("a plain counter", Rights::NONE);
    let create = Request::post(LIST).json(&session_body(Kind::PayIn, "100.00"));
    let told = |answer: Response, status: u16, class: &str| {
        answer.expect(status);
        let field = answer.header("RateLimit").unwrap_or_default().to_owned();
        assert!(field.starts_with(&format!("\"{class}\";r=")), "{status} {field}");
    };
    told(partner.get(LIST), 200, "reads");
    told(partner.get("/v1/gate_sessions/gs_test_x"), 404, "reads");
    told(partner.send(create.clone().key("counted")), 201, "writes");
    told(partner.send(create.clone()), 400, "writes");
    told(partner.send(create.clone().key("x").bytes(vec![b' '; 70_000])), 413, "writes");
    told(partner.send(create.clone().key("x").header("Accept", "text/html")), 406, "writes");
    told(plain.post("/v1/quotes", &json!({})), 403, "rails");
    let bootstrap = partner.browse(Request::post("/v1/embed/bootstrap"));
    let readable = bootstrap.header("Access-Control-Expose-Headers").unwrap_or_default();
    assert!(readable.contains("ratelimit,") && readable.contains("ratelimit-policy"), "{readable}");
    told(bootstrap, 201, "embed");
    for nobody in [partner.send_as_is(&create), partner.send_as_is(&Request::get("/v1/nowhere").bearer("x"))] {
        assert_eq!(nobody.header("RateLimit"), None, "nobody's account is known");
    }
}

#[test]
fn an_operator_gives_tiers_that_count_at_once() {
    let (server, _config) = server(&[]);
    let operator = server.operator();
    let partner = partner_in(&server, "small");
    until_refused(|| partner.get(LIST));
    let shown = set_tier(&server, &partner, "unlimited");
    assert_eq!(shown["modes"][0]["tier"], "unlimited");
    for _ in 0..20 {
        let answer = partner.get(LIST);
        answer.expect(200);
        assert_eq!(answer.header("RateLimit"), None, "nothing bounds it");
    }
    let path = format!("/operator/accounts/{}/tier", partner.account);
    let unknown = operator.call("PUT", &path, &json!({ "mode": "sandbox", "tier": "golden" }));
    assert_eq!(unknown.status, 400);
    assert!(unknown.text().contains("standard, unlimited, few, small"), "{}", unknown.text());
    for wrong in [json!({ "mode": "sandbox" }), json!({ "tier": "small" }), json!({ "mode": "sandbox", "tier": 1 })] {
        assert_eq!(operator.call("PUT", &path, &wrong).status, 400, "{wrong}");
    }
    let live = operator.call("PUT", &path, &json!({ "mode": "live", "tier": "small" }));
    assert_eq!(live.status, 501, "{}", live.text());
    let audit = std::fs::read_to_string(server.directory().file("operator-audit.jsonl")).unwrap();
    let entries: Vec<&str> = audit.lines().filter(|line| line.contains("\"set_tier\"")).collect();
    assert!(
        entries.last().is_some_and(|line| line.contains("unlimited") && line.contains(&partner.account)),
        "{audit}"
    );
}

/// A publishable key is public: who floods with it leaves the partner's servers what is theirs.
#[test]
fn a_flood_of_browsers_leaves_the_servers_alone() {
    let (server, _config) = server(&[]);
    let partner = partner_in(&server, "small");
    let (_, refused) = until_refused(|| partner.browse(Request::post("/v1/embed/bootstrap")));
    refused.expect_refusal(429, "rate_limited");
    partner.get(LIST).expect(200);
    partner.post(LIST, &session_body(Kind::PayIn, "100.00")).expect(201);
}

#[test]
fn a_tier_that_is_gone_counts_as_the_default_and_the_start_says_so() {
    let (server, _config) = server(&[]);
    let partner = partner_in(&server, "small");
    let directory = server.directory().clone();
    assert_eq!(server.stop().code, Some(0));
    let server = Server::start_in(&directory, &[]);
    let answer = partner.at(&server).get(LIST);
    assert!(answer.header("RateLimit-Policy").is_some_and(|policy| policy.contains("q=2000")), "{:?}", answer.headers);
    let said = poll(SOON, "the log names the tier", || {
        let log = server.log().tail();
        log.lines().find(|line| line.contains("tier_not_configured")).map(str::to_owned)
    });
    assert!(said.contains("tier=small") && said.contains("accounts=1") && said.contains("instead=standard"), "{said}");
}

#[test]
fn wrong_tiers_are_refused_with_their_line() {
    let directory = DataDir::new();
    let file = directory.file("causeway.toml");
    let config = format!("--config={}", file.display());
    for (from, to, line) in [
        ("per_second = 2,", "per_second = 0,", ":2:"),
        ("in_progress = 32", "in_progress = \"many\"", ":6:"),
        ("[tiers.small]", "[tiers.unlimited]", ":1:"),
        ("rails", "trails", ":4:"),
    ] {
        std::fs::write(&file, TIERS.replacen(from, to, 1)).unwrap();
        let exit = refused(&["serve", &config], &directory);
        assert_eq!(exit.code, Some(2), "{exit}");
        assert!(exit.error.contains(&format!("causeway.toml{line}")), "{to}: {exit}");
    }
    std::fs::write(&file, TIERS).unwrap();
    let exit = refused(&["serve", &config, "--demo-tier=golden"], &directory);
    assert!(exit.code == Some(2) && exit.error.contains("standard, unlimited, few, small"), "{exit}");
}
