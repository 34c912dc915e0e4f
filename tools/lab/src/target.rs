//! Where a server is.

use std::net::{SocketAddr, ToSocketAddrs};

use crate::failure::Failure;

/// A server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where to connect.
    pub address: SocketAddr,
    /// What the `Host` header says.
    pub host: String,
}

impl Target {
    /// Reads a URL such as `http://127.0.0.1:8080`; a path behind it is left away, since every request names its own.
    pub fn parse(url: &str) -> Result<Target, Failure> {
        let bad = |why: &str| Failure::missing(format!("`{url}` is not a URL such as http://127.0.0.1:8080: {why}"));
        let rest = url.strip_prefix("http://").ok_or_else(|| bad("only http is spoken here"))?;
        let host = rest.split('/').next().unwrap_or_default();
        let named = if has_port(host) { host.to_owned() } else { format!("{host}:80") };
        let mut addresses = named.to_socket_addrs().map_err(|error| bad(&error.to_string()))?;
        let address = addresses.next().ok_or_else(|| bad("the host has no address"))?;
        Ok(Target { address, host: host.to_owned() })
    }

    /// The URL without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.host)
    }
}

/// The colons of an IPv6 address stand in brackets.
fn has_port(host: &str) -> bool {
    host.rsplit(']').next().is_some_and(|tail| tail.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_an_address() {
        for (url, address) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://127.0.0.1:8080/v1", "127.0.0.1:8080"),
            ("http://127.0.0.1/", "127.0.0.1:80"),
            ("http://[::1]:81", "[::1]:81"),
            ("http://[::1]", "[::1]:80"),
        ] {
            assert_eq!(Target::parse(url).unwrap().address.to_string(), address, "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_said_to_be_none() {
        for url in ["127.0.0.1:8080", "https://127.0.0.1", "http://127.0.0.1:port"] {
            let failure = Target::parse(url).unwrap_err();
            assert!(failure.to_string().contains(url), "{failure}");
            assert_eq!(failure.exit_code(), 2);
        }
    }
}
