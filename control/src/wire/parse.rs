//! From the bytes of a body to a request, or to the problem that names the field at fault.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;

use crate::problem::{Code, Problem};

/// Reads a request. Bodies that are right are read once; only a wrong one is read again, to find where it is wrong.
pub fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    // An array would do for serde where its elements fit; partners send objects.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(not_an_object(body));
    }
    serde_json::from_slice(body).map_err(|_| explain::<T>(body))
}

fn not_an_object(body: &[u8]) -> Problem {
    if body.trim_ascii().is_empty() {
        return Problem::new(Code::InvalidJson, "The body is empty; send a JSON object.");
    }
    match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(_) => Problem::new(Code::InvalidRequest, "The body must be a JSON object."),
        Err(error) => invalid_json(&error),
    }
}

fn explain<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Problem {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) => explained(body, &error.path().to_string(), error.inner()),
        // The object is right, so what follows it is not.
        Ok(_) => Problem::new(Code::InvalidJson, "The body has something behind its JSON object."),
    }
}

fn explained(body: &[u8], path: &str, error: &serde_json::Error) -> Problem {
    match error.classify() {
        Category::Data => {}
        // A word that is asked for where another type stands is told as a fault of syntax.
        Category::Syntax if is_json(body) => {
            return Problem::invalid(path.to_owned(), format!("{path}: has the wrong type; expected a string."));
        }
        Category::Syntax | Category::Eof | Category::Io => return invalid_json(error),
    }
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let quoted = text.split('`').nth(1).unwrap_or_default();
    if text.starts_with("unknown field") {
        let param = join(path, quoted);
        let message = format!("The body has a key that this operation does not know: {param}.");
        Problem::at(Code::UnknownField, param, message)
    } else if text.starts_with("missing field") {
        let param = join(path, quoted);
        let message = format!("{param} is required.");
        Problem::invalid(param, message)
    } else if text.starts_with("duplicate field") {
        let param = join(path, quoted);
        let message = format!("The body has the key {param} twice.");
        Problem::invalid(param, message)
    } else {
        Problem::invalid(path.to_owned(), format!("{path}: {}.", without_value(text)))
    }
}

/// What was expected, and not what came: values are not ours to repeat.
fn without_value(text: &str) -> String {
    match text.rsplit_once(", expected ") {
        Some((_, expected)) if expected.starts_with("struct ") => "must be an object".to_owned(),
        Some((_, "u8" | "u16" | "u32" | "u64" | "i64")) => "must be a whole number".to_owned(),
        Some((_, expected)) => format!("must be {expected}"),
        None => text.to_owned(),
    }
}

fn is_json(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|text| serde_json::from_str::<serde_json::Value>(text).is_ok())
}

/// The path of the key `name` in the object at `path`, which may itself end in that key.
fn join(path: &str, name: &str) -> String {
    match path {
        "." | "?" => name.to_owned(),
        path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        path => format!("{}.{name}", path.strip_suffix(".?").unwrap_or(path)),
    }
}

fn invalid_json(error: &serde_json::Error) -> Problem {
    let message = format!("The body is not valid JSON in UTF-8: line {}, column {}.", error.line(), error.column());
    Problem::new(Code::InvalidJson, message)
}

#[cfg(test)]
mod tests {
    use super::super::{DecimalText, Pairs, Text};
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only what is refused matters here")]
    struct Example<'a> {
        #[serde(borrow)]
        amount: DecimalText<'a>,
        #[serde(borrow)]
        note: Option<Text<'a>>,
        device: Option<Device>,
        metadata: Option<Pairs>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only what is refused matters here")]
    struct Device {
        language: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        Yes,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only what is refused matters here")]
    struct Worded {
        word: Word,
    }

