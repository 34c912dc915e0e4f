"""Who pays in the synthetic history, and what a payment of theirs looks like. `honest.py` and `frauds.py` tell what they do."""

from dataclasses import dataclass
from random import Random

DAYS = 150

# A fraud is reported within this time; what was not by then is honest, as far as anybody will ever know.
REPORTED_DAYS = 30.0

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR

COUNTRIES = ("DE", "FR", "ES", "GB", "BR", "IN")
PARTNERS_OF_A_KIND = 4
_CARRIERS = 60
_EXCHANGES = 25
_FAMILIES = 90

# Shares of the payments that the bank of the history declined: of the honest as well, as every bank does. They are some
# thirty times as many, so that about half of the declines hit honest people.
_FRAUDS_DECLINED = 0.25
_HONEST_DECLINED = 0.006


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


def new_person(rng: Random, name: str, partner: int, since: float) -> Person:
    """Somebody honest, or a crook who has yet to be given other devices and wallets."""
    family = f"{name}x" if rng.random() > 0.15 else f"family{rng.randrange(_FAMILIES)}"
    return Person(
        name=name,
        partner=partner,
        country=rng.choice(COUNTRIES),
        since=since if rng.random() < 0.6 else None,
        device=f"d-{family}",
        network=carrier(rng) if rng.random() < 0.3 else own_network(rng),
        wallet=exchange(rng) if rng.random() < 0.3 else f"w-{family}",
    )


def pay(
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
    session = min(session, HOUR)
    declined = None
    if rng.random() < (_FRAUDS_DECLINED if fraud else _HONEST_DECLINED):
        declined = second + (rng.uniform(0.5, 12) * HOUR if rng.random() < 0.3 else 0.0)
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
        known=second + days * DAY,
    )


def carrier(rng: Random) -> str:
    """A network that many share; a few blocks have most of them."""
    return f"198.18.{int(_CARRIERS * rng.random() ** 2)}.{rng.randrange(256)}"


def own_network(rng: Random) -> str:
    """One that hardly anybody shares."""
    return f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"


def exchange(rng: Random) -> str:
    """A wallet that many share; a few have most of them."""
    return f"w-exchange{int(_EXCHANGES * rng.random() ** 2)}"
