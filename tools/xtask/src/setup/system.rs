//! What the operating system has to provide: found, or installed with apt-get when this runs as root, or named.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::failure::Failure;
use crate::paths;
use crate::process;

/// The library with which the bindings to RocksDB are generated.
pub struct Libclang {
    /// Where it lies.
    pub directory: PathBuf,
    /// Whether `LIBCLANG_PATH` says so; elsewhere builds find it by themselves.
    pub by_variable: bool,
}

/// The compiler that RocksDB is built with.
pub struct Compiler {
    /// The program, and arguments if `CXX` has some.
    pub program: String,
    /// Family and version, such as `gcc-12.2.0`.
    pub id: String,
}

/// Finds libclang where the bindings' generator will look for it too.
pub fn libclang() -> Result<Libclang, Failure> {
    found_or_installed(
        find_libclang,
        &["libclang-dev"],
        "libclang is missing, and RocksDB's bindings are generated with it",
    )
}

/// Finds the C++ compiler: `CXX`, else `c++`, else `g++`.
pub fn compiler() -> Result<Compiler, Failure> {
    if let Some(named) = env::var("CXX").ok().filter(|named| !named.trim().is_empty()) {
        let missing = format!("CXX names `{named}`, which does not run as a C++ compiler: correct or unset CXX");
        return compiler_named(&named).ok_or_else(|| Failure::missing(missing));
    }
    let find = || ["c++", "g++"].into_iter().find_map(compiler_named);
    found_or_installed(find, &["g++"], "a C++ compiler is missing, and RocksDB is built with it")
}

/// Finds curl, with which the tests run the documented examples.
pub fn curl() -> Result<PathBuf, Failure> {
    found_or_installed(|| paths::program("curl"), &["curl"], "curl is missing, and the tests start it")
}

/// Finds Node.js, with which the tests run the documented examples; `fetch` is part of it from version 18.
pub fn node() -> Result<PathBuf, Failure> {
    let node =
        found_or_installed(|| paths::program("node"), &["nodejs"], "Node.js is missing, and the tests start it")?;
    let version = process::output(&node, &["--version"]).unwrap_or_default();
    match node_major(&version) {
        Some(major) if major >= 18 => Ok(node),
        _ => Err(Failure::missing(format!(
            "{} is version `{}`, and the tests need 18 or newer: install one from nodejs.org and put it first on PATH",
            node.display(),
            version.trim()
        ))),
    }
}

/// Finds npm, which installs what the tests import in Node.js.
pub fn npm() -> Result<PathBuf, Failure> {
    found_or_installed(|| paths::program("npm"), &["npm"], "npm is missing, and it installs what the tests import")
}

/// Finds the directory of RabbitMQ's scripts: the tests start a node of their own. The package would start the machine's.
pub fn rabbitmq() -> Result<PathBuf, Failure> {
    let server = || {
        let versions = fs::read_dir("/usr/lib/rabbitmq/lib").into_iter().flatten().flatten();
        let mut scripts = versions.map(|version| version.path().join("sbin"));
        scripts.find(|sbin| sbin.join("rabbitmq-server").is_file() && paths::program("epmd").is_some())
    };
    let _policy = server().is_none().then(NoServices::new);
    found_or_installed(server, &["rabbitmq-server"], "RabbitMQ is missing, and the tests start it")
}

/// While it lives, packages start no services, unless the machine has a policy of its own.
struct NoServices {
    is_ours: bool,
}

/// Asked by packages that would start a service; exit code 101 forbids it.
const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoServices {
    fn new() -> NoServices {
        let is_ours = is_root() && !Path::new(POLICY).exists() && forbid_services().is_ok();
        NoServices { is_ours }
    }
}

fn forbid_services() -> std::io::Result<()> {
    fs::write(POLICY, "#!/bin/sh\nexit 101\n")?;
    fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.is_ours && fs::remove_file(POLICY).is_err() {
            println!("{POLICY} is left behind and keeps packages from starting services: remove it");
        }
    }
}

/// What `find` finds now, or after these packages are installed. `why` says what is missing and for what.
pub fn found_or_installed<T>(find: impl Fn() -> Option<T>, packages: &[&str], why: &str) -> Result<T, Failure> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let names = packages.join(" ");
    let by_hand = format!("{why}: install it (Debian and Ubuntu: `apt-get install {names}`), then run this again");
    if !is_root() || paths::program("apt-get").is_none() {
        return Err(Failure::missing(by_hand));
    }
    println!("installing {names}");
    if !apt_lists_are_fresh() || !apt(&[&["install", "-y", "-q", "--no-install-recommends"], packages].concat()) {
        return Err(Failure::missing(format!("apt-get failed, its output is above; {by_hand}")));
    }
    find().ok_or_else(|| Failure::missing(format!("{names} was installed, but not found; {by_hand}")))
}

fn find_libclang() -> Option<Libclang> {
    let standard = |directory| Libclang { directory, by_variable: false };
    named_libclang().or_else(|| in_loader_cache().or_else(in_llvm_directories).map(standard))
}

fn named_libclang() -> Option<Libclang> {
    let named = PathBuf::from(env::var_os("LIBCLANG_PATH")?);
    let directory = if named.is_file() { named.parent()?.to_path_buf() } else { named };
    holds_libclang(&directory).then_some(Libclang { directory, by_variable: true })
}

