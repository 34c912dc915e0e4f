"""Seeded synthetic payments: the first sixty days of a gateway, with honest people and four kinds of fraud.

About half of the people come through partners of either kind. At a hosted one, people see a page and need time; at a
server-to-server one, session, quote and redemption follow one another within a second or so, whoever pays. So a quick
redemption alone says nothing: only at hosted partners is it the mark of a script.

Every figure here is an assumption, chosen so that honest and fraudulent payments overlap: some honest people are
hurried, spend far above their mean, or begin with a large pay-out. The model trained on them is a starting point and
says nothing about real fraud.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random

DAYS = 60
START_MS = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp()) * 1000

_MINUTE = 60.0
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


@dataclass(frozen=True)
class Payment:
    """One redemption. Times are whole milliseconds (`at_ms` since the epoch), the amount is whole US cents.

    `is_server` says that the partner is a server-to-server one; it is no feature, but models are judged by it.
    `declined` is the verdict of the rules in force at the time. `reported_fraud` is the label: what the bank was told
    later, which is not always the truth.
    """

    person: int
    at_ms: int
    amount_cents: int
    is_pay_out: bool
    is_card: bool
    is_server: bool
    session_age_ms: int
    quote_age_ms: int
    declined: bool
    reported_fraud: bool


def generate(seed: int, persons: int = 4_500) -> list[Payment]:
    """The payments of `persons` honest people (about ten each) and of the fraud around them, in time order."""
    rng = Random(seed)
    honest = [_honest_person(rng, person) for person in range(persons)]
    frauds = _card_testing(rng, persons, persons // 240)
    frauds += _new_person_pay_out(rng, 2 * persons, persons // 26)
    frauds += _quick_session(rng, 3 * persons, persons // 28)
    frauds += _account_take_over(rng, honest, persons // 60)
    everything = [payment for payments in honest for payment in payments] + frauds
    inside = [payment for payment in everything if payment.at_ms < START_MS + DAYS * _DAY * 1000]
    return [_with_label_noise(rng, payment) for payment in sorted(inside, key=lambda p: (p.at_ms, p.person))]


def _honest_person(rng: Random, person: int) -> list[Payment]:
    mean = rng.lognormvariate(4.8, 0.9)
    usual_hour = rng.gauss(14, 4)
    days_between = rng.uniform(1.0, 6.0)
    card_share, pay_out_share = rng.random(), rng.betavariate(1, 2)
    hurried = rng.random() < 0.2
    server = _is_server(person)
    begins_large = rng.random() < 0.02
    payments = []
    day = 0.9 * DAYS * rng.random() ** 1.5
    while day < DAYS:
        if int(day) % 7 < 5 or rng.random() < 0.7:
            second = int(day) * _DAY + rng.gauss(usual_hour, 2.5) % 24 * _HOUR
            for _ in range(_honest_burst(rng)):
                first_large = begins_large and not payments
                payments.append(_payment(
                    rng, person, second,
                    amount=rng.uniform(1_000, 6_000) if first_large else mean * _honest_factor(rng),
                    pay_out=first_large or rng.random() < pay_out_share,
                    card=rng.random() < card_share,
                    server=server,
                    session=rng.lognormvariate(2.6, 0.8) if hurried else rng.lognormvariate(5.2, 0.9),
                    quote=rng.expovariate(1 / 12),
                    fraud=False,
                ))
                second += rng.uniform(1, 15) * _MINUTE
        day += rng.expovariate(1 / days_between)
    return payments


def _honest_burst(rng: Random) -> int:
    chance = rng.random()
    return rng.randint(4, 9) if chance < 0.003 else 2 if chance < 0.05 else 1


def _honest_factor(rng: Random) -> float:
    return rng.uniform(4, 15) if rng.random() < 0.02 else rng.lognormvariate(0, 0.5)


def _card_testing(rng: Random, first_person: int, campaigns: int) -> list[Payment]:
    """Stolen cards are tried one after another with small amounts until one works."""
    payments = []
    for person in range(first_person, first_person + campaigns):
        second = _fraud_start(rng)
        for _ in range(rng.randint(5, 20)):
            payments.append(_payment(
                rng, person, second, amount=rng.uniform(1, 20), pay_out=False, card=True, server=_is_server(person),
                session=rng.lognormvariate(2.8, 0.6), quote=rng.expovariate(1 / 3), fraud=True,
            ))
            second += rng.uniform(20, 240)
    return payments


def _new_person_pay_out(rng: Random, first_person: int, persons: int) -> list[Payment]:
    """An account opened to cash out: a large pay-out at once, sometimes a second one."""
    payments = []
    for person in range(first_person, first_person + persons):
        second = _fraud_start(rng)
        for _ in range(rng.randint(1, 2)):
            payments.append(_payment(
                rng, person, second, amount=rng.lognormvariate(7.6, 0.6), pay_out=True, card=rng.random() < 0.3,
                server=_is_server(person), session=rng.lognormvariate(4.2, 0.9), quote=rng.expovariate(1 / 6),
                fraud=True,
            ))
            second += rng.uniform(5, 120) * _MINUTE
    return payments


def _quick_session(rng: Random, first_person: int, persons: int) -> list[Payment]:
    """A script with a stolen card: session, quote and redemption within seconds, amounts like everybody's.

    At a server-to-server partner it looks like everybody also in its timing, but most such partners keep scripts away.
    """
    payments = []
    for person in range(first_person, first_person + persons):
        second = _fraud_start(rng)
        for _ in range(rng.randint(1, 3)):
            payments.append(_payment(
                rng, person, second, amount=rng.lognormvariate(5.6, 0.6), pay_out=False, card=True,
                server=person % 6 == 1, session=rng.uniform(1.5, 12), quote=rng.uniform(0.05, 1.5), fraud=True,
            ))
            second += rng.uniform(2, 180) * _MINUTE
    return payments


def _account_take_over(rng: Random, honest: list[list[Payment]], victims: int) -> list[Payment]:
    """Somebody else uses the account of a regular: amounts far above the person's own mean, mostly paid out."""
    regulars = [payments for payments in honest if len(payments) >= 5]
    payments = []
    for victim in rng.sample(regulars, min(victims, len(regulars))):
        mean = sum(payment.amount_cents for payment in victim) / len(victim) / 100
        known_since = (victim[3].at_ms - START_MS) / 1000
        second = _fraud_start(rng, earliest=known_since)
        for _ in range(rng.randint(1, 4)):
            payments.append(_payment(
                rng, victim[0].person, second, amount=mean * rng.uniform(3, 18), pay_out=rng.random() < 0.8,
                card=rng.random() < 0.3, server=victim[0].is_server, session=rng.lognormvariate(3.6, 0.8),
                quote=rng.expovariate(1 / 5), fraud=True,
            ))
            second += rng.uniform(1, 40) * _MINUTE
    return payments


