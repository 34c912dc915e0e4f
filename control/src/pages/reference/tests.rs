//! The reference shows what the document says.

use crate::openapi::document;
use crate::operations::TABLE;
use crate::pages::html::Shell;

use super::*;

fn html() -> String {
    let shell = Shell::with(SCRIPT);
    String::from_utf8(page(&shell, &document()).to_vec()).unwrap()
}

#[test]
fn every_operation_has_its_article_samples_and_form() {
    let html = html();
    for operation in TABLE {
        let begin = format!("<article class=\"entry\" id=\"{}\">", operation.id);
        let (_, article) = html.split_once(&begin).unwrap_or_else(|| panic!("{} has no article", operation.id));
        let (article, _) = article.split_once("</article>").unwrap();
        for part in [operation.path, operation.summary, "curl -X", "import requests", "await fetch"] {
            let part = escaped(part);
            assert!(article.contains(part.as_ref()), "{} lacks {part}", operation.id);
        }
        assert!(article.contains(&format!("<form data-verb=\"{}\"", operation.verb.word())), "{}", operation.id);
        for code in operation.codes() {
            assert!(article.contains(&format!("/docs/errors/{}\"", code.word())), "{} lacks {code:?}", operation.id);
        }
    }
}

#[test]
fn every_link_within_the_page_leads_somewhere() {
    let html = html();
    for (_, rest) in html.match_indices("href=\"#").map(|(at, found)| html.split_at(at + found.len())) {
        let (target, _) = rest.split_once('"').unwrap();
        assert_eq!(html.matches(&format!(" id=\"{target}\"")).count(), 1, "#{target}");
    }
}

#[test]
fn every_webhook_and_object_is_there() {
    let (html, document) = (html(), document());
    for (name, _) in entries(&document["webhooks"]).chain(entries(&document["components"]["schemas"])) {
        assert!(html.contains(&format!("id=\"{name}\"")) || html.contains(&format!("id=\"object-{name}\"")), "{name}");
    }
}
