"""The four kinds of fraud of the synthetic history, and what those who commit them have at a time."""

from collections.abc import Callable
from random import Random

from people import (
    COUNTRIES, DAY, DAYS, HOUR, MINUTE, PARTNERS_OF_A_KIND, Payment, Person, carrier, exchange, new_person,
    own_network, pay,
)

# Share of the frauds that come through server-to-server partners, who know their own customers.
_AT_SERVERS = 0.35


def frauds(rng: Random, honest: list[list[Payment]], persons: int) -> list[Payment]:
    """Those around as many honest persons, whose payments these are."""
    crooks = _Crooks(rng)
    found = _card_testing(crooks, persons // 100)
    found += _new_person_pay_out(crooks, persons // 10)
    found += _quick_session(crooks, persons // 11)
    return found + _account_take_over(crooks, honest, persons // 22)


class _Crooks:
    """What those who defraud have at a time: wallets that take the money, machines and networks that hide them."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.count = 0

    def start(self, earliest: float = 0.0) -> float:
        """Seconds after the start; fraud prefers nights and weekends, when nobody watches."""
        while True:
            second = self.rng.uniform(earliest, DAYS * DAY)
            night = second % DAY < 6 * HOUR
            weekend = second // DAY % 7 >= 5
            if self.rng.random() < (1.0 if night else 0.45) * (1.0 if weekend else 0.6):
                return second

    def person(self, second: float, server_share: float) -> Person:
        """A new person, at a server-to-server partner with this share."""
        self.count += 1
        partner = 2 * self.rng.randrange(PARTNERS_OF_A_KIND) + (self.rng.random() < server_share)
        return new_person(self.rng, f"v{self.count}", partner, second - self.rng.expovariate(1 / DAY))

    def disguise(self, second: float) -> dict[str, str]:
        """Wallet, device and network of a fraud. Each is used for some weeks and then replaced; some are fresh, or look
        like everybody's.
        """
        rng = self.rng
        weeks = int(second // (21 * DAY))
        return {
            "wallet": self._one_of(f"w-mule{weeks}-{rng.randrange(8)}", f"w-{rng.getrandbits(40):x}", exchange(rng)),
            "device": self._one_of(f"d-farm{weeks}-{rng.randrange(8)}", f"d-{rng.getrandbits(40):x}", None),
            "network": self._one_of(f"100.64.{weeks}.{rng.randrange(256)}", own_network(rng), carrier(rng)),
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
            payments.append(pay(
                rng, (person, disguise), second, amount=rng.uniform(1, 20), pay_out=False, card=True,
                session=rng.lognormvariate(2.8, 0.6), quote=rng.expovariate(1 / 3), names_wallet=rng.random() < 0.8,
                fraud=True,
            ))
            second += rng.uniform(20, 240)
    return payments


def _new_person_pay_out(crooks: _Crooks, persons: int) -> list[Payment]:
    """An account opened to cash out: a large pay-out at once, sometimes a second one."""
    rng = crooks.rng
    return _by_new_persons(crooks, persons, _AT_SERVERS, 2, 2 * HOUR, lambda: dict(
        amount=rng.lognormvariate(7.6, 0.6), pay_out=True, card=rng.random() < 0.3,
        session=rng.lognormvariate(4.2, 0.9), quote=rng.expovariate(1 / 6),
    ))


def _quick_session(crooks: _Crooks, persons: int) -> list[Payment]:
    """A script with a stolen card: session, quote and redemption within seconds, amounts like everybody's.

    At a server-to-server partner it looks like everybody also in its timing, but most such partners keep scripts away.
    """
    rng = crooks.rng
    return _by_new_persons(crooks, persons, _AT_SERVERS / 2, 3, 3 * HOUR, lambda: dict(
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
            payments.append(pay(
                rng, (person, disguise), second, names_wallet=rng.random() < 0.8, fraud=True, **terms(),
            ))
            second += rng.uniform(2 * MINUTE, pause)
    return payments


def _account_take_over(crooks: _Crooks, honest: list[list[Payment]], victims: int) -> list[Payment]:
    """Somebody else uses the account of a regular: amounts far above the person's own mean, mostly paid out."""
    rng, payments = crooks.rng, []
    regulars = [
        each for each in honest if len(each) >= 5 and (not each[0].person.is_server or rng.random() < 2 * _AT_SERVERS)
    ]
    for victim in rng.sample(regulars, min(victims, len(regulars))):
        mean = sum(each.amount for each in victim) / len(victim)
        second = crooks.start(earliest=victim[3].second)
        disguise = crooks.disguise(second)
        if rng.random() < 0.4:
            disguise["country"] = rng.choice(COUNTRIES)
        if rng.random() < 0.2:
            del disguise["device"]
        for _ in range(rng.randint(1, 4)):
            payments.append(pay(
                rng, (victim[0].person, disguise), second, amount=mean * rng.uniform(3, 18), pay_out=rng.random() < 0.8,
                card=rng.random() < 0.3, session=rng.lognormvariate(3.6, 0.8), quote=rng.expovariate(1 / 5),
                names_wallet=rng.random() < 0.8, fraud=True,
            ))
            second += rng.uniform(1, 40) * MINUTE
    return payments
