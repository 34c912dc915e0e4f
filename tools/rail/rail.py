#!/usr/bin/env python3
"""A rail on loopback, as a bank would write one from docs/rails.md. It shares no code with the gateway.

It keeps a durable record of its own, moves the money of an attempt at most once, and repeats its reports until they are
taken. It can be told to fail, delay, repeat, lose and forget, by `PUT /control` with the members of `Wishes`; `GET /record`
shows what it has on record. The first line that it prints is its port.
"""

import argparse
import hashlib
import hmac
import http.client
import json
import os
import queue
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300
BODY_BYTES = 64 * 1024
REPORT_PAUSE_SECONDS = 0.05
OUTCOMES = ("settled", "soft_failed", "rejected", "cancelled")


class Refused(Exception):
    """The request is not taken."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


class Wishes:
    """What the rail is told to do. Counts are of the next attempts that are sent."""

    def __init__(self):
        self.outcome = "settled"  # what becomes of attempts; None: nothing, until told otherwise
        self.at_once = False  # answer 200 with the outcome instead of 202
        self.report_url = None  # where outcomes are reported; None: they are only told when asked
        self.repeat = 1  # how often each report is sent
        self.answer_after = 0.0  # seconds between recording an attempt and answering
        self.hang_up = 0  # record, move, and close the connection without an answer
        self.lose = 0  # close the connection without having recorded anything
        self.forget = 0  # answer 202 and forget
        self.fail = 0  # answer 500 without having recorded anything

    def set(self, members):
        for name, value in members.items():
            if not hasattr(self, name) or name == "set":
                raise Refused(400, f"there is no wish {name}")
            setattr(self, name, value)

    def take(self, name):
        """Whether this attempt is one of those that are counted; the count goes down."""
        left = getattr(self, name)
        setattr(self, name, max(0, left - 1))
        return left > 0


class Record:
    """The attempts, in memory and in an append-only file that is synced before anything is answered."""

    def __init__(self, path):
        self.attempts = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as lines:
                for line in lines:
                    self.apply(json.loads(line))
        self.file = open(path, "a", encoding="utf-8")

    def write(self, entry):
        self.file.write(json.dumps(entry, separators=(",", ":")) + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        self.apply(entry)

    def apply(self, entry):
        kind, attempt_id = entry["entry"], entry["attempt_id"]
        fresh = {"attempt_id": attempt_id, "sends": 0, "enquiries": 0, "moved": 0, "state": None, "attempt": None}
        row = self.attempts.setdefault(attempt_id, fresh)
        if kind == "send":
            row["sends"] += 1
        elif kind == "enquiry":
            row["enquiries"] += 1
        elif kind == "accept":
            row["state"], row["attempt"] = "accepted", entry["attempt"]
        elif kind == "outcome":
            row["state"] = entry["state"]
            row["moved"] += entry["state"] == "settled"
        elif kind == "forget":
            row["state"] = None

    def state(self, attempt_id):
        row = self.attempts.get(attempt_id)
        return row and row["state"]


def signature(secret, purpose, timestamp, content):
    """Lower-case hex over `<t>.<purpose>.<content>`; the key is the whole text of the secret."""
    signed = timestamp.encode() + b"." + purpose.encode() + b"." + content
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def sign(secret, purpose, content):
    timestamp = str(int(time.time()))
    return f"t={timestamp},v1={signature(secret, purpose, timestamp, content)}"


def verify(header, secret, purpose, content):
    """Raises Refused unless the header is what the gateway wrote for this content, not long ago."""
    parts = (header or "").split(",")
    if len(parts) != 2 or not parts[0].startswith("t=") or not parts[1].startswith("v1="):
        raise Refused(401, "Rail-Signature is not t=<unix>,v1=<hex>")
    timestamp, given = parts[0][2:], parts[1][3:]
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        raise Refused(401, "the timestamp is stale")
    if not hmac.compare_digest(given.encode(), signature(secret, purpose, timestamp, content).encode()):
        raise Refused(401, "the signature does not fit")


class Rail(ThreadingHTTPServer):
    """The server with what it knows. Everything that is remembered changes under the lock."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options, secret):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.secret = secret
        self.lock = threading.Lock()
        self.wishes = Wishes()
        self.record = Record(options.record)
        self.reports = queue.Queue()
        threading.Thread(target=self.report_all, daemon=True).start()

    def send(self, attempt):
        """Takes an attempt and gives status, state and pause of the answer; None for the status: hang up."""
        attempt_id = attempt["attempt_id"]
        with self.lock:
            wishes, known = self.wishes, self.record.state(attempt_id)
            self.record.write({"entry": "send", "attempt_id": attempt_id})
            if known:
                return 409, known, 0
            if wishes.take("lose"):
                return None, None, 0
            if wishes.take("fail"):
                return 500, None, 0
            self.record.write({"entry": "accept", "attempt_id": attempt_id, "attempt": attempt})
            if wishes.take("forget"):
                self.record.write({"entry": "forget", "attempt_id": attempt_id})
                return 202, "accepted", 0
            if wishes.outcome:
                self.end(attempt_id, wishes.outcome)
            if wishes.take("hang_up"):
                return None, None, wishes.answer_after
            if wishes.at_once:
                return 200, self.record.state(attempt_id), wishes.answer_after
            return 202, "accepted", wishes.answer_after

    def enquire(self, attempt_id):
        with self.lock:
            self.record.write({"entry": "enquiry", "attempt_id": attempt_id})
            state = self.record.state(attempt_id)
        return (200, state) if state else (404, "unknown")

    def end(self, attempt_id, state):
        """Makes the outcome durable, and has it reported. An attempt that has ended keeps its outcome."""
        if state not in OUTCOMES:
            raise Refused(400, f"{state} is no outcome")
        if self.record.state(attempt_id) != "accepted":
            return
        self.record.write({"entry": "outcome", "attempt_id": attempt_id, "state": state})
        for _ in range(self.wishes.repeat):
            self.reports.put((attempt_id, state))

    def end_open(self, state):
        """Ends whatever is still open."""
        with self.lock:
            for attempt_id in list(self.record.attempts):
                self.end(attempt_id, state)

    def report_all(self):
        """Reports one outcome after another, each until it is taken. Those that nobody wants are told when asked."""
        while True:
            attempt_id, state = self.reports.get()
            body = json.dumps({"attempt_id": attempt_id, "state": state}).encode()
            while self.wishes.report_url and not self.post(body):
                time.sleep(REPORT_PAUSE_SECONDS)

    def post(self, body):
        headers = {"Content-Type": "application/json", "Rail-Signature": sign(self.secret, "report", body)}
        try:
            request = urllib.request.Request(self.wishes.report_url, body, headers, method="POST")
            with urllib.request.urlopen(request, timeout=10) as answer:
                return 200 <= answer.status < 300
        except (OSError, ValueError, http.client.HTTPException) as error:
            # What is refused for good would be refused for ever; 408, 429 and 5xx may be taken later.
            status = getattr(error, "code", 503)
            print(f"a report was not taken: {error}", file=sys.stderr, flush=True)
            return status < 500 and status not in (408, 429)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self):  # noqa: N802, the name is the library's
        self.guarded(self.take_attempt)

    def do_GET(self):  # noqa: N802
        self.guarded(self.tell)

    def do_PUT(self):  # noqa: N802
        self.guarded(self.control)

    def guarded(self, method):
        try:
            method()
        except Refused as refused:
            print(f"refused: {refused}", file=sys.stderr, flush=True)
            self.answer(refused.status, {"error": str(refused)})

    def take_attempt(self):
        body = self.body()
        if self.path != "/bank/attempts":
            raise Refused(404, "there is nothing here")
        verify(self.headers.get("Rail-Signature"), self.server.secret, "send", body)
        attempt = self.object(body)
        if self.headers.get("Idempotency-Key") != attempt.get("attempt_id"):
            raise Refused(400, "Idempotency-Key is not attempt_id")
        status, state, pause = self.server.send(attempt)
        time.sleep(pause)
        if status is None:
            self.close_connection = True
            return
        self.answer(status, {"attempt_id": attempt["attempt_id"], "state": state} if state else {})

    def tell(self):
        if self.path == "/record":
            with self.server.lock:
                rows = list(self.server.record.attempts.values())
            return self.answer(200, rows)
        attempt_id = self.path.removeprefix("/bank/attempts/")
        if attempt_id == self.path:
            raise Refused(404, "there is nothing here")
        verify(self.headers.get("Rail-Signature"), self.server.secret, "enquire", attempt_id.encode())
        status, state = self.server.enquire(attempt_id)
        self.answer(status, {"attempt_id": attempt_id, "state": state})

    def control(self):
        """For tests alone: a real rail has nothing of the kind."""
        members = self.object(self.body())
        end_open = members.pop("end_open", None)
        with self.server.lock:
            self.server.wishes.set(members)
        if end_open:
            self.server.end_open(end_open)
        self.answer(200, {})

    def object(self, body):
        try:
            value = json.loads(body)
        except ValueError:
            raise Refused(400, "the body is not JSON") from None
        if not isinstance(value, dict):
            raise Refused(400, "the body is no object")
        return value

    def body(self):
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > BODY_BYTES:
            self.close_connection = True
            raise Refused(400, "a body with a length of at most 64 KiB is expected")
        return self.rfile.read(int(length))

    def answer(self, status, value):
        body = json.dumps(value).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            # Whoever asked has gone; the record stands.
            self.close_connection = True

    def log_message(self, *_):
        """Nothing: the record is the log."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--secret-file", required=True, metavar="FILE", help="the secret that the rails file names")
    parser.add_argument("--record", required=True, metavar="FILE", help="where the record is kept; made if it is missing")
    options = parser.parse_args()
    with open(options.secret_file, encoding="utf-8") as file:
        secret = file.read().strip()
    rail = Rail(options, secret)
    print(rail.server_address[1], flush=True)
    try:
        rail.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
