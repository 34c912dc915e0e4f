use std::fs;
use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::*;

const FILE: &str = r#"
[rail.sepa]
mode = "live"
url = "http://127.0.0.1:9/rails/v1/"
secret_file = "secret"
timeout = "2s"
at_once = 4
enquire_after = "1s"
enquire_every = "1m"
ca_file = "ca.pem"
client_certificate_file = "ca.pem"
client_key_file = "key.pem"

[rail.cards]
mode = "sandbox"
url = "https://cards.bank.example"
secret_file = "other-secret"
ca_file = "ca.pem"
"#;

struct Desk(tempfile::TempDir);

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        desk.put("secret", &"a".repeat(32), 0o600);
        desk.put("other-secret", &format!("{}\n", "b".repeat(64)), 0o600);
        desk.put("ca.pem", &pem("CERTIFICATE", cert.der()), 0o644);
        desk.put("key.pem", &pem("PRIVATE KEY", &signing_key.serialize_der()), 0o600);
        desk
    }

    fn put(&self, name: &str, text: &str, mode: u32) {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn load(&self, text: &str) -> Result<Vec<RailConfig>, String> {
        self.put("rails.toml", text, 0o644);
        load(&self.0.path().join("rails.toml")).map_err(|error| error.to_string())
    }

    /// The file with something else in it is refused at this line, in words that hold `part` and no secret.
    fn refuses(&self, from: &str, to: &str, line: usize, part: &str) {
        assert!(FILE.contains(from), "{from}");
        let error = self.load(&FILE.replacen(from, to, 1)).map(|_| ()).unwrap_err();
        assert!(error.contains(&format!("rails.toml:{line}: ")) && error.contains(part), "{from} → {to}: {error}");
        assert!(!error.contains("aaaa") && !error.contains("bbbb"), "{error}");
    }
}

#[test]
fn a_whole_file_is_read() {
    let rails = Desk::new().load(FILE).unwrap();
    let [cards, sepa] = &rails[..] else { panic!("two rails") };
    assert_eq!((sepa.name.as_str(), sepa.mode, sepa.target.path.as_str()), ("sepa", Mode::Live, "/rails/v1"));
    assert_eq!((sepa.secret.reveal().len(), sepa.timeout, sepa.at_once), (32, Duration::from_secs(2), 4));
    assert_eq!(Some(sepa.enquiries), Schedule::new(Duration::from_secs(1), Duration::from_secs(60)));
    assert_eq!((cards.mode, cards.target.path.as_str(), cards.at_once), (Mode::Sandbox, "", 32));
    assert_eq!((cards.secret.reveal().len(), cards.timeout), (64, Duration::from_secs(10)));
    assert!(Desk::new().load("").unwrap().is_empty());
}

#[test]
fn what_is_wrong_is_named_with_file_and_line() {
    let desk = Desk::new();
    desk.refuses("timeout = ", "time-out = ", 6, "time-out");
    desk.refuses("mode = \"live\"\n", "", 2, "mode");
    desk.refuses("\"live\"", "\"prod\"", 3, "use sandbox or live");
    desk.refuses("[rail.sepa]", "[rail.\"SE PA\"]", 2, "lower-case");
    desk.refuses("[rail.sepa]", "[rail.simulated]", 2, "take another");
    desk.refuses("[rail.sepa]", "[rails.sepa]", 2, "rails");
    desk.refuses("http://127.0.0.1:9/", "http://bank.example/", 4, "must be https");
    desk.refuses("http://127.0.0.1:9/", "http://10.0.0.1/", 4, "must be https");
    desk.refuses("http://127.0.0.1:9/rails/v1/", "https://bank.example/?a=b", 4, "query");
    desk.refuses("http://127.0.0.1:9/", "https://me@bank.example/", 4, "user name");
    desk.refuses("http://127.0.0.1:9/", "bank.example", 4, "cannot be used");
    desk.refuses("\"2s\"", "\"0s\"", 6, "longer than zero");
    desk.refuses("at_once = 4", "at_once = 0", 7, "1 to 1024");
    desk.refuses("at_once = 4", "at_once = -1", 7, "");
    desk.refuses("\"1m\"", "\"10ms\"", 8, "shorter than enquire_after");
    desk.refuses("client_key_file = \"key.pem\"\n", "", 11, "go together");
    desk.refuses("client_certificate_file = \"ca.pem\"\n", "", 11, "go together");
    desk.refuses("url = \"https", "url = \"https://x\"\nurl = \"https", 17, "");
}

#[test]
fn the_files_that_it_names_are_judged_too() {
    let desk = Desk::new();
    desk.refuses("\"secret\"", "\"absent\"", 5, "cannot be read");
    desk.put("open", &"c".repeat(32), 0o640);
    desk.refuses("\"secret\"", "\"open\"", 5, "chmod 600");
    desk.put("short", "aaaa", 0o600);
    desk.refuses("\"secret\"", "\"short\"", 5, "32 to 1024");
    desk.put("two", &format!("{0}\n{0}", "a".repeat(32)), 0o600);
    desk.refuses("\"secret\"", "\"two\"", 5, "32 to 1024");
    desk.refuses("\"secret\"", "\"other-secret\"", 2, "each needs its own");
    desk.refuses("ca_file = \"ca.pem\"", "ca_file = \"absent\"", 10, "cannot be read");
    desk.refuses("ca_file = \"ca.pem\"", "ca_file = \"secret\"", 10, "no certificate");
    desk.refuses("client_key_file = \"key.pem\"", "client_key_file = \"secret\"", 12, "no private key");
    desk.put("open-key", &fs::read_to_string(desk.0.path().join("key.pem")).unwrap(), 0o644);
    desk.refuses("client_key_file = \"key.pem\"", "client_key_file = \"open-key\"", 12, "chmod 600");
    let CertifiedKey { signing_key, .. } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    desk.put("strange-key", &pem("PRIVATE KEY", &signing_key.serialize_der()), 0o600);
    desk.refuses("client_key_file = \"key.pem\"", "client_key_file = \"strange-key\"", 11, "does not go with the key");
    assert!(load(Path::new("/nowhere/rails.toml")).is_err_and(|error| error.to_string().contains("cannot read")));
}
