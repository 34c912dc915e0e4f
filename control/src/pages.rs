//! Pages for people: the reference of the API, what the links in answers point to, and beside them two documents for
//! programs: OpenAPI, and the keys that verify webhooks. They load nothing from anywhere, set no cookie, and need no key.

mod errors;
mod html;
mod reference;
mod verify;
mod webhook_keys;

use std::collections::HashMap;

use bytes::Bytes;
use http::Method;

use crate::gate::Gate;
use crate::http::Response;
use crate::openapi;
use crate::problem::{Code, Problem};

pub use html::{Shell, escaped};

/// The reference.
const REFERENCE: &str = "/docs";
/// Where problem codes are explained: all of them here, each of them behind a slash and its word.
const ERRORS: &str = "/docs/errors";
/// Where users are sent to be verified; the payment's id follows.
const VERIFY: &str = "/verify/";
/// Where the keys are that verify an account's events; `<account id>.json` follows.
const WEBHOOK_KEYS: &str = "/.well-known/webhook-keys/";
/// Who may keep a page that changes with the program only.
const KEPT: &str = "public, max-age=300";
/// What a page takes.
const METHODS: &str = "GET, HEAD, OPTIONS";

/// The pages, put together once.
pub struct Pages {
    shell: Shell,
    fixed: HashMap<String, Response>,
}

impl Default for Pages {
    fn default() -> Pages {
        let shell = Shell::new();
        let mut fixed = documents();
        let interactive = Shell::with(reference::SCRIPT);
        let page = reference::page(&interactive, &openapi::document());
        fixed.insert(REFERENCE.to_owned(), interactive.response(page, KEPT));
        fixed.insert(ERRORS.to_owned(), shell.response(errors::page(&shell), KEPT));
        for &code in Code::ALL {
            let page = shell.response(errors::code_page(&shell, code), KEPT);
            fixed.insert(format!("{ERRORS}/{}", code.word()), page);
        }
        Pages { shell, fixed }
    }
}

impl Pages {
    /// The page at `path`; none when the path is not that of a page. Whether a payment exists is not looked up, so that an
    /// answer tells nobody.
    pub fn find(&self, gate: &Gate, method: &Method, path: &str) -> Option<Result<Response, Problem>> {
        let page = match self.fixed.get(path) {
            Some(page) => Some(page.clone()),
            None => match path.strip_prefix(WEBHOOK_KEYS) {
                Some(name) => webhook_keys::document(gate, name).map(|json| document("application/json", json)),
                None => self.verification(gate, path.strip_prefix(VERIFY)?),
            },
        };
        Some(match page {
            None => Err(Problem::not_found()),
            Some(_) if *method == Method::OPTIONS => Ok(Response::empty(204).with("allow", METHODS)),
            Some(_) if *method != Method::GET && *method != Method::HEAD => Err(only_read(method)),
            Some(page) => Ok(page),
        })
    }

    fn verification(&self, gate: &Gate, payment: &str) -> Option<Response> {
        Some(self.shell.response(verify::page(&self.shell, gate, payment)?, "no-store"))
    }
}

/// The OpenAPI document in both forms.
fn documents() -> HashMap<String, Response> {
    let forms = [
        ("/openapi/gate-v1.json", "application/json", openapi::json()),
        ("/openapi/gate-v1.yaml", "application/yaml", openapi::yaml()),
    ];
    let response = |(path, kind, text): (&str, &str, String)| (path.to_owned(), document(kind, text.into()));
    forms.into_iter().map(response).collect()
}

/// What programs read, from wherever their page comes.
fn document(kind: &str, body: Bytes) -> Response {
    let response = Response { status: 200, headers: vec![("content-type", kind.to_owned())], body };
    let response = response.with("cache-control", KEPT).with("x-content-type-options", "nosniff");
    response.with("access-control-allow-origin", "*")
}

fn only_read(method: &Method) -> Problem {
    let message = format!("This path does not take {method}; it takes {METHODS}.");
    Problem { allow: Some(METHODS.to_owned()), ..Problem::new(Code::MethodNotAllowed, message) }
}

#[cfg(test)]
mod tests;
