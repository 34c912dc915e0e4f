"""Schemathesis against the release program with the committed contract: generated requests, right and wrong, alone and along
the contract's links, with all its checks, most of them in the sandbox and some in live. Writes a report of what every
operation answered.

Run by `cargo xtask test` and, longer, by `cargo xtask test --full api`.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import contract
from bank import OUTCOMES
from contract import HELPERS, MODES, Contract
from gateway import Gateway
from proofs import Proofs
from report import Report, Seen

HERE = Path(__file__).resolve().parent


def main() -> int:
    arguments = parse()
    # Ended from outside, it still ends the gateway.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    arguments.report.mkdir(parents=True, exist_ok=True)
    described, seen, failed, seed = Contract.committed(), Seen(), [], arguments.seed
    # What is wrong with the reasons is said before anything takes time.
    proofs = Proofs(described, contract.ROOT)
    if proofs.faults:
        print("\n".join(f"FAULT: {fault}" for fault in proofs.faults))
        return 1
    least = {"sandbox": arguments.least, "live": max(1, round(arguments.least * arguments.live))}
    with Gateway(os.environ["CAUSEWAY_BIN"]) as gateway:
        for mode, options in passes(arguments, described, seen, least):
            print(f"-- after {seen.total()} requests, {mode}, seed {seed}: {' '.join(options)}", flush=True)
            gateway.bank.told({"outcome": OUTCOMES[seed % len(OUTCOMES)]})
            if not run_pass(gateway, mode, seed, options, arguments.report, seen):
                failed.append(seed)
            if not gateway.is_running():
                raise SystemExit(f"the gateway ended by itself:\n{gateway.log_tail()}")
            seed += 1
    report = Report(described, proofs, seen, least)
    path = arguments.report / "conformance.md"
    path.write_text(report.text(range(arguments.seed, seed)))
    print(f"{report.summary()}\nthe report is {path}")
    faults = report.faults() + [f"the pass with seed {seed} failed" for seed in failed]
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2_000, help="go on until so many were sent (default: 2000)")
    parser.add_argument("--examples", type=int, default=8, help="for each operation in one pass (default: 8)")
    parser.add_argument("--least", type=int, default=5, help="for each operation, until so many were done (default: 5)")
    parser.add_argument("--live", type=float, default=0.1, help="the share of requests that live gets (default: 0.1)")
    parser.add_argument("--seed", type=int, default=1, help="the first pass's; each pass has the next (default: 1)")
    parser.add_argument("--report", type=Path, required=True, help="the directory to write to")
    return parser.parse_args()


def passes(arguments, described: Contract, seen: Seen, least: dict[str, int]):
    """The mode and the options of each pass, chosen by what the passes before have seen."""
    # What the schema's edges are does not change from seed to seed: once is enough.
    yield "sandbox", ["--phases=examples,coverage"]
    # After that, requests with made-up keys would say nothing more; a check asks each operation without a key all the same.
    keyed = "--generation-with-security-parameters=false"
    # A scenario along the links is one example. What a list holds changes with every request: sooner or later a scenario
    # goes another way the second time, and ends its pass. So passes are short and there are many.
    scenarios = [keyed, "--phases=stateful", f"--max-examples={8 * arguments.examples}"]
    alone = [keyed, "--phases=fuzzing", f"--max-examples={arguments.examples}"]
    for options in (alone, scenarios):
        yield "sandbox", options
    while seen.total() < arguments.requests or seen.total("live") < arguments.live * seen.total():
        mode = "live" if seen.total("live") < arguments.live * seen.total() else "sandbox"
        for options in (alone, scenarios):
            yield mode, options
    for mode in MODES:
        for name in described.names(mode):
            for _ in range(5):
                missing = least[mode] - seen.done(mode, name)
                if missing <= 0:
                    break
                only = f"--include-operation-id={name}"
                yield mode, [keyed, only, "--phases=fuzzing", "--mode=positive", f"--max-examples={max(20, 2 * missing)}"]


def run_pass(gateway, mode: str, seed: int, options: list[str], directory: Path, seen: Seen) -> bool:
    record = directory / "seen.json"
    record.unlink(missing_ok=True)
    asked = {"base_url": gateway.base_url, "mode": mode, "partner": gateway.partners[mode]}
    environment = {
        **os.environ,
        "CONFORMANCE": json.dumps({**asked, "seed": seed, "seen": str(record)}),
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    program = [str(Path(sys.executable).parent / "schemathesis"), f"--config-file={HERE / 'schemathesis.toml'}"]
    fixed = ["run", str(contract.PATH), f"--url={gateway.base_url}", "--checks=all", f"--seed={seed}", "--no-color"]
    quiet = ["--continue-on-failure", "--max-failures=50", "--generation-database=none", "--warnings=off"]
    there = [f"--exclude-path-regex=^{HELPERS}"] if mode == "live" else []
    done = subprocess.run([*program, *fixed, *quiet, *there, *options], env=environment, cwd=directory, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    links = [line.strip() for line in done.stdout.splitlines() if "API Links:" in line]
    said = "\n".join(links) if done.returncode == 0 else done.stdout
    if said:
        print(said, flush=True)
    if record.exists():
        seen.add(json.loads(record.read_text()))
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
