//! From the texts of a request to the core's values; each failure names its field.

use causeway_core::limits::{METHOD_CHARS, REFERENCE_CHARS, URL_BYTES, WIRE_DECIMALS};
use causeway_core::money::{Amount, AmountError, Asset, Currency};
use http::Uri;

use super::{DecimalText, Text};
use crate::http::host::is_loopback;
use crate::problem::{Code, Problem};

/// A positive amount, its scale as given.
pub(super) fn amount(param: &'static str, text: &DecimalText<'_>) -> Result<Amount, Problem> {
    Amount::parse(&text.0).map_err(|error| match error {
        // Nobody has looked at a currency yet: it is the form of the text that is wrong.
        AmountError::TooManyDecimals => {
            Problem::invalid(param, format!("{param} must have at most {WIRE_DECIMALS} decimals, zeros included."))
        }
        AmountError::Malformed | AmountError::NotPositive | AmountError::TooLarge => wrong_amount(param, error),
    })
}

/// A positive amount at the minor unit of `currency`.
pub(super) fn fiat(param: &'static str, text: &DecimalText<'_>, currency: Currency) -> Result<Amount, Problem> {
    amount(param, text)?.exact(currency.decimals()).map_err(|error| wrong_amount(param, error))
}

fn wrong_amount(param: &'static str, error: AmountError) -> Problem {
    let code = match error {
        AmountError::TooLarge => Code::AmountOutOfRange,
        AmountError::Malformed | AmountError::NotPositive | AmountError::TooManyDecimals => Code::InvalidRequest,
    };
    Problem::at(code, param, format!("{param} {error}."))
}

pub(super) fn currency(param: &'static str, text: &Text<'_>) -> Result<Currency, Problem> {
    Currency::parse(&text.0)
        .ok_or_else(|| Problem::invalid(param, format!("{param} must be an ISO 4217 code, such as EUR.")))
}

pub(super) fn asset(param: &'static str, text: &Text<'_>) -> Result<Asset, Problem> {
    let message = || format!("{param} must be an asset's symbol of 2–12 letters and digits, such as USDC.");
    Asset::parse(&text.0).ok_or_else(|| Problem::invalid(param, message()))
}

/// A payment method's name.
pub(super) fn method(param: &'static str, text: Text<'_>) -> Result<String, Problem> {
    bounded(param, text, METHOD_CHARS)
}

/// A partner's own word for something.
pub(super) fn reference(param: &'static str, text: Option<Text<'_>>) -> Result<Option<String>, Problem> {
    text.map(|text| bounded(param, text, REFERENCE_CHARS)).transpose()
}

fn bounded(param: &'static str, text: Text<'_>, most: usize) -> Result<String, Problem> {
    // A character has at least one byte, so that most texts need not be counted.
    if text.0.is_empty() || text.0.len() > most && text.0.chars().count() > most {
        return Err(Problem::invalid(param, format!("{param} must have 1–{most} characters.")));
    }
    Ok(text.0.into_owned())
}

/// A URL to which browsers are sent: https, or http on a loopback host.
pub(super) fn url(param: &'static str, text: Text<'_>) -> Result<String, Problem> {
    if text.0.len() > URL_BYTES {
        return Err(Problem::invalid(param, format!("{param} must have at most {URL_BYTES} bytes.")));
    }
    let fits = text.0.is_ascii() && text.0.parse::<Uri>().is_ok_and(|uri| is_safe(&uri));
    if !fits {
        let message =
            format!("{param} must be an absolute https URL (http only on a loopback host), without credentials.");
        return Err(Problem::invalid(param, message));
    }
    Ok(text.0.into_owned())
}

fn is_safe(uri: &Uri) -> bool {
    let Some(authority) = uri.authority() else { return false };
    let host = authority.host();
    // An authority longer than its host must end in a port that is one.
    let has_port = authority.as_str().len() == host.len() || authority.port_u16().is_some();
    let named = !host.is_empty() && has_port && !authority.as_str().contains('@');
    match uri.scheme_str() {
        Some("https") => named,
        Some("http") => named && is_loopback(host),
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_sent_to_safe_urls_only() {
        let fits = |text: &str| url("return_url", Text(text.into())).is_ok();
        for text in [
            "https://partner.example",
            "https://partner.example:8443/complete?order=1#end",
            "http://localhost:3000/complete",
            "http://127.0.0.1/x",
            "http://127.9.9.9/x",
            "http://[::1]:3000/",
        ] {
            assert!(fits(text), "{text}");
        }
        for text in [
            "",
            "/complete",
            "partner.example/complete",
            "http://partner.example/",
            "http://localhost.partner.example/",
            "http://128.0.0.1/",
            "ftp://partner.example/",
            "javascript:alert(1)",
            "https://user:secret@partner.example/",
            "https://partner.example/a b",
            "https://",
        ] {
            assert!(!fits(text), "{text}");
        }
        assert!(!fits(&format!("https://partner.example/{}", "a".repeat(URL_BYTES))));
    }

    #[test]
    fn amounts_fit_their_currency() {
        let check = |text: &str, code: &str, expect: Result<&str, Code>| {
            let currency = Currency::parse(code).unwrap();
            let found = fiat("amount", &DecimalText(text.into()), currency);
            let found = found.map(|amount| amount.to_string()).map_err(|problem| problem.code);
            assert_eq!(found, expect.map(str::to_owned), "{text} {code}");
        };
        check("100", "EUR", Ok("100.00"));
        check("100.5", "KWD", Ok("100.500"));
        check("100", "JPY", Ok("100"));
        check("100.001", "EUR", Err(Code::InvalidRequest));
        check("100.1", "JPY", Err(Code::InvalidRequest));
        check("0", "EUR", Err(Code::InvalidRequest));
        check("-5", "EUR", Err(Code::InvalidRequest));
        check("1e3", "EUR", Err(Code::InvalidRequest));
        check("9999999999999", "EUR", Err(Code::AmountOutOfRange));
    }

    #[test]
    fn what_has_too_many_decimals_is_told_by_which_bound() {
        let message = |text: &str| {
            let refused = fiat("amount", &DecimalText(text.into()), Currency::parse("EUR").unwrap());
            refused.unwrap_err().message.into_owned()
        };
        assert_eq!(message("100.0000000000"), "amount must have at most 8 decimals, zeros included.");
        assert_eq!(message("100.001"), "amount has more decimals than its currency or asset.");
    }
}
