use super::*;

fn addresses(partners: &str, operators: &str) -> Addresses {
    Addresses { partners: partners.parse().unwrap(), operators: operators.parse().unwrap() }
}

#[test]
fn loopback_receivers_need_a_private_sandbox() {
    let private = addresses("127.0.0.1:8080", "[::1]:8081");
    assert_eq!(guard(Mode::Sandbox, private).loopback, Loopback::Except(vec![8080, 8081]));
    assert_eq!(guard(Mode::Live, private).loopback, Loopback::Refused);
    let reachable = addresses("0.0.0.0:8080", "127.0.0.1:8081");
    assert_eq!(guard(Mode::Sandbox, reachable).loopback, Loopback::Refused);
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

#[test]
fn paths_survive_the_shell() {
    for (path, expected) in [("causeway-data/x.json", "causeway-data/x.json"), ("/a b/c", "'/a b/c'"), ("it's", r"'it'\''s'")] {
        assert_eq!(quoted(Path::new(path)), expected);
    }
}
