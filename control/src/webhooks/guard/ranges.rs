//! Which addresses belong to the public internet, after the special-purpose registries of RFC 6890 and its successors.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 networks that are not public, each with its prefix length.
const CLOSED_4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),        // this network, unspecified
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // carrier-grade NAT, some clouds' metadata
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // a cloud's host services on a public-looking address
    ([169, 254, 0, 0], 16),   // link-local, most clouds' metadata
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 88, 99, 0], 24),   // 6to4 relays
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarking
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, broadcast
];

/// The only IPv6 network that holds public addresses. Outside it lie loopback, mapped, NAT64, unique local, link-local,
/// multicast and the discard range.
const OPEN_6: ([u16; 8], u32) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// Networks within it that are not public, or that lead to IPv4 addresses which nobody judged.
const CLOSED_6: &[([u16; 8], u32)] = &[
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments: Teredo, benchmarking, ORCHID
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

/// Whether the address belongs to the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !CLOSED_4.iter().any(|&network| within_4(address, network)),
        IpAddr::V6(address) => within_6(address, OPEN_6) && !CLOSED_6.iter().any(|&network| within_6(address, network)),
    }
}

fn within_4(address: Ipv4Addr, (network, length): ([u8; 4], u32)) -> bool {
    let differing = u32::from(address) ^ u32::from(Ipv4Addr::from(network));
    differing.leading_zeros() >= length
}

fn within_6(address: Ipv6Addr, (network, length): ([u16; 8], u32)) -> bool {
    let differing = u128::from(address) ^ u128::from(Ipv6Addr::from(network));
    differing.leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(public: bool, addresses: &[&str]) {
        for text in addresses {
            assert_eq!(is_public(text.parse().unwrap()), public, "{text}");
        }
    }

    #[test]
    fn special_ipv4_addresses_are_closed() {
        check(false, &["0.0.0.0", "0.255.255.255", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255"]);
        check(false, &["100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254"]);
        check(false, &["172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1"]);
        check(false, &["198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.255", "224.0.0.1", "239.1.1.1"]);
        check(false, &["240.0.0.1", "255.255.255.255"]);
    }

    #[test]
    fn their_neighbours_are_open() {
        check(true, &["1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"]);
        check(true, &["128.0.0.0", "168.63.129.15", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0"]);
        check(true, &["192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0"]);
        check(true, &["203.0.112.255", "203.0.114.0", "223.255.255.255"]);
    }

    #[test]
    fn only_global_unicast_ipv6_is_open() {
        check(false, &["::", "::1", "::ffff:93.184.216.34", "::93.184.216.34", "64:ff9b::1.2.3.4", "64:ff9b:1::1"]);
        check(false, &["100::1", "2001::1", "2001:2::1", "2001:1ff::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1"]);
        check(false, &["4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"]);
        check(
            true,
            &["2001:200::1", "2001:4860:4860::8888", "2606:2800:220:1::1", "2a00::1", "3ffe::1", "3fff:1000::1"],
        );
    }
}
