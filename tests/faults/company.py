"""A clean company: all ten tables as rows of text, and the way from them to files and a ledger."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from valuemodel.tables.schemas import TABLES

Row = dict[str, str]
Company = dict[str, list[Row]]

ACCOUNTS = tuple(f"C{number:03d}" for number in range(60))
FIRST = datetime.fromisoformat("2023-01-01")
STAGES = ("open", "offer", "won", "lost")
TREATMENTS = ("cogs", "sales_and_marketing", "retention")


def day(number: int) -> str:
    """Return a day of the two years of the company, as text."""
    return f"{FIRST + timedelta(days=number % 731):%Y-%m-%d}"


def company() -> Company:
    """Return the same company every time: every column of every table, filled."""
    return {
        "transactions": [_sale(number) for number in range(600)],
        "accounts": [_account(number) for number in range(60)],
        "contracts": [_contract(number) for number in range(180)],
        "usage": [
            {"account_id": ACCOUNTS[n % 60], "time": day(n), "known_at": day(n),
             "quantity": str(n % 17), "product_id": f"P{n % 5}", "users": str(n % 9)}
            for n in range(731)
        ],
        "interactions": [
            {"account_id": ACCOUNTS[n % 60], "time": day(n), "known_at": day(n), "kind": "meeting",
             "channel": "visit", "seniority": "board", "hours": "1.5",
             "initiative": ("planned", "ad_hoc", "reactive")[n % 3], "rating": str(n % 11)}
            for n in range(731)
        ],
        "opportunities": [
            {"account_id": ACCOUNTS[n % 60], "opportunity_id": f"X{n // 4}", "time": day(3 * n),
             "known_at": day(3 * n), "stage": STAGES[n % 4], "value": f"{n % 90}000.50",
             "closed": f"{FIRST + timedelta(days=3 * n + 400):%Y-%m-%d}", "product_id": "P1"}
            for n in range(240)
        ],
        "costs": [
            {"account_id": ACCOUNTS[n % 60], "time": day(n), "known_at": day(n),
             "amount": f"{n % 40}.25", "treatment": TREATMENTS[n % 3]}
            for n in range(731)
        ],
        "projects": [
            {"account_id": ACCOUNTS[n % 60], "project_id": f"J{n}", "time": day(5 * n),
             "known_at": day(5 * n), "amount": f"{n}50.00", "name": f"Project {n}"}
            for n in range(140)
        ],
        "credit": [
            {"account_id": name, "owner": owner, "share": share}
            for name in ACCOUNTS
            for owner, share in (("Ann", "0.7"), ("Ben", "0.3"))
        ],
        "capability_gaps": [
            {"product_id": f"P{n}" if n % 2 else "", "segment": "" if n % 2 else f"S{n}",
             "horizon": "12 months", "gap": "0.5"}
            for n in range(12)
        ],
    }  # fmt: skip


def _sale(number: int) -> Row:
    return {
        "account_id": ACCOUNTS[number % 60], "time": day(7 * number), "known_at": day(7 * number),
        "amount": f"{number % 90 + 10}.10", "cost": f"{number % 90}.00", "order_id": f"O{number}",
        "line_id": str(number), "product_id": f"P{number % 5}", "under_contract": "no",
        "booked_at": day(7 * number), "collected_at": day(7 * number),
        "collected": f"{number % 90 + 10}.10",
    }  # fmt: skip


def _account(number: int) -> Row:
    row = dict.fromkeys(TABLES["accounts"].names, "1")
    times = {"valid_from": "2022-12-01", "reference_until": "2026-01-01"}
    return row | times | {"account_id": ACCOUNTS[number], "parent_id": ACCOUNTS[number // 2]}


def _contract(number: int) -> Row:
    """Return one of three years of a contract, each signed two months ahead."""
    start = FIRST + timedelta(days=365 * (number // 60) + number % 60)
    return {
        "account_id": ACCOUNTS[number % 60], "contract_id": f"K{number % 60}",
        "start": f"{start:%Y-%m-%d}", "end": f"{start + timedelta(days=365):%Y-%m-%d}",
        "known_at": f"{start - timedelta(days=60):%Y-%m-%d}", "arr": f"{number % 60}000.00",
        "seats": "20", "auto_renew": "yes",
        "cancelled_at": f"{start + timedelta(days=200):%Y-%m-%d}" if 110 < number < 120 else "",
    }  # fmt: skip


def changed(rows: Iterable[Row], count: int, **values: str) -> list[Row]:
    """Return the rows with the first so many changed."""
    return [row | values if place < count else row for place, row in enumerate(rows)]


def written(folder: Path, tables: Mapping[str, list[Row]], kind: str = "csv") -> dict[str, Any]:
    """Write each table to a file, and return how they are declared."""
    for name, rows in tables.items():
        path = folder / f"{name}.{kind}"
        if kind == "csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        else:
            pq.write_table(typed(name, rows), path)
    return {name: {"source": f"{name}.{kind}"} for name in tables}


def typed(name: str, rows: list[Row]) -> pa.Table:
    """Return the rows with the types that a warehouse would have."""
    columns = {}
    for column in TABLES[name].columns:
        texts = [row.get(column.name) or None for row in rows]
        read = {
            "text": (str, pa.string()), "time": (datetime.fromisoformat, pa.timestamp("us")),
            "money": (Decimal, pa.decimal128(18, 4)), "number": (float, pa.float64()),
            "flag": (lambda text: text == "yes", pa.bool_()),
        }[column.kind]  # fmt: skip
        values = [None if text is None else read[0](text) for text in texts]
        columns[column.name] = pa.array(values, type=read[1])
    return pa.table(columns)
