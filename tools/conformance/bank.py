"""The example rail on loopback, which carries live money: the process, its secret, and how the gateway finds both."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent.parent
CATALOGUE = SOURCES / "control/catalogue"
# What becomes of its attempts, one pass after another. None: they stay open.
OUTCOMES = ["settled", "rejected", None, "soft_failed", "settled", "cancelled"]


class Bank:
    def __init__(self, home: Path):
        self.secret_file = home / "bank.secret"
        self._write_private(self.secret_file, f"bank-{'s' * 40}")
        self.master_key = home / "master-key"
        self._write_private(self.master_key, "5a" * 32)
        rail = SOURCES / "tools/rail/rail.py"
        command = [sys.executable, str(rail), f"--secret-file={self.secret_file}", f"--record={home / 'bank.record'}"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        port = self.process.stdout.readline().strip()
        if not port:
            raise SystemExit("the rail ended before it listened; try tools/rail/rail.py by hand")
        self.url = f"http://127.0.0.1:{port}"
        self.flags = self._write_catalogue(home)

    def reports_to(self, listener: str):
        self.told({"report_url": f"{listener}/rails/bank/reports"})

    def told(self, wishes: dict):
        body = json.dumps(wishes).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/control", body, method="PUT"), timeout=30):
            pass

    def stop(self):
        self.process.kill()
        self.process.wait()

    def _write_catalogue(self, home: Path) -> list[str]:
        """The shipped corridors, all on this rail, and the flags that name them."""
        corridors = (CATALOGUE / "corridors.toml").read_text().replace('rail = "simulated"', 'rail = "bank"')
        (home / "corridors.toml").write_text(corridors)
        (home / "rails.toml").write_text(
            f'[rail.bank]\nmode = "live"\nurl = "{self.url}/bank"\nsecret_file = "{self.secret_file.name}"\n'
        )
        return [
            f"--master-key-file={self.master_key}",
            f"--rails={home / 'rails.toml'}",
            "--rails-listen=127.0.0.1:0",
            f"--live-corridors={home / 'corridors.toml'}",
            f"--live-rates={CATALOGUE / 'rates.toml'}",
        ]

    @staticmethod
    def _write_private(path: Path, text: str):
        path.touch(mode=0o600)
        path.write_text(text)
