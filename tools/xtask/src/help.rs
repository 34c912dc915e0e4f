//! What `--help` prints.

use crate::full;
use crate::setup::rocksdb;

/// The help of one command, or the overview.
pub fn text(topic: Option<&str>) -> String {
    match topic {
        Some("setup") => SETUP.replace("{minutes}", &rocksdb::MINUTES.to_string()),
        Some("build") => BUILD.to_owned(),
        Some("run") => RUN.to_owned(),
        Some("test") => format!("{TEST}{}", full::list()),
        Some("bench") => BENCH.to_owned(),
        Some("demo") => DEMO.to_owned(),
        Some("sim") => SIM.to_owned(),
        Some("load") => LOAD.to_owned(),
        Some("fill") => FILL.to_owned(),
        Some("lists") => LISTS.to_owned(),
        Some("fraud-benchmark") => FRAUD_BENCHMARK.to_owned(),
        Some("lint") => LINT.to_owned(),
        Some("ci") => CI.to_owned(),
        Some(_) | None => OVERVIEW.to_owned(),
    }
}

const OVERVIEW: &str = "\
cargo xtask COMMAND: sets the machine up, builds, runs and tests Causeway

  setup                     install, fetch and compile what is missing; say what is used
  build                     build the server and the lab in target/release
  run [-- ARGUMENTS]        build the server and start it with an empty sandbox
  test [--quick] [FILTER]   run the tests
  test --full [PART]        run the long parts
  sim [OPTIONS]             run seeds of the simulation
  bench [ARGUMENTS]         run the criterion benches
  demo [ARGUMENTS]          perform a whole journey against the running server
  load [MIX...] [OPTIONS]   measure a server of its own under load, beside what the machine can do at all
  fill [OPTIONS]            write a generated history of payments: a data directory, CSV, or both
  lists DIR...              measure what a page of a list costs, over short and long histories
  fraud-benchmark           repeat the public fraud benchmark, from the transactions to the table and its plots
  lint                      check formatting and lints
  ci                        lint, then test

Every command does the set-up it needs first. `cargo xtask COMMAND --help` says more.
Exit codes: 0 done; 1 something failed; 2 a prerequisite is missing and cannot be installed from here.";

const SETUP: &str = "\
cargo xtask setup: makes this machine ready; what is ready already is left alone

  From the system  libclang, a C++ compiler, Python 3 with venv and pip, curl, Node.js 18 or newer with npm,
                   RabbitMQ (its service is not started).
                   As root on a system with apt-get they are installed; else the package is named and the exit code is 2.
  ONNX Runtime     the shared library out of the wheel on the Python package index, at the version and checksum of
                   tools/requirements/onnxruntime.txt; checked on every use.
  RocksDB          compiled once for each version, compiler and feature list: about {minutes} minutes on two cores.
  Python packages  tools/requirements/test.txt, in a virtual environment in target/venv.
  Node.js packages tools/requirements/node, by npm, in target/node.

The first three are shared by all checkouts and lie in ~/.cache/causeway. Where they are is written to
.cargo/local.toml, so that plain `cargo build` and an editor find them too.

Environment:
  CAUSEWAY_CACHE                the shared directory (default: causeway in XDG_CACHE_HOME or ~/.cache)
  LIBCLANG_PATH                 the directory of libclang, when it lies in an unusual place
  CXX                           the C++ compiler
  PIP_INDEX_URL, PIP_FIND_LINKS a mirror of the Python package index; a directory of wheels
  NPM_CONFIG_REGISTRY           a mirror of the npm registry";

const BUILD: &str = "\
cargo xtask build: builds the server (target/release/causeway) and the lab (target/release/causeway-lab)";

const RUN: &str = "\
cargo xtask run [-- ARGUMENTS]: builds the server and starts it

It starts `causeway serve --data-dir target/sandbox --listen 127.0.0.1:8080 --operator-listen 127.0.0.1:8081`.
ARGUMENTS are added; one of these three options among them takes the place of its default. What the server
understands: `cargo xtask run -- --help`. Stop it with Ctrl-C or SIGTERM.";

const TEST: &str = "\
cargo xtask test [--quick] [FILTER]: runs the tests and prints the minutes of each stage
cargo xtask test --full [PART]:      runs the long parts

  FILTER    only tests whose names contain this, in every stage; when no stage has one, the run fails
  --quick   without the model tests and the generated requests, and without the black-box tests that have `long_` in
            their names
  --full    the long part PART, or all that this commit has not passed yet; each result is added to
            SPECIFICATION.md. The parts:
";

const SIM: &str = "\
cargo xtask sim [OPTIONS]: runs the cell from seeds, with a store, rails and receivers that fail; an oracle checks everything

It compiles in seconds and needs no set-up. A seed that fails is cut down to the actions that matter and printed.

  --seed NUMBER    the first seed (default: 0)
  --seeds NUMBER   how many (default: 1)
  --steps NUMBER   actions of each seed's script
  --plant BUG      plants a bug, to see it found; a word that names none lists them";

const BENCH: &str = "\
cargo xtask bench [ARGUMENTS]: runs the criterion benches; ARGUMENTS go to `cargo bench`
(`cargo xtask bench -- lock_quote` runs those with that name)";

