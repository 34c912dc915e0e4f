//! Requests as bytes.

use crate::seed::Seed;
use crate::target::Target;

/// Everything of a POST request in front of its idempotency key: written once, sent many times.
#[derive(Clone, Debug)]
pub struct PostTemplate(Vec<u8>);

impl PostTemplate {
    /// Requests to `path` with this secret key.
    pub fn new(target: &Target, path: &str, secret_key: &str) -> PostTemplate {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {secret_key}\r\nContent-Type: application/json\r\n\
             Idempotency-Key: ",
            target.host
        );
        PostTemplate(head.into_bytes())
    }

    /// Writes a request with a key of its own and this body in place of what `out` held.
    pub fn write(&self, out: &mut Vec<u8>, seed: &mut Seed, body: &str) {
        out.clear();
        out.extend_from_slice(&self.0);
        seed.write_key(out);
        out.extend_from_slice(b"\r\nContent-Length: ");
        out.extend_from_slice(body.len().to_string().as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(body.as_bytes());
    }
}

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
    fn a_post_is_complete_and_its_key_is_new() {
        let template = PostTemplate::new(&target(), "/v1/quotes", "sk_test_x");
        let (mut first, mut second, mut seed) = (Vec::new(), b"left over".to_vec(), Seed::new(1));
        template.write(&mut first, &mut seed, "{}");
        template.write(&mut second, &mut seed, "{}");
        let text = String::from_utf8(first.clone()).unwrap();
        assert!(text.starts_with("POST /v1/quotes HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"), "{text}");
        assert!(text.ends_with("\r\nContent-Length: 2\r\n\r\n{}"), "{text}");
        assert_eq!(first.len(), second.len());
        assert_ne!(first, second);
    }

    #[test]
    fn a_get_has_no_body() {
        let bytes = write_request(&target(), "GET", "/healthz", &[("Origin", "https://a.example")], None);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nOrigin: https://a.example\r\n\r\n");
    }
}
