#!/usr/bin/env python3
"""A webhook receiver on loopback, as a partner would write one. It shares no code with the gateway.

It verifies both signatures of every delivery, and with --public-key the third, refuses stale timestamps, answers a
repeated event without taking it twice, and writes one line of JSON for each event that it takes. The first line that it
prints is its port.
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300
BODY_BYTES = 1024 * 1024


class Rejected(Exception):
    """The request is no delivery of ours."""


def gate_signature(secret, timestamp, body):
    """Lower-case hex over `<t>.<body>`; the key is the whole text of the secret."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def standard_signature(secret, event_id, timestamp, body):
    """Base64 over `<id>.<t>.<body>`; the key is what the secret encodes."""
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = event_id.encode() + b"." + timestamp.encode() + b"." + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def same(offered, expected):
    """Compares in constant time; what was offered may hold any character."""
    return hmac.compare_digest(offered.encode(), expected.encode())


def public_key(text):
    """What verifies `v1a`: the Ed25519 key that `whpk_…` encodes. Python has none, so the package is asked for only here."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.removeprefix("whpk_"), validate=True))


def is_signed_by(key, offered, signed):
    """Whether one of the offered signatures is a `v1a` of this key."""
    from cryptography.exceptions import InvalidSignature

    for version, _, signature in (one.partition(",") for one in offered):
        try:
            if version == "v1a":
                key.verify(base64.b64decode(signature, validate=True), signed)
                return True
        except (InvalidSignature, ValueError):
            continue
    return False


def verify(headers, body, secret, now, key=None):
    """Checks a delivery and gives its event, or raises Rejected."""

    def header(name):
        value = headers.get(name)
        if not value:
            raise Rejected(f"the header {name} is missing")
        return value

    parts = header("Gate-Signature").split(",")
    if len(parts) != 2 or not parts[0].startswith("t=") or not parts[1].startswith("v1="):
        raise Rejected("Gate-Signature is not t=<unix>,v1=<hex>")
    timestamp, signature = parts[0][2:], parts[1][3:]
    if not timestamp.isascii() or not timestamp.isdigit():
        raise Rejected("the timestamp is not a number")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise Rejected("the timestamp is stale")
    if not same(signature, gate_signature(secret, timestamp, body)):
        raise Rejected("Gate-Signature does not fit")
    event_id = header("Gate-Event-Id")
    for name, expected in [
        ("webhook-id", event_id),
        ("X-0bit-Event-Id", event_id),
        ("webhook-timestamp", timestamp),
        ("X-0bit-Timestamp", timestamp),
        ("X-0bit-Event-Type", header("Gate-Event-Type")),
    ]:
        if header(name) != expected:
            raise Rejected(f"{name} differs from its counterpart")
    fitting = "v1," + standard_signature(secret, event_id, timestamp, body)
    offered = header("webhook-signature").split(" ")
    if not any(same(one, fitting) for one in offered):
        raise Rejected("webhook-signature does not fit")
    if key is not None and not is_signed_by(key, offered, f"{event_id}.{timestamp}.".encode() + body):
        raise Rejected("no v1a in webhook-signature fits the public key")
    return check_event(body, event_id, header("Gate-Event-Type"))


def check_event(body, event_id, event_type):
    """The event in a body whose signature fits."""
    try:
        event = json.loads(body)
    except ValueError:
        raise Rejected("the body is not JSON") from None
    if not isinstance(event, dict) or sorted(event) != ["created_at", "data", "id", "type"]:
        raise Rejected("the body is not {id, type, created_at, data}")
    if event["id"] != event_id or event["type"] != event_type or type(event["created_at"]) is not int:
        raise Rejected("the body and the headers name different events")
    return event


class Receiver(ThreadingHTTPServer):
    """The server with what it has seen."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.options = options
        self.lock = threading.Lock()
        self.to_fail = options.fail_first
        self.seen = set()

    def take(self, event):
        """The status to answer with. Everything that is remembered changes under the lock."""
        with self.lock:
            if self.to_fail != 0:
                self.to_fail -= 1
                return self.options.status
            if event["id"] not in self.seen:
                self.seen.add(event["id"])
                self.write(event)
            return 200

    def write(self, event):
        line = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        if self.options.log is None:
            print(line, flush=True)
        else:
            with open(self.options.log, "a", encoding="utf-8") as log:
                log.write(line + "\n")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self):  # noqa: N802, the name is the library's
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > BODY_BYTES:
            self.close_connection = True
            self.answer(400, "a body with a length of at most 1 MiB is expected")
            return
        body = self.rfile.read(int(length))
        options = self.server.options
        if options.delay > 0:
            time.sleep(options.delay)
        try:
            event = verify(self.headers, body, options.secret, time.time(), options.public_key)
        except Rejected as reason:
            print(f"rejected: {reason}", file=sys.stderr, flush=True)
            self.answer(400, str(reason))
            return
        self.answer(self.server.take(event), "")

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing: the verified events are the log."""


def read_options(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--secret", required=True, help="the endpoint's signing secret, whsec_…")
    parser.add_argument("--public-key", type=public_key, metavar="KEY", help="the account's key, whpk_…; verifies v1a too")
    parser.add_argument("--log", metavar="FILE", help="append verified events here instead of printing them")
    parser.add_argument("--fail-first", type=int, default=0, metavar="N", help="fail the first N verified deliveries; -1 fails all")
    parser.add_argument("--status", type=int, default=500, metavar="CODE", help="what --fail-first answers with")
    parser.add_argument("--delay", type=float, default=0.0, metavar="S", help="seconds to wait before each answer")
    options = parser.parse_args(words)
    if not is_secret(options.secret):
        parser.error("--secret must be whsec_ and base64")
    return options


def is_secret(text):
    try:
        return text.startswith("whsec_") and len(base64.b64decode(text[6:], validate=True)) > 0
    except ValueError:
        return False


def main():
    server = Receiver(read_options(sys.argv[1:]))
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
