"""Whether the packages of tools/requirements/training.txt are there: tests that need one are skipped without it."""

from importlib.util import find_spec

MISSING = [name for name in ("lightgbm", "matplotlib", "pandas", "pyarrow") if find_spec(name) is None]
REASON = f"not installed, see tools/requirements/training.txt: {', '.join(MISSING)}"
