//! What headers say about a request, apart from who sends it.

use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue};

use crate::http::host::address;
use crate::operations::Idempotency;
use crate::problem::{Code, Problem};
use crate::wire::{VERSION, Version};

/// The longest idempotency key, in characters.
const IDEMPOTENCY_KEY_CHARS: usize = 255;

/// Refuses a request that does not name one host, by which deployments tell modes apart.
pub(super) fn host(headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if host.to_str().is_ok_and(names_a_host) => Ok(()),
        _ => Err(Problem::invalid("Host", "Send exactly one Host header that names the host.")),
    }
}

/// A name or an address, with a port or without. What else may stand before a host in a URL stands in no `Host`.
fn names_a_host(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let host = authority.host();
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let has_port = text.len() > host.len();
    if text.contains('@') || has_port && authority.port_u16().is_none() {
        return false;
    }
    address(host).is_some() || name.split('.').all(is_label)
}

/// The `Gate-Version` that is asked for, the newest where none is; refuses one that does not exist, and two that differ.
pub(super) fn version(headers: &HeaderMap) -> Result<Version, Problem> {
    let unknown = || {
        let message = format!("There is no such version; send {VERSION} or leave the header out.");
        Problem::invalid("Gate-Version", message)
    };
    let mut asked = None;
    for value in headers.get_all("gate-version") {
        let version = Version::parse(value.as_bytes()).ok_or_else(unknown)?;
        if *asked.get_or_insert(version) != version {
            return Err(unknown());
        }
    }
    Ok(asked.unwrap_or(Version::NEWEST))
}

/// Refuses a request whose sender takes no JSON. Every text that can be read is; what cannot be read is no reason to refuse.
pub(super) fn accepts_json(headers: &HeaderMap) -> Result<(), Problem> {
    let mut accepted = headers.get_all(ACCEPT).iter().peekable();
    if accepted.peek().is_none() || accepted.any(takes_json) {
        return Ok(());
    }
    Err(Problem::at(Code::NotAcceptable, "Accept", Code::NotAcceptable.explanation()))
}

fn takes_json(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(|value| value == "*/*" || value.split(',').any(range_takes_json))
}

/// Whether a media range holds JSON with a weight above zero.
fn range_takes_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let holds = ["*/*", "application/*", "application/json"].iter().any(|known| kind.eq_ignore_ascii_case(known));
    let refused = parts.filter_map(|part| part.split_once('=')).any(|(name, weight)| {
        name.trim().eq_ignore_ascii_case("q") && weight.trim().parse::<f32>().is_ok_and(|weight| weight == 0.0)
    });
    holds && !refused
}

/// Refuses a body that is not sent as plain JSON in UTF-8.
pub(super) fn sends_json(headers: &HeaderMap) -> Result<(), Problem> {
    let plain = headers.get_all(CONTENT_ENCODING).iter().all(|encoding| encoding == "identity");
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let json = types.next().is_some_and(is_json) && types.next().is_none();
    if plain && json {
        return Ok(());
    }
    let param = if plain { "Content-Type" } else { "Content-Encoding" };
    Err(Problem::at(Code::UnsupportedMediaType, param, Code::UnsupportedMediaType.explanation()))
}

fn is_json(value: &HeaderValue) -> bool {
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    json && parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
        !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    })
}

/// The key that is to be obeyed: 1–255 printable ASCII characters.
pub(super) fn idempotency_key(headers: &HeaderMap, idempotency: Idempotency) -> Result<Option<&str>, Problem> {
    let required = match idempotency {
        Idempotency::Required => true,
        Idempotency::Accepted => false,
        Idempotency::Ignored | Idempotency::None => return Ok(None),
    };
    let mut values = headers.get_all("idempotency-key").iter();
    let (value, second) = (values.next(), values.next());
    match value {
        None if required => {
            let explanation = Code::IdempotencyKeyRequired.explanation();
            Err(Problem::at(Code::IdempotencyKeyRequired, "Idempotency-Key", explanation))
        }
        None => Ok(None),
        Some(value) if second.is_none() && is_key(value.as_bytes()) => Ok(value.to_str().ok()),
        Some(_) => {
            let message = "Send one Idempotency-Key of 1–255 printable ASCII characters.";
            Err(Problem::invalid("Idempotency-Key", message))
        }
    }
}

