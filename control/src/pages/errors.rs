//! The page behind `doc_url`: every problem code with what it means and what to do.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;

use super::html::{Shell, escaped, prose};
use crate::problem::Code;

const LEAD: &str = "Every error of the partner API has the same flat JSON body. Branch by its `code`, or by `type` for a \
    whole family; `message` is for people and may change. `param` names the field, parameter or header at fault. Quote \
    `request_id` when you ask for help.";

const EXAMPLE: &str = r#"{
  "type": "conflict",
  "code": "quote_expired",
  "message": "The quote's time ran out. Lock a new one.",
  "param": null,
  "request_id": "req_test_…",
  "doc_url": "…/docs/errors/quote_expired",
  "statusCode": 409
}"#;

/// The page.
pub fn page(shell: &Shell) -> Bytes {
    let statuses = Code::ALL.iter().fold(BTreeMap::new(), |mut statuses: BTreeMap<u16, Vec<Code>>, &code| {
        statuses.entry(code.status()).or_default().push(code);
        statuses
    });
    let mut main = format!("<h1>Error codes</h1>\n<p class=\"lead\">{}</p>\n", prose(LEAD));
    main.push_str(&format!("<pre><code>{}</code></pre>\n", escaped(EXAMPLE)));
    main.push_str(&index(statuses.values().flatten()));
    statuses.into_iter().for_each(|(status, codes)| main.push_str(&section(status, &codes)));
    shell.page("Error codes", &main)
}

/// The page of one code: where `doc_url` points.
pub fn code_page(shell: &Shell, code: Code) -> Bytes {
    let status = code.status();
    let main = format!(
        "<h1>{status} {}</h1>\n{}<p><a href=\"/docs/errors\">All error codes</a> · <a href=\"/docs\">API reference</a></p>\n",
        escaped(reason(status)),
        entry(code)
    );
    shell.page(code.word(), &main)
}

fn index<'c>(codes: impl Iterator<Item = &'c Code>) -> String {
    let link = |code: &Code| format!("<li><a href=\"#{word}\">{word}</a></li>\n", word = escaped(code.word()));
    let links: String = codes.map(link).collect();
    format!(
        "<nav aria-labelledby=\"codes\">\n<h2 id=\"codes\">All codes</h2>\n<ul class=\"index\">\n{links}</ul>\n</nav>\n"
    )
}

fn section(status: u16, codes: &[Code]) -> String {
    let entries: String = codes.iter().map(|&code| entry(code)).collect();
    format!(
        "<section aria-labelledby=\"status-{status}\">\n<h2 id=\"status-{status}\">{status} {}</h2>\n{entries}</section>\n",
        escaped(reason(status))
    )
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}

fn entry(code: Code) -> String {
    let word = escaped(code.word());
    let (meaning, advice) = halves(code);
    let wait = code.retry_after().map(|seconds| {
        let plural = if seconds == 1 { "second" } else { "seconds" };
        format!("<dt>Wait</dt><dd>{seconds} {plural}, as the <code>Retry-After</code> header says</dd>\n")
    });
    format!(
        "<article class=\"entry\" id=\"{word}\">\n<h3><a href=\"#{word}\"><code>{word}</code></a></h3>\n\
         <p class=\"kind\">HTTP {status} · type <code>{kind}</code></p>\n<dl>\n\
         <dt>What it means</dt><dd>{meaning}</dd>\n<dt>What to do</dt><dd>{advice}</dd>\n{wait}</dl>\n</article>\n",
        status = code.status(),
        kind = escaped(code.kind()),
        meaning = prose(meaning),
        advice = prose(advice),
        wait = wait.unwrap_or_default(),
    )
}

/// What a code means, its explanation's first sentence, and what to do, the rest.
fn halves(code: Code) -> (&'static str, &'static str) {
    let explanation = code.explanation();
    let end = explanation.find(". ").map_or(explanation.len(), |at| at + 1);
    (&explanation[..end], explanation[end..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;

    #[test]
    fn every_code_says_what_it_means_and_what_to_do() {
        for &code in Code::ALL {
            let (meaning, advice) = halves(code);
            assert!(meaning.len() > 15 && meaning.ends_with('.'), "{code:?}: {meaning}");
            assert!(advice.len() > 5 && advice.ends_with('.'), "{code:?}: {advice}");
        }
    }

    #[test]
    fn the_example_is_an_error_as_it_is_told() {
        let told =
            Problem::new(Code::QuoteExpired, Code::QuoteExpired.explanation()).response("req_test_…", "…/docs/errors");
        let told: serde_json::Value = serde_json::from_slice(&told.body).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(EXAMPLE).unwrap(), told);
    }

    #[test]
    fn every_code_has_its_anchor_once_and_everything_that_the_table_says() {
        let text = String::from_utf8(page(&Shell::new()).to_vec()).unwrap();
        for &code in Code::ALL {
            let anchor = format!("<article class=\"entry\" id=\"{}\">", code.word());
            assert_eq!(text.matches(&anchor).count(), 1, "{code:?}");
            assert_eq!(text.matches(&format!(" id=\"{}\"", code.word())).count(), 1, "{code:?}");
            let (_, entry) = text.split_once(&anchor).unwrap();
            let (entry, _) = entry.split_once("</article>").unwrap();
            let (meaning, advice) = halves(code);
            let status = format!("HTTP {} ·", code.status());
            for part in [status.as_str(), code.kind(), &prose(meaning), &prose(advice)] {
                assert!(entry.contains(part), "{code:?} lacks {part}");
            }
        }
    }
}