const DEMO: &str = "\
cargo xtask demo [ARGUMENTS]: builds the lab and performs a whole journey against the running server, showing every step

ARGUMENTS go to the lab; `cargo xtask demo -- --help` shows what it understands.";

const LOAD: &str = "\
cargo xtask load [MIX...] [OPTIONS]: builds server and lab, and measures the server under load

It starts a server of its own in a new data directory below target/load and stops it at the end. Open loop: requests
begin when they are due, and latencies are counted from then. Rounds alternate with rounds of the ceilings (a server
that answers a constant, the store with the same rows, the model alone), so that results are ratios. Counted is only
what was approved and answered 2xx. The result goes to target/load/<date>.json and <date>.svg.

  MIX              reads, trade, burst or storm; all of them by default. Or deliveries, journey-deliveries: signed
                   webhooks to a receiver in the generator; a backlog, the highest rate at which none grows, and the
                   time from an event's batch to its arrival at half of that
  --quick          about two minutes, rather than eight
  --rate NUMBER    at this rate, instead of searching the highest that is sustained
  --http 2         over HTTP/2
  --webhooks       with webhooks delivered to a receiver that accepts everything
  --target URL --data-dir DIR         a server that runs already
  --pin-server CPUS, --pin-generator CPUS
  --record         write the figures into benches/RESULTS.md and SPECIFICATION.md, unless the machine was too noisy

`cargo xtask load -- --help` shows every option.";

const FILL: &str = "\
cargo xtask fill --payments NUMBER [OPTIONS]: builds the lab and writes a generated history of payments

No server is needed. The same options write the same payments on every machine. Without --data-dir and --csv the
history becomes the data directory target/fill. Directories that are not empty are refused.

  --data-dir DIR        a new data directory with finished payments: `cargo xtask run -- --data-dir DIR` serves it
  --csv DIR             payments.csv, labels.csv and outages.csv, with a README.md that describes every column
  --seed NUMBER         where the random numbers start (default: 1)
  --days NUMBER, --until YYYY-MM-DD      the time of the history (default: 180 days before 2026-06-30)
  --partners NUMBER     partners (default: 12)
  --plant NAME=RATE,... frauds and outages: ring, stolen-device, burst, outage; `none` in front for nothing else
  --model-dir DIR, --onnxruntime FILE    another model, another ONNX Runtime
  --no-model            the fallback rules score
  --record              add what it took to benches/RESULTS.md

On two cores with the shipped model:
  1,000,000 payments take 1 min 10 s, 0.9 GB on disk and 0.5 GB of memory.
  10,000,000 payments take 9.5 GB on disk and 1.4 GB of memory.
`cargo xtask fill -- --help` says more.";

const LISTS: &str = "\
cargo xtask lists DIR... [OPTIONS]: builds server and lab, and measures what a page of a list costs

Each DIR is a data directory that `cargo xtask fill --data-dir DIR` has made, the shortest history first. A server is
started over one after another, and every kind of list is asked for, one request at a time, with the newest rows and
at random places. A page should cost the same however long the history is.

  --requests NUMBER  requests of each kind to each history (default: 300)
  --seed NUMBER      where the random places start (default: 1)
  --record           write the figures into benches/RESULTS.md and SPECIFICATION.md";

const FRAUD_BENCHMARK: &str = "\
cargo xtask fraud-benchmark [OPTIONS]: repeats the public fraud benchmark, from the transactions to the table and its plots

It installs what training takes (tools/requirements/training.txt) into target/training, builds the server and the lab, and
then: generates the transactions and checks their counts; runs the book's own models; replays the transactions with
`causeway features replay`; trains a model for each week, once on the book's 7 days and once on all days before; scores the
weeks with a running cell that gets every payment and every label at its time; and judges these scores. All of it lies in
target/fraud-benchmark; the table is target/fraud-benchmark/test/results.md. models/benchmark/README.md says more.

It takes half an hour, most of it in the cell, which syncs every payment, and needs 6 GB on disk.

  --validate        the nine weeks on which features and parameters are chosen, in place of the four test weeks
  --engine-dir DIR  where the cell keeps its rows: DIR/fraud-benchmark-engine, which is removed before and behind; in
                    memory (as below /dev/shm) it is faster";

const LINT: &str = "\
cargo xtask lint: checks formatting (`cargo fmt --all --check`) and lints (clippy, warnings are errors)";

const CI: &str = "\
cargo xtask ci: lint, then test, with one table of the minutes of each stage";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_overview_has_its_help() {
        let commands = [
            "setup",
            "build",
            "run",
            "test",
            "sim",
            "bench",
            "demo",
            "load",
            "fill",
            "lists",
            "fraud-benchmark",
            "lint",
            "ci",
        ];
        for command in commands {
            assert!(OVERVIEW.lines().any(|line| line.contains(command)), "{command} is not in the overview");
            let help = text(Some(command));
            assert!(help.starts_with("cargo xtask ") && help.contains(command), "{command} has no help of its own");
            assert_ne!(help, OVERVIEW);
        }
    }
}