fn is_key(bytes: &[u8]) -> bool {
    (1..=IDEMPOTENCY_KEY_CHARS).contains(&bytes.len()) && bytes.iter().all(|byte| (b' '..=b'~').contains(byte))
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn headers(pairs: &[(&str, &[u8])]) -> HeaderMap {
        let pair = |&(name, value): &(&str, &[u8])| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn one_host_is_named() {
        for good in ["gate.example:8080", "Gate.Example.", "localhost", "a_b", "127.0.0.1:1", "[::1]:8080", "[::1]"] {
            assert!(host(&headers(&[("host", good.as_bytes())])).is_ok(), "{good}");
        }
        for wrong in ["u@gate.example", "gate.example..", "a,b", "a b", ".", "a..b", "gate.example/", "[::1", "a:b"] {
            assert!(host(&headers(&[("host", wrong.as_bytes())])).is_err(), "{wrong}");
        }
        let twice: [(&str, &[u8]); 2] = [("host", b"a"), ("host", b"b")];
        for wrong in [headers(&[]), headers(&[("host", b"")]), headers(&[("host", b"\xff")]), headers(&twice)] {
            assert_eq!(host(&wrong).unwrap_err().param.as_deref(), Some("Host"));
        }
    }

    #[test]
    fn only_the_known_version_is_spoken() {
        assert!(version(&headers(&[])).is_ok());
        assert!(version(&headers(&[("gate-version", b"2026-05-25")])).is_ok());
        for wrong in ["", "2026-05-26", "latest", "2026-05-25,2026-05-26"] {
            assert!(version(&headers(&[("gate-version", wrong.as_bytes())])).is_err(), "{wrong}");
        }
    }

    #[test]
    fn senders_that_take_json_are_answered() {
        let takes = |value: &str| accepts_json(&headers(&[("accept", value.as_bytes())])).is_ok();
        assert!(accepts_json(&headers(&[])).is_ok());
        for value in
            ["*/*", "application/json", "Application/*;q=0.1", "text/html, */*;q=0.8", "application/json;q=1.0"]
        {
            assert!(takes(value), "{value}");
        }
        for value in ["text/html", "application/xml, text/*", "application/json;q=0", "*/*; q=0.000", ""] {
            assert!(!takes(value), "{value}");
        }
    }

    #[test]
    fn bodies_are_plain_json() {
        let sends = |pairs: &[(&str, &[u8])]| sends_json(&headers(pairs)).is_ok();
        assert!(sends(&[("content-type", b"application/json")]));
        assert!(sends(&[("content-type", b"Application/JSON; charset=\"UTF-8\"")]));
        assert!(!sends(&[]));
        assert!(!sends(&[("content-type", b"text/plain;charset=UTF-8")]));
        assert!(!sends(&[("content-type", b"application/x-www-form-urlencoded")]));
        assert!(!sends(&[("content-type", b"application/json; charset=latin1")]));
        assert!(!sends(&[("content-type", b"application/json"), ("content-encoding", b"gzip")]));
    }

    /// Whatever bytes a header may have, each reader takes them or refuses; a key that is obeyed is printable.
    #[test]
    fn fuzz_headers() {
        let texts =
            ["order 17 ~", "application/json; charset=utf-8", "text/html, */*;q=0.8", "2026-05-25", "gate.example:80"];
        let names = ["host", "gate-version", "accept", "content-type", "content-encoding", "idempotency-key"];
        bolero::check!().with_iterations(crate::fuzz::INPUTS).for_each(|input: &[u8]| {
            let Ok(value) = HeaderValue::from_bytes(&crate::fuzz::edited(&texts, input)) else { return };
            let headers: HeaderMap = names.iter().map(|name| (HeaderName::from_static(name), value.clone())).collect();
            let version = |headers: &HeaderMap| version(headers).map(drop);
            for read in [host, version, accepts_json, sends_json] {
                assert!(
                    read(&headers).is_ok_and(|()| true) || read(&headers).is_err_and(|fault| fault.param.is_some())
                );
            }
            match idempotency_key(&headers, Idempotency::Required) {
                Ok(key) => assert!(key.is_some_and(|key| key.len() <= 255 && key.bytes().all(|byte| byte >= b' '))),
                Err(refused) => assert_eq!(refused.code, Code::InvalidRequest),
            }
        });
    }

    #[test]
    fn idempotency_keys_are_printable() {
        let key = |value: &[u8], rule| {
            let headers = headers(&[("idempotency-key", value)]);
            idempotency_key(&headers, rule).map(|key| key.map(str::to_owned)).map_err(|problem| problem.code)
        };
        let long = [b'k'; 256];
        assert_eq!(key(b"order 17 ~", Idempotency::Required), Ok(Some("order 17 ~".to_owned())));
        assert_eq!(key(&long[..255], Idempotency::Accepted).map(|key| key.is_some()), Ok(true));
        for wrong in [&b""[..], &long, b"caf\xc3\xa9", b"a\tb"] {
            assert_eq!(key(wrong, Idempotency::Accepted), Err(Code::InvalidRequest));
            assert_eq!(key(wrong, Idempotency::Ignored), Ok(None));
        }
        let none = |rule| idempotency_key(&headers(&[]), rule).map(|key| key.is_some()).map_err(|problem| problem.code);
        assert_eq!(none(Idempotency::Required), Err(Code::IdempotencyKeyRequired));
        assert_eq!(none(Idempotency::Accepted), Ok(false));
        let twice = headers(&[("idempotency-key", b"a"), ("idempotency-key", b"b")]);
        assert!(idempotency_key(&twice, Idempotency::Accepted).is_err());
    }
}
