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
    """One column of the contract.

    ``choices`` are the only texts it may hold, ``least`` and ``most`` the bounds of a number; both
    bounds belong to it. ``past`` is a time that must have come: later than the clock it is
    impossible. ``open_ended`` is a time that may never come, so that one beyond all possible times,
    such as 9999-12-31, says that there is none.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    past: bool = False
    open_ended: bool = False


@dataclass(frozen=True)
class TableSchema:
    """One table of the contract, the columns it may have, and those that tell its rows apart.

    Without a ``key`` nothing tells rows apart: repeated rows are counted, and kept. ``money`` is the
    column whose sum is counted, ``event`` the one that says when a row happened, and with ``ahead`` a
    row may be known before that. ``inputs`` are columns that a source may map beside, and that do
    not survive validation.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    money: str = ""
    event: str = ""
    ahead: bool = False
    inputs: tuple[Column, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def known(self) -> tuple[Column, ...]:
        """Every column that a source may map."""
        return self.columns + self.inputs

    @property
    def ids(self) -> tuple[str, ...]:
        """The columns that name something, byte for byte."""
        return tuple(name for name in self.names if name.endswith("_id"))

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def validated(self, *, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the Ibis type of each column of the validated table."""
        own = {column.name: IBIS_TYPES[column.kind] for column in self.columns}
        kinds: Mapping[str, Kind] = {"number": "number", "category": "text"}
        return own | {name: IBIS_TYPES[kinds[kind]] for name, kind in (extra or {}).items()}


#: The money of a table may stand in several currencies.
CURRENCY = Column("currency", "text", "the currency of the money, converted by the declared rates")

#: Columns of the transactions that become `amount`.
TRANSACTION_INPUTS = (
    Column("quantity", "number", "how many, where the amount is quantity x unit_price"),
    Column("unit_price", "money", "the price of one"),
    CURRENCY,
)

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
        Column("booked_at", "time", "when it was ordered, where that is not when it was billed"),
        Column("collected_at", "time", "when it was paid; empty while it is not"),
        Column("collected", "money", "what was paid of the amount; all of it if unsaid"),
    ),
    money="amount",
    event="time",
    inputs=TRANSACTION_INPUTS,
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
        Column("fit_score", "number", "how well it fits the customers we want"),
        Column("addressable_seats", "number", "how many seats it could use"),
        Column("valid_from", "time", "from when the row's attributes hold"),
    ),
)

_KNOWN_AT = Column("known_at", "time", "when we could first know of the row")

CONTRACTS = TableSchema(
    "contracts",
    (
        Column("account_id", "text", "the account, byte for byte", required=True),
        Column(
            "contract_id", "text", "the contract; a renewal is a later row of it", required=True
        ),
        Column("start", "time", "from when the row's terms hold", required=True),
        Column(
            "end", "time", "until when; without one it runs until it is cancelled", open_ended=True
        ),
        Column(
            "known_at", "time", "when it was signed, hence known (its start if unsaid)", past=True
        ),
        Column("arr", "money", "what it brings in a year of 365 days", least=0.0),
        Column("seats", "number", "how many seats it gives", least=0.0),
        Column("auto_renew", "flag", "whether it goes on after its end until it is cancelled"),
        Column("cancelled_at", "time", "when it was cancelled; it still runs to its end"),
    ),
    key=("account_id", "contract_id", "start", "known_at"),
    money="arr",
    event="start",
    ahead=True,
    inputs=(CURRENCY,),
)

USAGE = TableSchema(
    "usage",
    (
        Column("account_id", "text", "the account that uses, byte for byte", required=True),
        Column(
            "time",
            "time",
            "when, or the first instant of the period it sums up",
            required=True,
            past=True,
        ),
        _KNOWN_AT,
        Column("quantity", "number", "how much was used", required=True, least=0.0),
        Column("product_id", "text", "what was used"),
        Column("users", "number", "how many people used it", least=0.0),
    ),
    event="time",
)

INTERACTIONS = TableSchema(
    "interactions",
    (
        Column("account_id", "text", "the account we met, byte for byte", required=True),
        Column("time", "time", "when", required=True, past=True),
        _KNOWN_AT,
        Column("kind", "text", "what it was: a meeting, a call, a ticket", required=True),
        Column("channel", "text", "by which way"),
        Column("seniority", "text", "the rank of whom we met"),
        Column("hours", "number", "how long it took us", least=0.0),
        Column(
            "initiative",
            "text",
            "planned, ad hoc, or reactive",
            choices=("planned", "ad_hoc", "reactive"),
        ),
        Column("rating", "number", "how close a person judged us to be", least=0.0, most=10.0),
    ),
    event="time",
)

OPPORTUNITIES = TableSchema(
    "opportunities",
    (
        Column("account_id", "text", "the account, byte for byte", required=True),
        Column("opportunity_id", "text", "the opportunity; one row per change", required=True),
        Column("time", "time", "when it changed to this", required=True, past=True),
        _KNOWN_AT,
        Column("stage", "text", "the stage it then had", required=True),
        Column("value", "money", "what it would then bring", least=0.0),
        Column("closed", "time", "when it was then expected to close, or did close"),
        Column("product_id", "text", "what it is about"),
    ),
    key=("account_id", "opportunity_id", "time"),
    money="value",
    event="time",
    inputs=(CURRENCY,),
)

#: How finance treats a cost to serve (S43-S45).
TREATMENTS = ("cogs", "sales_and_marketing", "retention")

COSTS = TableSchema(
    "costs",
    (
        Column("account_id", "text", "the account that is served, byte for byte", required=True),
        Column("time", "time", "when the cost arose", required=True, past=True),
        _KNOWN_AT,
        Column("amount", "money", "what serving it cost us", required=True),
        Column("treatment", "text", "how finance treats it", required=True, choices=TREATMENTS),
    ),
    money="amount",
    event="time",
    inputs=(CURRENCY,),
)

PROJECTS = TableSchema(
    "projects",
    (
        Column("account_id", "text", "the account, byte for byte", required=True),
        Column("project_id", "text", "the project", required=True),
        Column("time", "time", "when it began", required=True, past=True),
        _KNOWN_AT,
        Column("amount", "money", "what it is worth"),
        Column("name", "text", "its name"),
    ),
    key=("account_id", "project_id"),
    money="amount",
    event="time",
    inputs=(CURRENCY,),
)

CREDIT = TableSchema(
    "credit",
    (
        Column("account_id", "text", "the account, byte for byte", required=True),
        Column("owner", "text", "who is credited with it", required=True),
        Column(
            "share", "number", "the part of it, from 0 to 1", required=True, least=0.0, most=1.0
        ),
    ),
    key=("account_id", "owner"),
)

CAPABILITY_GAPS = TableSchema(
    "capability_gaps",
    (
        Column("product_id", "text", "the product we would need"),
        Column("segment", "text", "or the segment of accounts"),
        Column("horizon", "text", "by when, such as '12 months'", required=True),
        Column("gap", "number", "what we lack, from 0 to 1", required=True, least=0.0, most=1.0),
    ),
    key=("product_id", "segment", "horizon"),
)

#: Every table of the contract, in the order in which they are read and reported.
TABLES = {
    schema.name: schema
    for schema in (
        TRANSACTIONS,
        ACCOUNTS,
        CONTRACTS,
        USAGE,
        INTERACTIONS,
        OPPORTUNITIES,
        COSTS,
        PROJECTS,
        CREDIT,
        CAPABILITY_GAPS,
    )
}
