//! From method and path to the row.

use std::borrow::Cow;

use http::Method;
use percent_encoding::percent_decode_str;

use super::{Operation, TABLE, Verb};
use crate::problem::{Code, Problem};

/// A row that fits a request.
pub struct Match<'p> {
    /// The row.
    pub operation: &'static Operation,
    /// The path's parameter, decoded; empty when the row has none.
    pub parameter: Cow<'p, str>,
}

/// The row for `method` and `path`, where HEAD asks for what GET would give: 404 for paths that are not in the table, 405 for methods that are not at the path.
pub fn find<'p>(method: &Method, path: &'p str) -> Result<Match<'p>, Problem> {
    let verb = if *method == Method::HEAD { Method::GET.as_str() } else { method.as_str() };
    for operation in at(path).filter(|operation| operation.verb.word() == verb) {
        if let Some(segment) = fit(operation.path, path) {
            let parameter = percent_decode_str(segment).decode_utf8().map_err(|_| unknown())?;
            return Ok(Match { operation, parameter });
        }
    }
    let methods = methods(path).ok_or_else(unknown)?;
    let message = format!("This path does not take {method}; it takes {methods}.");
    Err(Problem { allow: Some(methods), ..Problem::new(Code::MethodNotAllowed, message) })
}

/// The rows at `path`, whatever their method. As in OpenAPI, a path that is a row's own is no other row's parameter.
pub(super) fn at(path: &str) -> impl Iterator<Item = &'static Operation> {
    let is_own = TABLE.iter().any(|operation| operation.path == path);
    let fits = move |operation: &&Operation| match is_own {
        true => operation.path == path,
        false => fit(operation.path, path).is_some(),
    };
    TABLE.iter().filter(fits)
}

/// The methods that `path` takes, as `Allow` names them; none when there is no such path.
pub fn methods(path: &str) -> Option<String> {
    let words = at(path).flat_map(|operation| {
        let word = operation.verb.word();
        if operation.verb == Verb::Get { vec![word, "HEAD"] } else { vec![word] }
    });
    let words: Vec<&str> = words.collect();
    (!words.is_empty()).then(|| [&words[..], &["OPTIONS"]].concat().join(", "))
}

/// What stands in `path` for the parameter of `template`; empty when the template has none.
fn fit<'p>(template: &str, path: &'p str) -> Option<&'p str> {
    let Some((before, rest)) = template.split_once('{') else {
        return (template == path).then_some("");
    };
    let (_, after) = rest.split_once('}')?;
    let segment = path.strip_prefix(before)?.strip_suffix(after)?;
    (!segment.is_empty() && !segment.contains('/')).then_some(segment)
}

fn unknown() -> Problem {
    Problem::new(Code::NotFound, "There is no such path; paths begin with /v1 and have no slash at their end.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_exact_and_parameters_decoded() {
        let check = |method: Method, path: &str, expect: Result<(&str, &str), Code>| {
            let found = find(&method, path);
            let found = found.as_ref().map(|found| (found.operation.id, &*found.parameter));
            assert_eq!(found.map_err(|problem| problem.code), expect, "{method} {path}");
        };
        check(Method::GET, "/v1/gate_sessions", Ok(("listSessions", "")));
        check(Method::POST, "/v1/gate_sessions", Ok(("createSession", "")));
        check(Method::GET, "/v1/gate_sessions/gs_test_0", Ok(("retrieveSession", "gs_test_0")));
        check(Method::GET, "/v1/gate_sessions/gs%5Ftest%2f0", Ok(("retrieveSession", "gs_test/0")));
        check(Method::POST, "/v1/gate_sessions/a/cancel", Ok(("cancelSession", "a")));
        check(Method::GET, "/v1/gate_sessions/%ff", Err(Code::NotFound));
        check(Method::GET, "/v1/gate_sessions/", Err(Code::NotFound));
        check(Method::POST, "/v1/gate_sessions//cancel", Err(Code::NotFound));
        check(Method::POST, "/v1/gate_sessions/a/cancel/", Err(Code::NotFound));
        check(Method::GET, "/v1/Gate_sessions", Err(Code::NotFound));
        check(Method::GET, "/gate_sessions", Err(Code::NotFound));
        check(Method::GET, "/", Err(Code::NotFound));
        check(Method::DELETE, "/v1/quotes", Err(Code::MethodNotAllowed));
        check(Method::GET, "/v1/quotes/preview", Err(Code::MethodNotAllowed));
        check(Method::GET, "/v1/quotes/previews", Ok(("retrieveSignedQuote", "previews")));
        check(Method::HEAD, "/v1/gate_sessions", Ok(("listSessions", "")));
        check(Method::HEAD, "/v1/quotes", Err(Code::MethodNotAllowed));
        let refused = find(&Method::PUT, "/v1/gate_sessions").err().and_then(|problem| problem.allow);
        assert_eq!(refused.as_deref(), Some("GET, HEAD, POST, OPTIONS"));
        assert_eq!(methods("/v1/quotes/preview").as_deref(), Some("POST, OPTIONS"));
    }

    /// Whatever the path, it is a row's or it is not, and its parameter is a whole segment.
    #[test]
    fn fuzz_paths() {
        let paths =
            ["/v1/gate_sessions", "/v1/gate_sessions/gs_test_0/cancel", "/v1/quotes/preview", "/v1/quotes/%e2%82%ac"];
        bolero::check!().with_iterations(crate::fuzz::INPUTS).for_each(|input: &[u8]| {
            let path = String::from_utf8_lossy(&crate::fuzz::edited(&paths, input)).into_owned();
            for method in [Method::GET, Method::POST, Method::PUT] {
                match find(&method, &path) {
                    Ok(found) => assert_eq!(found.operation.path.contains('{'), !found.parameter.is_empty()),
                    Err(refused) => assert!([Code::NotFound, Code::MethodNotAllowed].contains(&refused.code)),
                }
            }
        });
    }

    #[test]
    fn each_row_can_be_reached_and_no_other_hides_it() {
        for row in TABLE {
            let path = row
                .path
                .split_once('{')
                .map_or(row.path.to_owned(), |(before, rest)| format!("{before}x{}", rest.split_once('}').unwrap().1));
            let method = Method::from_bytes(row.verb.word().as_bytes()).unwrap();
            assert_eq!(find(&method, &path).unwrap().operation.id, row.id);
        }
    }

    #[test]
    fn ids_words_and_tags_are_whole() {
        let mut seen = std::collections::HashSet::new();
        for row in TABLE {
            assert!(seen.insert(row.id) && seen.insert(row.word), "{}", row.id);
            let word = row.id.chars().fold(String::new(), |word, letter| match letter.is_ascii_uppercase() {
                true => format!("{word}_{}", letter.to_ascii_lowercase()),
                false => format!("{word}{letter}"),
            });
            assert_eq!(word, row.word);
            assert!(!row.tag.is_empty() && row.summary.ends_with('.'), "{}", row.id);
            assert!(row.path.matches('{').count() <= 1, "{}", row.id);
        }
    }
}
