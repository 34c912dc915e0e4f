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
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from random import Random

DAYS = 150
START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
SEED = 20_260_302

# A fraud is reported within this time; what was not by then is honest, as far as anybody will ever know.
REPORTED_DAYS = 30.0

_MINUTE = 60.0
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR

_COUNTRIES = ("DE", "FR", "ES", "GB", "BR", "IN")
_PARTNERS_OF_A_KIND = 4
_CARRIERS = 60
_EXCHANGES = 25

# Share of the frauds that come through server-to-server partners, who know their own customers.
_AT_SERVERS = 0.35


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


@dataclass(frozen=True)
class Person:
    """Somebody at a partner. Where `since` is None, the partner keeps no record of its customers."""

    name: str
    partner: int
    country: str
    since: float | None
    device: str
    network: str
    wallet: str

    @property
    def is_server(self) -> bool:
        """Whether the partner is a server-to-server one: every other is."""
        return self.partner % 2 == 1


@dataclass(frozen=True)
class Payment:
    """One redemption, `second` after the start. `label` is what the bank was told later, not always the truth."""

    person: Person
    second: float
    amount: float
    is_pay_out: bool
    is_card: bool
    wallet: str
    device: str
    network: str
    country: str
    session: float
    quote: float
    # When risk declined it, in seconds after the start: at once, or when a review did.
    declined: float | None
    is_fraud: bool
    known: float


