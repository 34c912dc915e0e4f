//! Where webhooks may go: judged when an endpoint is set, and again on the address at every connection.
//!
//! The name is resolved once and the connection goes to an address that was judged, so that a name that changes between
//! check and use gains nothing. A name is either one of loopback's own or must resolve to public addresses.

mod ranges;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::http::host::is_loopback;

use ranges::is_public;

/// Addresses of one name that are tried at most.
const ADDRESSES: usize = 4;
/// Longest URL, in bytes.
const URL_BYTES: usize = causeway_core::limits::URL_BYTES;
/// Longest name of a host and longest part of it between dots, in bytes, after RFC 1035.
const NAME_BYTES: usize = 253;
const LABEL_BYTES: usize = 63;

/// What may be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Ports of public receivers.
    pub ports: Vec<u16>,
    /// Whether receivers on loopback are allowed: in the sandbox, while both listeners are on loopback.
    pub loopback: Loopback,
}

/// Whether receivers on loopback are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// No.
    Refused,
    /// On every port, by http too, except on these, which are our own.
    Except(Vec<u16>),
}

/// An endpoint whose URL is acceptable. Its addresses are judged when they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether TLS is spoken.
    pub secure: bool,
    /// The host without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What stands in the `Host` header.
    pub authority: String,
    /// Path and query.
    pub path: String,
    on_loopback: bool,
}

/// Why an endpoint is not connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not an absolute URL with a host, or too long.
    Url,
    /// A user name or password stands in it.
    Userinfo,
    /// A fragment stands in it, which no request carries.
    Fragment,
    /// The host is neither a name nor an address.
    Host,
    /// Neither https nor, on loopback, http.
    Scheme,
    /// The port is not on the list.
    Port,
    /// On loopback, which is not allowed here.
    Loopback,
    /// One of our own listeners.
    OwnPort,
    /// The name cannot be resolved.
    Unresolved,
    /// No address of the name is public.
    Address,
}

impl Guard {
    /// Public receivers on ports 443 and 8443, nothing else.
    #[cfg(test)]
    pub fn public() -> Guard {
        Guard { ports: vec![443, 8443], loopback: Loopback::Refused }
    }

    /// Reads and judges an endpoint's URL.
    pub fn target(&self, url: &str) -> Result<Target, Refused> {
        let target = Target::read(url)?;
        if target.on_loopback {
            self.judge_loopback(&target)?
        } else {
            self.judge_public(&target)?
        }
        Ok(target)
    }

    fn judge_loopback(&self, target: &Target) -> Result<(), Refused> {
        match &self.loopback {
            Loopback::Refused => Err(Refused::Loopback),
            Loopback::Except(own) if own.contains(&target.port) => Err(Refused::OwnPort),
            Loopback::Except(_) => Ok(()),
        }
    }

    fn judge_public(&self, target: &Target) -> Result<(), Refused> {
        if !target.secure {
            return Err(Refused::Scheme);
        }
        if !self.ports.contains(&target.port) {
            return Err(Refused::Port);
        }
        match target.host.parse::<IpAddr>() {
            Ok(address) if !is_public(address) => Err(Refused::Address),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

impl Target {
    /// Reads a URL without judging where it leads.
    pub fn read(url: &str) -> Result<Target, Refused> {
        if url.len() > URL_BYTES {
            return Err(Refused::Url);
        }
        if url.contains('#') {
            return Err(Refused::Fragment);
        }
        let uri: Uri = url.parse().map_err(|_| Refused::Url)?;
        let authority = uri.authority().ok_or(Refused::Url)?;
        if authority.as_str().contains('@') {
            return Err(Refused::Userinfo);
        }
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(_) | None => return Err(Refused::Scheme),
        };
        let host = host_of(authority)?;
        let on_loopback = is_loopback(&host);
        let port = port_of(authority, secure)?;
        let path = match uri.path_and_query().map_or("", |path| path.as_str()) {
            path if path.starts_with('/') => path.to_owned(),
            // A request names a path, also where the URL has a query alone.
            query => format!("/{query}"),
        };
        Ok(Target { secure, host, port, authority: authority.as_str().to_owned(), path, on_loopback })
    }

    /// Whether its host is one of loopback's own names or addresses.
    pub fn is_on_loopback(&self) -> bool {
        self.on_loopback
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Url => "the endpoint is not an absolute URL with a host",
            Refused::Userinfo => "the endpoint's URL must not hold a user name or password",
            Refused::Fragment => "the endpoint's URL must not hold a fragment",
            Refused::Host => "the endpoint's host is neither a name nor an address without a zone",
            Refused::Scheme => "the endpoint must be https",
            Refused::Port => "the endpoint's port is not allowed",
            Refused::Loopback => "endpoints on loopback are not allowed here",
            Refused::OwnPort => "the endpoint is a port of this gateway",
            Refused::Unresolved => "the endpoint's host name could not be resolved",
            Refused::Address => "the endpoint's host has no public address",
        })
    }
}

impl std::error::Error for Refused {}

