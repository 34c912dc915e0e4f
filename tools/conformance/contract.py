"""What the committed contract says of each operation."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PATH = ROOT / "openapi.json"
# Live has nothing below it.
HELPERS = "/v1/test_helpers/"
MODES = ("sandbox", "live")


class Contract:
    def __init__(self, document: dict):
        self.paths = {
            operation["operationId"]: path for path, item in document["paths"].items() for operation in item.values()
        }
        self.codes = {
            operation["operationId"]: {
                code for response in operation["responses"].values() for code in codes_of(document, response)
            }
            for item in document["paths"].values() for operation in item.values()
        }

    @classmethod
    def committed(cls) -> "Contract":
        return cls(json.loads(PATH.read_text()))

    def names(self, mode: str) -> list[str]:
        """The operations that there are in a mode."""
        return [name for name, path in self.paths.items() if mode == "sandbox" or not path.startswith(HELPERS)]


def codes_of(document: dict, response: dict) -> list[str]:
    """The codes that an answer may have; none if it is no refusal."""
    schema = resolved(document, response)["content"]["application/json"]["schema"]
    return schema["allOf"][1]["properties"]["code"]["enum"] if "allOf" in schema else []


def resolved(document: dict, value: dict) -> dict:
    """What a reference leads to."""
    if "$ref" not in value:
        return value
    found = document
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found
