//! Starts that are refused: one clear line, an exit code, and nothing written.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use causeway_tests::poll::SOON;
use causeway_tests::program::live_catalogue;
use causeway_tests::server::{DataDir, Exit, Running, Server, refused, spawn};

/// What concerns the configuration.
const CONFIGURATION: i32 = 2;
/// Everything else.
const OTHER: i32 = 1;

#[test]
fn a_directory_in_use_is_refused() {
    let server = Server::start(&[]);
    let exit = start(server.directory());
    is_refused(&exit, OTHER, &["in use"]);
    names_the_directory(&exit, server.directory());
    server.demo().get("/v1/gate_sessions").expect(200);
}

#[test]
fn a_foreign_directory_is_refused_and_left_alone() {
    let directory = DataDir::new();
    fs::write(directory.file("thesis.txt"), "years of work").unwrap();
    fs::create_dir(directory.file("sandbox")).unwrap();
    fs::write(directory.file("sandbox").join("CURRENT"), "not ours").unwrap();
    let exit = unchanged(&directory, start);
    is_refused(&exit, OTHER, &["not empty"]);
    names_the_directory(&exit, &directory);
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let directory = used();
    let mark = find(directory.path(), "CAUSEWAY");
    let text = fs::read_to_string(&mark).unwrap();
    assert!(text.contains("format 5"), "{text}");
    fs::write(&mark, text.replace("format 5", "format 999")).unwrap();
    let exit = unchanged(&directory, start);
    is_refused(&exit, OTHER, &["newer version", "999"]);
    fs::write(&mark, text).unwrap();
    Server::start_in(&directory, &[]);
}

#[test]
fn a_configuration_that_is_wrong_is_named_by_its_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = format!("--config={}", file.path().display());
    for (text, line, part) in [
        ("# fine\n\nsesion-life = \"1h\"\n", 3, "sesion-life"),
        ("quote-life = \"301s\"\n", 1, "300s"),
        ("session-life = \"1h\"\nquote-life = 5\n", 2, "quote-life"),
        ("mode = \"prod\"\n", 1, "sandbox"),
        ("connections = \n", 1, ""),
        ("\nmode = \"live\"\n", 2, "--master-key-file"),
        ("trusted-proxies = [\"10.0.0.0/8\", \"proxy\"]\n", 1, "CIDR"),
        ("\ntrusted-proxies = \"10.1.0.0/8\"\n", 2, "10.0.0.0/8"),
        ("\ncountry-header = \"CF-IPCountry\"\n", 2, "--trusted-proxies"),
        ("country-header = \"a b\"\n", 1, "name of a header"),
    ] {
        fs::write(file.path(), text).unwrap();
        let directory = DataDir::new();
        let exit = unchanged(&directory, |directory| start_with(directory, &[&config]));
        let place = format!("{}:{line}", file.path().display());
        is_refused(&exit, CONFIGURATION, &[&place, part]);
    }
}

#[test]
fn corridors_and_rates_that_are_wrong_are_named_by_their_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for flag in ["corridors", "rates"] {
        fs::write(file.path(), "# fine\n\n[[nonsense]]\nx = 1\n").unwrap();
        let named = format!("--{flag}={}", file.path().display());
        let directory = DataDir::new();
        let exit = unchanged(&directory, |directory| start_with(directory, &[&named]));
        is_refused(&exit, CONFIGURATION, &[&format!("{}:", file.path().display())]);
    }
}

#[test]
fn flags_that_are_wrong_are_refused() {
    for (flag, part) in [
        ("--nonsense=1", "--nonsense"),
        ("--quote-life=fast", "whole number"),
        ("--listen=here", "--listen"),
        ("--operator-listen=gate.example:8081", "of names only localhost"),
        ("--operator-listen=:8081", "127.0.0.1:8080"),
        ("--live-hosts=gate.example:443", "without scheme, port"),
        ("--operator-listen=0.0.0.0:0", "--operator-allow-remote"),
        ("--config=/nowhere/at/all.toml", "cannot read"),
        ("--corridors=/nowhere/at/all.toml", "cannot read"),
    ] {
        let directory = DataDir::new();
        let path = directory.path().to_string_lossy().into_owned();
        let exit = unchanged(&directory, |directory| {
            refused(&["serve", "--data-dir", &path, "--listen=127.0.0.1:0", flag], directory)
        });
        assert_eq!(exit.code, Some(CONFIGURATION), "{flag}: {exit}");
        assert!(exit.error.contains(part), "{flag}: {exit}");
    }
}

