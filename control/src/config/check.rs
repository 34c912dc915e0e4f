//! What must hold between settings, and formats that clap does not know.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::HeaderName;
use ipnet::IpNet;

use super::origin::Origins;
use super::{Config, ConfigError, Deployment, Switch};

/// Refuses settings that do not go together. What concerns files is checked when they are opened.
pub fn check(config: &Config, origins: &Origins<'_>) -> Result<(), ConfigError> {
    let rules = [
        live_has_a_master_key(config, origins),
        live_has_its_own_catalogue(config, origins),
        operator_listener_is_local(config, origins),
        listeners_differ(config, origins),
        hosts_have_one_mode(config, origins),
        a_header_has_proxies_that_write_it(config, origins),
        the_demo_tier_is_known(config, origins),
        certificate_and_key_go_together(config, origins),
        a_public_port_has_something_behind_it(config, origins),
        a_bus_has_a_cell(config, origins),
        what_concerns_a_bus_has_one(config, origins),
    ];
    rules.into_iter().collect::<Result<(), String>>().map_err(ConfigError::Conflict)
}

/// Reads an address for links: `http` or `https`, a host, and neither query nor fragment; without the last slash.
pub fn public_url(text: &str) -> Result<String, String> {
    let wrong = || "must be an address such as https://gate.example, without query and fragment".to_owned();
    let uri: http::Uri = text.parse().map_err(|_| wrong())?;
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    if !known || uri.host().is_none_or(str::is_empty) || uri.query().is_some() || text.contains('#') {
        return Err(wrong());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Reads an address to listen on. Of names only `localhost` is taken: what another one means is not for this machine to say.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    if let Some(port) = local {
        return Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
    }
    text.parse().map_err(|_| {
        "must be an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080; of names only localhost is \
         taken"
            .to_owned()
    })
}

/// Reads a host name as requests carry it, without a port; a name with one would never fit.
pub fn host_name(text: &str) -> Result<String, String> {
    let name = text.trim_start_matches('[').trim_end_matches(']');
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if is_address || !name.is_empty() && name.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err("must be a host name such as gate.example, without scheme, port and path".to_owned())
}

/// Reads a network, or an address as the network of its own.
pub fn network(text: &str) -> Result<IpNet, String> {
    let alone = || text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse::<IpNet>().or_else(|_| alone()).map_err(|_| {
        "must be an IP address or a network in CIDR form, such as 10.0.0.5, 10.0.0.0/8 or 2001:db8::/32".to_owned()
    })?;
    // A network written with bits of a host is a slip of the pen: it may be meant narrower than it is.
    if network != network.trunc() {
        return Err(format!("names a host inside its network: write {} or the host's address alone", network.trunc()));
    }
    Ok(network)
}

/// Reads a header's name.
pub fn header_name(text: &str) -> Result<HeaderName, String> {
    text.parse().map_err(|_| "must be the name of a header, such as CF-IPCountry".to_owned())
}

/// Reads the name of an exchange. Brokers keep names that begin with `amq.` for themselves.
pub fn exchange(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if (1..=200).contains(&text.len()) && text.chars().all(plain) && !text.starts_with("amq.") {
        return Ok(text.to_owned());
    }
    Err("must be 1 to 200 letters, digits and any of -._: and not begin with amq.".to_owned())
}

fn live_has_a_master_key(config: &Config, origins: &Origins<'_>) -> Result<(), String> {
    if config.mode == Deployment::Sandbox || config.master_key_file.is_some() {
        return Ok(());
    }
    Err(format!(
        "{} asks for the live cell, which needs --master-key-file: write 64 hexadecimal characters (`openssl rand -hex 32`) \
         to a file with mode 600 outside the data directory and name it",
        origins.of("mode")
    ))
}

fn live_has_its_own_catalogue(config: &Config, origins: &Origins<'_>) -> Result<(), String> {
    let files = [("--live-corridors", &config.live_corridors), ("--live-rates", &config.live_rates)];
    let missing: Vec<&str> = files.iter().filter(|(_, file)| file.is_none()).map(|(name, _)| *name).collect();
    if config.mode == Deployment::Sandbox || missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} asks for the live cell, which needs {}: name the files with its own corridors and rates; those that the program \
         ships are for the sandbox alone",
        origins.of("mode"),
        missing.join(" and ")
    ))
}

fn operator_listener_is_local(config: &Config, origins: &Origins<'_>) -> Result<(), String> {
    if config.operator_listen.ip().is_loopback() || config.operator_allow_remote {
        return Ok(());
    }
    Err(format!(
        "{} is {}, which other machines may reach: use a loopback address, or put TLS in front of it and say \
         --operator-allow-remote",
        origins.of("operator-listen"),
        config.operator_listen
    ))
}

fn listeners_differ(config: &Config, origins: &Origins<'_>) -> Result<(), String> {
    let mut listeners = vec![("listen", config.listen), ("operator-listen", config.operator_listen)];
    // Without rails nobody listens for their reports.
    listeners.extend(config.rails.as_ref().map(|_| ("rails-listen", config.rails_listen)));
    for (index, (name, address)) in listeners.iter().enumerate() {
        if let Some((other, same)) = listeners[..index].iter().find(|(_, other)| overlap(*address, *other)) {
            return Err(format!(
                "{} and {} are the same address, {same} and {address}: give each its own port",
                origins.of(other),
                origins.of(name)
            ));
        }
    }
    Ok(())
}

/// An address that stands for all of the machine's takes its port on each of them.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let same_place = one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && same_place
}

