"""Schemathesis against the release program with the committed contract: generated requests, right and wrong, alone and along
the contract's links, with all its checks. Writes a report of what every operation answered.

Run by `cargo xtask test` and, longer, by `cargo xtask test --full api`.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from gateway import Gateway
from report import Report

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CONTRACT = ROOT / "openapi.json"


def main() -> int:
    arguments = parse()
    # Ended from outside, it still ends the gateway.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    arguments.report.mkdir(parents=True, exist_ok=True)
    seen, failed, seed = Counter(), [], arguments.seed
    with Gateway(os.environ["CAUSEWAY_BIN"]) as gateway:
        for options in passes(arguments, seen):
            print(f"-- after {sum(seen.values())} requests, seed {seed}: {' '.join(options)}", flush=True)
            if not run_pass(gateway, seed, options, arguments.report, seen):
                failed.append(seed)
            if not gateway.is_running():
                raise SystemExit(f"the gateway ended by itself:\n{gateway.log_tail()}")
            seed += 1
    report = Report(json.loads(CONTRACT.read_text()), seen, arguments.least)
    path = arguments.report / "conformance.md"
    path.write_text(report.text(arguments.seed))
    print(report.summary())
    print(f"the whole report: {path}")
    faults = report.faults(ROOT) + [f"schemathesis found something with seed {seed}, above" for seed in failed]
    for fault in faults:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2_000, help="go on until so many were sent (default: 2000)")
    parser.add_argument("--examples", type=int, default=8, help="for each operation in one pass (default: 8)")
    parser.add_argument("--least", type=int, default=0, help="for each operation, until so many were done with 2xx")
    parser.add_argument("--seed", type=int, default=1, help="the first pass's; each pass has the next (default: 1)")
    parser.add_argument("--report", type=Path, required=True, help="the directory to write to")
    return parser.parse_args()


def passes(arguments, seen: Counter):
    """The options of each pass, chosen by what the passes before have seen."""
    # What the schema's edges are does not change from seed to seed: once is enough.
    yield ["--phases=examples,coverage"]
    # After that, requests with made-up keys would say nothing more; a check asks each operation without a key all the same.
    keyed = "--generation-with-security-parameters=false"
    # A scenario along the links is one example. What a list holds changes with every request: sooner or later a scenario
    # goes another way the second time, and ends its pass. So passes are short and there are many.
    scenarios = [keyed, "--phases=stateful", f"--max-examples={8 * arguments.examples}"]
    alone = [keyed, "--phases=fuzzing", f"--max-examples={arguments.examples}"]
    yield alone
    yield scenarios
    while sum(seen.values()) < arguments.requests:
        yield alone
        yield scenarios
    operations = json.loads(CONTRACT.read_text())["paths"].values()
    names = [operation["operationId"] for item in operations for operation in item.values()]
    for name in names:
        for _ in range(5):
            done = sum(count for (of, status, _), count in seen.items() if of == name and 200 <= status < 300)
            if done >= arguments.least:
                break
            more = max(20, 2 * (arguments.least - done))
            only = f"--include-operation-id={name}"
            yield [keyed, only, "--phases=fuzzing", "--mode=positive", f"--max-examples={more}"]


def run_pass(gateway, seed: int, options: list[str], directory: Path, seen: Counter) -> bool:
    record = directory / "seen.json"
    record.unlink(missing_ok=True)
    settings = {"base_url": gateway.base_url, "partner": gateway.partner, "seed": seed, "seen": str(record)}
    environment = {
        **os.environ,
        "CONFORMANCE": json.dumps(settings),
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    program = [str(Path(sys.executable).parent / "schemathesis"), f"--config-file={HERE / 'schemathesis.toml'}"]
    fixed = ["run", str(CONTRACT), f"--url={gateway.base_url}", "--checks=all", f"--seed={seed}", "--no-color"]
    quiet = ["--continue-on-failure", "--max-failures=50", "--generation-database=none", "--warnings=off"]
    done = subprocess.run([*program, *fixed, *quiet, *options], env=environment, cwd=directory, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    links = [line.strip() for line in done.stdout.splitlines() if "API Links:" in line]
    said = "\n".join(links) if done.returncode == 0 else done.stdout
    if said:
        print(said, flush=True)
    if record.exists():
        seen.update({tuple(key): count for *key, count in json.loads(record.read_text())})
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