#[test]
fn live_needs_a_master_key_that_is_private_and_elsewhere() {
    let keys = DataDir::new();
    let key = |name: &str, text: &str, mode: u32| {
        fs::write(keys.file(name), text).unwrap();
        fs::set_permissions(keys.file(name), fs::Permissions::from_mode(mode)).unwrap();
        format!("--master-key-file={}", keys.file(name).display())
    };
    let good = "ab".repeat(32);
    let [corridors, rates] = &live_catalogue();
    for (flag, parts) in [
        (String::new(), ["--master-key-file", ""]),
        (key("open", &good, 0o644), ["chmod 600", "open"]),
        (key("group", &good, 0o640), ["chmod 600", "group"]),
        (key("short", "abcd", 0o600), ["64 hexadecimal", "short"]),
        (key("words", &"x".repeat(64), 0o600), ["64 hexadecimal", "words"]),
        ("--master-key-file=/nowhere/at/all".to_owned(), ["cannot read", ""]),
    ] {
        for mode in ["--mode=live", "--mode=both"] {
            let flags: Vec<&str> =
                [mode, &flag, corridors, rates].into_iter().filter(|flag| !flag.is_empty()).collect();
            let directory = DataDir::new();
            let exit = unchanged(&directory, |directory| start_with(directory, &flags));
            is_refused(&exit, CONFIGURATION, &parts);
            assert!(!exit.error.contains(&good), "the key is told");
        }
    }
    let inside = DataDir::new();
    fs::write(inside.file("key"), &good).unwrap();
    fs::set_permissions(inside.file("key"), fs::Permissions::from_mode(0o600)).unwrap();
    let flag = format!("--master-key-file={}", inside.file("key").display());
    let exit = unchanged(&inside, |directory| start_with(directory, &["--mode=live", &flag, corridors, rates]));
    is_refused(&exit, CONFIGURATION, &["inside the data directory"]);
}

/// What the program ships is for the sandbox: real money does not move by it.
#[test]
fn live_needs_corridors_and_rates_of_its_own() {
    let key = "--master-key-file=/nowhere/at/all";
    let [corridors, rates] = &live_catalogue();
    let [sandbox_corridors, sandbox_rates] = live_catalogue().map(|flag| flag.replace("--live-", "--"));
    let absent = "--live-rates=/nowhere/at/all.toml";
    for mode in ["--mode=live", "--mode=both"] {
        for (flags, part) in [
            (vec![], "--live-corridors and --live-rates"),
            (vec![sandbox_corridors.as_str(), &sandbox_rates], "--live-corridors and --live-rates"),
            (vec![corridors.as_str()], "--live-rates"),
            (vec![rates.as_str()], "--live-corridors"),
            (vec![corridors.as_str(), absent], "cannot read /nowhere/at/all.toml"),
        ] {
            let directory = DataDir::new();
            let flags = [&[mode, key], &flags[..]].concat();
            let exit = unchanged(&directory, |directory| start_with(directory, &flags));
            is_refused(&exit, CONFIGURATION, &[part]);
        }
    }
}

#[test]
fn an_environment_variable_that_no_setting_has_is_refused() {
    let directory = DataDir::new();
    let path = directory.path().to_string_lossy().into_owned();
    let words = ["serve", "--data-dir", &path, "--listen=127.0.0.1:0", "--operator-listen=127.0.0.1:0"];
    let exit = unchanged(&directory, |directory| {
        let environment = [("CAUSEWAY_QUOTE_LIVE", "5s"), ("CAUSEWAY_MODE", "sandbox")];
        Running::start_with(&environment, &words, directory.path()).wait(SOON)
    });
    is_refused(&exit, CONFIGURATION, &["CAUSEWAY_QUOTE_LIVE", "CAUSEWAY_QUOTE_LIFE"]);
    // What the set-up and the tests set may be there.
    let around = [("CAUSEWAY_CACHE", path.as_str()), ("CAUSEWAY_KILLS", "1"), ("CAUSEWAY_QUOTE_LIFE", "5s")];
    let mut running = Running::start_with(&around, &words, directory.path());
    running.addresses(SOON).unwrap_or_else(|exit| panic!("{exit}"));
}

#[test]
fn one_address_for_both_listeners_is_refused() {
    for (partners, operators) in [
        ("--listen=127.0.0.1:8089", "--operator-listen=127.0.0.1:8089"),
        ("--listen=localhost:8089", "--operator-listen=127.0.0.1:8089"),
        ("--listen=0.0.0.0:8089", "--operator-listen=127.0.0.1:8089"),
        ("--listen=[::]:8089", "--operator-listen=[::1]:8089"),
    ] {
        let directory = DataDir::new();
        let path = directory.path().to_string_lossy().into_owned();
        let words = ["serve", "--data-dir", &path, partners, operators];
        let exit = unchanged(&directory, |directory| refused(&words, directory));
        is_refused(&exit, CONFIGURATION, &["--listen", "--operator-listen", "same address"]);
    }
    let directory = DataDir::new();
    let hosts = ["--sandbox-hosts=gate.example", "--live-hosts=other.example,Gate.example"];
    let exit = unchanged(&directory, |directory| start_with(directory, &hosts));
    is_refused(&exit, CONFIGURATION, &["--sandbox-hosts", "--live-hosts", "gate.example"]);
}

