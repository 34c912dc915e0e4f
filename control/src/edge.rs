//! What a proxy at the network's edge says of a request. Anybody can send its header: it is believed only from the proxies
//! that the operator named.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
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
        // One listener for both families names peers of IPv4 by mapped addresses.
        let peer = peer.to_canonical();
        if !self.proxies.iter().any(|network| network.contains(&peer)) {
            return None;
        }
        let mut values = headers.get_all(header).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Country::parse(value.to_str().ok()?.trim()),
            (None | Some(_), _) => None,
        }
    }
}

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
}