fn in_loader_cache() -> Option<PathBuf> {
    let listing = process::output("ldconfig", &["-p"]).or_else(|| process::output("/sbin/ldconfig", &["-p"]))?;
    libclang_in_listing(&listing)
}

/// Picks libclang out of what `ldconfig -p` prints: `name (kind) => path` on each line.
fn libclang_in_listing(listing: &str) -> Option<PathBuf> {
    let paths = listing.lines().filter_map(|line| line.split_once(" => ")).map(|(_, path)| Path::new(path.trim()));
    let mut matching = paths.filter(|path| path.file_name().is_some_and(is_libclang));
    matching.next()?.parent().map(Path::to_path_buf)
}

fn in_llvm_directories() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> =
        fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    versions.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("llvm-")));
    versions.sort();
    versions.into_iter().rev().map(|version| version.join("lib")).find(|directory| holds_libclang(directory))
}

fn holds_libclang(directory: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(directory) else {
        return false;
    };
    entries.any(|entry| entry.is_ok_and(|entry| is_libclang(&entry.file_name())))
}

/// `libclang.so`, `libclang-14.so.13` and the like, but not `libclang-cpp.so`.
fn is_libclang(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let Some(rest) = name.strip_prefix("libclang") else {
        return false;
    };
    let rest = rest.trim_start_matches(|c: char| c == '-' || c == '.' || c.is_ascii_digit());
    rest == "so" || rest.starts_with("so.")
}

fn compiler_named(program: &str) -> Option<Compiler> {
    let mut words = program.split_whitespace();
    let executable = words.next()?;
    let mut arguments: Vec<&str> = words.collect();
    arguments.extend(["-dM", "-E", "-x", "c++", "-"]);
    let id = compiler_id(&process::output(executable, &arguments)?)?;
    Some(Compiler { program: program.to_owned(), id })
}

/// Family and version out of the compiler's predefined macros, which are the same in every language and packaging.
fn compiler_id(macros: &str) -> Option<String> {
    let value = |name: &str| {
        macros.lines().find_map(|line| line.strip_prefix("#define ")?.strip_prefix(name)?.strip_prefix(' '))
    };
    let id = |family: &str, names: [&str; 3]| {
        let [major, minor, patch] = names.map(value);
        Some(format!("{family}-{}.{}.{}", major?, minor?, patch?))
    };
    // Clang defines the GNU macros as well, so it is asked first.
    id("clang", ["__clang_major__", "__clang_minor__", "__clang_patchlevel__"])
        .or_else(|| id("gcc", ["__GNUC__", "__GNUC_MINOR__", "__GNUC_PATCHLEVEL__"]))
}

fn node_major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn is_root() -> bool {
    process::output("id", &["-u"]).is_some_and(|id| id.trim() == "0")
}

/// The package lists are fetched once, however many packages are missing.
fn apt_lists_are_fresh() -> bool {
    static FETCHED: OnceLock<bool> = OnceLock::new();
    *FETCHED.get_or_init(|| apt(&["update", "-q"]))
}

fn apt(arguments: &[&str]) -> bool {
    let mut command = process::fresh("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    process::run(&mut command).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_are_told_apart_by_their_macros() {
        let gcc = "#define __GNUC__ 12\n#define __GNUC_MINOR__ 2\n#define __GNUC_PATCHLEVEL__ 0\n#define __GNUC_GNU_INLINE__ 1";
        assert_eq!(compiler_id(gcc).as_deref(), Some("gcc-12.2.0"));
        let clang = "#define __clang_major__ 14\n#define __clang_minor__ 0\n#define __clang_patchlevel__ 6\n";
        let posing = format!("#define __GNUC__ 4\n#define __GNUC_MINOR__ 2\n#define __GNUC_PATCHLEVEL__ 1\n{clang}");
        assert_eq!(compiler_id(&posing).as_deref(), Some("clang-14.0.6"));
        assert_eq!(compiler_id("#define __OTHER__ 1"), None);
    }

    #[test]
    fn libclang_is_not_mistaken_for_its_cpp_interface() {
        let names = ["libclang.so", "libclang.so.1", "libclang-14.so.13", "libclang-14.0.6.so"];
        assert!(names.iter().all(|name| is_libclang(OsStr::new(name))));
        let others = ["libclang-cpp.so.14", "libclangAST.a", "libclang.a", "libclang_rt.so"];
        assert!(others.iter().all(|name| !is_libclang(OsStr::new(name))));
    }

    #[test]
    fn the_loader_cache_gives_the_directory() {
        let listing = "12 libs found\n\tlibclang-cpp.so.14 (libc6) => /lib/a/libclang-cpp.so.14\n\
                       \tlibclang-14.so.13 (libc6,x86-64) => /lib/b/libclang-14.so.13\n";
        assert_eq!(libclang_in_listing(listing), Some(PathBuf::from("/lib/b")));
        assert_eq!(libclang_in_listing("0 libs found"), None);
    }

    #[test]
    fn node_versions_are_read() {
        assert_eq!(node_major("v20.20.2\n"), Some(20));
        assert_eq!(node_major("12.1"), None);
    }
}
