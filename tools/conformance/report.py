"""What every operation answered in each mode, beside what the contract says that it may."""

from collections import Counter

from contract import MODES, Contract
from proofs import Proofs


class Seen:
    """How often each mode's operations answered with a status and a code."""

    def __init__(self):
        self.counts: Counter = Counter()

    def add(self, rows: list):
        self.counts.update({tuple(key): count for *key, count in rows})

    def total(self, mode: str | None = None) -> int:
        return sum(count for (of, _, _, _), count in self.counts.items() if mode in (None, of))

    def count(self, mode: str, name: str, status: int) -> int:
        return sum(count for (*of, got, _), count in self.counts.items() if (of, got) == ([mode, name], status))

    def done(self, mode: str, name: str) -> int:
        return sum(count for (*of, got, _), count in self.counts.items() if of == [mode, name] and 200 <= got < 300)


class Report:
    def __init__(self, contract: Contract, proofs: Proofs, seen: Seen, least: dict[str, int]):
        self.contract, self.proofs, self.seen, self.least = contract, proofs, seen, least

    def unseen(self) -> list[tuple[str, str]]:
        """The operations with the codes that none of their answers had, in either mode."""
        seen = {(name, code) for _, name, _, code in self.seen.counts}
        return [(name, code) for name, codes in self.contract.codes.items() for code in sorted(codes)
                if (name, code) not in seen]

    def unexplained(self) -> list[tuple[str, str]]:
        return [pair for pair in self.unseen() if pair not in self.proofs.explained]

    def faults(self) -> list[str]:
        faults = list(self.proofs.faults)
        for (mode, name, status, code), count in sorted(self.seen.counts.items()):
            if status >= 500 and status != 501:
                faults.append(f"{name} answered {status} {code} {count} times in {mode}")
            known = self.contract.codes.get(name)
            if known is not None and code and code not in known:
                faults.append(f"{name} answered {code} in {mode}, which it does not document")
        for mode, least in self.least.items():
            few = [(name, self.seen.done(mode, name)) for name in self.contract.names(mode)]
            faults += [f"{name} was done {done} times in {mode}, which is fewer than {least}"
                       for name, done in few if done < least]
        faults += [f"{name} was not seen to answer {code}, and nothing explains why" for name, code in self.unexplained()]
        return faults

    def summary(self) -> str:
        statuses = Counter()
        for (_, _, status, _), count in self.seen.counts.items():
            statuses[status] += count
        line = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
        lines = [f"{self.seen.total()} requests, {self.seen.total('live')} of them in live: {line}"]
        for mode in MODES:
            name = min(self.contract.names(mode), key=lambda name: self.seen.done(mode, name))
            lines.append(f"done least often in {mode}: {name}, {self.seen.done(mode, name)} times")
        documented = sum(len(codes) for codes in self.contract.codes.values())
        lines.append(f"{documented} codes of operations are documented: {documented - len(self.unseen())} seen, "
                     f"{len(self.unseen()) - len(self.unexplained())} explained, {len(self.unexplained())} neither")
        return "\n".join(lines)

    def text(self, seeds: range) -> str:
        lines = ["# What the API answered", "", f"Seeds {seeds.start} to {seeds.stop - 1}.", ""]
        lines += [*self.summary().splitlines(), ""]
        for mode in MODES:
            lines += self._table(mode)
        lines += ["## Codes that were seen", "", row(["code", "times"]), "|---|---|"]
        codes = Counter()
        for (_, _, _, code), count in self.seen.counts.items():
            codes[code or "none: done"] += count
        lines += [row([code, count]) for code, count in codes.most_common()]
        return "\n".join([*lines, "", *self._explanations()]) + "\n"

    def _table(self, mode: str) -> list[str]:
        statuses = sorted({status for of, _, status, _ in self.seen.counts if of == mode})
        names = self.contract.names(mode)
        others = sorted({name for of, name, _, _ in self.seen.counts if of == mode} - set(names))
        rows = [row([name, *(self.seen.count(mode, name, status) or "" for status in statuses)]) for name in names + others]
        head = [row(["operation", *statuses]), "|---" * (len(statuses) + 1) + "|"]
        return [f"## Operations in {mode}", "", *head, *rows, ""]

    def _explanations(self) -> list[str]:
        """Codes that are explained alike stand in one row, with all their operations."""
        alike: dict[tuple[str, str, str], list[str]] = {}
        for name, code in self.unseen():
            why, test = self.proofs.explained.get((name, code), ("not explained", ""))
            alike.setdefault((code, why, test), []).append(name)
        lines = ["## Codes that were documented and not seen", ""]
        lines += [row(["code", "operations", "why not", "shown by"]), "|---|---|---|---|"]
        for (code, why, test), names in sorted(alike.items()):
            where = "all" if len(names) == len(self.contract.codes) else ", ".join(names)
            lines.append(row([f"`{code}`", where, why, f"`{test}`"]))
        return lines


def row(cells) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"
