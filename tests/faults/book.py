"""A clean book as files, for faults to be put into, and what came of reading it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from valuemodel.exceptions import DataRefused
from valuemodel.io.engine import connect
from valuemodel.io.sources import Tables, open_ledger
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings
from valuemodel.tables.schemas import TABLES

NOW = Cutoff.parse("2025-01-15")
#: Ids that other readers change: zeros, exponents, twenty digits, nulls in words, spaces, quotes.
ODD_IDS = ("007", "7", "1e5", "12345678901234567890", "NA", "None", "null", "nan", "a ", " a", "é€")
ODD_IDS += ("x,y", 'q"q', "-0", "1.0", "TRUE", "=1+1")
HEADER = ("account_id", "time", "amount", "order_id", "line_id", "product_id")

Row = tuple[str, ...]
Truth = Counter[tuple[str, datetime, Decimal]]


def clean_rows(per_account: int = 20) -> list[Row]:
    """Return the same small book every time: about 1,500 lines of 77 accounts over two years."""
    rng = np.random.default_rng(3)
    names = [*ODD_IDS, *(f"C{number:03d}" for number in range(60))]
    rows = []
    for name in names:
        for _ in range(per_account):
            day = datetime(2023, 1, 1) + timedelta(minutes=int(rng.integers(0, 731 * 1440)))  # noqa: DTZ001
            cents = int(rng.lognormal(9, 1)) * (-1 if rng.random() < 0.05 else 1)
            amount = f"{Decimal(cents) / 100:.2f}"
            number = str(len(rows) + 1)
            rows.append((name, f"{day:%Y-%m-%d %H:%M:%S}", amount, f"O{number}", number, "P1"))
    return rows


def truth_of(rows: Sequence[Row]) -> Truth:
    """Return what the ledger should hold of these rows."""
    return Counter(
        (row[0], datetime.fromisoformat(row[1]), Decimal(row[2]).quantize(Decimal("0.0001")))
        for row in rows
    )


def as_csv(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, **style: Any) -> str:
    """Write rows as a CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", **style)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


@dataclass
class Outcome:
    """What came of one attempt: its word, and all that a test may look at."""

    word: str
    error: DataRefused | None = None
    truth: Truth = field(default_factory=Counter)
    rules: dict[str, int] = field(default_factory=dict)
    repairs: dict[str, int] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def attempt(
    folder: Path, transactions: dict[str, Any] | None, *, now: Cutoff | None = NOW, **others: Any
) -> Outcome:
    """Open the tables of a folder and say in one word what came of it.

    ``accounts`` and ``tables`` declare further tables; without ``transactions`` there are none.
    """
    tables = {} if transactions is None else {"transactions": {"source": "t.csv"} | transactions}
    tables |= {"accounts": others["accounts"]} if "accounts" in others else {}
    settings = Settings.parse(
        {
            "project": {"name": "faults", "currency": "EUR"} | others.get("project", {}),
            "tables": tables | others.get("tables", {}),
            "value": {"horizons": ["3 months", "2 years"]} | others.get("value", {}),
            "features": others.get("features", {}),
        }
    )
    engine = settings.engine.model_copy(update={"memory_limit": "500MB", "threads": 2})
    connection = connect(engine, folder / "engine")
    try:
        return described(open_ledger(connection, settings, folder, now))
    except DataRefused as error:
        return Outcome("refused", error)
    finally:
        connection.disconnect()


def described(tables: Tables) -> Outcome:
    """Say what came of tables that were opened."""
    report = tables.report
    held = {
        name: table.to_pyarrow().to_pylist()
        for name, table in vars(tables.ledger).items()
        if name in TABLES and table is not None
    }
    aside = tables.quarantine.to_pyarrow().to_pylist()
    repairs: dict[str, int] = {}
    for one in report.tables:
        repairs |= dict(one.repaired)
        if one.duplicates.rows:
            repairs["exact_duplicate"] = one.duplicates.rows
    rules = Counter(row["rule"] for row in aside if row["rule"] != "exact_duplicate")
    word = "quarantined" if rules else "repaired" if repairs else "accepted"
    sold = held["transactions"]
    return Outcome(
        word,
        truth=Counter((row["account_id"], row["time"], row["amount"]) for row in sold),
        rules=dict(rules),
        repairs=repairs,
        warnings=report.warnings,
        tables={"report": report, "quarantine": aside, "ledger": tables.ledger} | held,
    )


def changed(row: Row, **values: str) -> Row:
    """Return a row with some fields replaced, by the names of `HEADER`."""
    return tuple(values.get(name, value) for name, value in zip(HEADER, row, strict=True))
