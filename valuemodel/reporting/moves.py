"""Who moves: tiers by past value against tiers by prediction, and the largest moves with reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from valuemodel.reporting.review_tables import CLOSENESS, ReviewTables

#: How many moves of each direction the page names; all of them are in the recommendations table.
NAMED = 15
_GROUPS = 12

#: Tags whose words are not simply their name.
TAGS: Mapping[str, str] = {"loss_making": "expected to lose money"}


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix: accounts, expected money, and ``up``, ``down`` or ``same``."""

    accounts: int
    expected: float
    way: str


@dataclass(frozen=True)
class Mover:
    """One account that moves: who, from where to where, what it is worth, why.

    ``churn`` and ``arr`` are NaN where there is none; ``facts`` are what else is known, in words.
    """

    account_id: str
    name: str
    place: str
    from_tier: int
    to_tier: int
    past: float
    expected: float
    churn: float
    arr: float
    facts: list[str]
    reasons: list[str]
    tags: list[str]
    move_reason: str
    binding_rule: str


@dataclass(frozen=True)
class GroupMoves:
    """Moves of one region or owner."""

    name: str
    accounts: int
    up: int
    down: int
    top: int
    top_by_past: int


@dataclass(frozen=True)
class Moves:
    """The section's content; rows of the matrix are tiers by past value, highest first."""

    matrix: list[list[Cell]]
    up: list[Mover]
    down: list[Mover]
    by: str
    groups: list[GroupMoves]


def moves(tables: ReviewTables) -> Moves:
    """Lay out all moves, and name the largest: up by expected value, down by past value."""
    book = tables.book
    up = book[book["place"] < book["place_by_past"]].nlargest(NAMED, "value", keep="first")
    down = book[book["place"] > book["place_by_past"]].nlargest(NAMED, "past", keep="first")
    by = next((name for name in ("region", "owner") if book[name].notna().any()), "")
    return Moves(
        matrix=_matrix(book, len(tables.policy.names)),
        up=[_mover(row, "up") for row in up.to_dict("records")],
        down=[_mover(row, "down") for row in down.to_dict("records")],
        by=by,
        groups=_by_group(book, by) if by else [],
    )


def _matrix(book: pd.DataFrame, tiers: int) -> list[list[Cell]]:
    sums = book.groupby(["place_by_past", "place"])["value"].agg(["size", "sum"])
    found = {
        (row["place_by_past"], row["place"]): (int(row["size"]), float(row["sum"]))
        for row in sums.reset_index().to_dict("records")
    }
    return [
        [Cell(*found.get((old, new), (0, 0.0)), _way(old, new)) for new in range(tiers)]
        for old in range(tiers)
    ]


def _way(old: int, new: int) -> str:
    return "same" if old == new else "up" if new < old else "down"


def _mover(row: Mapping[Any, Any], way: str) -> Mover:
    reasons = [row[f"reason_{way}_{number}"] for number in (1, 2, 3)]
    profile = [row[name] for name in ("region", "owner")]
    tags = [tag.strip() for tag in _text(row["tags"]).split(";")]
    return Mover(
        account_id=str(row["account_id"]),
        name=_text(row["name"]),
        place=", ".join(text for text in map(_text, profile) if text),
        from_tier=int(row["place_by_past"]),
        to_tier=int(row["place"]),
        past=float(row["past"]),
        expected=float(row["value"]),
        churn=float(row["churn"]),
        arr=float(row["arr"]) if row["arr"] == row["arr"] else float("nan"),
        facts=_facts(row),
        reasons=[text for text in map(_text, reasons) if text],
        tags=[TAGS.get(tag, tag.replace("_", " ")) for tag in tags if tag],
        move_reason=_text(row["move_reason"]),
        binding_rule=_text(row["binding_rule"]),
    )


def _facts(row: Mapping[Any, Any]) -> list[str]:
    """Say when the contract is up for renewal, and how close we are, its two parts apart."""
    renewal = pd.to_datetime(row["renewal_date"])
    said = [] if pd.isna(renewal) else [f"renewal {renewal.date().isoformat()}"]
    parts = {
        name.removeprefix("closeness").strip("_"): row[name]
        for name in CLOSENESS
        if not pd.isna(row[name])
    }
    if "" in parts:
        apart = ", ".join(f"{part} {size:.0f}" for part, size in parts.items() if part)
        said.append(f"closeness {parts['']:.0f} of 100{f' ({apart})' if apart else ''}")
    return said


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _by_group(book: pd.DataFrame, by: str) -> list[GroupMoves]:
    """Count moves per region or owner, those with the most moves first."""
    marked = book.assign(
        group=book[by].fillna("(not known)"),
        up=book["place"] < book["place_by_past"],
        down=book["place"] > book["place_by_past"],
        top=book["place"] == 0,
        top_by_past=book["place_by_past"] == 0,
    )
    flags = ["up", "down", "top", "top_by_past"]
    by_name = marked.groupby("group", sort=True)
    sums = by_name[flags].sum().assign(accounts=by_name.size()).reset_index()
    order = (sums["up"] + sums["down"]).sort_values(ascending=False, kind="stable").index
    ranked = sums.loc[order]
    named = [_group_moves(line) for line in ranked.iloc[:_GROUPS].to_dict("records")]
    others = ranked.iloc[_GROUPS:]
    if len(others):
        summed = others[["accounts", *flags]].sum().to_dict()
        named.append(_group_moves({"group": f"{len(others)} others", **summed}))
    return named


def _group_moves(line: Mapping[Any, Any]) -> GroupMoves:
    return GroupMoves(
        name=str(line["group"]),
        accounts=int(line["accounts"]),
        up=int(line["up"]),
        down=int(line["down"]),
        top=int(line["top"]),
        top_by_past=int(line["top_by_past"]),
    )
