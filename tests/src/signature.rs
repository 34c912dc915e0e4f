//! Webhook signatures as a receiver checks them, written from their descriptions alone.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::http::Headers;

/// How old a signature may be, in seconds.
const TOLERANCE: u64 = 300;

/// Checks `Gate-Signature: t=<unix>,v1=<hex>`: HMAC-SHA256 over `<t>.<body>` with the whole secret as key.
pub fn verify_gate(secret: &str, headers: &Headers, body: &[u8], now: u64) -> Result<(), String> {
    let header = required(headers, "Gate-Signature")?;
    let shape = || format!("Gate-Signature is not t=…,v1=…: {header}");
    let (time, signature) = header.split_once(',').ok_or_else(shape)?;
    let time = time.strip_prefix("t=").ok_or_else(shape)?;
    let signature = signature.strip_prefix("v1=").ok_or_else(shape)?;
    is_fresh(time, now)?;
    let signed = [time.as_bytes(), b".", body].concat();
    let expected = hexadecimal(&hmac(secret.as_bytes(), &signed));
    same("Gate-Signature", &expected, signature)
}

/// Checks the Standard Webhooks trio: HMAC-SHA256 over `<id>.<t>.<body>` with the decoded secret as key.
pub fn verify_standard(secret: &str, headers: &Headers, body: &[u8], now: u64) -> Result<(), String> {
    let id = required(headers, "webhook-id")?;
    let time = required(headers, "webhook-timestamp")?;
    is_fresh(time, now)?;
    let encoded = secret.strip_prefix("whsec_").ok_or("the secret does not begin with whsec_")?;
    let key = BASE64_STANDARD.decode(encoded).map_err(|error| format!("the secret is not base64: {error}"))?;
    let signed = [id.as_bytes(), b".", time.as_bytes(), b".", body].concat();
    let expected = format!("v1,{}", BASE64_STANDARD.encode(hmac(&key, &signed)));
    let given = required(headers, "webhook-signature")?;
    if given.split(' ').any(|signature| signature == expected) {
        return Ok(());
    }
    Err(format!("webhook-signature is {given}, expected {expected} among them"))
}

/// HMAC-SHA256 (RFC 2104).
pub fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize();
    outer.into()
}

/// Lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_fresh(time: &str, now: u64) -> Result<(), String> {
    let time: u64 = time.parse().map_err(|_| format!("{time} is not Unix seconds"))?;
    if now.abs_diff(time) <= TOLERANCE {
        return Ok(());
    }
    Err(format!("signed at {time}, which is too far from {now}"))
}

fn required<'h>(headers: &'h Headers, name: &str) -> Result<&'h str, String> {
    headers.get(name).ok_or_else(|| format!("the header {name} is missing"))
}

fn same(name: &str, expected: &str, given: &str) -> Result<(), String> {
    if expected == given {
        return Ok(());
    }
    Err(format!("{name} has {given}, expected {expected}"))
}
