"""A consumer of the event bus that shares no code with the gateway: the tests judge by what it sees.

    consumer.py URL EXCHANGE QUEUE bind           declares the queue and binds it for everything
    consumer.py URL EXCHANGE QUEUE declare TYPE   declares the exchange with another type
    consumer.py URL EXCHANGE QUEUE bind_full      declares a second queue that takes one message and rejects what comes then
    consumer.py URL EXCHANGE QUEUE remove_full    removes it
    consumer.py URL EXCHANGE QUEUE take COUNT     takes messages until COUNT different ones came and no more follow
"""

import json
import sys
import time

import pika

SECONDS = 60
QUIET_SECONDS = 0.5


def bind(channel, exchange, queue):
    channel.exchange_declare(exchange, exchange_type="topic", durable=True)
    channel.queue_declare(queue, durable=True)
    channel.queue_bind(queue, exchange, routing_key="#")


def bind_full(channel, exchange, queue):
    channel.exchange_declare(exchange, exchange_type="topic", durable=True)
    channel.queue_declare(queue, durable=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    channel.queue_bind(queue, exchange, routing_key="#")


def take(channel, queue, count):
    """Prints a JSON object a message, in the order of arrival."""
    ids, deadline = set(), time.monotonic() + SECONDS
    for method, properties, body in channel.consume(queue, inactivity_timeout=QUIET_SECONDS):
        if method is None:
            if len(ids) >= count:
                return
            if time.monotonic() > deadline:
                sys.exit(f"{len(ids)} different messages of {count} came within {SECONDS} s")
            continue
        ids.add(properties.message_id)
        print(json.dumps({
            "id": properties.message_id,
            "routing_key": method.routing_key,
            "type": properties.type,
            "app_id": properties.app_id,
            "timestamp": properties.timestamp,
            "content_type": properties.content_type,
            "delivery_mode": properties.delivery_mode,
            "headers": properties.headers,
            "body": json.loads(body),
        }))
        channel.basic_ack(method.delivery_tag)


def main():
    url, exchange, queue, action, *more = sys.argv[1:]
    channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
    if action == "bind":
        bind(channel, exchange, queue)
    elif action == "declare":
        channel.exchange_declare(exchange, exchange_type=more[0], durable=True)
    elif action == "bind_full":
        bind_full(channel, exchange, f"{queue}.full")
    elif action == "remove_full":
        channel.queue_delete(f"{queue}.full")
    else:
        take(channel, queue, int(more[0]))
    channel.connection.close()


main()
