"""A random book of every table, in which everything happens that the contract allows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.contracts.book import Book, Row, at

DAY = timedelta(days=1)
START = at("2019-01-01")
DAYS = 4 * 365
PRODUCTS = [f"P{number}" for number in range(12)]


def random_book(seed: int, accounts: int = 12, lines: int = 400) -> Book:
    """Return a book of all tables from 2019 to 2022, with late rows and everything optional.

    Nearly all accounts are in nearly all tables; "new" has no sale, and two have no attributes.
    """
    rng = random.Random(seed)
    names = [f"A{number:02d}" for number in range(accounts)]
    found = [_random_line(rng, names) for _ in range(lines)]
    listed = [_random_account(rng, name) for name in [*names[2:], "new"] for _ in range(3)]
    found = [row | _random_payment(rng, row) for row in found]
    everyone = [*names, "new"]
    others = {
        "contracts": [row for name in everyone for row in _random_contracts(rng, name)],
        "usage": [row for name in everyone[1:] for row in _random_usage(rng, name)],
        "interactions": [row for name in everyone[1:] for row in _random_interactions(rng, name)],
        "opportunities": [row for name in everyone[1:] for row in _random_opportunities(rng, name)],
        "costs": [_random_cost(rng, rng.choice(names)) for _ in range(12 * accounts)],
        "projects": [row for name in everyone[3:] for row in _random_projects(rng, name)],
        "credit": [row for name in names[1:] for row in _random_credit(rng, name)],
        "capability_gaps": _random_gaps(rng),
    }
    return Book(tuple(found), tuple(listed), {name: tuple(rows) for name, rows in others.items()})


def _instant(rng: random.Random, days: int = DAYS) -> datetime:
    second = rng.choice([0, rng.randrange(86_400)])
    return START + timedelta(days=rng.randrange(days), seconds=second)


def _late(rng: random.Random, time: datetime) -> datetime | None:
    """Return when a row became known: unsaid, at once, or late."""
    return rng.choice([None, time, time, time + timedelta(days=rng.randrange(90))])


def _money(rng: random.Random, least: int, most: int) -> Decimal:
    return Decimal(rng.randrange(100 * least, 100 * most)) / 100


def _random_line(rng: random.Random, names: list[str]) -> Row:
    time = START + timedelta(
        days=rng.randrange(DAYS), seconds=rng.choice([0, rng.randrange(86_400)])
    )
    late = timedelta(days=rng.choice([0, 0, 0, rng.randrange(90)]))
    amount = _money(rng, -200, 1_000)
    return {
        "account_id": rng.choice(names),
        "time": time,
        "known_at": rng.choice([None, time + late]),
        "amount": amount,
        "cost": rng.choice([None, (amount * Decimal("0.6")).quantize(Decimal("0.0001"))]),
        "order_id": rng.choice([None, f"O{rng.randrange(200)}"]),
        "product_id": rng.choice([None, f"P{rng.randrange(12)}"]),
    }


def _random_payment(rng: random.Random, line: Row) -> Row:
    """Say whether a contract covers the line, when it was ordered, and whether it was paid."""
    paid = rng.choice([None, line["time"] + timedelta(days=rng.randrange(120))])
    part = (line["amount"] / 2).quantize(Decimal("0.01"))
    return {
        "under_contract": rng.choice([None, False, False, True]),
        "booked_at": rng.choice([None, line["time"] - timedelta(days=rng.randrange(30))]),
        "collected_at": paid,
        "collected": rng.choice([None, part]) if paid else None,
    }


def _random_account(rng: random.Random, name: str) -> Row:
    held = START + timedelta(days=rng.randrange(DAYS))
    return {
        "account_id": name,
        "industry": rng.choice(["retail", "hospital", None]),
        "region": rng.choice(["NA", "EMEA"]),
        "country": rng.choice(["NA", "DE", "US"]),
        "employees": rng.choice([None, float(rng.randrange(5000))]),
        "brand_score": rng.random(),
        "reference_score": rng.random(),
        "reference_until": rng.choice([None, held + timedelta(days=rng.randrange(700))]),
        "addressable_seats": float(rng.randrange(900)),
        "fleet_size": float(rng.randrange(50)),
        "channel": rng.choice(["direct", "partner"]),
        "valid_from": rng.choice([None, held, held, held]),
    }


def _random_contracts(rng: random.Random, name: str) -> Iterator[Row]:
    """Yield up to three contracts of an account: none, running out, renewed, or without an end."""
    for number in range(rng.choice([0, 1, 1, 2, 3])):
        start = _instant(rng, 1_100)
        for _ in range(rng.randrange(1, 5)):
            row = _random_terms(rng, start)
            row |= {"account_id": name, "contract_id": f"C{number}"}
            yield row
            if rng.random() < 0.15:  # corrected later: the same start, other terms
                late = (row["known_at"] or start) + timedelta(days=rng.randrange(1, 60))
                yield row | {"known_at": late, "seats": float(rng.randrange(200))}
            start = _next_start(rng, row)


def _random_terms(rng: random.Random, start: datetime) -> Row:
    term = rng.choice([30, 90, 182, 365, 365, 730])
    early = start - timedelta(days=rng.randrange(1, 80))
    late = start + timedelta(days=rng.randrange(60))
    notice = start + timedelta(days=rng.randrange(1, 500))
    arr = rng.choice([None, Decimal(0), *[_money(rng, 10, 5_000)] * 5])
    return {
        "start": start,
        "end": rng.choice([None, *[start + timedelta(days=term)] * 5]),
        "known_at": rng.choice([None, early, early, late]),
        "arr": arr,
        "seats": rng.choice([None, float(rng.randrange(200))]),
        "auto_renew": rng.choice([None, False, False, True]),
        "cancelled_at": rng.choice([None, None, notice]),
    }


def _next_start(rng: random.Random, row: Row) -> datetime:
    """Return when the next terms begin: at the end, in mid-term, or after a gap."""
    end = row["end"] or row["start"] + timedelta(days=200)
    middle = row["start"] + timedelta(days=rng.randrange(1, 30))
    gap = end + timedelta(days=rng.choice([1, 5, 20, 45]))
    return rng.choice([end, end, middle, gap])


def _random_usage(rng: random.Random, name: str) -> Iterator[Row]:
    seats, first = rng.randrange(5, 200), rng.randrange(20)
    for month in range(first, rng.randrange(first + 1, 49)):
        for product in rng.sample(PRODUCTS[:4], rng.choice([0, 1, 1, 2])):
            time = START + timedelta(days=30 * month)
            yield {
                "account_id": name,
                "time": time,
                "known_at": _late(rng, time + 30 * DAY),
                "quantity": float(rng.randrange(5_000)),
                "product_id": rng.choice([None, product]),
                "users": rng.choice([None, float(rng.randrange(2 * seats))]),
            }


def _random_interactions(rng: random.Random, name: str) -> Iterator[Row]:
    for _ in range(rng.choice([0, 4, 25, 25])):
        time = _instant(rng)
        yield {
            "account_id": name,
            "time": time,
            "known_at": _late(rng, time),
            "kind": rng.choice(["meeting", "call", "ticket"]),
            "channel": rng.choice([None, "phone", "visit"]),
            "seniority": rng.choice([None, "executive", "manager", "staff"]),
            "hours": rng.choice([None, rng.randrange(16) / 2]),
            "initiative": rng.choice([None, "planned", "ad_hoc", "reactive"]),
            "rating": rng.choice([None, None, float(rng.randrange(11))]),
        }


def _random_opportunities(rng: random.Random, name: str) -> Iterator[Row]:
    """Yield opportunities that change stage, value and expected close, and end or do not."""
    for number in range(rng.choice([0, 2, 4])):
        time, ends = _instant(rng, 1_200), rng.choice(["won", "lost", "open"])
        for stage in ("lead", "offer", "offer", ends):
            expected = time + timedelta(days=rng.choice([20, 80, 91, 200, 366, 800]))
            yield {
                "account_id": name,
                "opportunity_id": f"D{number}",
                "time": time,
                "known_at": _late(rng, time),
                "stage": stage,
                "value": rng.choice([None, _money(rng, 0, 20_000)]),
                "closed": time if stage in ("won", "lost") else rng.choice([None, expected]),
                "product_id": rng.choice([None, *PRODUCTS]),
            }
            time += timedelta(days=rng.randrange(1, 120), seconds=rng.randrange(86_400))


def _random_cost(rng: random.Random, name: str) -> Row:
    time = _instant(rng)
    return {
        "account_id": name,
        "time": time,
        "known_at": _late(rng, time),
        "amount": _money(rng, -10, 200),
        "treatment": rng.choice(["cogs", "sales_and_marketing", "retention"]),
    }


def _random_projects(rng: random.Random, name: str) -> Iterator[Row]:
    for number in range(rng.randrange(5)):
        time = _instant(rng)
        yield {
            "account_id": name,
            "project_id": f"J{number}",
            "time": time,
            "known_at": _late(rng, time),
            "amount": rng.choice([None, _money(rng, 100, 9_000)]),
            "name": rng.choice([None, "rollout"]),
        }


def _random_credit(rng: random.Random, name: str) -> Iterator[Row]:
    share = rng.choice([1.0, 0.75, 0.5])
    yield {"account_id": name, "owner": "ada", "share": share}
    if share < 1:
        yield {"account_id": name, "owner": "ben", "share": 1 - share}


def _random_gaps(rng: random.Random) -> list[dict[str, Any]]:
    products = [{"product_id": product, "segment": None} for product in PRODUCTS[:3]]
    segments = [{"product_id": None, "segment": name} for name in ("retail", "hospital")]
    return [
        row | {"horizon": "12 months", "gap": rng.randrange(11) / 10}
        for row in (*products, *segments)
    ]
