//! A gateway that runs sandbox and live side by side.

use std::os::unix::fs::PermissionsExt;

use causeway_tests::operator::Rights;
use causeway_tests::partner::Partner;
use causeway_tests::program::live_catalogue;
use causeway_tests::server::{DataDir, Server};

/// A master key in a directory of its own, and the flags that live cannot do without.
pub struct MasterKey {
    _directory: DataDir,
    needed: Vec<String>,
}

impl MasterKey {
    /// One of this byte alone, and the catalogue that the program ships.
    pub fn new(byte: &str) -> MasterKey {
        MasterKey::with_catalogue(byte, live_catalogue())
    }

    /// The same with the flags of another catalogue.
    pub fn with_catalogue(byte: &str, catalogue: [String; 2]) -> MasterKey {
        let directory = DataDir::new();
        let path = directory.file("master-key");
        std::fs::write(&path, byte.repeat(32)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let key = format!("--master-key-file={}", path.display());
        MasterKey { _directory: directory, needed: [vec![key], catalogue.to_vec()].concat() }
    }

    /// These flags, and behind them what live needs.
    pub fn flags<'a>(&'a self, flags: &[&'a str]) -> Vec<&'a str> {
        flags.iter().copied().chain(self.needed.iter().map(String::as_str)).collect()
    }
}

/// One account in both modes.
pub struct Both {
    pub server: Server,
    pub sandbox: Partner,
    pub live: Partner,
    pub key: MasterKey,
}

/// Without a model, so that what a script's haste looks like to one does not matter here: the fallback rules know
/// nothing against a small first payment.
pub fn both() -> Both {
    both_with(&[])
}

/// The same with these flags.
pub fn both_with(flags: &[&str]) -> Both {
    let key = MasterKey::new("5a");
    let server = Server::start(&key.flags(&[&["--mode=both", "--model-dir=/nowhere"], flags].concat()));
    let operator = server.operator();
    let sandbox = operator.partner("a bank", Rights::ALL);
    let live = operator.partner_of(&sandbox.account, Rights { mode: "live", ..Rights::ALL });
    Both { server, sandbox, live, key }
}