/// Of the addresses that a target's name has, those that may be connected to, in the resolver's order.
pub fn permitted(target: &Target, found: impl IntoIterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
    let judge = |address: IpAddr| if target.on_loopback { address.is_loopback() } else { is_public(address) };
    let addresses: Vec<SocketAddr> = found.into_iter().filter(|address| judge(address.ip())).take(ADDRESSES).collect();
    if addresses.is_empty() { Err(Refused::Address) } else { Ok(addresses) }
}

/// The host in lower case, without brackets and without the dot that may end a name. What a resolver might read in ways of
/// its own is refused: zones of addresses, percent-encodings, odd spellings of IPv4; and what no resolver takes.
fn host_of(authority: &Authority) -> Result<String, Refused> {
    let host = authority.host();
    if host.is_empty() {
        return Err(Refused::Url);
    }
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let bare = bracketed.unwrap_or_else(|| host.strip_suffix('.').unwrap_or(host));
    let is_sound = match bracketed {
        Some(literal) => literal.parse::<Ipv6Addr>().is_ok(),
        None if is_a_number(bare) => bare.parse::<Ipv4Addr>().is_ok(),
        None => bare.len() <= NAME_BYTES && bare.split('.').all(is_label),
    };
    if is_sound { Ok(bare.to_ascii_lowercase()) } else { Err(Refused::Host) }
}

/// The port, in the one spelling that all readers of URLs take for it.
fn port_of(authority: &Authority, secure: bool) -> Result<u16, Refused> {
    let Some(written) = authority.as_str().strip_prefix(authority.host()) else { return Err(Refused::Url) };
    if written.is_empty() {
        return Ok(if secure { 443 } else { 80 });
    }
    let digits = written.strip_prefix(':').ok_or(Refused::Url)?;
    let port: u16 = digits.parse().map_err(|_| Refused::Url)?;
    if port != 0 && port.to_string() == digits { Ok(port) } else { Err(Refused::Port) }
}