fn hosts_have_one_mode(config: &Config, origins: &Origins<'_>) -> Result<(), String> {
    let is_live = |name: &&String| config.live_hosts.iter().any(|live| live.eq_ignore_ascii_case(name));
    let Some(both) = config.sandbox_hosts.iter().find(is_live) else { return Ok(()) };
    Err(format!(
        "{} and {} both name {both}, where no key would be taken then: a host name has one mode",
        origins.of("sandbox-hosts"),
        origins.of("live-hosts")
    ))
}

/// The header alone does nothing, and whoever sets it believes that it does.
fn a_header_has_proxies_that_write_it(config: &Config, origins: &Origins<'_>) -> Result<(), String> {
    if config.country_header.is_none() || !config.trusted_proxies.is_empty() {
        return Ok(());
    }
    Err(format!("{} needs --trusted-proxies: name the proxies that are believed", origins.of("country-header")))
}

fn certificate_and_key_go_together(config: &Config, origins: &Origins<'_>) -> Result<(), String> {
    let (given, missing) = match (&config.tls_certificate, &config.tls_key) {
        (Some(_), None) => ("tls-certificate", "--tls-key"),
        (None, Some(_)) => ("tls-key", "--tls-certificate"),
        (Some(_), Some(_)) | (None, None) => return Ok(()),
    };
    Err(format!("{} needs {missing} beside it: name both files, or neither for plain HTTP", origins.of(given)))
}

fn a_public_port_has_something_behind_it(config: &Config, origins: &Origins<'_>) -> Result<(), String> {
    if config.http3_public_port.is_none() || config.tls_certificate.is_some() && config.http3 == Switch::On {
        return Ok(());
    }
    let name = origins.of("http3-public-port");
    Err(format!("{name} does nothing without HTTP/3, which needs --tls-certificate and --http3=on"))
}

/// A bus for a cell that does not run gets nothing, and whoever names it believes that it does.
fn a_bus_has_a_cell(config: &Config, origins: &Origins<'_>) -> Result<(), String> {
    let (given, running, other) = match (config.mode, &config.bus_url_file, &config.live_bus_url_file) {
        (Deployment::Live, Some(_), _) => ("bus-url-file", "live", "--live-bus-url-file"),
        (Deployment::Sandbox, _, Some(_)) => ("live-bus-url-file", "sandbox", "--bus-url-file"),
        (Deployment::Live, None, _) | (Deployment::Sandbox, _, None) | (Deployment::Both, _, _) => return Ok(()),
    };
    Err(format!(
        "{} publishes nothing, since {} is {running}: name the file with {other}, or run that cell too",
        origins.of(given),
        origins.of("mode")
    ))
}

fn what_concerns_a_bus_has_one(config: &Config, origins: &Origins<'_>) -> Result<(), String> {
    let has_bus = config.bus_url_file.is_some() || config.live_bus_url_file.is_some();
    let given = ["bus-exchange", "bus-ca-file"].into_iter().find(|name| origins.is_given(name));
    match given {
        Some(name) if !has_bus => Err(format!(
            "{} does nothing without an event bus: name the file with its URL, --bus-url-file for the sandbox's events or \
             --live-bus-url-file for live's",
            origins.of(name)
        )),
        Some(_) | None => Ok(()),
    }
}

fn the_demo_tier_is_known(config: &Config, origins: &Origins<'_>) -> Result<(), String> {
    if config.tiers.has(&config.demo_tier) {
        return Ok(());
    }
    let (name, known) = (&config.demo_tier, config.tiers.names());
    Err(format!("{} names the tier {name}, which is not configured: use one of {known}", origins.of("demo-tier")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_exact() {
        for (text, expected) in [("10.0.0.5", "10.0.0.5/32"), ("10.0.0.0/8", "10.0.0.0/8"), ("::1", "::1/128")] {
            assert_eq!(network(text).map(|network| network.to_string()), Ok(expected.to_owned()));
        }
        for (text, part) in
            [("10.0.0.5/8", "write 10.0.0.0/8"), ("10.0.0.0/33", "CIDR"), ("proxy.example", "CIDR"), ("", "CIDR")]
        {
            assert!(network(text).is_err_and(|reason| reason.contains(part)), "{text}");
        }
        assert!(header_name("CF-IPCountry").is_ok() && header_name("a b").is_err() && header_name("").is_err());
    }

    #[test]
    fn addresses_are_numbers_or_localhost() {
        for (text, expected) in
            [("localhost:80", "127.0.0.1:80"), ("0.0.0.0:0", "0.0.0.0:0"), ("[::1]:8080", "[::1]:8080")]
        {
            assert_eq!(address(text).map(|address| address.to_string()), Ok(expected.to_owned()));
        }
        for text in ["", "8080", ":8080", "localhost", "localhost:", "localhost:99999", "gate.example:80", "::1:80"] {
            assert!(address(text).is_err_and(|reason| reason.contains("127.0.0.1:8080")), "{text}");
        }
    }

    #[test]
    fn host_names_are_bare() {
        for text in ["gate.example", "Gate", "10.0.0.1", "::1", "[::1]"] {
            assert_eq!(host_name(text), Ok(text.to_owned()));
        }
        for text in ["", "gate.example:443", "https://gate.example", "gate.example/", "a b", "[::1]:80"] {
            assert!(host_name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn public_urls_are_origins_with_an_optional_path() {
        assert_eq!(public_url("https://gate.example/"), Ok("https://gate.example".to_owned()));
        assert_eq!(public_url("http://127.0.0.1:8080/bank"), Ok("http://127.0.0.1:8080/bank".to_owned()));
        for text in ["", "gate.example", "ftp://gate.example", "https://", "https://a?b", "https://a#b", "https://a b"]
        {
            assert!(public_url(text).is_err(), "{text}");
        }
    }
}
