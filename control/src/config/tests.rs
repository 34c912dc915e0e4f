use std::fs;
use std::path::Path;

use super::*;

fn read_words(words: &[&str]) -> Result<Action, ConfigError> {
    read(["causeway"].iter().chain(words).map(OsString::from))
}

fn serve(words: &[&str]) -> Config {
    match read_words(&[&["serve"], words].concat()).unwrap() {
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

fn refused(words: &[&str]) -> String {
    read_words(&[&["serve"], words].concat()).unwrap_err().to_string()
}

fn file(directory: &Path, text: &str) -> String {
    let path = directory.join("causeway.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_definition_is_sound() {
    Program::command().debug_assert();
}

#[test]
fn defaults_are_the_contracts() {
    let config = serve(&[]);
    assert_eq!(config.mode, Deployment::Sandbox);
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.operator_listen.to_string(), "127.0.0.1:8081");
    assert_eq!(config.session_life, Duration::from_secs(3_600));
    assert_eq!(config.quote_life, Duration::from_secs(30));
    assert_eq!(config.delivery_gaps.0.len(), 4);
    assert_eq!(config.delivery_ports, [443, 8443]);
    assert_eq!((config.http3, config.http3_public_port), (Switch::On, None));
    assert!(!config.operator_allow_remote);
    assert!(config.operator_hosts.is_empty());
    assert!(config.trusted_proxies.is_empty() && config.country_header.is_none());
}

#[test]
fn the_file_gives_defaults_and_flags_win() {
    let directory = tempfile::tempdir().unwrap();
    let text = "quote-life = \"10s\"\nsession-life = \"2h\"\ndelivery-gaps = [\"1s\", \"2s\"]\nconnections = 7\n\
                delivery-ports = [443, 9443]\n\
                operator-hosts = [\"ops.example\", \"ops\"]\noperator-allow-remote = true\noperator-listen = \"0.0.0.0:9\"\n";
    let path = file(directory.path(), text);
    let config = serve(&["--config", &path, "--quote-life", "20s"]);
    assert_eq!(config.quote_life, Duration::from_secs(20));
    assert_eq!(config.session_life, Duration::from_secs(7_200));
    assert_eq!(config.delivery_gaps, Gaps(vec![Duration::from_secs(1), Duration::from_secs(2)]));
    assert_eq!(config.connections, 7);
    assert_eq!(config.delivery_ports, [443, 9443]);
    assert_eq!(serve(&["--delivery-ports=7443"]).delivery_ports, [7_443]);
    assert_eq!(config.operator_hosts, ["ops.example", "ops"]);
    assert!(config.operator_allow_remote);
}

#[test]
fn the_line_at_fault_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let check = |text: &str, line: &str, part: &str| {
        let error = refused(&["--config", &file(directory.path(), text)]);
        assert!(error.contains(line) && error.contains(part), "{text}: {error}");
    };
    check("\nsesion-life = \"1h\"\n", "causeway.toml:2: ", "no setting `sesion-life`");
    check("session-life = \"1h\"\nquote-life = \"1 h\"\n", "causeway.toml:2: ", "whole number and a unit");
    check("mode = \"prod\"", "causeway.toml:1: ", "sandbox, live, both");
    check("connections = 1.5", "causeway.toml:1: ", "`connections` must be");
    check("operator-allow-remote = \"yes\"", "causeway.toml:1: ", "true or false");
    check("# fine\nlisten = ", "causeway.toml:2: ", "");
    check("config = \"other.toml\"", "causeway.toml:1: ", "no setting `config`");
    check("\n\noperator-listen = \"0.0.0.0:1\"", "causeway.toml:3", "loopback");
    check("mode = \"live\"", "causeway.toml:1", "--master-key-file");
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let check = |words: &[&str], part: &str| {
        let error = refused(words);
        assert!(error.contains(part), "{words:?}: {error}");
    };
    check(&["--mode", "live"], "--master-key-file");
    check(&["--mode", "both"], "--master-key-file");
    let live = |words: &[&'static str]| [&["--mode", "live", "--master-key-file", "key"], words].concat();
    check(&live(&[]), "--live-corridors and --live-rates");
    check(&live(&["--corridors", "c", "--rates", "r"]), "--live-corridors and --live-rates");
    check(&live(&["--live-corridors", "c"]), "needs --live-rates:");
    check(&live(&["--live-rates", "r"]), "needs --live-corridors:");
    assert!(read_words(&[&["serve"], &live(&["--live-corridors", "c", "--live-rates", "r"])[..]].concat()).is_ok());
    check(&["--operator-listen", "0.0.0.0:8081"], "--operator-allow-remote");
    check(&["--listen", "127.0.0.1:8081"], "same address");
    check(&["--listen", "localhost:8081"], "same address");
    check(&["--listen", "0.0.0.0:8081"], "same address");
    check(&["--listen", "gate.example:8080"], "of names only localhost");
    check(&["--sandbox-hosts", "a.example,B.example", "--live-hosts", "b.example"], "both name B.example");
    check(&["--quote-life", "301s"], "300s");
    check(&["--delivery-ports", "443,0"], "0 is not in 1..");
    check(&["--config", "/nowhere/at/all.toml"], "cannot read");
    assert!(read_words(&["serve", "--listen", "127.0.0.1:0", "--operator-listen", "127.0.0.1:0"]).is_ok());
}

#[test]
fn a_bus_that_would_get_nothing_is_refused() {
    let live = ["--master-key-file=key", "--live-corridors=c", "--live-rates=r"];
    let (of_sandbox, of_live) = ("--bus-url-file=u", "--live-bus-url-file=v");
    for (words, part) in [
        (&["--mode=live", of_sandbox][..], "--bus-url-file publishes nothing, since --mode is live"),
        (&["--mode=live", of_sandbox, of_live], "--bus-url-file publishes nothing"),
        (&[of_live], "--live-bus-url-file publishes nothing, since --mode is sandbox"),
        (&["--bus-exchange=bank"], "--bus-exchange does nothing without"),
        (&["--bus-exchange=causeway.events"], "--bus-exchange does nothing without"),
        (&["--mode=live", "--bus-ca-file=ca"], "--bus-ca-file does nothing without"),
    ] {
        let error = refused(&[words, &live].concat());
        assert!(error.contains(part), "{words:?}: {error}");
    }
    for words in
        [&[of_sandbox, "--bus-exchange=bank"][..], &["--mode=live", of_live], &["--mode=both", of_sandbox, of_live]]
    {
        serve(&[words, &live].concat());
    }
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "\nbus-exchange = \"bank\"\n");
    assert!(refused(&["--config", &path]).contains("causeway.toml:2"), "where it stands");
}

#[test]
fn every_setting_can_come_from_the_environment() {
    let program = Program::command();
    for flag in serve_command(&program).get_arguments().filter(|flag| flag.get_id() != "help") {
        let expected = format!("CAUSEWAY_{}", flag.get_long().unwrap().replace('-', "_").to_uppercase());
        assert_eq!(flag.get_env().and_then(|name| name.to_str()), Some(expected.as_str()));
    }
}

#[test]
fn other_commands_take_no_settings() {
    assert!(matches!(read_words(&["openapi"]), Ok(Action::Openapi)));
    assert!(matches!(read_words(&["version"]), Ok(Action::Version)));
    assert!(matches!(read_words(&[]), Err(ConfigError::Usage(_))));
    assert!(matches!(read_words(&["serve", "--help"]), Err(ConfigError::Usage(_))));
}
