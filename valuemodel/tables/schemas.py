"""The tables of the contract: names, kinds and meanings of their columns after mapping.

Why this way: one declaration serves the reader (which columns to take), the validation (what each
must be), the error messages (which names are known) and the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "time", "money", "number", "flag"]

#: Ibis types of validated columns. Money is exact: sums do not depend on the order of rows.
IBIS_TYPES: Mapping[Kind, str] = {
    "text": "string",
    "time": "timestamp(6)",
    "money": "decimal(18, 4)",
    "number": "float64",
    "flag": "boolean",
}


@dataclass(frozen=True)
class Column:
    """One column of the contract."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False


@dataclass(frozen=True)
class TableSchema:
    """One table of the contract, and the columns it may have."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def validated(self, *, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the Ibis type of each column of the validated table."""
        own = {column.name: IBIS_TYPES[column.kind] for column in self.columns}
        kinds: Mapping[str, Kind] = {"number": "number", "category": "text"}
        return own | {name: IBIS_TYPES[kinds[kind]] for name, kind in (extra or {}).items()}


#: As mapped. `amount` may be given as `quantity` x `unit_price`; the validated table has `amount`.
TRANSACTIONS = TableSchema(
    "transactions",
    (
        Column("account_id", "text", "the account that buys, byte for byte", required=True),
        Column("time", "time", "when it was bought, in the project's time zone", required=True),
        Column("known_at", "time", "when we could first know of the row (event time if unsaid)"),
        Column("amount", "money", "what was billed; negative for refunds", required=True),
        Column("cost", "money", "what it cost us"),
        Column("order_id", "text", "the order or invoice; without one, a day is one order"),
        Column("line_id", "text", "the line's own id; only with it are duplicates removed"),
        Column("product_id", "text", "what was bought"),
        Column("under_contract", "flag", "whether a contract already covers the amount"),
    ),
)

#: Columns a source may map that do not survive validation: they become `amount`.
TRANSACTION_INPUTS = (
    Column("quantity", "number", "how many, where the amount is quantity x unit_price"),
    Column("unit_price", "money", "the price of one"),
    Column("currency", "text", "the currency of the amount, converted by the declared rates"),
)

ACCOUNTS = TableSchema(
    "accounts",
    (
        Column("account_id", "text", "the account, byte for byte", required=True),
        Column("name", "text", "its name"),
        Column("parent_id", "text", "the account it belongs to"),
        Column("industry", "text", "its industry"),
        Column("region", "text", "its sales region"),
        Column("country", "text", "its country"),
        Column("employees", "number", "how many people it employs"),
        Column("owner", "text", "who is responsible for it"),
        Column("reviewer", "text", "who reviews it in dotted line"),
        Column("current_tier", "text", "the tier it has today"),
        Column("brand_score", "number", "how well known it is"),
        Column("reference_score", "number", "how good a reference it is"),
        Column("reference_until", "time", "until when it may be named as a reference"),
        Column("addressable_seats", "number", "how many seats it could use"),
        Column("valid_from", "time", "from when the row's attributes hold"),
    ),
)
