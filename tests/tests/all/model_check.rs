//! `causeway model check`: what it tells a data scientist, and that nothing that is handed over can hurt.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use causeway_tests::partner::Kind;
use causeway_tests::poll::{SOON, poll};
use causeway_tests::program;
use causeway_tests::server::{DataDir, Server};
use serde_json::Value;

/// Each package that `models/bad/make.py` writes and that must be refused, with words that it must be told.
const BAD: [(&str, &str); 25] = [
    ("wrong-checksum", "the manifest says 0000"),
    ("unknown-feature", "there is no feature \"amount_usd_log1p\"; is amount_usd_log10 meant?"),
    ("golden-off", "golden row 3 scores"),
    ("not-onnx", "it is not an ONNX model"),
    ("loop", "the operator Loop of ai.onnx may not be used: a graph that loops or branches may run for ever"),
    ("custom-operator", "the operator Score of my.company may not be used"),
    ("opset", "its opset 27 of ai.onnx cannot be run; export with target_opset 7 to 26"),
    ("random", "the operator RandomNormalLike of ai.onnx may not be used: it is random"),
    ("constant-of-shape", "the size of what it makes depends on the data"),
    ("external-data", "its weights lie in another file"),
    ("too-many-weights", "its weights have 4500000 numbers, at most 4000000 are allowed"),
    ("fixed-batch", "its input takes 1 rows at a time"),
    ("deep-trees", "its trees visit up to 30030 nodes for one row, at most 20000 are allowed"),
    ("looping-tree", "a tree goes round in a circle"),
    ("not-a-number", "golden row 1 scores NaN"),
    ("infinite", "golden row 1 scores"),
    ("above-one", "golden row 1 scores"),
    ("shape-that-lies", "the output has shape [32, 1] for 16 rows"),
    ("batch-that-lies", "it does not score one row"),
    ("over-the-batch", "nothing may be computed over the rows of a batch"),
    ("allocates-wildly", "it needs more than 1024 MiB of memory"),
    ("too-slow", "it is too slow: one row takes"),
    ("map-without-class", "the output's map has no class 7"),
    ("map-as-column", "is a list of maps; say kind = \"map\""),
    ("no-such-folder", "cannot read"),
];

/// Those that must not be refused.
const GOOD: [&str; 8] = [
    "good-logistic",
    "good-logit",
    "good-boosting",
    "good-forest",
    "good-perceptron",
    "good-map",
    "good-word-map",
    "trap",
];

/// All packages, written once for this run of the tests.
pub fn made(name: &str) -> PathBuf {
    static MADE: OnceLock<DataDir> = OnceLock::new();
    let directory = MADE.get_or_init(|| {
        let directory = DataDir::new();
        let mut python = Command::new(program::python());
        python.arg(program::repository().join("models/bad/make.py")).arg(directory.file("packages"));
        let output = python.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        directory
    });
    directory.file("packages").join(name)
}

/// Exit code and output.
fn check(folder: &Path, flags: &[&str]) -> (Option<i32>, String) {
    let output = program::causeway().args(["model", "check"]).arg(folder).args(flags).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn bad_packages_are_refused_in_plain_words() {
    for (name, words) in BAD {
        let (code, said) = check(&made(name), &[]);
        assert_eq!(code, Some(1), "{name}: {said}");
        let line = said.lines().find(|line| line.starts_with("WRONG"));
        assert!(line.is_some_and(|line| line.contains(words)), "{name}: {said}");
        assert!(said.contains("the package cannot be loaded"), "{name}: {said}");
    }
}

#[test]
fn good_packages_pass_as_they_come() {
    for name in GOOD {
        // Whoever shares this machine must not fail them.
        let (code, said) = check(&made(name), &["--budget=100ms"]);
        assert_eq!(code, Some(0), "{name}: {said}");
        assert!(!said.contains("WRONG") && said.contains(&format!("{name} 1 can be loaded")), "{name}: {said}");
    }
}

/// Every package of the repository, in folders by name and version: a change of the features, of the checks or of the runtime's
/// version must leave all of them as they are.
#[test]
fn every_package_of_the_repository_passes() {
    let models = program::repository().join("models");
    let folders = |of: &Path| -> Vec<PathBuf> {
        let all = std::fs::read_dir(of).unwrap_or_else(|error| panic!("{}: {error}", of.display()));
        let mut all: Vec<PathBuf> = all.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
        all.sort();
        all
    };
    let examples = folders(&models.join("examples")).into_iter().flat_map(|name| folders(&name));
    let others = ["baseline", "speed"].into_iter().flat_map(|name| folders(&models.join(name)));
    let packages: Vec<PathBuf> = others.chain(examples).collect();
    assert!(packages.len() >= 9, "{packages:?}");
    for package in packages.iter().filter(|package| package.join("manifest.toml").is_file()) {
        let (code, said) = check(package, &["--json", "--budget=100ms"]);
        let report: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{package:?}: {error}: {said}"));
        assert_eq!((code, &report["verified"]), (Some(0), &true.into()), "{}: {said}", package.display());
        let lines = report["lines"].as_array().unwrap();
        let of = |topic: &str| lines.iter().any(|line| line["topic"] == topic && line["passed"] == true);
        assert!(of("golden scores"), "{}: {said}", package.display());
    }
}

#[test]
fn the_shipped_package_passes_and_says_so_to_programs() {
    let (code, said) = check(&program::repository().join("models/baseline/2"), &["--json", "--budget=100ms"]);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &report["verified"], &report["package"]["name"]), (Some(0), &true.into(), &"baseline".into()));
    assert!(report["timing"]["single_median"].as_f64().unwrap() > 0.0, "{report}");
    let lines = report["lines"].as_array().unwrap();
    assert!(lines.iter().all(|line| line["passed"] == true && line["says"].is_string()), "{report}");
}

