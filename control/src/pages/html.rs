//! What all pages have in common: head, style and the headers that keep them harmless.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::http::Response;

const STYLE: &str = include_str!("style.css");

/// The frame around a page's own words.
pub struct Shell {
    style: Cow<'static, str>,
    policy: String,
}

impl Shell {
    /// The frame, whose policy allows its own style and nothing else.
    pub(super) fn new() -> Shell {
        Shell::of(Cow::Borrowed(STYLE))
    }

    /// The frame with further style behind its own.
    pub fn styled(further: &str) -> Shell {
        Shell::of(format!("{STYLE}{further}").into())
    }

    fn of(style: Cow<'static, str>) -> Shell {
        let policy = format!(
            "default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            source(&style)
        );
        Shell { style, policy }
    }

    /// A frame whose pages also run this script, which may ask this server and no other.
    pub fn with(script: &str) -> Shell {
        let Shell { style, policy } = Shell::new();
        let policy = format!("{policy}; script-src '{}'; connect-src 'self'", source(script));
        Shell { style, policy }
    }

    /// The whole page; `main` is HTML.
    pub fn page(&self, title: &str, main: &str) -> Bytes {
        self.page_with("", title, main)
    }

    /// The whole page with a script at its end; `main` is HTML.
    pub fn page_with(&self, script: &str, title: &str, main: &str) -> Bytes {
        let (title, style) = (escaped(title), &self.style);
        let script = if script.is_empty() { String::new() } else { format!("<script>{script}</script>\n") };
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
             <title>{title} · Causeway</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n{main}</main>\n{script}</body>\n</html>\n"
        );
        page.into()
    }

    /// The page as an answer; `kept` says who may keep it for how long.
    pub fn response(&self, page: Bytes, kept: &str) -> Response {
        let headers = vec![("content-type", "text/html; charset=utf-8".to_owned())];
        Response { status: 200, headers, body: page }
            .with("cache-control", kept)
            .with("content-security-policy", self.policy.as_str())
            .with("referrer-policy", "no-referrer")
            .with("x-content-type-options", "nosniff")
    }
}

/// How a policy names what stands in the page itself.
fn source(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// The text with what HTML would read as its own turned into references.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let reference = |letter: char| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(reference).collect::<String>().into()
}

/// The text as HTML, with what stands in backticks as code.
pub fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 1 { format!("<code>{}</code>", escaped(part)) } else { escaped(part).into() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_read_as_html() {
        assert_eq!(escaped("plain é"), "plain é");
        assert_eq!(escaped("<a href=\"x\" id='y'>&"), "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;");
        assert_eq!(prose("Send `Bearer <key>`."), "Send <code>Bearer &lt;key&gt;</code>.");
    }
}