def _is_server(person: int) -> bool:
    """Every other person comes through a server-to-server partner."""
    return person % 2 == 1


def _fraud_start(rng: Random, earliest: float = 0.0) -> float:
    """Seconds after the start; fraud prefers nights and weekends, when nobody watches."""
    while True:
        second = rng.uniform(earliest, DAYS * _DAY)
        night = second % _DAY < 6 * _HOUR
        weekend = second // _DAY % 7 >= 5
        if rng.random() < (1.0 if night else 0.45) * (1.0 if weekend else 0.6):
            return second


def _payment(
    rng: Random, person: int, second: float, *,
    amount: float, pay_out: bool, card: bool, server: bool, session: float, quote: float, fraud: bool,
) -> Payment:
    """`session` and `quote` are the seconds that it takes at a hosted partner; a server takes its own."""
    if server:
        session = rng.lognormvariate(-1.2, 0.9)
        quote = session * rng.uniform(0.1, 0.95)
    session = min(session, _HOUR)
    return Payment(
        person=person,
        at_ms=START_MS + int(second * 1000),
        amount_cents=max(100, round(amount * 100)),
        is_pay_out=pay_out,
        is_card=card,
        is_server=server,
        session_age_ms=int(session * 1000),
        quote_age_ms=int(min(quote, session, 300.0) * 1000),
        declined=rng.random() < (0.25 if fraud else 0.002),
        reported_fraud=fraud,
    )


def _with_label_noise(rng: Random, payment: Payment) -> Payment:
    """One fraud in twenty is never reported; one honest payment in a thousand is disputed all the same."""
    wrong = rng.random() < (0.05 if payment.reported_fraud else 0.001)
    return replace(payment, reported_fraud=payment.reported_fraud != wrong)
