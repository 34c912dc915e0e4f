"""What the shipped baseline says of honest people who share something: a network block, or a wallet."""

import csv
import tempfile
import unittest
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

import gateway
import package

SHIPPED = Path(__file__).parent / "baseline" / "2"
MONDAY = datetime(2026, 6, 1, 10, tzinfo=UTC)
VERDICTS = ("approve", "step_up", "review", "decline")


def paid(customer: str, at: datetime, **other: str) -> dict[str, str]:
    """An ordinary payment: a new device and wallet for each customer, who has a minute and a half for it."""
    return {
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}", "partner": "p", "partner_since": "2025-01-01T00:00:00Z", "customer": customer,
        "amount": "80.00", "side": "on_ramp", "method": "sepa_instant", "wallet": f"w-{customer}",
        "device": f"d-{customer}", "network": "192.0.2.1", "country": "DE", "session_seconds": "90",
        "quote_seconds": "5", "hosted": "1", "failure_code": "", **other,
    }


def background() -> list[dict[str, str]]:
    """What the partner's customers paid in the two days before, each from a block of their own."""
    return [
        paid(f"b{number % 60}", MONDAY - timedelta(minutes=10 * (200 - number)), network=f"10.{number % 60}.0.1")
        for number in range(200)
    ]


def verdicts(payments: list[dict[str, str]]) -> list[str]:
    """What the shipped package says of each, by the features that the gateway computes."""
    manifest = package.read_manifest(SHIPPED)
    with tempfile.TemporaryDirectory() as folder:
        rows, labels, table = (Path(folder) / name for name in ("payments.csv", "labels.csv", "table.csv"))
        with rows.open("w", encoding="utf-8", newline="") as file, labels.open("w", encoding="utf-8") as others:
            writer = csv.DictWriter(file, ["id", *payments[0]])
            writer.writeheader()
            writer.writerows({"id": f"p{number}", **payment} for number, payment in enumerate(payments))
            others.write("id,is_fraud,label_time\n" + "".join(f"p{number},,\n" for number in range(len(payments))))
        gateway.replay(gateway.find(), rows, labels, table)
        with table.open(encoding="utf-8", newline="") as file:
            found = [[row[name] for name in manifest["input"]["features"]] for row in csv.DictReader(file)]
    limits = package.Thresholds(**manifest["thresholds"])
    reached = limits.verdicts(package.score(SHIPPED, np.array(found, dtype=np.float32)))
    return [VERDICTS[int(each)] for each in reached]


class CrowdsTest(unittest.TestCase):
    def setUp(self) -> None:
        try:
            gateway.find()
        except gateway.Missing as missing:
            self.skipTest(str(missing))

    def welcomed(self, said: list[str]) -> None:
        """None is declined or reviewed, and at most one has to do something more."""
        self.assertLessEqual(said.count("step_up"), 1, said)
        self.assertLessEqual(set(said), {"approve", "step_up"})

    def test_new_people_behind_one_block(self) -> None:
        for pause, count in [(timedelta(hours=3), 16), (timedelta(minutes=7), 8)]:
            for declined in (0, 10):
                with self.subTest(pause=str(pause), declined=declined):
                    payments = background()
                    # Somebody else was declined there, who names no wallet and has another device each time.
                    payments += [
                        paid(f"a{number}", MONDAY + timedelta(minutes=number), network="198.18.5.200", wallet="",
                             failure_code="risk_declined")
                        for number in range(declined)
                    ]
                    payments += [
                        paid(f"n{number}", MONDAY + (number + 1) * pause + timedelta(hours=1), network=f"198.18.5.{number}")
                        for number in range(count)
                    ]
                    self.welcomed(verdicts(payments)[-count:])

    def test_payments_of_others_to_the_wallet_of_a_regular_customer(self) -> None:
        served = {"hosted": "0", "device": "", "network": "", "country": "", "session_seconds": "0.3", "quote_seconds": "0.2"}
        for kind, declined in [({}, ""), (served, ""), (served, "risk_declined")]:
            for pause in (timedelta(seconds=2), timedelta(minutes=5), timedelta(hours=8)):
                with self.subTest(pause=str(pause), served=bool(kind), declined=declined):
                    payments = [
                        paid("regular", MONDAY + timedelta(days=3 * number), wallet="exchange", **kind)
                        for number in range(11)
                    ]
                    start = MONDAY + timedelta(days=30) - 60 * pause
                    payments += [
                        paid(f"o{number}", start + number * pause, partner="q", wallet="exchange", amount="20.10",
                             failure_code=declined, **served)
                        for number in range(60)
                    ]
                    payments.sort(key=lambda payment: payment["time"])
                    said = verdicts(payments)
                    self.assertEqual(said[-1], "approve")
                    self.assertNotIn("decline", said)


if __name__ == "__main__":
    unittest.main()
