"""The release program on free ports, with a data directory of its own; ended and removed whatever happens."""

import json
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import requests

PATIENCE = 60
# Nothing moves by itself while an object waits for its operation, and what nobody takes is given up at once.
FLAGS = [
    "--listen=127.0.0.1:0",
    "--operator-listen=127.0.0.1:0",
    "--quote-life=300s",
    "--rail-late-delay=1h",
    "--delivery-gaps=10ms,10ms,10ms,10ms",
]
# Nobody listens there.
ENDPOINT = "http://127.0.0.1:9/hooks"
RIGHTS = ["rails", "customers", "kyc_package", "swap", "verified_users"]


class Gateway:
    def __init__(self, program: str):
        self.program = program

    def __enter__(self):
        self.home = tempfile.TemporaryDirectory(prefix="causeway-conformance-")
        self.data = Path(self.home.name) / "data"
        self.log_path = Path(self.home.name) / "log"
        try:
            with open(self.log_path, "wb") as log:
                command = [self.program, "serve", f"--data-dir={self.data}", *FLAGS]
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self.base_url, self.operator_url = self._addresses()
            self.partner = json.loads((self.data / "sandbox.json").read_text())
            self._prepare()
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
        self.home.cleanup()

    def log_tail(self) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-20:])

    def is_running(self) -> bool:
        return self.process.poll() is None

    def _addresses(self):
        """The two addresses, once it says that it listens there."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = [re.search(rf"{word}\s+(http://127\.0\.0\.1:\d+)", self.log_path.read_text())
                     for word in ("partner API", "operators")]
            if all(found):
                return [match.group(1) for match in found]
            if not self.is_running():
                raise SystemExit(f"the gateway ended by itself:\n{self.log_tail()}")
            time.sleep(0.02)
        raise SystemExit(f"the gateway did not say within {PATIENCE} s where it listens:\n{self.log_tail()}")

    def _prepare(self):
        """The demo partner may ask for whatever it likes, as often as it likes."""
        account = f"/operator/accounts/{self.partner['account_id']}"
        self._set(f"{account}/tier", {"tier": "unlimited"})
        self._set(f"{account}/webhook", {"url": ENDPOINT})
        self._set(f"{account}/entitlements", dict.fromkeys(RIGHTS, True))

    def _set(self, path: str, body: dict):
        token = (self.data / "operator-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        response = requests.put(self.operator_url + path, json={"mode": "sandbox", **body}, headers=headers, timeout=30)
        if not response.ok:
            raise SystemExit(f"PUT {path} was refused: {response.text}")
