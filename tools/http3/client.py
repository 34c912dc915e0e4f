#!/usr/bin/env python3
"""A client that speaks HTTP/3 with aioquic, as a partner in another language would. It shares no code with the gateway.

It reads a list of requests from its standard input, a JSON array of {"method", "path", "headers", "body"}, sends them all at
once over one connection, and prints one JSON object: the answers in the order of the requests, and how many bytes of early
data the server's tickets for the next connection allow (null: none).
"""

import argparse
import asyncio
import json
import sys

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StreamReset

PATIENCE_SECONDS = 30


class Client(QuicConnectionProtocol):
    """One connection; each request has a future that gets its answer."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._http = H3Connection(self._quic)
        self._waiting = {}

    async def ask(self, request, authority):
        stream = self._quic.get_next_available_stream_id()
        answer = {"status": 0, "headers": [], "body": b""}
        done = self._loop.create_future()
        self._waiting[stream] = (answer, done)
        given = {name.lower(): value for name, value in request["headers"]}
        head = [
            (":method", request["method"]),
            (":scheme", "https"),
            (":authority", given.pop("host", authority)),
            (":path", request["path"]),
            *given.items(),
        ]
        body = request["body"].encode()
        if body:
            head.append(("content-length", str(len(body))))
        encoded = [(name.encode(), value.encode()) for name, value in head]
        self._http.send_headers(stream, encoded, end_stream=not body)
        if body:
            self._http.send_data(stream, body, end_stream=True)
        self.transmit()
        return await done

    def quic_event_received(self, event):
        if isinstance(event, ConnectionTerminated):
            for _, done in self._waiting.values():
                done.set_exception(ConnectionError(f"closed with {event.error_code:#x}: {event.reason_phrase}"))
            self._waiting.clear()
        elif isinstance(event, StreamReset) and event.stream_id in self._waiting:
            _, done = self._waiting.pop(event.stream_id)
            done.set_exception(ConnectionError(f"a stream was reset with {event.error_code:#x}"))
        for http_event in self._http.handle_event(event):
            self._take(http_event)

    def _take(self, event):
        if not isinstance(event, (HeadersReceived, DataReceived)) or event.stream_id not in self._waiting:
            return
        answer, done = self._waiting[event.stream_id]
        if isinstance(event, HeadersReceived):
            fields = [(name.decode(), value.decode()) for name, value in event.headers]
            answer["status"] = int(dict(fields)[":status"])
            answer["headers"] = [pair for pair in fields if not pair[0].startswith(":")]
        else:
            answer["body"] += event.data
        if event.stream_ended:
            del self._waiting[event.stream_id]
            done.set_result({**answer, "body": answer["body"].decode()})


async def run(arguments, requests):
    tickets = []
    configuration = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN, server_name=arguments.name)
    configuration.load_verify_locations(cafile=arguments.certificate)
    async with connect(
        arguments.host,
        arguments.port,
        configuration=configuration,
        create_protocol=Client,
        session_ticket_handler=tickets.append,
    ) as client:
        authority = f"{arguments.name}:{arguments.port}"
        answers = await asyncio.gather(*(client.ask(request, authority) for request in requests))
    if not tickets:
        raise SystemExit("the server sent no ticket, so nothing can be said of early data")
    early = max((ticket.max_early_data_size or 0) for ticket in tickets)
    return {"answers": answers, "early_data": early or None}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where the gateway listens")
    parser.add_argument("--port", type=int, required=True, help="its UDP port")
    parser.add_argument("--name", default="localhost", help="the name in its certificate")
    parser.add_argument("--certificate", required=True, help="the certificate that is trusted, in PEM")
    arguments = parser.parse_args()
    requests = json.load(sys.stdin)
    print(json.dumps(asyncio.run(asyncio.wait_for(run(arguments, requests), PATIENCE_SECONDS))))


if __name__ == "__main__":
    main()