    #[test]
    fn a_word_of_another_type_is_named() {
        for value in ["true", "1", "null", "[]", "{}", "\"no\""] {
            let problem = parse::<Worded>(format!("{{\"word\":{value}}}").as_bytes()).expect_err(value);
            assert_eq!((problem.code, problem.param.as_deref()), (Code::InvalidRequest, Some("word")), "{value}");
        }
        assert_eq!(parse::<Worded>(br#"{"word":tru}"#).unwrap_err().code, Code::InvalidJson);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |body: &str, code: Code, param: Option<&str>| {
            let problem = parse::<Example<'_>>(body.as_bytes()).expect_err(body);
            assert_eq!((problem.code, problem.param.as_deref()), (code, param), "{body}: {}", problem.message);
        };
        check("", Code::InvalidJson, None);
        check("  ", Code::InvalidJson, None);
        check("{", Code::InvalidJson, None);
        check("nonsense", Code::InvalidJson, None);
        check(r#"{"amount":"1"} {}"#, Code::InvalidJson, None);
        check(r#"{"amount":"1",}"#, Code::InvalidJson, None);
        check(r#"["1"]"#, Code::InvalidRequest, None);
        check("null", Code::InvalidRequest, None);
        check("{}", Code::InvalidRequest, Some("amount"));
        check(r#"{"amount":null}"#, Code::InvalidRequest, Some("amount"));
        check(r#"{"amount":1.5}"#, Code::InvalidRequest, Some("amount"));
        check(r#"{"amount":"1","amount":"2"}"#, Code::InvalidRequest, Some("amount"));
        check(r#"{"amount":"1","price":"2"}"#, Code::UnknownField, Some("price"));
        check(r#"{"amount":"1","note":7}"#, Code::InvalidRequest, Some("note"));
        check(r#"{"amount":"1","device":{"colour":1}}"#, Code::UnknownField, Some("device.colour"));
        check(r#"{"amount":"1","device":{}}"#, Code::InvalidRequest, Some("device.language"));
        check(r#"{"amount":"1","metadata":{"a":1}}"#, Code::InvalidRequest, Some("metadata.a"));
        check(r#"{"amount":"1","metadata":[]}"#, Code::InvalidRequest, Some("metadata"));
        check(r#"{"amount":"1","metadata":{"a":"x","a":"y"}}"#, Code::InvalidRequest, Some("metadata"));
        check(r#"{"amount":"1","metadata":{"":"x"}}"#, Code::InvalidRequest, Some("metadata"));
    }

    #[test]
    fn a_number_for_money_is_refused_in_plain_words() {
        let problem = parse::<Example<'_>>(br#"{"amount":100.00}"#).unwrap_err();
        assert_eq!(problem.message, "amount: must be a decimal string such as \"100.00\", in quotes.");
    }

    #[test]
    fn values_are_not_repeated() {
        for body in [
            r#"{"amount":"1","device":"hidden"}"#,
            r#"{"amount":{"hidden":1}}"#,
            r#"{"amount":"1","note":["hidden"]}"#,
            r#"{"amount":"1","metadata":"hidden, expected hidden"}"#,
        ] {
            let message = parse::<Example<'_>>(body.as_bytes()).expect_err(body).message;
            assert!(!message.contains("hidden") && !message.contains("struct"), "{message}");
        }
        let message = parse::<Worded>(br#"{"word":"hidden"}"#).unwrap_err().message;
        assert_eq!(message, "word: must be `yes`.");
    }

    #[test]
    fn metadata_has_bounds() {
        let body = |pairs: usize, key: usize, value: usize| {
            let pair = |at| format!(r#""{at:0>key$}":"{}""#, "é".repeat(value));
            format!(r#"{{"amount":"1","metadata":{{{}}}}}"#, (0..pairs).map(pair).collect::<Vec<_>>().join(","))
        };
        let fits = |pairs, key, value| parse::<Example<'_>>(body(pairs, key, value).as_bytes()).is_ok();
        assert!(fits(50, 40, 500));
        assert!(!fits(51, 40, 500));
        assert!(!fits(1, 41, 500));
        assert!(!fits(1, 40, 501));
    }

    #[test]
    fn invalid_utf8_is_no_json() {
        assert_eq!(parse::<Example<'_>>(b"{\"amount\":\"\xff\"}").unwrap_err().code, Code::InvalidJson);
    }
}
