//! The program `causeway`.

use std::io::Write;
use std::process::ExitCode;

use causeway_control::config::{self, Action, Config, ConfigError, FeaturesAction, ModelAction, ModelCheck, RunCheck};
use causeway_control::serve::find::Surroundings;
use causeway_control::{check, features, inspect, openapi, remote, serve};

/// The configuration cannot be used.
const CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    match config::read(std::env::args_os()) {
        Ok(Action::Serve(config)) => run_gateway(&config),
        Ok(Action::Model(ModelAction::Check(wanted))) => check_model(&wanted),
        Ok(Action::Model(ModelAction::RunCheck(wanted))) => run_check(&wanted),
        Ok(Action::Features(FeaturesAction::List { json: false })) => print(&features::table()),
        Ok(Action::Features(FeaturesAction::List { json: true })) => print(&format!("{:#}\n", features::list())),
        Ok(Action::Features(FeaturesAction::Replay(wanted))) => match features::replay(&wanted) {
            Ok(summary) => print(&summary.to_string()),
            Err(error) => complain(&error, 1),
        },
        Ok(Action::Model(ModelAction::Step(step))) => finish_remote(remote::run(&step, &mut std::io::stdout())),
        Ok(Action::Openapi) => print(&openapi::json()),
        Ok(Action::Version) => print(concat!("causeway ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Action::RailRecords(stopped)) => {
            let printed = inspect::rail_records(&stopped, &mut std::io::stdout());
            if matches!(printed, Ok(0)) {
                eprintln!("causeway: the simulated rail has no attempts on record");
            }
            finish(printed.map(|_| ()))
        }
        Ok(Action::Ledger(stopped)) => finish(inspect::ledger(&stopped, &mut std::io::stdout())),
        Ok(Action::Compact(stopped)) => finish(inspect::compact(&stopped)),
        Ok(Action::OperatorToken(stopped)) => match inspect::operator_token(&stopped.data_dir) {
            Ok(file) => print(&format!("a new first operator token is in {}\n", file.display())),
            Err(error) => complain(&error, 1),
        },
        Err(ConfigError::Usage(usage)) => usage.exit(),
        Err(error) => complain(&error, CONFIGURATION),
    }
}

fn run_gateway(config: &Config) -> ExitCode {
    if let Err(error) = check::silence_runtime() {
        let (name, value) = check::SILENT;
        eprintln!("causeway: cannot begin anew with {name}={value} ({error}): set it in the environment");
        return ExitCode::FAILURE;
    }
    match serve::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error, error.exit_code()),
    }
}

fn check_model(wanted: &ModelCheck) -> ExitCode {
    let search = Surroundings::of_this_process().library(wanted.onnxruntime.as_deref());
    let Some(library) = search.found() else {
        eprintln!("causeway: {search}");
        return ExitCode::FAILURE;
    };
    let report = check::run(&check::own_program(), library, &wanted.folder, Some(wanted.budget));
    let printed = print(&if wanted.json { report.json() } else { report.to_string() });
    if report.verified { printed } else { ExitCode::FAILURE }
}

fn run_check(wanted: &RunCheck) -> ExitCode {
    match check::run_child(&wanted.onnxruntime, &wanted.folder, &wanted.sha256, wanted.budget) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error, 1),
    }
}

fn finish(result: Result<(), inspect::InspectError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough.
        Err(inspect::InspectError::Print(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => complain(&error, 1),
    }
}

fn finish_remote(result: Result<(), remote::RemoteError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(remote::RemoteError::Print(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => complain(&error, 1),
    }
}

fn complain(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("causeway: {error}");
    ExitCode::from(code)
}

/// A reader that has gone away is no failure of ours, but a disk that is full is.
fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => complain(&error, 1),
    }
}
