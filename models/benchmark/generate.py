"""Regenerates the public fraud benchmark's transactions from its published parameters.

    python models/benchmark/generate.py FOLDER

Writes FOLDER/transactions.csv and, as a gateway's history, FOLDER/payments.csv in half a minute. The parameters are those of *Reproducible Machine Learning for
Credit Card Fraud Detection: Practical Handbook* (Le Borgne, Siblini, Lebichot, Bontempi, 2022), chapter 3; they fix
every draw, so the counts of the book are checked and a file that would not hold them is never written.
"""

import argparse
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CUSTOMERS = 5_000
TERMINALS = 10_000
DAYS = 183
START = np.datetime64("2018-04-01T00:00:00", "s")
DAY_S = 86_400
LABEL_DAYS = 7
RADIUS = 5.0

# Scenario 1: amounts above this are fraud. 2: terminals that are taken over. 3: customers whose card is copied.
LARGE_CENTS = 22_000
TERMINALS_PER_DAY, TERMINAL_DAYS = 2, 28
CUSTOMERS_PER_DAY, CUSTOMER_DAYS, CUSTOMER_SHARE, CUSTOMER_FACTOR = 3, 14, 3, 5

EXPECT = {"transactions": 1_754_155, "scenario 1": 978, "scenario 2": 9_099, "scenario 3": 4_604, "frauds": 14_681}


@dataclass
class Transactions:
    """Columns in time order; `scenario` is the first that made a transaction fraud, 0 for none."""

    second: np.ndarray  # since the start
    customer: np.ndarray
    terminal: np.ndarray
    cents: np.ndarray
    scenario: np.ndarray

    @property
    def day(self) -> np.ndarray:
        """Days since the start."""
        return self.second // DAY_S

    def counts(self) -> dict[str, int]:
        """What is compared with the book."""
        scenarios = {f"scenario {number}": int((self.scenario == number).sum()) for number in (1, 2, 3)}
        return {"transactions": len(self.second), **scenarios, "frauds": int((self.scenario > 0).sum())}


def profiles() -> tuple[np.ndarray, np.ndarray]:
    """Customers (x, y, mean amount, transactions a day) and terminals (x, y)."""
    # Rows of a uniform array are drawn in the order in which one customer after the other would draw.
    customers = np.random.RandomState(0).uniform([0, 0, 5, 0], [100, 100, 100, 4], size=(CUSTOMERS, 4))
    terminals = np.random.RandomState(1).uniform(0, 100, size=(TERMINALS, 2))
    return customers, terminals


def customer_rows(customer: int, mean: float, per_day: float, reach: list[int]) -> list[tuple[int, int, float]]:
    """The transactions of one customer: second since the start, terminal, amount."""
    # One value is drawn at a time since what a draw gives decides which is next.
    draws, choices = np.random.RandomState(customer), random.Random(customer)
    rows = []
    for day in range(DAYS):
        for _ in range(draws.poisson(per_day)):
            second = int(draws.normal(DAY_S / 2, 20_000))
            if not 0 < second < DAY_S:
                continue
            amount = draws.normal(mean, mean / 2)
            if amount < 0:
                amount = draws.uniform(0, mean * 2)
            if reach:
                rows.append((day * DAY_S + second, choices.choice(reach), amount))
    return rows


def genuine(progress: bool = False) -> Transactions:
    """All transactions before any fraud."""
    customers, terminals = profiles()
    rows, owners = [], []
    for customer, (x, y, mean, per_day) in enumerate(customers):
        near = np.hypot(terminals[:, 0] - x, terminals[:, 1] - y) < RADIUS
        own = customer_rows(customer, mean, per_day, np.flatnonzero(near).tolist())
        rows += own
        owners += [customer] * len(own)
        if progress and (customer + 1) % 500 == 0:
            print(f"{customer + 1} of {CUSTOMERS} customers", file=sys.stderr)
    second, terminal, amount = (np.array(column) for column in zip(*rows, strict=True))
    order = np.argsort(second, kind="stable")
    return Transactions(
        second=second[order],
        customer=np.array(owners)[order],
        terminal=terminal[order],
        # Cents from here on: the multiples of scenario 3 stay exact.
        cents=np.rint(np.round(amount, 2) * 100).astype(np.int64)[order],
        scenario=np.zeros(len(second), dtype=np.int64),
    )


