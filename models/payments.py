"""Seeded synthetic payments: the first 150 days of a gateway, with honest people and four kinds of fraud.

    python models/payments.py FOLDER [--seed N]

writes payments.csv and labels.csv as `causeway features replay` reads them.

About half of the people come through partners of either kind. At a hosted one, people see a page and need time, and their
device, network and country are known; at a server-to-server one, session, quote and redemption follow one another within
a second or so, whoever pays. So a quick redemption alone says nothing: only at hosted partners is it the mark of a script.

Every figure here is an assumption, chosen so that honest and fraudulent payments overlap: some honest people are
hurried, travel, share devices and wallets, spend far above their mean, or begin with a large pay-out. The model trained on
them is a starting point and says nothing about real fraud.
"""

import argparse
import csv
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from frauds import frauds
from honest import crowd, regular
from people import DAY, DAYS, Payment

START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
SEED = 20_260_302

# Crowds of so many persons.
_REGULARS_PER_CROWD = 60
_FEWEST, _MOST = 5, 60


@dataclass(frozen=True)
class Row:
    """A row of payments.csv: what stands in its columns, as text."""

    id: str
    time: str
    partner: str
    customer: str
    amount: str
    side: str
    method: str
    wallet: str
    device: str
    network: str
    country: str
    customer_country: str
    customer_since: str
    partner_since: str
    session_seconds: str
    quote_seconds: str
    hosted: str
    failure_code: str
    declined_at: str


def generate(seed: int, persons: int = 2_400) -> list[Payment]:
    """The payments of `persons` regulars (about 25 each), of crowds of new people and of the fraud around them, in time
    order.
    """
    rng = Random(seed)
    honest = [regular(rng, f"u{number}") for number in range(persons)]
    for number in range(persons // _REGULARS_PER_CROWD):
        honest += crowd(rng, f"c{number}", rng.randrange(_FEWEST, _MOST))
    everything = [payment for payments in honest for payment in payments] + frauds(rng, honest, persons)
    inside = [payment for payment in everything if payment.second < DAYS * DAY]
    return sorted(inside, key=lambda payment: (payment.second, payment.person.name))


def write(folder: Path, payments: list[Payment]) -> tuple[Path, Path]:
    """Writes payments.csv and labels.csv into the folder, which is made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, labels = folder / "payments.csv", folder / "labels.csv"
    with rows.open("w", encoding="utf-8", newline="") as one, labels.open("w", encoding="utf-8", newline="") as other:
        row, label = (csv.writer(file, lineterminator="\n") for file in (one, other))
        row.writerow([field.name for field in fields(Row)])
        label.writerow(["id", "is_fraud", "label_time"])
        for number, payment in enumerate(payments):
            name = f"p{number:07}"
            row.writerow(astuple(_row(name, payment)))
            label.writerow([name, int(payment.is_fraud), _time(payment.known)])
    return rows, labels


def _row(name: str, payment: Payment) -> Row:
    person = payment.person
    is_late = payment.declined is not None and payment.declined > payment.second
    return Row(
        id=name, time=_time(payment.second), partner=f"partner-{person.partner}", customer=person.name,
        amount=f"{payment.amount:.2f}", side="off_ramp" if payment.is_pay_out else "on_ramp",
        method="card" if payment.is_card else "bank_transfer", wallet=payment.wallet,
        device=payment.device, network=payment.network, country=payment.country,
        customer_country="" if person.since is None else person.country,
        customer_since="" if person.since is None else _time(person.since),
        partner_since=_time(-30 * DAY * (1 + person.partner)),
        session_seconds=f"{payment.session:.3f}", quote_seconds=f"{payment.quote:.3f}",
        hosted=str(int(not person.is_server)),
        failure_code="" if payment.declined is None else "risk_declined",
        declined_at=_time(payment.declined) if is_late else "",
    )


def _time(second: float) -> str:
    at = datetime.fromtimestamp(START + int(second * 1000) / 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def main() -> None:
    """Reads the command line and writes the files."""
    parser = argparse.ArgumentParser(description="Writes synthetic payments as `causeway features replay` reads them.")
    parser.add_argument("folder", type=Path, help="where payments.csv and labels.csv go")
    parser.add_argument("--seed", type=int, default=SEED, help="seed (default: %(default)s)")
    wanted = parser.parse_args()
    payments = generate(wanted.seed)
    rows, labels = write(wanted.folder, payments)
    print(f"wrote {rows} and {labels}: {len(payments)} payments, {sum(payment.is_fraud for payment in payments)} frauds")


if __name__ == "__main__":
    main()
