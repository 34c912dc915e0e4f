//! Who asks, and under which name: the host allow-list and operator tokens.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST};

use super::{OperatorInterface, Role, Tokens};
use crate::http::host::{address, is_loopback};
use crate::problem::{Code, Problem};

/// An operator whose token was checked. Only this module makes them.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token's name.
    pub name: String,
    /// What it may be used for.
    pub role: Role,
}

/// Refuses requests for another host: a page in some browser that reaches this port by a name of its own is one.
pub fn host(interface: &OperatorInterface, headers: &HeaderMap) -> Result<(), Problem> {
    let mut named = headers.get_all(HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return Err(Problem::invalid("Host", "Send exactly one Host header."));
    };
    let name = host.to_str().map(without_port).unwrap_or_default().to_ascii_lowercase();
    if interface.hosts.contains(&name) || is_own(&name, interface.address.ip()) {
        return Ok(());
    }
    Err(Problem::invalid("Host", "The operator interface does not answer under this host name; see --operator-hosts."))
}

/// Checks the token of a request.
pub fn authenticate(tokens: &Tokens, headers: &HeaderMap) -> Result<Caller, Problem> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (sent.next(), sent.next());
    let Some(value) = first else {
        return Err(Problem::new(Code::MissingKey, "Send an operator token: Authorization: Bearer op_…."));
    };
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| second.is_none() && scheme.eq_ignore_ascii_case("bearer"));
    let found = token.and_then(|(_, token)| tokens.find(token.trim_start_matches(' ')));
    found.ok_or_else(|| Problem::new(Code::InvalidKey, "The operator token is unknown or was deleted."))
}

/// Whether the caller's role is enough.
pub fn allows(caller: &Caller, needed: Role) -> Result<(), Problem> {
    if caller.role >= needed {
        return Ok(());
    }
    let message =
        format!("This needs an operator token with the role {}; yours is {}.", needed.word(), caller.role.word());
    Err(Problem::new(Code::NotEntitled, message))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_own(name: &str, listening: IpAddr) -> bool {
    is_loopback(name) || address(name) == Some(listening)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_own() {
        let listening = "10.1.2.3".parse().unwrap();
        for host in ["localhost:8081", "127.0.0.1:8081", "127.0.0.1", "[::1]:8081", "10.1.2.3:8081"] {
            assert!(is_own(without_port(host), listening), "{host}");
        }
        for host in ["", "evil.example:8081", "localhost.evil.example", "10.1.2.4", "0.0.0.0", "::1:8081x"] {
            assert!(!is_own(without_port(host), listening), "{host}");
        }
    }
}
