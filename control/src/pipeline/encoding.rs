//! Compressed answers: gzip for large ones, to those who take it.
//!
//! Only what is read is compressed. Answers to writes may hold secrets (a client secret, an embed token) beside what their
//! sender chose, and the length of such an answer, once compressed, tells of both.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue, Method};

use crate::http::Response;

/// The smallest body worth the work, in bytes: below, everything fits into one packet.
const WORTH_IT: usize = 1_400;

/// The answer to a request with this method and these headers, compressed if that may be and is wanted.
pub(super) fn compressed(response: Response, method: &Method, headers: &HeaderMap) -> Response {
    let is_read = *method == Method::GET || *method == Method::HEAD;
    if !is_read || response.body.len() < WORTH_IT {
        return response;
    }
    let response = response.with("vary", "Accept-Encoding");
    if !takes_gzip(headers) {
        return response;
    }
    match gzip(&response.body) {
        Some(body) => Response { body: body.into(), ..response.with("content-encoding", "gzip") },
        None => response,
    }
}

/// The bytes compressed; none when that does not make them fewer.
fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().filter(|compressed| compressed.len() < bytes.len())
}

/// Whether gzip is taken, and not less gladly than plain bytes. Without the header nothing is said of either.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings: Vec<(&str, u16)> = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| HeaderValue::to_str(value).ok())
        .flat_map(|value| value.split(','))
        .map(coding)
        .collect();
    let weight = |names: &[&str]| {
        let named = |(coding, _): &&(&str, u16)| names.iter().any(|name| coding.eq_ignore_ascii_case(name));
        codings.iter().find(named).map(|(_, weight)| *weight)
    };
    let gzip = weight(&["gzip", "x-gzip"]).or_else(|| weight(&["*"])).unwrap_or(0);
    gzip > 0 && gzip >= weight(&["identity"]).unwrap_or(0)
}

/// A coding with its weight in thousandths.
fn coding(text: &str) -> (&str, u16) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (name, weight.map_or(1_000, thousandths))
}

/// A weight such as `0.8`; one that cannot be read is none.
fn thousandths(weight: &str) -> u16 {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    let is_sound = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    let decimals = format!("{decimals:0<3}").parse::<u16>().ok().filter(|_| is_sound);
    match (whole, decimals) {
        ("0", Some(decimals)) => decimals,
        ("1", Some(0)) => 1_000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn accepting(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap())).collect()
    }

    fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
        response.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn weights_are_obeyed() {
        for value in [
            "gzip",
            "GZIP",
            "deflate, gzip;q=0.5",
            "gzip;q=1.000",
            "*",
            "br, *;q=0.1",
            "x-gzip",
            "gzip; q=0.001",
            "identity;q=0.5, gzip",
            "identity, gzip",
            "gzip, *;q=0",
        ] {
            assert!(takes_gzip(&accepting(&[value])), "{value}");
        }
        for value in [
            "",
            "identity",
            "gzip;q=0",
            "gzip;q=0.000, *",
            "br",
            "*;q=0",
            "gzip;q=x",
            "gzip;q=1.1",
            "gzip;q=-1",
            "gzipped",
            "identity, gzip;q=0.5",
            "gzip;q=0.0001",
        ] {
            assert!(!takes_gzip(&accepting(&[value])), "{value}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
        assert!(takes_gzip(&accepting(&["br", "gzip"])), "two lines are one list");
    }

    #[test]
    fn large_reads_are_compressed_and_come_back_whole() {
        let body = "{\"object\":\"list\"}".repeat(500);
        let headers = accepting(&["gzip"]);
        let response = compressed(Response::json(200, body.clone()), &Method::GET, &headers);
        assert!(response.body.len() < body.len() / 10, "{}", response.body.len());
        assert_eq!(
            (header(&response, "content-encoding"), header(&response, "vary")),
            (Some("gzip"), Some("Accept-Encoding"))
        );
        let mut plain = String::new();
        GzDecoder::new(&response.body[..]).read_to_string(&mut plain).unwrap();
        assert_eq!(plain, body);
        let plain = compressed(Response::json(200, body.clone()), &Method::GET, &HeaderMap::new());
        assert_eq!((plain.body.len(), header(&plain, "vary")), (body.len(), Some("Accept-Encoding")));
    }

    #[test]
    fn writes_and_small_answers_stay_as_they_are() {
        let (large, small) = (Response::json(201, "x".repeat(5_000)), Response::json(200, "x".repeat(WORTH_IT - 1)));
        assert_eq!(compressed(large.clone(), &Method::POST, &accepting(&["gzip"])), large);
        assert_eq!(compressed(small.clone(), &Method::GET, &accepting(&["gzip"])), small);
    }

    #[test]
    fn what_does_not_shrink_stays_plain() {
        let noise: Vec<u8> = (0..2_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let response = compressed(Response::json(200, noise), &Method::GET, &accepting(&["gzip"]));
        let shrunk = header(&response, "content-encoding").is_some();
        assert_eq!(shrunk, response.body.len() < 2_000);
    }
}
