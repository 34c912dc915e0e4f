//! The model that scores payments: found by itself, and no reason to stop when it is missing.

use causeway_tests::partner::Kind;
use causeway_tests::server::{DataDir, Server, spawn};

#[test]
fn the_runtime_library_and_the_default_model_are_found() {
    let server = Server::start(&[]);
    let said = model_line(&server);
    assert!(!said.contains("none") && !said.contains("fallback"), "{said}");
    pays(&server);
}

#[test]
fn without_them_payments_go_on_and_it_says_where_it_looked() {
    for flag in ["--model-dir=/nowhere/model", "--onnxruntime=/nowhere/libonnxruntime.so"] {
        let server = Server::start(&[flag]);
        let said = model_line(&server);
        let place = flag.split('=').nth(1).unwrap();
        assert!(said.contains("fallback") && said.contains(place), "{said}");
        pays(&server);
    }
}

/// A package that is not what its manifest says is not used.
#[test]
fn a_changed_model_is_not_used() {
    let package = DataDir::new();
    let source = causeway_tests::program::repository().join("models/baseline/2");
    for entry in std::fs::read_dir(&source).unwrap().flatten() {
        std::fs::copy(entry.path(), package.file(&entry.file_name().to_string_lossy())).unwrap();
    }
    let flag = format!("--model-dir={}", package.path().display());
    let server = Server::start(&[&flag]);
    assert!(!model_line(&server).contains("fallback"), "{}", model_line(&server));
    assert_eq!(server.stop().code, Some(0));
    let model = std::fs::read_dir(package.path()).unwrap().flatten().map(|entry| entry.path());
    let model = model.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "onnx")).unwrap();
    let mut bytes = std::fs::read(&model).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&model, bytes).unwrap();
    let server = Server::start(&[&flag]);
    assert!(model_line(&server).contains("fallback"), "{}", model_line(&server));
    pays(&server);
}

#[test]
fn a_directory_that_is_no_package_does_not_stop_the_start() {
    let (empty, directory) = (DataDir::new(), DataDir::new());
    let flag = format!("--model-dir={}", empty.path().display());
    let mut running = spawn(&directory, &[&flag]);
    running.addresses(causeway_tests::poll::SOON).unwrap_or_else(|exit| panic!("{exit}"));
}

/// The library reports to its makers from the moment it is loaded, unless the environment says otherwise. The process that was
/// started has loaded it, and has that in its environment, though it was started without: it has become itself once more.
#[test]
fn the_runtime_is_told_to_be_silent_in_the_process_that_was_started() {
    let nothing: &[(&str, &str)] = &[];
    for given in [nothing, &[("ORT_DISABLE_TELEMETRY", "0")], &[("ORT_DISABLE_TELEMETRY", "1")]] {
        let directory = DataDir::new();
        let server = Server::start_with(given, &directory, &[]);
        let of = |name: &str| std::fs::read(format!("/proc/{}/{name}", server.id())).unwrap();
        let environment = of("environ");
        let set: Vec<&[u8]> =
            environment.split(|byte| *byte == 0).filter(|one| one.starts_with(b"ORT_DISABLE_TELEMETRY=")).collect();
        assert_eq!(set, [b"ORT_DISABLE_TELEMETRY=1"], "started with {given:?}");
        let words = String::from_utf8(of("cmdline")).unwrap();
        assert!(words.contains("serve\0--data-dir\0"), "{words:?}: it keeps its words");
        assert!(String::from_utf8_lossy(&of("maps")).contains("libonnxruntime"), "started with {given:?}");
        assert_eq!(server.stop().code, Some(0), "it is this process that serves");
    }
}

fn model_line(server: &Server) -> String {
    let out = server.log().out();
    let line = out.lines().find(|line| line.trim_start().starts_with("model"));
    line.unwrap_or_else(|| panic!("no word about the model: {out}")).to_owned()
}

fn pays(server: &Server) {
    let partner = server.demo();
    for kind in Kind::BOTH {
        let payment = partner.start(kind, "60.00");
        partner.wait_for_payment(&payment, "settled");
    }
}
