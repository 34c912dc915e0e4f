"""Honest people of the synthetic history: regulars, and those who come as a crowd through one network block."""

from dataclasses import replace
from random import Random

from people import (
    COUNTRIES, DAY, DAYS, HOUR, MINUTE, PARTNERS_OF_A_KIND, Payment, Person, carrier, exchange, new_person, own_network, pay,
)


def regular(rng: Random, name: str) -> list[Payment]:
    """The payments of somebody who pays every few days."""
    day = 0.95 * DAYS * rng.random() ** 1.5
    known_for = rng.expovariate(1 / HOUR) if rng.random() < 0.4 else rng.expovariate(1 / (60 * DAY))
    person = new_person(rng, name, rng.randrange(2 * PARTNERS_OF_A_KIND), int(day) * DAY - known_for)
    usual_hour = rng.gauss(14, 4)
    first = int(day) * DAY + rng.gauss(usual_hour, 2.5) % 24 * HOUR
    return _life(rng, person, first, usual_hour, rng.uniform(1.0, 9.0))


def crowd(rng: Random, name: str, persons: int) -> list[list[Payment]]:
    """New people behind one block, an office's or a carrier's, who come within an hour, a day or weeks and stay for a while.

    Most have one partner, which somebody told the others of, and many pay to the same exchange.
    """
    start = rng.uniform(0, 0.9 * DAYS) * DAY
    spread = rng.choice((HOUR, DAY, 7 * DAY, 30 * DAY))
    block = carrier(rng) if rng.random() < 0.5 else own_network(rng)
    block = block.rsplit(".", 1)[0]
    partner, wallet = 2 * rng.randrange(PARTNERS_OF_A_KIND), exchange(rng)
    payments = []
    for number in range(persons):
        second = start + rng.random() * spread
        own = partner if rng.random() < 0.8 else rng.randrange(2 * PARTNERS_OF_A_KIND)
        person = new_person(rng, f"{name}-{number}", own, second - rng.expovariate(1 / HOUR))
        person = replace(person, network=f"{block}.{rng.randrange(256)}")
        if rng.random() < 0.3:
            person = replace(person, wallet=wallet)
        payments.append(_life(rng, person, second, second % DAY / HOUR, rng.uniform(4.0, 40.0)))
    return payments


def _life(rng: Random, person: Person, second: float, usual_hour: float, days_between: float) -> list[Payment]:
    """What somebody pays from the first time on."""
    mean = rng.lognormvariate(4.8, 0.9)
    card_share, pay_out_share = rng.random(), rng.betavariate(1, 2)
    hurried = rng.random() < 0.2
    begins_large = rng.random() < 0.02
    names_wallets = rng.random() < 0.75
    payments: list[Payment] = []
    while second < DAYS * DAY:
        if not payments or int(second / DAY) % 7 < 5 or rng.random() < 0.7:
            for _ in range(_burst(rng)):
                first_large = begins_large and not payments
                payments.append(pay(
                    rng, (person, _elsewhere(rng, person)), second,
                    amount=rng.uniform(1_000, 6_000) if first_large else mean * _factor(rng),
                    pay_out=first_large or rng.random() < pay_out_share,
                    card=rng.random() < card_share,
                    session=rng.lognormvariate(2.6, 0.8) if hurried else rng.lognormvariate(5.2, 0.9),
                    quote=rng.expovariate(1 / 12),
                    names_wallet=names_wallets,
                    fraud=False,
                ))
                second += rng.uniform(1, 15) * MINUTE
        day = second / DAY + rng.expovariate(1 / days_between)
        second = max(second + MINUTE, int(day) * DAY + rng.gauss(usual_hour, 2.5) % 24 * HOUR)
    return payments


def _elsewhere(rng: Random, person: Person) -> dict[str, str]:
    """Honest people change devices, use other networks, travel, and pay to new wallets."""
    other: dict[str, str] = {}
    if rng.random() < 0.06:
        other["device"] = f"{person.device}-2" if rng.random() < 0.7 else f"d-new{rng.getrandbits(40):x}"
    if rng.random() < 0.2:
        other["network"] = carrier(rng)
    if rng.random() < 0.03:
        other |= {"network": own_network(rng), "country": rng.choice(COUNTRIES)}
    if rng.random() < 0.05:
        other["wallet"] = exchange(rng) if rng.random() < 0.3 else f"w-new{rng.getrandbits(40):x}"
    return other


def _burst(rng: Random) -> int:
    chance = rng.random()
    return rng.randint(4, 9) if chance < 0.003 else 2 if chance < 0.05 else 1


def _factor(rng: Random) -> float:
    return rng.uniform(4, 15) if rng.random() < 0.02 else rng.lognormvariate(0, 0.5)