#[test]
fn localhost_is_an_address() {
    let directory = DataDir::new();
    let path = directory.path().to_string_lossy().into_owned();
    let words = ["serve", "--data-dir", &path, "--listen=localhost:0", "--operator-listen=localhost:0"];
    let mut running = Running::start(&words, directory.path());
    let addresses = running.addresses(SOON).unwrap_or_else(|exit| panic!("{exit}"));
    assert!(addresses.partners.ip().is_loopback() && addresses.operator.ip().is_loopback());
}

#[test]
fn a_data_directory_that_is_a_file_is_refused() {
    let directory = DataDir::new();
    let file = directory.file("notes.txt");
    fs::write(&file, "not a directory").unwrap();
    let path = file.to_string_lossy().into_owned();
    let words = ["serve", "--data-dir", &path, "--listen=127.0.0.1:0", "--operator-listen=127.0.0.1:0"];
    let exit = unchanged(&directory, |directory| refused(&words, directory));
    is_refused(&exit, OTHER, &["no directory", &path, "--data-dir"]);
}

/// Without the fingerprint another master key would be taken for the former one.
#[test]
fn a_used_directory_without_the_keys_fingerprint_is_refused() {
    let directory = used();
    let fingerprint = directory.file("master-key.fingerprint");
    let known = fs::read_to_string(&fingerprint).unwrap();
    fs::remove_file(&fingerprint).unwrap();
    let exit = unchanged(&directory, start);
    is_refused(&exit, OTHER, &["master-key.fingerprint is missing", known.trim()]);
    names_the_directory(&exit, &directory);
    fs::write(directory.file("master-key"), "cd".repeat(32)).unwrap();
    is_refused(&unchanged(&directory, start), OTHER, &["master-key.fingerprint is missing"]);
    fs::write(&fingerprint, known).unwrap();
    is_refused(&unchanged(&directory, start), OTHER, &["master key is not the one"]);
}

#[test]
fn an_address_in_use_is_refused() {
    let server = Server::start(&[]);
    let taken = format!("--listen={}", server.api().address());
    let directory = DataDir::new();
    let path = directory.path().to_string_lossy().into_owned();
    let exit = refused(&["serve", "--data-dir", &path, &taken, "--operator-listen=127.0.0.1:0"], &directory);
    is_refused(&exit, OTHER, &[&server.api().address().to_string()]);
}

fn start(directory: &DataDir) -> Exit {
    start_with(directory, &[])
}

fn start_with(directory: &DataDir, flags: &[&str]) -> Exit {
    spawn(directory, flags).wait(SOON)
}

/// Exit code, and one line that says all of `parts`.
fn is_refused(exit: &Exit, code: i32, parts: &[&str]) {
    assert_eq!(exit.code, Some(code), "{exit}");
    let lines: Vec<&str> = exit.error.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(lines.len(), 1, "one line is enough: {exit}");
    assert!(parts.iter().all(|part| lines[0].contains(part)), "{parts:?}: {exit}");
}

fn names_the_directory(exit: &Exit, directory: &DataDir) {
    assert!(exit.error.contains(&*directory.path().to_string_lossy()), "{exit}");
}

/// Runs `act` and fails the test when a file of the directory is another one afterwards.
fn unchanged(directory: &DataDir, act: impl FnOnce(&DataDir) -> Exit) -> Exit {
    let before = content(directory.path());
    let exit = act(directory);
    let after = content(directory.path());
    let (before, after): (Vec<_>, Vec<_>) = (before.into_iter().collect(), after.into_iter().collect());
    assert!(before == after, "something was written: {exit}\nbefore {before:?}\nafter {after:?}");
    exit
}

/// Every file below a directory with its length and modification time.
fn content(path: &Path) -> BTreeMap<PathBuf, (u64, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let data = entry.metadata().unwrap();
        if data.is_dir() {
            found.extend(content(&entry.path()));
        } else {
            found.insert(entry.path(), (data.len(), data.modified().unwrap()));
        }
    }
    found
}

/// A data directory that a gateway has used and left.
fn used() -> DataDir {
    let server = Server::start(&[]);
    let directory = server.directory().clone();
    assert_eq!(server.stop().code, Some(0));
    directory
}

fn find(path: &Path, name: &str) -> PathBuf {
    let files = content(path);
    let named = |path: &&PathBuf| path.file_name().is_some_and(|found| found == name);
    files.keys().find(named).unwrap_or_else(|| panic!("no {name} in {files:?}")).clone()
}
