"""What may happen to rows after a cutoff: by kind of column, so that no table is forgotten.

A poison changes rows that are not known yet. It may move them to later instants, never to earlier
ones, so that they stay unknown.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.contracts.book import Row

#: The columns by which a row is known; without a value they say something too.
TIMES = ("time", "known_at", "start", "valid_from")


def huge(row: Row) -> list[Row]:
    """Make every figure as large as it may be, every text strange, and turn every flag."""
    return [row | {name: _extreme(value) for name, value in row.items() if name != "account_id"}]


def _extreme(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, Decimal):
        return Decimal(10) ** 12
    if isinstance(value, float):
        return 1e12
    return "strange" if isinstance(value, str) else value


def other_account(row: Row) -> list[Row]:
    """Let it happen to another account."""
    return [row | {"account_id": "A03"}] if "account_id" in row else [row]


def deleted(row: Row) -> list[Row]:
    """Let it never happen."""
    del row
    return []


def blank(row: Row) -> list[Row]:
    """Leave out whatever is not needed to know the row."""
    kept = (*TIMES, "account_id")
    return [{name: value if name in kept else None for name, value in row.items()}]


def scrambled(row: Row) -> list[Row]:
    """Draw everything anew, later, and up to twice."""
    rng = random.Random(str(row))
    lately = timedelta(days=rng.randrange(3_000))
    drawn = {
        name: _drawn(rng, name, value, lately)
        for name, value in row.items()
        if value is not None and name != "account_id"
    }
    return [row | drawn] * rng.randrange(3)


def _drawn(rng: random.Random, name: str, value: Any, lately: timedelta) -> Any:
    if isinstance(value, datetime):
        return value + lately if name in TIMES else value + rng.choice([-1, 1]) * lately
    if isinstance(value, Decimal):
        return Decimal(rng.randrange(-(10**9), 10**9)) / 100
    if isinstance(value, float):
        return float(rng.randrange(10**6))
    return rng.choice(["X", "Y"]) if isinstance(value, str) else value


POISONS: list[Callable[[Row], list[Row]]] = [huge, other_account, deleted, blank, scrambled]
