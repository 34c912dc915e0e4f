//! Requests as bytes.

use crate::target::Target;

/// A request with any headers; without a body there is no `Content-Length`.
pub fn write_request(
    target: &Target,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Vec<u8> {
    let mut out = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", target.host);
    for (name, value) in headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        out.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    }
    out.push_str("\r\n");
    out.push_str(body.unwrap_or_default());
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target::parse("http://127.0.0.1:8080").unwrap()
    }

    #[test]
    fn a_get_has_no_body() {
        let bytes = write_request(&target(), "GET", "/healthz", &[("Origin", "https://a.example")], None);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nOrigin: https://a.example\r\n\r\n");
    }
}
