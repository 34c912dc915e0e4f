//! Bodies that are not right, and the check that they are refused by name and change nothing.

use causeway_tests::http::{Request, Response};
use causeway_tests::partner::{Partner, fresh_key};
use serde_json::{Value, json};

use super::Operation;

/// A body that is not right, and the parameter that the refusal names.
pub struct Bad {
    pub change: Change,
    pub code: &'static str,
    pub param: Option<&'static str>,
}

/// How a body is made wrong.
pub enum Change {
    /// This key gets this value.
    Set(&'static str, Value),
    /// This key is left out.
    Without(&'static str),
}

/// A wrong value of a field.
pub fn wrong(name: &'static str, value: Value) -> Bad {
    Bad { change: Change::Set(name, value), code: "invalid_request", param: Some(name) }
}

/// A required field that is left out.
pub fn missing(name: &'static str) -> Bad {
    Bad { change: Change::Without(name), code: "invalid_request", param: Some(name) }
}

/// A value of a field that is refused with a code of its own.
pub fn refused(name: &'static str, value: Value, code: &'static str) -> Bad {
    Bad { change: Change::Set(name, value), code, param: Some(name) }
}

/// A key that the operation does not know.
pub fn unknown(name: &'static str) -> Bad {
    Bad { change: Change::Set(name, json!("x")), code: "unknown_field", param: Some(name) }
}

/// Refuses each of `bodies` and every form of body that no operation takes; after all of them the request still works.
pub fn refuses_bodies(partner: &Partner, operation: &Operation, bodies: Vec<Bad>) {
    let send = |request: Request| partner.send(request);
    refuses_bodies_sent_by(partner, operation, bodies, &send);
}

/// The same for those who send in another way.
pub fn refuses_bodies_sent_by(
    partner: &Partner,
    operation: &Operation,
    bodies: Vec<Bad>,
    send: &dyn Fn(Request) -> Response,
) {
    let request = (operation.prepare)(partner);
    let good = request.body_json();
    for bad in bodies {
        let mut body = good.clone();
        match &bad.change {
            Change::Set(name, value) => body[*name] = value.clone(),
            Change::Without(name) => drop(body.as_object_mut().unwrap().remove(*name)),
        }
        let refused = send(request.clone().json(&body).key(&fresh_key()));
        let said = refused.expect_refusal(400, bad.code);
        assert_eq!(said["param"].as_str(), bad.param, "{body}: {said}");
    }
    for (bytes, status, code) in broken(&good) {
        let refused = send(request.clone().bytes(bytes).key(&fresh_key()));
        refused.expect_refusal(status, code);
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"] {
        let refused = send(request.clone().header("Content-Type", kind));
        refused.expect_refusal(415, "unsupported_media_type");
    }
    let squeezed = request.clone().header("Content-Encoding", "gzip");
    send(squeezed).expect_refusal(415, "unsupported_media_type");
    let granted = send(request);
    assert!(granted.status < 300, "{}", granted.text());
}

/// Bytes that are no body of any operation.
fn broken(good: &Value) -> Vec<(Vec<u8>, u16, &'static str)> {
    let text = good.to_string();
    let twice = format!("{},{}", &text[..text.len() - 1], &text[1..]);
    let padded = format!("{}{text}", " ".repeat(70_000));
    let mut not_utf8 = text.clone().into_bytes();
    let place = text.find(":\"").map_or(1, |at| at + 2);
    not_utf8.insert(place, 0xff);
    vec![
        (b"{".to_vec(), 400, "invalid_json"),
        (b"nonsense".to_vec(), 400, "invalid_json"),
        (b"   ".to_vec(), 400, "invalid_json"),
        (format!("{text} {{}}").into_bytes(), 400, "invalid_json"),
        (format!("{text},").into_bytes(), 400, "invalid_json"),
        (not_utf8, 400, "invalid_json"),
        (format!("[{text}]").into_bytes(), 400, "invalid_request"),
        (b"null".to_vec(), 400, "invalid_request"),
        (b"\"text\"".to_vec(), 400, "invalid_request"),
        (twice.into_bytes(), 400, "invalid_request"),
        (padded.into_bytes(), 413, "body_too_large"),
        (b"[".repeat(60_000), 400, "invalid_json"),
    ]
}
