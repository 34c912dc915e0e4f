"""What schemathesis must know of this API that the contract cannot say: credentials, real codes of countries and currencies,
objects that are in the state which an operation needs. And what it saw, operation by operation."""

import atexit
import json
import os
from collections import Counter

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import Failure

import shaping
from legal import Judge, name_of
from stock import ORIGIN, Stock

SETTINGS = json.loads(os.environ["CONFORMANCE"])
MODE = SETTINGS["mode"]
STOCK = Stock(SETTINGS["base_url"], SETTINGS["partner"], MODE, SETTINGS["seed"])
JUDGE = Judge(MODE, STOCK.assets, STOCK.methods)
SEEN: Counter = Counter()

schemathesis.openapi.format("iso-4217", st.sampled_from(shaping.CURRENCIES))
schemathesis.openapi.format("iso-3166-1", st.sampled_from(shaping.COUNTRIES))
schemathesis.openapi.format("uri", st.sampled_from([f"{ORIGIN}/complete", "https://a.example", "http://localhost:3000/x"]))
schemathesis.openapi.format("email", st.integers(0, 10**9).map(lambda number: f"user.{number}@people.example"))


@schemathesis.auth(refresh_interval=None)
class Credentials:
    """The credential that the operation takes."""

    def get(self, case, context):
        scheme = next(iter(context.operation.definition.raw["security"][0]))
        if scheme == "embedToken":
            return {"X-Embed-Token": STOCK.embed_token()}
        key = SETTINGS["partner"]["secret_key" if scheme == "secretKey" else "publishable_key"]
        return {"Authorization": f"Bearer {key}"}

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), **data}


@schemathesis.hook
def flatmap_headers(context, headers):
    """A header that nobody reads. Without it, what takes no input is asked twice and never again."""
    return st.integers(1, 10**6).map(lambda number: {**(headers or {}), "X-Try": str(number)})


@schemathesis.hook
def before_call(context, case, kwargs):
    if name_of(case) == "createEmbedToken":
        case.headers = {**(case.headers or {}), "Origin": ORIGIN}
    shaping.keep_off_other_paths(STOCK, case)
    if case.meta is None or case.meta.generation.mode.is_positive:
        shaping.shape(STOCK, case)


@schemathesis.hook
def after_call(context, case, response):
    # Requests by which a method is tried that the path does not have are no requests for the operation.
    is_own = case.method.upper() == case.operation.method.upper()
    name = name_of(case) if is_own else f"{case.method.upper()} elsewhere"
    SEEN[(MODE, name, response.status_code, code_of(response))] += 1


def code_of(response) -> str:
    try:
        body = json.loads(response.content)
    except ValueError:
        return ""
    return body.get("code", "") if response.status_code >= 400 and isinstance(body, dict) else ""


@schemathesis.check
def refusals_repeat_their_request(ctx, response, case):
    """The error body repeats status and request id, which no schema can say."""
    if response.status_code < 400 or case.method.upper() == "HEAD":
        return
    body = json.loads(response.content)
    if body["statusCode"] != response.status_code or body["request_id"] != response.headers["x-request-id"][0]:
        raise Failure(operation=case.operation.label, title="The error body is of another answer", message=str(body))


@schemathesis.check
def amounts_that_are_taken_fit(ctx, response, case):
    """No answer of 2xx to an amount that should have been refused, which no schema can say either."""
    wrong = JUDGE.taken_too_much(case) if response.status_code < 300 else None
    if wrong is not None:
        raise Failure(operation=case.operation.label, title="An amount should have been refused", message=wrong)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    is_refusal = type(failure).__name__ == "RejectedPositiveData"
    return not (is_refusal and JUDGE.is_legal(case, response, code_of(response)))


@atexit.register
def write():
    with open(SETTINGS["seen"], "w", encoding="utf-8") as file:
        json.dump([[*key, count] for key, count in sorted(SEEN.items())], file)
