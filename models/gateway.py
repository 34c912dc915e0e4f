"""The program `causeway`: it computes the features, and says whether it takes a package. Neither is implemented a second
time in Python.
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

BUILT = Path("release") / "causeway"
TARGET = Path(__file__).parent.parent / "target"

# The most that may be asked for: whether a model is quick enough is a question to the machine that serves it.
BUDGET = "1s"


class Missing(Exception):
    """The program is not there."""


def option(parser: argparse.ArgumentParser) -> None:
    """Adds --causeway."""
    parser.add_argument(
        "--causeway", type=Path, metavar="PATH",
        help="the program (default: what CAUSEWAY_BIN names, else target/release/causeway)",
    )


def find(named: Path | None = None) -> Path:
    """The program: the one that is named, else by CAUSEWAY_BIN, else where cargo builds it. Raises Missing."""
    told = named or os.environ.get("CAUSEWAY_BIN")
    target = Path(os.environ.get("CARGO_TARGET_DIR") or TARGET)
    program = Path(told) if told else target / BUILT
    if not program.is_file():
        raise Missing(f"there is no program {program}: build it with `cargo xtask build`, or name one with --causeway")
    return program.absolute()


def replay(program: Path, payments: Path, labels: Path, table: Path) -> str:
    """Writes the features of all payments, in US dollars, as a table, and gives what the program said."""
    command = [program, "features", "replay", payments, "--labels", labels, "--out", table]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"the payments cannot be replayed: {done.stderr.strip()}")
    return done.stdout.strip()


def complaints(program: Path, folder: Path) -> list[str]:
    """What the gateway would refuse in the package, one sentence each; empty when it would load it."""
    command = [program, "model", "check", folder, "--json", "--budget", BUDGET]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise ValueError(f"{program} did not check the package: {done.stderr.strip()}") from None
    return [f"{line['topic']}: {line['says']}." for line in report["lines"] if not line["passed"]]