def rows_by(column: np.ndarray, count: int) -> list[np.ndarray]:
    """For each id the indices of its rows, in table order."""
    order = np.argsort(column, kind="stable")
    return np.split(order, np.searchsorted(column[order], np.arange(1, count)))


def add_frauds(data: Transactions) -> None:
    """Marks the three scenarios in their order; the last also changes amounts."""
    data.scenario[data.cents > LARGE_CENTS] = 1
    day, last = data.day, int(data.day.max())

    of_terminal = rows_by(data.terminal, TERMINALS)
    for start in range(last):
        for terminal in np.random.RandomState(start).choice(TERMINALS, TERMINALS_PER_DAY, replace=False):
            mark(data, within(of_terminal[terminal], day, start, TERMINAL_DAYS), 2)

    of_customer = rows_by(data.customer, CUSTOMERS)
    for start in range(last):
        chosen = np.random.RandomState(start).choice(CUSTOMERS, CUSTOMERS_PER_DAY, replace=False)
        mine = [within(of_customer[customer], day, start, CUSTOMER_DAYS) for customer in chosen]
        rows = np.sort(np.concatenate(mine)).tolist()
        frauds = random.Random(start).sample(rows, len(rows) // CUSTOMER_SHARE)
        data.cents[frauds] *= CUSTOMER_FACTOR
        mark(data, np.array(frauds, dtype=np.int64), 3)


def within(rows: np.ndarray, day: np.ndarray, start: int, days: int) -> np.ndarray:
    """Those of the rows that lie in `days` days from `start`."""
    return rows[(day[rows] >= start) & (day[rows] < start + days)]


def mark(data: Transactions, rows: np.ndarray, scenario: int) -> None:
    """Names the scenario of rows that have none yet."""
    data.scenario[rows[data.scenario[rows] == 0]] = scenario


def write(data: Transactions, path: Path) -> None:
    """Writes the file whole or not at all."""
    times = np.datetime_as_string(START + data.second.astype("timedelta64[s]"))
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="ascii", newline="\n") as file:
        file.write("id,at,customer,terminal,amount,is_fraud,scenario\n")
        columns = (times, data.customer, data.terminal, data.cents, data.scenario)
        for number, (at, customer, terminal, cents, scenario) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            amount = f"{cents // 100}.{cents % 100:02}"
            file.write(f"{number},{at}Z,{customer},{terminal},{amount},{int(scenario > 0)},{scenario}\n")
    partial.replace(path)


def write_payments(data: Transactions, path: Path) -> None:
    """The same as a history that `causeway features replay` reads: labels arrive a week after each payment.

    Customers are persons, terminals are wallets. 42 transactions move nothing at all, and a gateway knows no such
    payment: they move a cent here.
    """
    times = np.datetime_as_string(START + data.second.astype("timedelta64[s]"))
    labels = np.datetime_as_string(START + (data.second + LABEL_DAYS * DAY_S).astype("timedelta64[s]"))
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="ascii", newline="\n") as file:
        file.write("id,time,customer,amount,wallet,is_fraud,label_time\n")
        columns = (times, data.customer, np.maximum(data.cents, 1), data.terminal, data.scenario, labels)
        for number, (at, customer, cents, terminal, scenario, known_at) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        ):
            amount = f"{cents // 100}.{cents % 100:02}"
            file.write(f"{number},{at}Z,{customer},{amount},{terminal},{int(scenario > 0)},{known_at}Z\n")
    partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Regenerates the transactions of the public fraud benchmark.")
    parser.add_argument("folder", type=Path, help="where transactions.csv and payments.csv are written (190 MB)")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    data = genuine(progress=True)
    add_frauds(data)
    if data.counts() != EXPECT:
        sys.exit(f"the data are not the benchmark's: {data.counts()}, expected {EXPECT}; check the version of numpy")
    write(data, folder / "transactions.csv")
    write_payments(data, folder / "payments.csv")
    print(f"{folder / 'transactions.csv'}: {data.counts()}")


if __name__ == "__main__":
    main()
