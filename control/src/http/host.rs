//! Hosts as URLs and headers name them.

use std::net::IpAddr;

/// Whether `host`, with or without brackets, is this machine's own: `localhost`, or an address of loopback that is written
/// plainly; mapped forms do not count.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || address(host).is_some_and(|address| address.is_loopback())
}

/// The address that `host` is, if it is one; brackets may stand around it.
pub fn address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_by_name_and_by_address() {
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "localhost.partner.example", "128.0.0.1", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[::1"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
