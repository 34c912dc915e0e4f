//! The pages that answers point to: where an error code is explained, and where a user is sent to be verified.

use causeway_tests::contract::contract;
use causeway_tests::http::{Request, Response};
use causeway_tests::partner::Kind;

use super::shared;

/// Reads a page as a browser does: without a key.
fn visit(path: &str) -> Response {
    let request = Request::get(path).header("Accept", "text/html,application/xhtml+xml");
    let page = shared::server().api().send(&request).unwrap_or_else(|failure| panic!("{path}: {}", failure.error));
    assert_eq!(page.status, 200, "{path}: {}", page.text());
    assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("Set-Cookie"), None);
    assert_eq!(page.header("Referrer-Policy"), Some("no-referrer"));
    assert_eq!(page.header("X-Content-Type-Options"), Some("nosniff"));
    let policy = page.header("Content-Security-Policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
    assert!(page.header("Cache-Control").is_some() && page.header("X-Request-Id").is_some());
    page
}

/// The path of a URL of this gateway.
fn path_of(url: &str) -> String {
    let origin = format!("http://{}", shared::server().api().address());
    url.strip_prefix(&origin).unwrap_or_else(|| panic!("{url} is not below {origin}")).to_owned()
}

#[test]
fn every_code_of_the_contract_is_explained_where_errors_point_to() {
    let partner = shared::partner("a reader");
    let refused = partner.get("/v1/quotes/nonsense").expect_refusal(404, "not_found");
    let (page, code) = refused["doc_url"].as_str().unwrap().rsplit_once('/').unwrap();
    assert_eq!(code, "not_found");
    let page = path_of(page);
    let all = visit(&page).text();
    let codes = codes();
    assert!(codes.len() > 30, "{codes:?}");
    for code in codes {
        assert_eq!(all.matches(&format!(" id=\"{code}\"")).count(), 1, "{code}");
        assert!(visit(&format!("{page}/{code}")).text().contains(&format!(" id=\"{code}\"")), "{code}");
    }
}

/// All codes that `openapi.json` names, in its descriptions of refusals.
fn codes() -> Vec<String> {
    let responses = contract().document()["components"]["responses"].as_object().unwrap();
    let lines = responses.values().flat_map(|response| response["description"].as_str().unwrap().lines());
    lines.map(|line| line.split('`').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn a_user_who_is_to_be_verified_finds_how() {
    let partner = shared::partner("a verifier");
    for kind in Kind::BOTH {
        let waiting = partner.start(kind, "100.05");
        let path = path_of(waiting["next_action"]["url"].as_str().unwrap());
        let text = visit(&path).text();
        let call = kind.helper(waiting["id"].as_str().unwrap(), "verify");
        assert!(text.contains(&format!("POST {call}\n")), "{text}");
        // It says the same of a payment that does not exist: it looks nothing up.
        let (known, unknown) = (waiting["id"].as_str().unwrap(), another(waiting["id"].as_str().unwrap()));
        assert_eq!(visit(&path.replace(known, &unknown)).text(), text.replace(known, &unknown));
        partner.act(&call).expect(200);
        partner.wait_for_payment(&waiting, "settled");
        assert_eq!(visit(&path).text(), text);
    }
}

/// The id with another last letter.
fn another(id: &str) -> String {
    let (rest, last) = id.split_at(id.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}

#[test]
fn only_ids_have_a_page_and_pages_are_only_read() {
    let api = shared::server().api();
    let id = "0123456789abcdefghjkmnpqrs";
    for path in [
        "/verify/".to_owned(),
        "/verify/nonsense".to_owned(),
        format!("/verify/gs_test_{id}"),
        format!("/verify/pi_test_{id}x"),
        format!("/verify/pi_test_{id}/"),
        // Live does not run here.
        format!("/verify/pi_live_{id}"),
        "/verify/%3Cscript%3E".to_owned(),
        "/docs/".to_owned(),
        "/docs/errors/nonsense".to_owned(),
        "/docs/errors/".to_owned(),
    ] {
        api.send(&Request::get(&path)).unwrap().expect_refusal(404, "not_found");
    }
    for path in ["/docs/errors".to_owned(), format!("/verify/po_test_{id}")] {
        let page = visit(&path);
        let head = api.send(&Request::new("HEAD", &path)).unwrap();
        assert_eq!((head.status, head.header("Content-Length")), (200, page.header("Content-Length")));
        let refused = api.send(&Request::post(&path)).unwrap();
        refused.expect_refusal(405, "method_not_allowed");
        assert_eq!(refused.header("Allow"), Some("GET, HEAD, OPTIONS"));
    }
}