/// Whether a host can be nothing but an IPv4 address: one number, or several with dots between them. Such a one must be one as we
/// write it. What mixes spellings is a name here, and judged by the address that it leads to.
fn is_a_number(host: &str) -> bool {
    let is_hex = !host.contains('.') && (host.starts_with("0x") || host.starts_with("0X"));
    is_hex || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_label(label: &str) -> bool {
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LABEL_BYTES).contains(&label.len()) && label.bytes().all(is_sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox() -> Guard {
        Guard { loopback: Loopback::Except(vec![8080, 8081]), ..Guard::public() }
    }

    fn refusal(guard: &Guard, url: &str) -> Option<Refused> {
        guard.target(url).err()
    }

    #[test]
    fn urls_are_judged_before_anything_is_resolved() {
        for (url, expected) in [
            ("https://partner.example/hooks?a=b", None),
            ("https://partner.example:8443", None),
            ("https://93.184.216.34/", None),
            ("https://[2606:2800:220:1::1]/", None),
            ("", Some(Refused::Url)),
            ("/hooks", Some(Refused::Url)),
            ("partner.example", Some(Refused::Scheme)),
            ("https://", Some(Refused::Url)),
            ("https://:443/", Some(Refused::Url)),
            ("https://partner.example:", Some(Refused::Url)),
            ("https://partner.example:99999/", Some(Refused::Url)),
            ("https://user@partner.example/", Some(Refused::Userinfo)),
            ("https://user:word@partner.example/", Some(Refused::Userinfo)),
            ("https://93.184.216.34@127.0.0.1/", Some(Refused::Userinfo)),
            ("https://@partner.example/", Some(Refused::Userinfo)),
            ("https://a.example/#f", Some(Refused::Fragment)),
            ("https://a.example#", Some(Refused::Fragment)),
            ("https://[fe80::1%25eth0]/", Some(Refused::Host)),
            ("https://[::1%25lo]/", Some(Refused::Host)),
            ("https://[partner.example]/", Some(Refused::Host)),
            ("https://[93.184.216.34]/", Some(Refused::Host)),
            ("https://a%2eexample/", Some(Refused::Url)),
            ("https://[::ffff:127.0.0.1]/", Some(Refused::Address)),
            ("http://partner.example/", Some(Refused::Scheme)),
            ("ftp://partner.example/", Some(Refused::Scheme)),
            ("https://partner.example:22/", Some(Refused::Port)),
            ("https://partner.example:0/", Some(Refused::Port)),
            ("https://10.0.0.1/", Some(Refused::Address)),
            ("https://169.254.169.254/latest", Some(Refused::Address)),
            ("https://[::ffff:10.0.0.1]/", Some(Refused::Address)),
            ("https://127.0.0.1/", Some(Refused::Loopback)),
            ("https://localhost/", Some(Refused::Loopback)),
            ("https://LocalHost/", Some(Refused::Loopback)),
            ("https://[::1]/", Some(Refused::Loopback)),
            ("https://localhost./", Some(Refused::Loopback)),
            ("https://127.0.0.1./", Some(Refused::Loopback)),
            ("https://10.0.0.1./", Some(Refused::Address)),
            ("https://[64:ff9b::7f00:1]/", Some(Refused::Address)),
            ("https://[2002:7f00:1::]/", Some(Refused::Address)),
            ("https://[2001::7f00:1]/", Some(Refused::Address)),
            ("https://[::7f00:1]/", Some(Refused::Address)),
            ("https://partner.example./hooks", None),
            ("https://partner.example../", Some(Refused::Host)),
            ("https://partner..example/", Some(Refused::Host)),
            ("https://.example/", Some(Refused::Host)),
            ("https://./", Some(Refused::Host)),
        ] {
            assert_eq!(refusal(&Guard::public(), url), expected, "{url}");
        }
        for (length, expected) in [(63, None), (64, Some(Refused::Host))] {
            assert_eq!(refusal(&Guard::public(), &format!("https://{}.example/", "a".repeat(length))), expected);
        }
        let name = format!("https://{}example/", "a.".repeat(124));
        assert_eq!(refusal(&Guard::public(), &name), Some(Refused::Host));
        let long = format!("https://partner.example/{}", "a".repeat(URL_BYTES));
        assert_eq!(refusal(&Guard::public(), &long), Some(Refused::Url));
    }

    /// Readers of URLs differ over what these mean, and over whether they mean anything.
    #[test]
    fn ports_and_addresses_have_one_spelling() {
        for (url, expected) in [
            ("https://partner.example:+443/", Some(Refused::Port)),
            ("https://partner.example:00443/", Some(Refused::Port)),
            ("https://partner.example:-443/", Some(Refused::Url)),
            ("https://[2606:2800:220:1::1]:8443/", None),
            ("https://[2606:2800:220:1::1]:08443/", Some(Refused::Port)),
            ("https://93.184.216.34:+443/", Some(Refused::Port)),
            ("https://2130706433/", Some(Refused::Host)),
            ("https://0x7f000001/", Some(Refused::Host)),
            ("https://0X7F/", Some(Refused::Host)),
            ("https://127.1/", Some(Refused::Host)),
            ("https://999.1.1.1/", Some(Refused::Host)),
            ("https://093.184.216.34/", Some(Refused::Host)),
            ("https://93.184.216.34.1/", Some(Refused::Host)),
            // A resolver takes it for loopback, and it is refused then.
            ("https://0x7f.1/", None),
            ("https://1.partner.example/", None),
            ("https://0x7f.example/", None),
        ] {
            assert_eq!(refusal(&Guard::public(), url), expected, "{url}");
        }
    }

    #[test]
    fn the_sandbox_may_reach_loopback_but_never_itself() {
        for (url, expected) in [
            ("http://127.0.0.1:9000/hooks", None),
            ("http://localhost:9000/hooks", None),
            ("https://[::1]:9000/", None),
            ("http://127.1.2.3:9000/", None),
            ("http://127.0.0.1:8080/", Some(Refused::OwnPort)),
            ("http://localhost:8081/", Some(Refused::OwnPort)),
            ("http://0.0.0.0:9000/", Some(Refused::Scheme)),
            ("https://0.0.0.0/", Some(Refused::Address)),
            ("http://127.0.0.1:0/", Some(Refused::Port)),
            ("http://localhost:09000/", Some(Refused::Port)),
            ("http://127.1:9000/", Some(Refused::Host)),
            ("http://partner.example/", Some(Refused::Scheme)),
            ("https://partner.example:9000/", Some(Refused::Port)),
        ] {
            assert_eq!(refusal(&sandbox(), url), expected, "{url}");
        }
    }

    #[test]
    fn only_judged_addresses_are_connected_to() {
        let sockets = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let named = sandbox().target("https://partner.example/").unwrap();
        let mixed = sockets(&["127.0.0.1:443", "10.1.1.1:443", "93.184.216.34:443", "[::1]:443"]);
        assert_eq!(permitted(&named, mixed), Ok(sockets(&["93.184.216.34:443"])));
        let rebound = sockets(&["127.0.0.1:443", "[::1]:443", "[fd00::1]:443"]);
        assert_eq!(permitted(&named, rebound), Err(Refused::Address));
        let local = sandbox().target("http://localhost:9000/").unwrap();
        let odd = sockets(&["93.184.216.34:9000", "127.0.0.1:9000"]);
        assert_eq!(permitted(&local, odd), Ok(sockets(&["127.0.0.1:9000"])));
        let many = (1..=9).map(|last| SocketAddr::from(([93, 184, 216, last], 443)));
        assert_eq!(permitted(&named, many).unwrap().len(), ADDRESSES);
    }

    #[test]
    fn a_path_and_query_are_kept_and_begin_with_a_slash() {
        let target = Guard::public().target("https://Partner.Example/a/b?c=d").unwrap();
        assert_eq!((target.host.as_str(), target.port, target.path.as_str()), ("partner.example", 443, "/a/b?c=d"));
        for (url, path) in [
            ("https://partner.example", "/"),
            ("https://partner.example?token=x", "/?token=x"),
            ("https://partner.example:8443?token=/x?", "/?token=/x?"),
            ("https://partner.example/?token=x", "/?token=x"),
            ("https://partner.example?", "/?"),
        ] {
            assert_eq!(Guard::public().target(url).unwrap().path, path, "{url}");
        }
    }
}
