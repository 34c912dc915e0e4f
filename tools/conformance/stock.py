"""Objects that generated requests can meet: made over the API itself, each for the operation that is about to need it."""

import itertools
import random

import requests

ORIGIN = "https://partner.example"


class Stock:
    """A partner that makes objects. What it makes does not count as tested."""

    def __init__(self, base_url: str, partner: dict, mode: str, seed: int):
        self.base_url = base_url
        self.nothing = {"sandbox": "wd_test_", "live": "wd_live_"}[mode] + "0" * 26
        self.partner = partner
        self.http = requests.Session()
        self.numbers = itertools.count()
        # Names must be new whatever is generated; choices follow from what was.
        self.names = random.Random(seed)
        self.random = random.Random(seed)
        self.assets = self.call("GET", "/v1/capabilities/assets")["data"]
        self.methods = self.call("GET", "/v1/capabilities/payment-methods")["data"]
        self.offers = self._offers()

    def call(self, method: str, path: str, body=None, **headers) -> dict:
        """Sends a request that must be granted; gives the object."""
        headers.setdefault("Authorization", f"Bearer {self.partner['secret_key']}")
        headers["Idempotency-Key"] = self.fresh("stock")
        response = self.http.request(method, self.base_url + path, json=body, headers=headers, timeout=30)
        if response.status_code >= 300:
            raise RuntimeError(f"{method} {path} was refused: {response.status_code} {response.text}")
        return response.json()

    def fresh(self, word: str) -> str:
        """A text that no other request has."""
        return f"{word}-{self.names.getrandbits(48):012x}-{next(self.numbers)}"

    def idempotency_key(self, is_linked: bool) -> str:
        """A new one; alone, seldom one that was used for something else."""
        return "again" if not is_linked and self.random.random() < 0.05 else self.fresh("key")

    def _offers(self) -> list[dict]:
        """What can be priced: side, currency, method and asset together."""
        offers = []
        for side, path in [("on_ramp", "payment-methods"), ("off_ramp", "payout-methods")]:
            assets = [one["symbol"] for one in self.call("GET", f"/v1/capabilities/assets?side={side}")["data"]]
            for method in self.call("GET", f"/v1/capabilities/{path}")["data"]:
                for asset in assets:
                    offer = {"side": side, "currency": method["currency"], "payment_method": method["id"]}
                    offers.append({**offer, "asset": asset})
        return offers

    def lock(self) -> dict:
        """The body of a lock that can be priced, for an amount that some rail knows an answer to."""
        offer = self.random.choice(self.offers)
        # Asset amounts are small in what they are worth, and have decimals of their own.
        amount = f"{self.random.randint(20, 80)}.{self.random.choice(['00', '01', '03', '04', '50'])}"
        return {**offer, "amount": amount if offer["side"] == "on_ramp" else "0.5"}

    def session(self, amount: str = "100.00", side: str = "on_ramp") -> dict:
        body = {"amount": amount, "currency": "EUR", "return_url": f"{ORIGIN}/complete", "flow": side}
        return self.call("POST", "/v1/gate_sessions", {**body, "target_token": "USDC"})

    def pair(self, side: str, amount: str) -> dict:
        """A session and a quote that fit each other."""
        session = self.session(amount if side == "on_ramp" else "50000.00", side)
        body = {"currency": "EUR", "asset": "USDC", "amount": amount, "side": side, "payment_method": "sepa_instant"}
        return {"quote_id": self.call("POST", "/v1/quotes", body)["id"], "session_id": session["id"]}

    def payment(self, side: str, amount: str) -> dict:
        path = "/v1/rails/pay_ins" if side == "on_ramp" else "/v1/rails/pay_outs"
        return self.call("POST", path, self.pair(side, amount))

    def customer(self) -> dict:
        return self.call("POST", "/v1/customers", {"email": f"{self.fresh('ann')}@people.example"})

    def dead_delivery(self) -> str:
        """A delivery that was given up; the endpoint never answers. The newest may not be dead yet."""
        self.call("POST", "/v1/webhooks/test")
        path = f"/v1/webhooks/deliveries?status=dead_lettered&limit=1&skip={self.random.randint(0, 3)}"
        dead = self.call("GET", path)["data"]
        return dead[0]["id"] if dead else self.nothing

    def embed_token(self) -> str:
        """A token that is bound to an open session."""
        secret = self.session(self.random.choice(["100.00", "100.04", "100.05"]))["client_secret"]
        key = {"Authorization": f"Bearer {self.partner['publishable_key']}", "Origin": ORIGIN}
        return self.call("POST", "/v1/embed/bootstrap", {"clientSecret": secret}, **key)["embed_token"]