/// A file of two gigabytes is refused by its length: it is not read.
#[test]
fn a_huge_file_is_refused_at_once() {
    let package = copy("good-logistic");
    for (file, limit) in [("model.onnx", 67_108_864), ("golden.csv", 4_194_304), ("manifest.toml", 262_144)] {
        File::options().write(true).open(package.file(file)).unwrap().set_len(2 << 30).unwrap();
        let before = Instant::now();
        let (code, said) = check(package.path(), &[]);
        assert!(before.elapsed() < Duration::from_secs(5), "{file}: {:?}", before.elapsed());
        assert_eq!(code, Some(1), "{file}: {said}");
        assert!(said.contains(&format!("it has 2147483648 bytes, at most {limit} are allowed")), "{file}: {said}");
    }
}

#[test]
fn links_out_of_the_folder_are_not_followed() {
    let package = copy("good-logistic");
    std::fs::remove_file(package.file("model.onnx")).unwrap();
    std::os::unix::fs::symlink(made("good-logit").join("model.onnx"), package.file("model.onnx")).unwrap();
    let (code, said) = check(package.path(), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("a link out of the package's folder"), "{said}");
}

/// A package that is refused is not loaded at the start either, whatever it is that is wrong with it.
#[test]
fn a_package_that_is_refused_is_never_loaded() {
    for name in ["allocates-wildly", "loop", "over-the-batch"] {
        let flag = format!("--model-dir={}", made(name).display());
        let server = Server::start(&[&flag]);
        let out = server.log().out();
        assert!(out.contains("the fallback rules decide"), "{name}: {out}");
        pays(&server, "60.00");
    }
}

/// Within every limit, quick for the rows that it was shown with, and slow for others: the guard sees it.
#[test]
fn a_model_that_becomes_slow_is_cut_off_and_payments_go_on() {
    let flag = format!("--model-dir={}", made("trap").display());
    let server = Server::start(&[&flag, "--model-budget=10us"]);
    assert!(server.log().out().contains("trap 1"), "{}", server.log().out());
    poll(SOON, "the model is quarantined", || {
        pays(&server, "450.00");
        (metric(&server, "causeway_model_quarantined") == Some(1.0)).then_some(())
    });
    pays(&server, "60.00");
    assert!(metric(&server, "causeway_model_late_total") >= Some(1.0));
    assert!(metric(&server, "causeway_model_calls_total") >= Some(1.0));
    assert_eq!(metric(&server, "causeway_model_errors_total"), Some(0.0));
    poll(SOON, "the log says so", || server.log().error().contains("event=model_quarantined").then_some(()));
}

fn copy(name: &str) -> DataDir {
    let package = DataDir::new();
    for file in ["manifest.toml", "model.onnx", "golden.csv"] {
        std::fs::copy(made(name).join(file), package.file(file)).unwrap();
    }
    package
}

fn pays(server: &Server, amount: &str) {
    let partner = server.demo();
    let payment = partner.start(Kind::PayIn, amount);
    partner.wait_for_payment(&payment, "settled");
}

fn metric(server: &Server, name: &str) -> Option<f64> {
    let text = server.operator().call("GET", "/metrics", &Value::Null).text();
    let line = text.lines().find(|line| line.starts_with(&format!("{name}{{")) && line.contains("sandbox"))?;
    line.rsplit(' ').next()?.parse().ok()
}
