//! What a proxy at the network's edge says of a request. Anybody can send its header: it is believed only from the proxies
//! that the operator named.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use crate::iso::Country;

/// Whom to believe, and which header. By default nobody is believed.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    /// The proxies' own addresses.
    pub proxies: Vec<IpNet>,
    /// Where they write the country of the user's address.
    pub country_header: Option<HeaderName>,
}

impl Edge {
    /// The country that a trusted proxy names; `None` when none does so once and in a code of ISO 3166.
    pub fn country(&self, peer: IpAddr, headers: &HeaderMap) -> Option<Country> {
        let header = self.country_header.as_ref()?;
        if !self.is_proxy(peer) {
            return None;
        }
        let mut values = headers.get_all(header).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Country::parse(value.to_str().ok()?.trim()),
            (None | Some(_), _) => None,
        }
    }
}

impl Edge {
    /// The address of the user's browser: the other end of the connection, or, where that is a trusted proxy, the last one in
    /// `X-Forwarded-For` that is none. `None` when such proxies name nobody.
    pub fn address(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        if !self.is_proxy(peer) {
            return Some(peer.to_canonical());
        }
        let lines: Vec<&[u8]> = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
        // Hop by hop from the end: what a user wrote before it may be anything, and must not hide what a proxy wrote.
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        for hop in hops.take(HOPS) {
            let address = hop_address(std::str::from_utf8(hop).ok()?.trim())?;
            if !self.is_proxy(address) {
                return Some(address.to_canonical());
            }
        }
        None
    }

    /// One listener for both families names peers of IPv4 by mapped addresses.
    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

/// Some proxies add the port, and some write addresses of IPv6 in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

/// Where proxies write whom they speak for, each behind those before it.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// Proxies that are looked behind at most.
const HOPS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_proxies_are_believed() {
        let edge = Edge {
            proxies: vec!["10.1.0.0/16".parse().unwrap(), "2001:db8::1/128".parse().unwrap()],
            country_header: Some(HeaderName::from_static("cf-ipcountry")),
        };
        let told = |edge: &Edge, peer: &str, values: &[&str]| {
            let header = |value: &&str| (HeaderName::from_static("cf-ipcountry"), value.parse().unwrap());
            edge.country(peer.parse().unwrap(), &values.iter().map(header).collect())
                .map(|country| format!("{country:?}"))
        };
        for peer in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"] {
            assert_eq!(told(&edge, peer, &["de"]).as_deref(), Some("DE"), "{peer}");
        }
        for peer in ["10.2.0.1", "127.0.0.1", "2001:db8::2"] {
            assert_eq!(told(&edge, peer, &["DE"]), None, "{peer}");
        }
        for values in [&[][..], &["XX"], &["T1"], &["DE", "FR"], &["DE, FR"], &[""]] {
            assert_eq!(told(&edge, "10.1.2.3", values), None, "{values:?}");
        }
        assert_eq!(told(&Edge::default(), "10.1.2.3", &["DE"]), None);
    }
    #[test]
    fn the_user_is_behind_the_last_trusted_proxy() {
        let edge = Edge { proxies: vec!["10.1.0.0/16".parse().unwrap()], country_header: None };
        let seen = |peer: &str, lines: &[&str]| {
            let header = |line: &&str| (HeaderName::from_static(FORWARDED_FOR), line.parse().unwrap());
            edge.address(peer.parse().unwrap(), &lines.iter().map(header).collect()).map(|address| address.to_string())
        };
        let told = |text: &str| Some(text.to_owned());
        assert_eq!(seen("198.51.100.7", &["203.0.113.9"]), told("198.51.100.7"), "nobody else is believed");
        assert_eq!(
            seen("10.1.0.1", &["6.6.6.6, 203.0.113.9"]),
            told("203.0.113.9"),
            "what a user wrote does not count"
        );
        assert_eq!(seen("10.1.0.1", &["6.6.6.6", "203.0.113.9:4711, 10.1.9.9"]), told("203.0.113.9"));
        assert_eq!(seen("::ffff:10.1.0.1", &["2001:db8::7"]), told("2001:db8::7"));
        assert_eq!(seen("10.1.0.1", &["[2001:db8::7]"]), told("2001:db8::7"));
        let mangled = HeaderValue::from_bytes(b"\xff, 203.0.113.9").unwrap();
        let lines = [("x-forwarded-for", HeaderValue::from_static("6.6.6.6")), ("x-forwarded-for", mangled)];
        let lines = lines.map(|(name, value)| (HeaderName::from_static(name), value)).into_iter().collect();
        let found = edge.address("10.1.0.1".parse().unwrap(), &lines).map(|address| address.to_string());
        assert_eq!(found, told("203.0.113.9"), "what cannot be read hides nothing that a proxy wrote");
        for nobody in [&[][..], &["unknown"], &["10.1.2.3"], &["203.0.113.9, "]] {
            assert_eq!(seen("10.1.0.1", nobody), None, "{nobody:?}");
        }
    }
}
