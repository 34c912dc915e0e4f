//! What must hold between settings, and formats that clap does not know.

use super::origin::Origins;
use super::{Config, ConfigError, Deployment};

/// Refuses settings that do not go together. What concerns files is checked when they are opened.
pub fn check(config: &Config, origins: &Origins<'_>) -> Result<(), ConfigError> {
    let rules = [
        live_has_a_master_key(config, origins),
        operator_listener_is_local(config, origins),
        listeners_differ(config, origins),
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
    if config.listen.port() == 0 || config.listen != config.operator_listen {
        return Ok(());
    }
    Err(format!(
        "{} and {} are the same address, {}: give each its own port",
        origins.of("listen"),
        origins.of("operator-listen"),
        config.listen
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

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
