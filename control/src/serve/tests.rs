use causeway_core::id::Mode;

use super::listeners::{Addresses, url_of};
use super::*;
use crate::config::{self, Action, LogFormat};
use crate::webhooks::guard::Loopback;

fn config(words: &[&str]) -> Config {
    let words = ["causeway", "serve"].iter().chain(words).map(|word| word.into());
    match config::read(words).unwrap() {
        Action::Serve(config) => *config,
        other @ (Action::Model(_)
        | Action::Features(_)
        | Action::Openapi
        | Action::Version
        | Action::RailRecords(_)
        | Action::Ledger(_)
        | Action::Compact(_)
        | Action::OperatorToken(_)) => panic!("{other:?}"),
    }
}

#[test]
fn loopback_receivers_need_a_private_sandbox() {
    let directory = tempfile::tempdir().unwrap();
    let (config, data) = (config(&[]), DataDir::open(directory.path()).unwrap());
    let telemetry = Telemetry::writing_to(LogFormat::Json, io::sink());
    let loopback = |mode, partners: &str, operators: &str, rails: Option<&str>| {
        let rails = rails.map(|address| address.parse().unwrap());
        let [partners, operators] = [partners, operators].map(|address| address.parse().unwrap());
        let addresses = Addresses { partners, http3: None, operators, rails };
        Ground::new(&config, &telemetry, &data, addresses).guard(mode).loopback
    };
    let own = |ports: &[u16]| Loopback::Except(ports.to_vec());
    assert_eq!(loopback(Mode::Sandbox, "127.0.0.1:8080", "[::1]:8081", None), own(&[8080, 8081]));
    let with_rails = loopback(Mode::Sandbox, "127.0.0.1:8080", "[::1]:8081", Some("127.0.0.1:8082"));
    assert_eq!(with_rails, own(&[8080, 8081, 8082]));
    assert_eq!(loopback(Mode::Live, "127.0.0.1:8080", "[::1]:8081", None), Loopback::Refused);
    assert_eq!(loopback(Mode::Sandbox, "0.0.0.0:8080", "127.0.0.1:8081", None), Loopback::Refused);
    let reached = loopback(Mode::Sandbox, "127.0.0.1:8080", "127.0.0.1:8081", Some("0.0.0.0:8082"));
    assert_eq!(reached, Loopback::Refused);
}

#[test]
fn addresses_are_named_as_clients_reach_them() {
    for (bound, expected) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::]:80", "http://[::1]:80"),
        ("10.0.0.7:443", "http://10.0.0.7:443"),
    ] {
        assert_eq!(url_of(bound.parse().unwrap()), expected);
    }
}
