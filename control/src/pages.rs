//! Pages for people: what the links in answers point to. Whole, small and static: they load nothing, run nothing, set no
//! cookie, and need no key.

mod errors;
mod html;
mod verify;

use bytes::Bytes;
use http::Method;

use crate::gate::Gate;
use crate::http::Response;
use crate::problem::{Code, Problem};

use html::Shell;

/// Where problem codes are explained.
const ERRORS: &str = "/docs/errors";
/// Where users are sent to be verified; the payment's id follows.
const VERIFY: &str = "/verify/";

/// The pages, put together once.
pub struct Pages {
    shell: Shell,
    errors: Bytes,
}

impl Default for Pages {
    fn default() -> Pages {
        let shell = Shell::new();
        let errors = errors::page(&shell);
        Pages { shell, errors }
    }
}

impl Pages {
    /// The page at `path`; none when the path is not that of a page. Whether a payment exists is not looked up, so that an
    /// answer tells nobody.
    pub fn find(&self, gate: &Gate, method: &Method, path: &str) -> Option<Result<Response, Problem>> {
        let (page, kept) = if path == ERRORS {
            (Some(self.errors.clone()), "public, max-age=300")
        } else {
            (verify::page(&self.shell, gate, path.strip_prefix(VERIFY)?), "no-store")
        };
        Some(match page {
            None => Err(Problem::not_found()),
            Some(_) if *method != Method::GET && *method != Method::HEAD => Err(only_read(method)),
            Some(body) => Ok(self.shell.response(body, kept)),
        })
    }
}

fn only_read(method: &Method) -> Problem {
    let message = format!("This path does not take {method}; it takes GET, HEAD.");
    Problem { allow: Some("GET, HEAD".to_owned()), ..Problem::new(Code::MethodNotAllowed, message) }
}

#[cfg(test)]
mod tests;