def generate(seed: int, persons: int = 2_400) -> list[Payment]:
    """The payments of `persons` honest people (about 25 each) and of the fraud around them, in time order."""
    rng = Random(seed)
    honest = [_honest_person(rng, f"u{number}") for number in range(persons)]
    crooks = _Crooks(rng)
    frauds = _card_testing(crooks, persons // 100)
    frauds += _new_person_pay_out(crooks, persons // 10)
    frauds += _quick_session(crooks, persons // 11)
    frauds += _account_take_over(crooks, honest, persons // 22)
    everything = [payment for payments in honest for payment in payments] + frauds
    inside = [payment for payment in everything if payment.second < DAYS * _DAY]
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
        partner_since=_time(-30 * _DAY * (1 + person.partner)),
        session_seconds=f"{payment.session:.3f}", quote_seconds=f"{payment.quote:.3f}",
        hosted=str(int(not person.is_server)),
        failure_code="" if payment.declined is None else "risk_declined",
        declined_at=_time(payment.declined) if is_late else "",
    )


def _time(second: float) -> str:
    at = datetime.fromtimestamp(START + int(second * 1000) / 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _person(rng: Random, name: str, partner: int, since: float) -> Person:
    """Somebody honest, or a crook who has yet to be given other devices and wallets."""
    family = f"{name}x" if rng.random() > 0.1 else f"family{rng.randrange(60)}"
    return Person(
        name=name,
        partner=partner,
        country=rng.choice(_COUNTRIES),
        since=since if rng.random() < 0.6 else None,
        device=f"d-{family}",
        network=_carrier(rng) if rng.random() < 0.3 else _own_network(rng),
        wallet=_exchange(rng) if rng.random() < 0.3 else f"w-{family}",
    )


def _honest_person(rng: Random, name: str) -> list[Payment]:
    day = 0.95 * DAYS * rng.random() ** 1.5
    known_for = rng.expovariate(1 / _HOUR) if rng.random() < 0.4 else rng.expovariate(1 / (60 * _DAY))
    person = _person(rng, name, rng.randrange(2 * _PARTNERS_OF_A_KIND), int(day) * _DAY - known_for)
    mean = rng.lognormvariate(4.8, 0.9)
    usual_hour = rng.gauss(14, 4)
    days_between = rng.uniform(1.0, 9.0)
    card_share, pay_out_share = rng.random(), rng.betavariate(1, 2)
    hurried = rng.random() < 0.2
    begins_large = rng.random() < 0.02
    names_wallets = rng.random() < 0.75
    payments: list[Payment] = []
    while day < DAYS:
        if int(day) % 7 < 5 or rng.random() < 0.7:
            second = int(day) * _DAY + rng.gauss(usual_hour, 2.5) % 24 * _HOUR
            for _ in range(_honest_burst(rng)):
                first_large = begins_large and not payments
                payments.append(_payment(
                    rng, _elsewhere(rng, person), second,
                    amount=rng.uniform(1_000, 6_000) if first_large else mean * _honest_factor(rng),
                    pay_out=first_large or rng.random() < pay_out_share,
                    card=rng.random() < card_share,
                    session=rng.lognormvariate(2.6, 0.8) if hurried else rng.lognormvariate(5.2, 0.9),
                    quote=rng.expovariate(1 / 12),
                    names_wallet=names_wallets,
                    fraud=False,
                ))
                second += rng.uniform(1, 15) * _MINUTE
        day += rng.expovariate(1 / days_between)
    return payments


def _elsewhere(rng: Random, person: Person) -> tuple[Person, dict[str, str]]:
    """Honest people change devices, use other networks, travel, and pay to new wallets."""
    other = {}
    if rng.random() < 0.06:
        other["device"] = f"{person.device}-2" if rng.random() < 0.7 else f"d-new{rng.getrandbits(40):x}"
    if rng.random() < 0.2:
        other["network"] = _carrier(rng)
    if rng.random() < 0.03:
        other |= {"network": _own_network(rng), "country": rng.choice(_COUNTRIES)}
    if rng.random() < 0.05:
        other["wallet"] = _exchange(rng) if rng.random() < 0.3 else f"w-new{rng.getrandbits(40):x}"
    return person, other


def _honest_burst(rng: Random) -> int:
    chance = rng.random()
    return rng.randint(4, 9) if chance < 0.003 else 2 if chance < 0.05 else 1


def _honest_factor(rng: Random) -> float:
    return rng.uniform(4, 15) if rng.random() < 0.02 else rng.lognormvariate(0, 0.5)


class _Crooks:
    """What those who defraud have at a time: wallets that take the money, machines and networks that hide them."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.count = 0

    def start(self, earliest: float = 0.0) -> float:
        """Seconds after the start; fraud prefers nights and weekends, when nobody watches."""
        while True:
            second = self.rng.uniform(earliest, DAYS * _DAY)
            night = second % _DAY < 6 * _HOUR
            weekend = second // _DAY % 7 >= 5
            if self.rng.random() < (1.0 if night else 0.45) * (1.0 if weekend else 0.6):
                return second

    def person(self, second: float, server_share: float) -> Person:
        """A new person, at a server-to-server partner with this share."""
        self.count += 1
        partner = 2 * self.rng.randrange(_PARTNERS_OF_A_KIND) + (self.rng.random() < server_share)
        return _person(self.rng, f"v{self.count}", partner, second - self.rng.expovariate(1 / _DAY))

    def disguise(self, second: float) -> dict[str, str]:
        """Wallet, device and network of a fraud. Each is used for some weeks and then replaced; some are fresh, or look
        like everybody's.
        """
        rng = self.rng
        weeks = int(second // (21 * _DAY))
        return {
            "wallet": self._one_of(f"w-mule{weeks}-{rng.randrange(8)}", f"w-{rng.getrandbits(40):x}", _exchange(rng)),
            "device": self._one_of(f"d-farm{weeks}-{rng.randrange(8)}", f"d-{rng.getrandbits(40):x}", None),
            "network": self._one_of(f"100.64.{weeks}.{rng.randrange(256)}", _own_network(rng), _carrier(rng)),
        }

    def _one_of(self, worn: str, fresh: str, usual: str | None) -> str:
        chance = self.rng.random()
        return worn if chance < 0.5 else fresh if chance < 0.85 or usual is None else usual


def _card_testing(crooks: _Crooks, campaigns: int) -> list[Payment]:
    """Stolen cards are tried one after another with small amounts until one works."""
    rng, payments = crooks.rng, []
    for _ in range(campaigns):
        second = crooks.start()
        person, disguise = crooks.person(second, _AT_SERVERS), crooks.disguise(second)
        for _ in range(rng.randint(5, 20)):
            payments.append(_payment(
                rng, (person, disguise), second, amount=rng.uniform(1, 20), pay_out=False, card=True,
                session=rng.lognormvariate(2.8, 0.6), quote=rng.expovariate(1 / 3), names_wallet=rng.random() < 0.8,
                fraud=True,
            ))
            second += rng.uniform(20, 240)
    return payments


def _new_person_pay_out(crooks: _Crooks, persons: int) -> list[Payment]:
    """An account opened to cash out: a large pay-out at once, sometimes a second one."""
    rng = crooks.rng
    return _by_new_persons(crooks, persons, _AT_SERVERS, 2, 2 * _HOUR, lambda: dict(
        amount=rng.lognormvariate(7.6, 0.6), pay_out=True, card=rng.random() < 0.3,
        session=rng.lognormvariate(4.2, 0.9), quote=rng.expovariate(1 / 6),
    ))


def _quick_session(crooks: _Crooks, persons: int) -> list[Payment]:
    """A script with a stolen card: session, quote and redemption within seconds, amounts like everybody's.

    At a server-to-server partner it looks like everybody also in its timing, but most such partners keep scripts away.
    """
    rng = crooks.rng
    return _by_new_persons(crooks, persons, _AT_SERVERS / 2, 3, 3 * _HOUR, lambda: dict(
        amount=rng.lognormvariate(5.6, 0.6), pay_out=False, card=True,
        session=rng.uniform(1.5, 12), quote=rng.uniform(0.05, 1.5),
    ))


def _by_new_persons(
    crooks: _Crooks, persons: int, server_share: float, most: int, pause: float, terms: Callable[[], dict],
) -> list[Payment]:
    rng, payments = crooks.rng, []
    for _ in range(persons):
        second = crooks.start()
        person, disguise = crooks.person(second, server_share), crooks.disguise(second)
        for _ in range(rng.randint(1, most)):
            payments.append(_payment(
                rng, (person, disguise), second, names_wallet=rng.random() < 0.8, fraud=True, **terms(),
            ))
            second += rng.uniform(2 * _MINUTE, pause)
    return payments


def _account_take_over(crooks: _Crooks, honest: list[list[Payment]], victims: int) -> list[Payment]:
    """Somebody else uses the account of a regular: amounts far above the person's own mean, mostly paid out."""
    rng, payments = crooks.rng, []
    regulars = [
        each for each in honest if len(each) >= 5 and (not each[0].person.is_server or rng.random() < 2 * _AT_SERVERS)
    ]
    for victim in rng.sample(regulars, min(victims, len(regulars))):
        mean = sum(payment.amount for payment in victim) / len(victim)
        second = crooks.start(earliest=victim[3].second)
        disguise = crooks.disguise(second)
        if rng.random() < 0.4:
            disguise["country"] = rng.choice(_COUNTRIES)
        if rng.random() < 0.2:
            del disguise["device"]
        for _ in range(rng.randint(1, 4)):
            payments.append(_payment(
                rng, (victim[0].person, disguise), second, amount=mean * rng.uniform(3, 18), pay_out=rng.random() < 0.8,
                card=rng.random() < 0.3, session=rng.lognormvariate(3.6, 0.8), quote=rng.expovariate(1 / 5),
                names_wallet=rng.random() < 0.8, fraud=True,
            ))
            second += rng.uniform(1, 40) * _MINUTE
    return payments


def _payment(
    rng: Random, who: tuple[Person, dict[str, str]], second: float, *,
    amount: float, pay_out: bool, card: bool, session: float, quote: float, names_wallet: bool, fraud: bool,
) -> Payment:
    """`session` and `quote` are the seconds that it takes at a hosted partner; a server takes its own, and says nothing of
    devices.
    """
    person, other = who
    if person.is_server:
        session = rng.lognormvariate(-1.2, 0.9)
        quote = session * rng.uniform(0.1, 0.95)
    session = min(session, _HOUR)
    declined = None
    if rng.random() < (0.25 if fraud else 0.002):
        declined = second + (rng.uniform(0.5, 12) * _HOUR if rng.random() < 0.3 else 0.0)
    # One fraud in twenty is never reported; one honest payment in a thousand is disputed all the same.
    is_fraud = fraud != (rng.random() < (0.05 if fraud else 0.001))
    days = min(1 + rng.expovariate(1 / 7), REPORTED_DAYS) if is_fraud else REPORTED_DAYS
    seen = {name: other.get(name, getattr(person, name)) for name in ("device", "network", "country")}
    if person.is_server:
        seen = dict.fromkeys(seen, "")
    return Payment(
        person=person, second=second, amount=max(1.0, amount), is_pay_out=pay_out, is_card=card,
        wallet=other.get("wallet", person.wallet) if names_wallet else "", **seen,
        session=session, quote=min(quote, session, 300.0), declined=declined, is_fraud=is_fraud,
        known=second + days * _DAY,
    )


def _carrier(rng: Random) -> str:
    """A network that many share."""
    return f"198.18.{rng.randrange(_CARRIERS)}.{rng.randrange(256)}"


def _own_network(rng: Random) -> str:
    """One that hardly anybody shares."""
    return f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"


def _exchange(rng: Random) -> str:
    """A wallet that many share; a few have most of them."""
    return f"w-exchange{int(_EXCHANGES * rng.random() ** 2)}"


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
