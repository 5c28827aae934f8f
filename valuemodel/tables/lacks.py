"""What a book lacks, and what that costs: a sentence for each, so that nobody is surprised.

Why this way: most tables and columns are optional, so a short book runs without complaint. What then
cannot be said of its accounts is said here, in the words of the features and rules that need it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from valuemodel.tables.schemas import TABLES

#: What cannot be said without a table.
TABLE_COSTS: Mapping[str, str] = {
    "transactions": "no features of orders, no churn by inactivity",
    "accounts": "no industry, region or owner; no parents",
    "contracts": "no renewal clock, no churn by contract",
    "usage": "no seats used, no early sign of growth or churn",
    "interactions": "no closeness, no last contact",
    "opportunities": "no pipeline by horizon",
    "costs": "no contribution: what serving an account costs is not seen",
    "projects": "no projects apart from the running business",
    "credit": "nobody but the owner is credited with an account",
    "capability_gaps": "it is not seen what we could not deliver",
}

#: What cannot be said without columns of a table that is there.
COLUMN_COSTS: Mapping[str, Mapping[tuple[str, ...], str]] = {
    "transactions": {
        ("cost",): "no margin",
        ("order_id",): "a day is one order",
        ("line_id",): "repeated rows are counted, and kept",
        ("product_id",): "no breadth of products",
    },
    "accounts": {
        ("industry", "region"): "fewer ways to find peers",
        ("owner", "current_tier"): "nobody to ask, no moves from the tiers of today",
        ("brand_score", "reference_score"): "less is seen of the demonstration effect",
        ("addressable_seats",): "no room to grow in seats",
        ("valid_from",): "what holds today is taken to have always held",
    },
    "contracts": {
        ("end",): "no renewal clock",
        ("arr",): "contracts bring no value",
        ("seats",): "no seats used of seats owned",
        ("auto_renew",): "a contract is over at its end unless a later row goes on",
        ("cancelled_at",): "no cancellation is seen before the end",
    },
    "usage": {
        ("product_id",): "no breadth of usage",
        ("users",): "no seats used of seats owned",
    },
    "interactions": {
        ("seniority", "initiative", "hours"): "less is seen of how close we are",
        ("rating",): "closeness has no part that a person judged",
    },
    "opportunities": {
        ("value",): "no value of the pipeline",
        ("closed",): "no pipeline by horizon",
    },
    "projects": {("amount",): "no worth of projects"},
}


def lacking(
    mapped: Mapping[str, Collection[str]], delayed: Collection[str] = ()
) -> tuple[str, ...]:
    """Say what a book lacks and what that costs.

    Parameters
    ----------
    mapped : mapping
        The columns of the contract that each declared table has.
    delayed : collection of str
        The tables for which the settings declare how late their rows become known.

    Returns
    -------
    tuple of str
        First the tables that are not declared, then columns, then what concerns several tables.

    Examples
    --------
    >>> book = {name: schema.names for name, schema in TABLES.items() if name != "usage"}
    >>> lacking(book)
    ('no usage: no seats used, no early sign of growth or churn',)
    >>> book["transactions"] = ("account_id", "time", "amount", "known_at", "order_id", "line_id")
    >>> for sentence in lacking(book)[1:]:
    ...     print(sentence)
    no cost in transactions: no margin
    no product_id in transactions: no breadth of products
    no under_contract in transactions: what a contract covers may count twice
    """
    found = [f"no {_said(name)}: {TABLE_COSTS[name]}" for name in TABLES if name not in mapped]
    for name, costs in COLUMN_COSTS.items():
        for columns, cost in costs.items() if name in mapped else ():
            gone = [column for column in columns if column not in mapped[name]]
            found += [f"no {', '.join(gone)} in {name}: {cost}"] if gone else []
    both = {"transactions", "contracts"} <= set(mapped)
    if both and "under_contract" not in mapped["transactions"]:
        found.append("no under_contract in transactions: what a contract covers may count twice")
    timely = [
        name
        for name, schema in TABLES.items()
        if schema.event and name in mapped and name not in delayed
    ]
    unsaid = [name for name in timely if "known_at" not in mapped[name]]
    if unsaid:
        found.append(f"no known_at or delay in {', '.join(unsaid)}: rows count as known at once")
    return tuple(found)


def _said(table: str) -> str:
    return table.replace("_", " ")
