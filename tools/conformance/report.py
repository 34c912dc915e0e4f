"""What every operation answered, beside what the contract says that it may."""

from collections import Counter
from pathlib import Path

from reasons import REASONS


class Report:
    def __init__(self, contract: dict, seen: Counter, least: int):
        self.seen = seen
        self.least = least
        self.documented = documented(contract)

    def count(self, name: str, status: int) -> int:
        return sum(count for (of, got, _), count in self.seen.items() if (of, got) == (name, status))

    def done(self, name: str) -> int:
        return sum(count for (of, got, _), count in self.seen.items() if of == name and 200 <= got < 300)

    def unseen(self) -> dict[str, list[str]]:
        """The codes that no answer had, with the operations that document them."""
        unseen: dict[str, list[str]] = {}
        for name, codes in self.documented.items():
            for code in codes:
                if not any((of, got) == (name, code) for of, _, got in self.seen):
                    unseen.setdefault(code, []).append(name)
        return unseen

    def faults(self, root: Path) -> list[str]:
        faults = []
        for (name, status, code), count in sorted(self.seen.items()):
            if status >= 500 and status != 501:
                faults.append(f"{name} answered {status} {code} {count} times")
            known = self.documented.get(name)
            if known is not None and code and code not in known:
                faults.append(f"{name} answered {code}, which it does not document")
        for name in self.documented:
            if self.done(name) < self.least:
                faults.append(f"{name} was done {self.done(name)} times, which is fewer than {self.least}")
        for code in self.unseen():
            if self.least and code not in REASONS:
                faults.append(f"{code} was not seen, and nothing explains why")
        files = [path for place in ("tests", "control", "core") for path in (root / place).rglob("*.rs")]
        sources = "".join(path.read_text() for path in files)
        for code, (_, test) in REASONS.items():
            if test is not None and f"fn {test}(" not in sources:
                faults.append(f"{code} is said to be shown by {test}, which is no test")
        return faults

    def summary(self) -> str:
        statuses = Counter()
        for (_, status, _), count in self.seen.items():
            statuses[status] += count
        least = min(self.documented, key=self.done)
        line = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
        return (f"{sum(statuses.values())} requests: {line}\n"
                f"done least often: {least}, {self.done(least)} times; codes documented and not seen everywhere: "
                f"{len(self.unseen())}, of which {sum(code not in REASONS for code in self.unseen())} unexplained")

    def text(self, seed: int) -> str:
        statuses = sorted({status for _, status, _ in self.seen})
        lines = ["# What the API answered", "", f"Seeds from {seed}.", "", self.summary(), "", "## Operations", ""]
        lines += [row(["operation", *statuses]), "|---" * (len(statuses) + 1) + "|"]
        names = [*self.documented, *sorted({name for name, _, _ in self.seen} - set(self.documented))]
        lines += [row([name, *(self.count(name, status) or "" for status in statuses)]) for name in names]
        lines += ["", "## Codes that were seen", "", row(["code", "times"]), "|---|---|"]
        codes = Counter()
        for (_, _, code), count in self.seen.items():
            codes[code or "none: done"] += count
        lines += [row([code, count]) for code, count in codes.most_common()]
        lines += ["", "## Codes that were documented and not seen", ""]
        lines += [row(["code", "operations", "why not", "shown by"]), "|---|---|---|---|"]
        for code, operations in sorted(self.unseen().items()):
            why, test = REASONS.get(code, ("not explained", None))
            where = "all" if len(operations) == len(self.documented) else ", ".join(operations)
            lines.append(row([f"`{code}`", where, why, f"`{test}`" if test else ""]))
        return "\n".join(lines) + "\n"


def row(cells) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def documented(contract: dict) -> dict[str, set[str]]:
    """The codes of every operation."""
    found = {}
    for item in contract["paths"].values():
        for operation in item.values():
            responses = [resolved(contract, response) for response in operation["responses"].values()]
            schemas = [response["content"]["application/json"]["schema"] for response in responses]
            refusals = [schema["allOf"][1]["properties"]["code"]["enum"] for schema in schemas if "allOf" in schema]
            found[operation["operationId"]] = set(sum(refusals, []))
    return found


def resolved(contract: dict, value: dict) -> dict:
    """What a reference leads to."""
    if "$ref" not in value:
        return value
    found = contract
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found
