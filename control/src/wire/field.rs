//! From the texts of a request to the core's values; each failure names its field.

use causeway_core::limits::{EMAIL_CHARS, METHOD_CHARS, NAME_CHARS, REFERENCE_CHARS, URL_BYTES, WIRE_DECIMALS};
use causeway_core::money::{Amount, AmountError, Asset, Currency};
use http::Uri;

use super::{DecimalText, Text};
use crate::http::host::is_loopback;
use crate::iso::Country;
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
    amount(param, text)?.given(currency.decimals()).map_err(|error| wrong_amount(param, error))
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

pub(super) fn country(param: &'static str, text: &Text<'_>) -> Result<Country, Problem> {
    Country::parse(&text.0)
        .ok_or_else(|| Problem::invalid(param, format!("{param} must be a country of ISO 3166, such as DE.")))
}

/// An email address: something, one @, something, without spaces. What stands at both sides is for mail servers to judge.
pub(super) fn email(param: &'static str, text: Text<'_>) -> Result<String, Problem> {
    let fits = is_email(&text.0);
    let message = || format!("{param} must be an email address of at most {EMAIL_CHARS} characters.");
    if fits { Ok(text.0.into_owned()) } else { Err(Problem::invalid(param, message())) }
}

/// Whether [`email`] takes `text`.
pub(crate) fn is_email(text: &str) -> bool {
    let is_odd = |letter: char| letter.is_whitespace() || letter.is_control();
    let sides = text.split_once('@').filter(|(_, domain)| !domain.contains('@'));
    sides.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
        && !text.contains(is_odd)
        && text.chars().count() <= EMAIL_CHARS
}

/// A telephone number as E.164 writes it: a plus, a digit that is not zero, 6 to 14 digits more.
pub(super) fn phone(param: &'static str, text: Text<'_>) -> Result<String, Problem> {
    let digits = text.0.strip_prefix('+').unwrap_or_default();
    let fits = (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    let message = || format!("{param} must be a number with its country code, such as +4930123456.");
    if fits { Ok(text.0.into_owned()) } else { Err(Problem::invalid(param, message())) }
}

/// A person's first or last name.
pub(super) fn name(param: &'static str, text: Text<'_>) -> Result<String, Problem> {
    bounded(param, text, NAME_CHARS)
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
    let fits = text.0.bytes().all(is_of_urls) && text.0.parse::<Uri>().is_ok_and(|uri| is_safe(&uri));
    if !fits {
        let message =
            format!("{param} must be an absolute https URL (http only on a loopback host), without credentials.");
        return Err(Problem::invalid(param, message));
    }
    Ok(text.0.into_owned())
}

/// A URL from which browsers load: https, on any host.
pub(super) fn https_url(param: &'static str, text: Text<'_>) -> Result<String, Problem> {
    let is_https = text.0.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    let message = || Problem::invalid(param, format!("{param} must be an absolute https URL, without credentials."));
    if is_https { url(param, text) } else { Err(message()) }
}

/// The letters that RFC 3986 lets stand in a URL.
fn is_of_urls(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&letter)
}

/// A name of letters, digits, hyphens and dots, or in brackets what an address of IPv6 is made of.
fn is_host(host: &str) -> bool {
    let (text, others): (&str, &[u8]) = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) if address.bytes().any(|letter| letter.is_ascii_alphabetic() && !letter.is_ascii_hexdigit()) => {
            return false;
        }
        Some(address) => (address, b":."),
        None => (host, b"-."),
    };
    !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_alphanumeric() || others.contains(&letter))
}

fn is_safe(uri: &Uri) -> bool {
    let Some(authority) = uri.authority() else { return false };
    let host = authority.host();
    // An authority longer than its host must end in a port that is one.
    let has_port = authority.as_str().len() == host.len() || authority.port_u16().is_some();
    let named = is_host(host) && has_port && !authority.as_str().contains('@');
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
            "https://[2001:db8::1]/x",
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
            "https://partner.example*",
            "https://partner_.example/",
            "https://partner.example/{id}",
            "https://[::g]/",
            "https://",
        ] {
            assert!(!fits(text), "{text}");
        }
        assert!(!fits(&format!("https://partner.example/{}", "a".repeat(URL_BYTES))));
    }

    #[test]
    fn email_addresses_have_one_at_and_no_spaces() {
        let long = format!("{}@a.example", "x".repeat(EMAIL_CHARS - 10));
        for text in ["a@b", "Ann.Lee+shop@mail.example", "ännä@bücher.example", &long] {
            assert!(is_email(text), "{text}");
        }
        let longer = format!("x{long}");
        for text in ["", "@", "a@", "@b", "ab", "a@b@c", "a b@c", "a@b ", "a@b\n", "a\u{a0}@b", "a\0@b", &longer] {
            assert!(!is_email(text), "{text:?}");
        }
    }

    #[test]
    fn telephone_numbers_have_their_country_code() {
        let fits = |text: &str| phone("phone", Text(text.into())).is_ok();
        for text in ["+4930123", "+12025550123", "+123456789012345"] {
            assert!(fits(text), "{text}");
        }
        for text in
            ["", "+", "+123456", "+1234567890123456", "030123456", "0049301234", "+0301234567", "+49 30 1234567"]
        {
            assert!(!fits(text), "{text}");
        }
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
