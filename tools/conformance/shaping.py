"""Requests that fit the schema, shaped so that most of them also meet an object in the right state. One in four stays as it
was generated.

What is chosen follows from what was generated: along the links, a scenario that is generated again must go the same way, or
it is given up.
"""

import random
import zlib

from legal import DECIMALS

# Some of those that exist. Where the schema has a format, the edges of its pattern, such as AA, are no codes at all.
COUNTRIES = ["DE", "FR", "US", "BR", "IN", "GB", "JP", "de"]
CURRENCIES = [*DECIMALS, "eur"]
SIDES = {"PayIn": "on_ramp", "PayOut": "off_ramp"}


def shape(stock, case):
    operation = case.operation.definition.raw
    name = operation["operationId"]
    is_linked = case.meta is not None and "stateful" in str(case.meta.phase.name).lower()
    # The header that nobody reads tells those apart that are alike otherwise: they are not all left as they were.
    generated = repr((name, case.path_parameters, case.query, case.body, (case.headers or {}).get("X-Try")))
    stock.random = random.Random(zlib.crc32(generated.encode(errors="replace")))
    for part in ("query", "body"):
        values = getattr(case, part)
        if isinstance(values, dict):
            setattr(case, part, {**values, **existing(stock, values)})
    if not is_linked and stock.random.random() < 0.25:
        return
    if any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"]):
        case.headers = {**(case.headers or {}), "Idempotency-Key": stock.idempotency_key(is_linked)}
    path = None if is_linked and case.path_parameters else path_of(stock, name)
    if path is not None:
        case.path_parameters = {**case.path_parameters, **path}
    if case.query and "starting_after" in case.query and not is_linked:
        case.query = {**case.query, "starting_after": cursor(stock, name)}
    if isinstance(case.body, dict):
        case.body = {**case.body, **body_of(stock, name, case.body)}


def keep_off_other_paths(stock, case):
    """A path that is an operation's own, such as /v1/quotes/preview, is not this one's, whatever its parameter is called."""
    if case.path_parameters and case.formatted_path in case.operation.schema.raw_schema["paths"]:
        case.path_parameters = path_of(stock, case.operation.definition.raw["operationId"])


def existing(stock, values):
    """Codes that exist, in the place of those that only look like some."""
    known = {"country_code": COUNTRIES, "currency": CURRENCIES}
    wrong = [name for name in known if isinstance(values.get(name), str) and values[name] not in known[name]]
    return {name: stock.random.choice(known[name]) for name in wrong}


def path_of(stock, name):
    """An object in the state that the operation wants."""
    if name in ("retrieveSession", "cancelSession", "completeSession"):
        return {"id": stock.session()["id"]}
    if name in ("getCustomer", "updateCustomer", "deleteCustomer"):
        return {"id": stock.customer()["id"]}
    if name == "getAsset":
        return {"symbol": stock.random.choice(stock.offers)["asset"]}
    if name == "replayWebhookDelivery":
        return {"id": stock.dead_delivery()}
    if name == "retrieveSignedQuote":
        return {"id": stock.pair("on_ramp", "100.00")["quote_id"]}
    if name == "retrieveTransaction":
        return {"refid": stock.payment("on_ramp", "100.00")["transaction_refid"]}
    for word, side in SIDES.items():
        if name == f"verify{word}":
            return {"id": stock.payment(side, "100.05")["id"]}
        if name in (f"retrieve{word}", f"settle{word}", f"fail{word}", f"cancel{word}"):
            return {"id": stock.payment(side, "100.06")["id"]}
    return None


def cursor(stock, name):
    if name == "listTransactions":
        return stock.payment("on_ramp", "100.00")["transaction_refid"]
    return (stock.customer() if name == "listCustomers" else stock.session())["id"]


def body_of(stock, name, body):
    """The members without which the request would be refused for what is or is not there."""
    for word, side in SIDES.items():
        if name == f"create{word}":
            return stock.pair(side, stock.random.choice(["100.00", "100.02", "100.03", "100.04", "100.05"]))
    if name == "lockQuote":
        return stock.lock()
    if name == "previewQuotes":
        return {key: value for key, value in stock.lock().items() if key != "payment_method"} | {"country_code": None}
    if name == "createSession":
        return {"amount": f"{stock.random.randint(1, 9999)}", "currency": "EUR"}
    if name == "createCustomer":
        unique = {"email": f"{stock.fresh('eve')}@people.example"}
        return {**unique, "external_id": stock.fresh("user")} if body.get("external_id") else unique
    if name == "createEmbedToken" and body.get("clientSecret"):
        return {"clientSecret": stock.session()["client_secret"]}
    if name == "confirmEmbedSession":
        return {"payment_method": "sepa_instant", "side": None, "asset": None}
    return {}
