"""Which refusals are legal of requests that fit the schema, and which amounts may be taken."""

import json
from decimal import Decimal

from contract import codes_of

# Refusals that say that the request itself is wrong: what fits the schema must not hear them.
VALIDATION = {
    "invalid_request", "unknown_field", "invalid_json", "body_incomplete", "malformed_http", "body_too_large",
    "unsupported_media_type", "not_acceptable", "uri_too_long", "headers_too_large", "method_not_allowed",
    "idempotency_key_required", "missing_key", "invalid_key", "key_kind_not_allowed",
}
# The minor units of all currencies that are asked for.
DECIMALS = {"EUR": 2, "USD": 2, "GBP": 2, "BRL": 2, "INR": 2, "JPY": 0, "KWD": 3}
LARGEST = Decimal(10) ** 12
PRICED = ("lockQuote", "previewQuotes")
AMOUNTS = ("createSession", *PRICED)


class Judge:
    """Knows what is offered in the mode that is asked."""

    def __init__(self, mode: str, assets: list[dict], methods: list[dict]):
        self.cursors = {"sandbox": "_live_", "live": "_test_"}[mode]
        self.asset_decimals = {asset["symbol"]: asset["decimals"] for asset in assets}
        self.methods = methods

    def is_legal(self, case, response, code: str) -> bool:
        """Whether data that fit the schema were refused for what no schema can tell, in a way that the operation documents."""
        stated = case.operation.definition.raw["responses"].get(str(response.status_code))
        if not code or stated is None or code not in codes_of(case.operation.schema.raw_schema, stated):
            return False
        if code == "amount_out_of_range":
            return self.is_out_of_range(case)
        return code not in VALIDATION or self.is_beyond_schemas(case, code, json.loads(response.content))

    def is_beyond_schemas(self, case, code: str, problem: dict) -> bool:
        """Validation that joins two members, or a member and what is stored. Each case is named: there are no others."""
        name, param = name_of(case), problem["param"]
        if code != "invalid_request":
            return False
        if name == "replayWebhookDelivery":
            return param is None and "not dead-lettered" in problem["message"]
        if param == "amount":
            return self.has_too_many_decimals(case)
        # A cursor is of the caller's mode.
        return param == "starting_after" and self.cursors in str((case.query or {}).get("starting_after"))

    def has_too_many_decimals(self, case) -> bool:
        """More than what it counts has. Zero and nine decimals are for the schema to refuse; nobody counts in what is unknown."""
        body = case.body if isinstance(case.body, dict) else {}
        allowed = self.decimals_of(name_of(case), body)
        if allowed is None or not isinstance(body.get("amount"), str):
            return False
        return -Decimal(body["amount"]).as_tuple().exponent > allowed

    def decimals_of(self, name: str, body: dict) -> int | None:
        """Of what the amount counts: in quotes what the user gives, in sessions always the currency."""
        if name in PRICED and body.get("side") == "off_ramp":
            return self.asset_decimals.get(str(body.get("asset")).upper())
        return DECIMALS.get(str(body.get("currency")).upper())

    def is_out_of_range(self, case) -> bool:
        """Beyond the largest amount; in quotes beyond what carries it. What an asset is worth changes, and is not judged."""
        name = name_of(case)
        body = case.body if isinstance(case.body, dict) else {}
        if name not in AMOUNTS:
            return True
        amount = Decimal(body["amount"])
        if amount > LARGEST or name == "createSession":
            return amount > LARGEST
        if body["side"] == "off_ramp":
            return True
        taking = [one for one in self.methods if fits(one, body) and is_within(amount, one)]
        return not taking

    def taken_too_much(self, case) -> str | None:
        """What is wrong with an amount that was taken."""
        if name_of(case) not in AMOUNTS:
            return None
        if self.has_too_many_decimals(case):
            return "it has more decimals than what it counts"
        return None if 0 < Decimal(case.body["amount"]) <= LARGEST else "it is nothing, or beyond the largest"


def fits(method: dict, body: dict) -> bool:
    """Whether what is asked for can go by this method."""
    is_named = body.get("payment_method") in (None, method["id"])
    country = body.get("country_code")
    is_there = country is None or country.upper() in method["country_codes"]
    return is_named and is_there and method["currency"] == body["currency"].upper()


def is_within(amount: Decimal, method: dict) -> bool:
    return Decimal(method["min_amount"]) <= amount <= Decimal(method["max_amount"])


def name_of(case) -> str:
    return case.operation.definition.raw["operationId"]
