"""The release program with both modes on free ports, with a data directory of its own; ended and removed whatever happens."""

import json
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import requests

from bank import Bank

PATIENCE = 60
MODES = ["sandbox", "live"]
# Nothing moves by itself in the sandbox while an object waits for its operation, and what nobody takes is given up at once.
FLAGS = [
    "--mode=both",
    "--listen=127.0.0.1:0",
    "--operator-listen=127.0.0.1:0",
    "--quote-life=300s",
    "--rail-late-delay=1h",
    "--delivery-gaps=10ms,10ms,10ms,10ms",
]
# Nobody listens there; in live it must look public: this name is read as an address of loopback, and refused.
ENDPOINTS = {"sandbox": "http://127.0.0.1:9/hooks", "live": "https://0x7f.1/hooks"}
RIGHTS = ["rails", "customers", "kyc_package", "swap", "verified_users"]


class Gateway:
    def __init__(self, program: str):
        self.program = program

    def __enter__(self):
        self.home = tempfile.TemporaryDirectory(prefix="causeway-conformance-")
        self.data = Path(self.home.name) / "data"
        self.log_path = Path(self.home.name) / "log"
        try:
            self.bank = Bank(Path(self.home.name))
            with open(self.log_path, "wb") as log:
                command = [self.program, "serve", f"--data-dir={self.data}", *FLAGS, *self.bank.flags]
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self.base_url, self.operator_url, rails_url = self._addresses()
            self.bank.reports_to(rails_url)
            self.partners = {mode: self._partner(mode) for mode in MODES}
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        process = getattr(self, "process", None)
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if hasattr(self, "bank"):
            self.bank.stop()
        self.home.cleanup()

    def log_tail(self) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-20:])

    def is_running(self) -> bool:
        return self.process.poll() is None

    def _addresses(self):
        """The three addresses, once it says that it listens there."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = [re.search(rf"{word}\s+(http://127\.0\.0\.1:\d+)", self.log_path.read_text())
                     for word in ("partner API", "operators", "rails' reports")]
            if all(found):
                return [match.group(1) for match in found]
            if not self.is_running():
                raise SystemExit(f"the gateway ended by itself:\n{self.log_tail()}")
            time.sleep(0.02)
        raise SystemExit(f"the gateway did not say within {PATIENCE} s where it listens:\n{self.log_tail()}")

    def _partner(self, mode: str) -> dict:
        """The demo partner's account in a mode: it may ask for whatever it likes, as often as it likes."""
        demo = json.loads((self.data / "sandbox.json").read_text())
        account = f"/operator/accounts/{demo['account_id']}"
        self._ask("PUT", f"{account}/tier", {"mode": mode, "tier": "unlimited"})
        self._ask("PUT", f"{account}/webhook", {"mode": mode, "url": ENDPOINTS[mode]})
        self._ask("PUT", f"{account}/entitlements", {"mode": mode, **dict.fromkeys(RIGHTS, True)})
        self._ask("PUT", f"{account}/origins", {"mode": mode, "origins": demo["allowed_origins"]})
        keys = {kind: self._ask("POST", f"{account}/keys", {"mode": mode, "kind": kind})["key"]
                for kind in ("secret", "publishable")}
        return {f"{kind}_key": key for kind, key in keys.items()}

    def _ask(self, method: str, path: str, body: dict) -> dict:
        token = (self.data / "operator-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        response = requests.request(method, self.operator_url + path, json=body, headers=headers, timeout=30)
        if not response.ok:
            raise SystemExit(f"{method} {path} was refused: {response.text}")
        return response.json()
