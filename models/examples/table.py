"""What every example shares: the table that it is trained on, and the package that it becomes."""

import argparse
import sys
from pathlib import Path

from onnx import ModelProto

HERE = Path(__file__).parent
# The scripts of the folder above, which are no library that could be installed.
sys.path.insert(0, str(HERE.parent))

import gateway
from finish import finish, summary
from package import Output, serialized
from payments import SEED
from tables import Table, synthetic

VERSION = 1
GOLDEN_ROWS = 48


def load() -> Table:
    """The table: named columns, one row a payment. The only place that knows where it comes from."""
    return synthetic(SEED, _program())


def _program() -> Path:
    parser = argparse.ArgumentParser(description="Trains a small model and writes it as a package.")
    gateway.option(parser)
    try:
        return gateway.find(parser.parse_args().causeway)
    except gateway.Missing as missing:
        parser.error(str(missing))


def write(name: str, model: ModelProto, table: Table, script: str, output: Output | None = None) -> None:
    """Judges the exported model, writes it as a package beside the scripts and says how good it is."""
    folder = HERE / name / str(VERSION)
    finished = finish(
        folder, serialized(model), table, name=name, version=VERSION, seed=SEED, output=output, golden=GOLDEN_ROWS,
        script=f"models/examples/{Path(script).name}", causeway=_program(),
    )
    print(summary(finished, table.test))
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"wrote models/examples/{name}/{VERSION} ({size / 1000:.0f} kB)")
