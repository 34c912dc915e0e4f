"""Which tests there are, and which of them explains a code that was not seen."""

import re
from pathlib import Path

from contract import Contract
from reasons import EVERY, RULES

TEST = re.compile(r"#\[(?:tokio::)?test\]\s*(?:#\[[^\]]*\]\s*)*(?:async )?fn (\w+)\(")
SITUATIONS = "situations::"


class Proofs:
    """The rules, checked against the contract and the tests of the repository."""

    def __init__(self, contract: Contract, root: Path, rules=None):
        self.faults: list[str] = []
        self.explained: dict[tuple[str, str], tuple[str, str]] = {}
        self.sources = [path.read_text() for place in ("tests", "control", "core") for path in (root / place).rglob("*.rs")]
        self.tests = {name: source for source in self.sources for name in TEST.findall(source)}
        operations = root / "tests/tests/all/operations"
        self.modules = {path.stem: path.read_text() for path in operations.glob("*.rs")}
        self.common = "".join(path.read_text() for path in operations.rglob("*.rs"))
        for rule in RULES if rules is None else rules:
            for code in rule.codes.split():
                self._add(contract, code, rule)

    def _add(self, contract: Contract, code: str, rule):
        names = list(contract.codes) if rule.operations == EVERY else rule.operations.split()
        for name in names:
            test, fault = self._test_of(name, code, rule.test)
            if code not in contract.codes.get(name, ()):
                fault = f"{name} does not document {code}, which reasons.py explains"
            if (name, code) in self.explained:
                fault = f"{name} {code} is explained twice"
            if fault and fault not in self.faults:
                self.faults.append(fault)
            self.explained[(name, code)] = (rule.why, test)

    def _test_of(self, name: str, code: str, test: str) -> tuple[str, str | None]:
        """The test's name, and what is wrong with it: it must be there, and its file must speak of the code."""
        if not test.startswith(SITUATIONS):
            source = self.tests.get(test)
            return test, self._wrong(test, code, source)
        modules = [stem for stem, text in self.modules.items() if f'"{name}"' in text and "six_situations!();" in text]
        if len(modules) != 1 or not shows(self.modules[modules[0]], name, test.removeprefix(SITUATIONS)):
            return test, f"{code} of {name} is said to be shown by {test}, and it has no such test"
        return f"{modules[0]}::{test}", self._wrong(test, code, self.common)

    @staticmethod
    def _wrong(test: str, code: str, source: str | None) -> str | None:
        if source is None:
            return f"{code} is said to be shown by {test}, which is no test"
        words = (f'"{code}"', f'\\"{code}\\"', "::" + "".join(part.title() for part in code.split("_")))
        # A header of JSON in a raw string has its quotes too.
        return None if any(word in source for word in words) else f"{code} is said to be shown by {test}, which does not name it"


def shows(module: str, name: str, situation: str) -> bool:
    """Whether the module shows this situation of the operation; it may also say that it does not apply."""
    own = re.search(rf'"{name}".*?\b{situation}: (\w+(?:::\w+)?)', module, re.DOTALL)
    if own is not None:
        return own.group(1) == "Situation::Shown"
    # Operations that resemble each other are made by a macro above, or by the function for those that read an object.
    if re.search(rf"macro_rules! .*?\b{situation}: Situation::Shown", module, re.DOTALL):
        return True
    return "Operation::reading(" in module and situation in ("works", "wrong_credential", "other_partners_object")
