//! Signatures between the gateway and a rail, in both directions with the rail's one secret.
//!
//! `Rail-Signature: t=<unix seconds>,v1=<hex>` is HMAC-SHA256 over `<t>.<purpose>.<content>` with the whole secret as key.
//! The purpose keeps what was signed for one thing from being used for another: a request of ours, sent back to us, is no
//! report.

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderName;
use sha2::Sha256;

use crate::keys::{SecretText, hex};

/// Where the signature stands.
pub const HEADER: HeaderName = HeaderName::from_static("rail-signature");

/// How far the signer's clock may be from ours, in seconds.
const TOLERANCE: u64 = 300;

/// What is signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An attempt to make; the content is the body.
    Send,
    /// An attempt to tell of; the content is its id.
    Enquire,
    /// What became of an attempt; the content is the body.
    Report,
}

/// The header's value for `content` at a time in Unix seconds.
pub fn sign(secret: &SecretText, purpose: Purpose, at: u64, content: &[u8]) -> String {
    let at = at.to_string();
    let signature = mac(secret, purpose, &at, content).finalize().into_bytes();
    format!("t={at},v1={}", hex::encode(&signature))
}

/// Whether `header` is what the owner of the secret wrote for this content, not long before or after `now`.
pub fn is_authentic(secret: &SecretText, purpose: Purpose, now: u64, content: &[u8], header: &str) -> bool {
    let parts = header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1="));
    let Some((at, Some(given))) = parts.map(|(at, given)| (at, hex::decode::<32>(given))) else { return false };
    let is_number = !at.is_empty() && at.bytes().all(|byte| byte.is_ascii_digit());
    let is_fresh = is_number && at.parse().is_ok_and(|at: u64| at.abs_diff(now) <= TOLERANCE);
    // Compared in constant time.
    is_fresh && mac(secret, purpose, at, content).verify_slice(&given).is_ok()
}

fn mac(secret: &SecretText, purpose: Purpose, at: &str, content: &[u8]) -> Hmac<Sha256> {
    let word = match purpose {
        Purpose::Send => "send",
        Purpose::Enquire => "enquire",
        Purpose::Report => "report",
    };
    let key = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.reveal().as_bytes());
    let mut mac = key.expect("HMAC takes a key of any length");
    for part in [at.as_bytes(), b".", word.as_bytes(), b".", content] {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: u64 = 1_750_000_123;

    fn secret() -> SecretText {
        SecretText::new("0123456789abcdef0123456789abcdef".to_owned())
    }

    /// The vectors of `docs/rails.md`, which stand there letter for letter, computed with Python's `hmac`.
    #[test]
    fn signatures_are_those_that_python_computes() {
        for (purpose, content, expected) in VECTORS {
            assert_eq!(sign(&secret(), purpose, AT, content.as_bytes()), format!("t={AT},v1={expected}"));
            let docs = include_str!("../../../../docs/rails.md");
            assert!(docs.contains(content) && docs.contains(expected), "docs/rails.md lacks the vector of {purpose:?}");
        }
    }

    #[test]
    fn only_the_right_secret_purpose_time_and_content_pass() {
        let header = sign(&secret(), Purpose::Report, AT, b"{}");
        let passes = |now, content: &[u8], header: &str| is_authentic(&secret(), Purpose::Report, now, content, header);
        for now in [AT, AT - 300, AT + 300] {
            assert!(passes(now, b"{}", &header));
        }
        for now in [0, AT - 301, AT + 301, u64::MAX] {
            assert!(!passes(now, b"{}", &header), "{now}");
        }
        assert!(!passes(AT, b"{ }", &header));
        assert!(!is_authentic(&secret(), Purpose::Send, AT, b"{}", &header));
        let other = SecretText::new("x".repeat(32));
        assert!(!is_authentic(&other, Purpose::Report, AT, b"{}", &header));
        let changed = header.replace(&format!("t={AT}"), &format!("t={}", AT + 1));
        let signed = format!("t=+{AT}{}", &header[12..]);
        for header in ["", "t=,v1=", "t=1", &header[2..], &header[..header.len() - 1], &changed, &signed] {
            assert!(!passes(AT, b"{}", header), "{header}");
        }
    }

    /// No header but the one that was signed passes.
    #[test]
    fn fuzz_report_signatures() {
        let header = sign(&secret(), Purpose::Report, AT, b"{}");
        bolero::check!().with_iterations(crate::fuzz::INPUTS).for_each(|input: &[u8]| {
            let text = String::from_utf8_lossy(&crate::fuzz::edited(&[&header], input)).into_owned();
            let passes = is_authentic(&secret(), Purpose::Report, AT, b"{}", &text);
            // Hexadecimal may be written in either case.
            assert_eq!(passes, text.eq_ignore_ascii_case(&header) && text.starts_with("t="), "{text}");
        });
    }

    const VECTORS: [(Purpose, &str, &str); 3] = [
        (
            Purpose::Send,
            r#"{"attempt_id":"att_live_01jxyz4q7n0002g00abcdefghj","payment_id":"pi_live_01jxyz4q7n0001g00abcdefghj","kind":"pay_in","number":1,"corridor":"eur-sepa-instant","payment_method":"sepa_instant","fiat_amount":"100.00","fiat_currency":"EUR","crypto_amount":"106.500000","crypto_asset":"USDC","created_at":"2025-06-15T15:08:43.000Z"}"#,
            "b6862f5f40456c516bd15c89026c37268abba544c174c707f05bde509878c8bc",
        ),
        (
            Purpose::Enquire,
            r#"att_live_01jxyz4q7n0002g00abcdefghj"#,
            "055f277005d3dda1b19f788d674be40a16e6d032fd606c3ee5e6d35404ddec92",
        ),
        (
            Purpose::Report,
            r#"{"attempt_id":"att_live_01jxyz4q7n0002g00abcdefghj","state":"settled"}"#,
            "47a08350146e3d51bbcf1cc53ad72053968f30fd8ff7ac89f3220000ce65eefa",
        ),
    ];
}
