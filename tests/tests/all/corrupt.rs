//! A damaged data directory: it is refused by a line that says where, or nothing of what was acknowledged is missing.

use std::fs;
use std::path::{Path, PathBuf};

use causeway_tests::partner::{Kind, Partner, session_body};
use causeway_tests::server::{DataDir, Server, spawn};
use serde_json::Value;

/// A stopped gateway's directory with its demo partner's sessions.
struct Kept {
    directory: DataDir,
    partner: Partner,
    sessions: Vec<Value>,
}

fn kept() -> Kept {
    let server = Server::start(&[]);
    let partner = server.demo();
    let session = |_| partner.session(&session_body(Kind::PayIn, "10.00"))["id"].clone();
    let mut sessions: Vec<Value> = (0..50).map(session).collect();
    for kind in Kind::BOTH {
        let payment = partner.start(kind, "10.00");
        partner.wait_for_payment(&payment, "settled");
        sessions.push(payment["session_id"].clone());
    }
    let directory = server.directory().clone();
    assert_eq!(server.stop().code, Some(0));
    Kept { directory, partner, sessions }
}

#[test]
fn damage_to_what_finds_the_data_is_refused() {
    for (name, damage) in [("CURRENT", Damage::Garbage), ("CAUSEWAY", Damage::Garbage), ("MANIFEST", Damage::Flip(4))] {
        let kept = kept();
        let file = find(kept.directory.path(), name);
        damage.apply(&file);
        let exit = spawn(&kept.directory, &[]).wait(causeway_tests::poll::SOON);
        assert_eq!(exit.code, Some(1), "{name}: {exit}");
        let lines: Vec<&str> = exit.error.lines().filter(|line| !line.trim().is_empty()).collect();
        assert_eq!(lines.len(), 1, "{name}: one line is enough: {exit}");
        let path = kept.directory.path().to_string_lossy().into_owned();
        assert!(lines[0].contains(&path), "{name}: it names the directory: {exit}");
    }
}

/// A bit that has turned in a log or table is noticed: at the start, or when what it was part of is read.
#[test]
fn no_damage_is_passed_over_in_silence() {
    let kept = kept();
    let original = copy_of(&kept.directory);
    for file in data_files(kept.directory.path()) {
        for eighth in [1, 3, 4, 6] {
            Damage::Flip(eighth).apply(&file);
            let noticed = match Server::try_start_in(&kept.directory, &[]) {
                Err(exit) => {
                    assert!(exit.code == Some(1) && !exit.error.is_empty(), "{}: {exit}", file.display());
                    true
                }
                Ok(server) => kept.is_damaged(&server),
            };
            assert!(noticed, "{}: a bit has turned in silence", file.display());
            restore(&original, &kept.directory);
        }
    }
    let server = Server::start_in(&kept.directory, &[]);
    assert!(!kept.is_damaged(&server), "without damage everything is there");
}

impl Kept {
    /// Whether reads fail. What was acknowledged must never read as if it had not been.
    fn is_damaged(&self, server: &Server) -> bool {
        let partner = self.partner.at(server);
        let read = |session: &Value| partner.get(&format!("/v1/gate_sessions/{}", session.as_str().unwrap()));
        let statuses: Vec<u16> = self.sessions.iter().map(|session| read(session).status).collect();
        assert!(!statuses.contains(&404), "sessions are gone in silence: {statuses:?}");
        statuses.contains(&500)
    }
}

enum Damage {
    /// The content is replaced.
    Garbage,
    /// One bit turns, so many eighths into the file.
    Flip(usize),
}

impl Damage {
    fn apply(&self, file: &Path) {
        let mut bytes = fs::read(file).unwrap();
        match self {
            Damage::Garbage => bytes = b"\x00\xff garbage \x00".to_vec(),
            Damage::Flip(eighths) => {
                let place = bytes.len() * eighths / 8;
                bytes[place] ^= 0x10;
            }
        }
        fs::write(file, bytes).unwrap();
    }
}

/// The files that hold rows: logs and tables with something in them.
fn data_files(path: &Path) -> Vec<PathBuf> {
    let is_data = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "log" || extension == "sst");
    let filled = |path: &PathBuf| fs::metadata(path).is_ok_and(|data| data.len() > 64);
    let files: Vec<PathBuf> = files(path).into_iter().filter(|path| is_data(path) && filled(path)).collect();
    assert!(!files.is_empty(), "there are no data files below {}", path.display());
    files
}

fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

fn find(path: &Path, prefix: &str) -> PathBuf {
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    let found = files(path).into_iter().find(named);
    found.unwrap_or_else(|| panic!("no {prefix} below {}", path.display()))
}

fn copy_of(directory: &DataDir) -> Vec<(PathBuf, Vec<u8>)> {
    files(directory.path()).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn restore(original: &[(PathBuf, Vec<u8>)], directory: &DataDir) {
    for file in files(directory.path()) {
        if original.iter().all(|(path, _)| *path != file) {
            fs::remove_file(file).unwrap();
        }
    }
    for (path, bytes) in original {
        fs::write(path, bytes).unwrap();
    }
}
