//! Query parameters.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::problem::Problem;

/// The parameters of a request. Names that an operation does not know are ignored.
pub struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    /// The parameters in what stands behind the question mark.
    pub fn new(text: &'a str) -> Query<'a> {
        Query(text)
    }

    /// The value of `name`, decoded; refused when it is given twice or is not UTF-8.
    pub fn get(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Problem> {
        let mut found = None;
        for pair in self.0.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if decoded(key).as_deref() != Some(name) {
                continue;
            }
            let value = decoded(value).ok_or_else(|| Problem::invalid(name, format!("{name} must be UTF-8.")))?;
            if found.replace(value).is_some() {
                return Err(Problem::invalid(name, format!("{name} is given twice.")));
            }
        }
        Ok(found)
    }

    /// `limit`: 1–`most`, `default` when absent.
    pub fn limit(&self, default: usize, most: usize) -> Result<usize, Problem> {
        let Some(text) = self.get("limit")? else { return Ok(default) };
        let value = plain(&text).filter(|value| (1..=most).contains(value));
        value.ok_or_else(|| Problem::invalid("limit", format!("limit must be a whole number from 1 to {most}.")))
    }

    /// `skip`: 0–`most`, 0 when absent.
    pub fn skip(&self, most: usize) -> Result<usize, Problem> {
        let Some(text) = self.get("skip")? else { return Ok(0) };
        let expected = || Problem::invalid("skip", format!("skip must be a whole number from 0 to {most}."));
        plain(&text).filter(|value| *value <= most).ok_or_else(expected)
    }

    /// A parameter that `read` turns into a value; `expected` says what it should have been.
    pub fn parsed<T>(
        &self,
        name: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        read(&text).map(Some).ok_or_else(|| Problem::invalid(name, format!("{name} must be {expected}.")))
    }
}

/// A whole number in digits alone.
fn plain(text: &str) -> Option<usize> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// The text behind percent-encoding, with a plus for a space as forms write it; `None` when it is not UTF-8.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().ok();
    }
    let spaced = text.replace('+', " ");
    Some(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_given_once() {
        let get = |query: &str| Query::new(query).get("status").map(|value| value.map(Cow::into_owned)).ok();
        assert_eq!(get(""), Some(None));
        assert_eq!(get("limit=3"), Some(None));
        assert_eq!(get("a=b&status=open"), Some(Some("open".to_owned())));
        assert_eq!(get("st%61tus=o%70en+now"), Some(Some("open now".to_owned())));
        assert_eq!(get("status"), Some(Some(String::new())));
        assert_eq!(get("status=a&status=b"), None);
        assert_eq!(get("status=%ff"), None);
    }

    #[test]
    fn limits_are_plain_numbers() {
        let limit = |query: &str| Query::new(query).limit(10, 100).ok();
        assert_eq!(limit(""), Some(10));
        assert_eq!(limit("limit=1"), Some(1));
        assert_eq!(limit("limit=100"), Some(100));
        for wrong in ["limit=0", "limit=101", "limit=", "limit=-1", "limit=%2B1", "limit=1.0", "limit=ten"] {
            assert_eq!(limit(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn as_many_may_be_skipped_as_there_may_be() {
        let skip = |query: &str| Query::new(query).skip(10_000).ok();
        assert_eq!((skip(""), skip("skip=0"), skip("skip=10000")), (Some(0), Some(0), Some(10_000)));
        for wrong in ["skip=10001", "skip=", "skip=-1", "skip=1e3", "skip=99999999999999999999", "skip=1&skip=1"] {
            assert_eq!(skip(wrong), None, "{wrong}");
        }
    }
}
