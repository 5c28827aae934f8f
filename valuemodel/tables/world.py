"""The synthetic world: a seeded B2B book whose true future values and risks are known.

Accounts (`world_book`) buy by a known law (`world_process`) or are under contract by another
(`world_contracts`); from these this module draws the rows that a company would export: lines, contracts,
usage, contacts, the pipeline, costs, projects. And it tells what is true of each account given its
latent state (`world_truth`): the expected value of each horizon, the probability of silence and of a
lapse. So calibration and the regret of a tier decision can be measured, not only compared.

Why this way: the future rows are drawn from exactly the laws that the truth is computed from, at the
same boundaries, and nothing in the laws knows the cutoff: what holds as of one midnight of the world
holds as of any other. Each table has a stream of chance of its own: a book of transactions stays the
same to the byte, whatever grows beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd

from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.schemas import TABLES
from valuemodel.tables.world_agreements import contract_rows, invoice_lines, sign_terms
from valuemodel.tables.world_attention import (
    around_orders,
    draw_contacts,
    interaction_rows,
    planned,
    under_contract,
)
from valuemodel.tables.world_behaviour import draw_behaviour
from valuemodel.tables.world_book import Book, make_book
from valuemodel.tables.world_cash import from_order_to_cash
from valuemodel.tables.world_contracts import ContractLaw, draw_law
from valuemodel.tables.world_lines import Trade, draw_lines, refunds_of, write_lines
from valuemodel.tables.world_pipeline import (
    expansions,
    opportunity_rows,
    project_deals,
    project_rows,
    renewals,
)
from valuemodel.tables.world_process import YEAR, PurchaseProcess
from valuemodel.tables.world_reviews import account_rows
from valuemodel.tables.world_serving import capability_gaps, cost_rows, credit_rows
from valuemodel.tables.world_terms import walk
from valuemodel.tables.world_truth import Agreements, Latent, Purchases, tell_truth
from valuemodel.tables.world_usage import usage_rows

BookName = Literal["transactions", "contracts", "whole"]
Streams = Mapping[str, np.random.Generator]

_UNDER_CONTRACT = {"contracts": 1.0, "whole": 0.45}  # share of accounts


@dataclass(frozen=True)
class World:
    """A book of accounts, what happened on both sides of a cutoff, and the truth.

    Attributes
    ----------
    tables : mapping of str to DataFrame
        The tables by the names of the contract; see `valuemodel.tables.schemas`. A book of
        ``transactions`` has these and ``accounts``; one of ``contracts`` has all the others but
        projects; the ``whole`` book has them all.
    truth : DataFrame
        One row per account: archetype, ``potential`` (money a year while it is active, on its first
        terms), and, as of the cutoff, its state of purchasing (``state``) or
        of its contract (``health``); per horizon ``expected_value_<h>``, ``expected_margin_<h>`` and
        ``silence_<h>``, the probability that nothing is ordered; with contracts beside them
        ``expected_contribution_<h>`` (margin less the cost to serve that counts as cost of goods),
        ``expected_contract_value_<h>`` (the part of the value that contracts bring) and ``lapse_<h>``
        (the probability that no contract is in force any more by the end; for accounts with one in
        force at the cutoff).
    as_of : Cutoff
    horizons : tuple of Horizon
    latent : Latent
        What only the maker knows; `truth_at` tells the truth as of other midnights from it.
    """

    tables: Mapping[str, pd.DataFrame]
    truth: pd.DataFrame
    as_of: Cutoff
    horizons: tuple[Horizon, ...]
    latent: Latent = field(repr=False)

    @property
    def transactions(self) -> pd.DataFrame:
        """One row per line, sorted by time: refunds are negative lines of their own credit note."""
        return self.tables["transactions"]

    @property
    def accounts(self) -> pd.DataFrame:
        """One row per account, and one more from each ``valid_from`` on which it changed."""
        return self.tables["accounts"]

    def truth_at(self, cutoff: Cutoff) -> pd.DataFrame:
        """Return the truth as of another midnight of the world, for the accounts there by then.

        Raises
        ------
        UsageError
            If the cutoff lies outside the world or not at midnight.
        """
        return tell_truth(self.latent, cutoff, self.horizons)


def make_world(
    accounts: int,
    *,
    as_of: Cutoff,
    horizons: Sequence[Horizon],
    seed: int,
    history: Horizon = Horizon(4, "year"),  # noqa: B008 - a frozen value
    future: Horizon | None = None,
    book: BookName = "transactions",
) -> World:
    """Make a seeded book of accounts that buy, grow, pause, return, and leave by a known law.

    Parameters
    ----------
    accounts : int
        How many accounts; about 40 lines each.
    as_of : Cutoff
        The midnight at which the truth is told; every account joined before it.
    horizons : sequence of Horizon
        The windows [as_of, as_of + horizon) of the truth.
    seed : int
        The same seed gives the same bytes.
    history : Horizon
        How far the rows reach back.
    future : Horizon, optional
        How far they reach beyond the cutoff; by default the longest horizon.
    book : {"transactions", "contracts", "whole"}
        Whether accounts buy, are under contract, or all buy and almost half are under contract, too.

    Raises
    ------
    UsageError
        If there is no account, no horizon, no such book, or the cutoff is not at midnight.

    Examples
    --------
    >>> year = Horizon.parse("1 year")
    >>> world = make_world(50, as_of=Cutoff.parse("2024-01-01"), horizons=[year], seed=1)
    >>> sorted(set(world.truth["archetype"]))[:4]
    ['declining', 'dormant', 'growing', 'loss_making']
    >>> world.truth.columns.tolist()[4:]
    ['expected_value_1y', 'expected_margin_1y', 'silence_1y']
    >>> world.transactions["time"].iloc[-1] > world.as_of.at
    True
    """
    _check(accounts, as_of, horizons, book)
    origin, until = history.before(as_of), (future or max(horizons)).after(as_of)
    rng, days = _streams(seed), (until.at - origin.at).days
    members = make_book(accounts, (as_of.at - origin.at).days, rng["book"])
    process, trade = draw_behaviour(members, origin, rng["behaviour"])
    bought, agreed = None, None
    if book != "contracts":
        bought = _buy(members, process, trade, (origin, until), rng)
    if book != "transactions":
        law = draw_law(members, process.archetype, _UNDER_CONTRACT[book], origin, rng["law"])
        agreed = _agree(law, days, origin, rng["terms"])
    latent = Latent(origin, until, members.born, process.archetype, bought, agreed)
    rows = account_rows(members, latent.revenue, latent.potential, (origin, as_of), rng["reviews"])
    tables = _purchases(latent, rows, rng) | {"accounts": rows}
    if agreed is not None:
        tables |= _relations(latent, agreed, rows, members, rng)
    return World(
        tables={name: tables[name] for name in TABLES if name in tables},
        truth=tell_truth(latent, as_of, horizons),
        as_of=as_of,
        horizons=tuple(horizons),
        latent=latent,
    )


def write_world(world: World, folder: Path) -> dict[str, Path]:
    """Write the tables of the world, and its truth, as Parquet; the same world gives the same bytes.

    Returns
    -------
    dict of str to Path
        The files by the names of the tables, and ``truth``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for name, table in (*world.tables.items(), ("truth", world.truth)):
        paths[name] = folder / f"{name}.parquet"
        table.to_parquet(paths[name], index=False)
    return paths


def _buy(
    book: Book,
    process: PurchaseProcess,
    trade: Trade,
    span: tuple[Cutoff, Cutoff],
    rng: Streams,
) -> Purchases:
    """Draw what accounts buy from the first day of the history to the last."""
    end = (span[1].at - span[0].at) / timedelta(days=YEAR)
    paths = process.walk(end, rng["buying"])
    orders = process.orders(paths, rng["buying"])
    lines = draw_lines(*orders, book, trade, rng["lines"])
    return Purchases(process, paths, trade, orders, lines, refunds_of(lines))


def _agree(law: ContractLaw, days: int, origin: Cutoff, rng: np.random.Generator) -> Agreements:
    """Draw how contracts go on from the first day of the history to the last."""
    walked = walk(law, days, rng)
    return Agreements(law, walked, *sign_terms(law, walked.terms, origin, rng))


def _purchases(latent: Latent, accounts: pd.DataFrame, rng: Streams) -> dict[str, pd.DataFrame]:
    """Return the lines; beside contracts, with the invoices of these and all times to the payment."""
    if latent.purchases is None:
        return {}
    lines = write_lines(latent.purchases.lines, latent.origin, latent.years(latent.until))
    agreed = latent.agreements
    if agreed is not None:
        days = latent.days(latent.until)
        invoices = invoice_lines(
            agreed.law, agreed.walked.terms, days, latent.origin, rng["invoices"]
        )
        both = pd.concat([lines.assign(under_contract=False), invoices])
        joined = accounts.groupby("account_id")["valid_from"].min()
        lines = from_order_to_cash(both, joined, latent.until, rng["cash"])
    return {"transactions": lines}


def _relations(
    latent: Latent, agreed: Agreements, accounts: pd.DataFrame, book: Book, rng: Streams
) -> dict[str, pd.DataFrame]:
    """Return what a company with contracts knows of its accounts beside what they buy."""
    law, walked, bought = agreed.law, agreed.walked, latent.purchases
    origin, days = latent.origin, latent.days(latent.until)
    found = [
        planned(accounts, days, origin, rng["contacts"]),
        *under_contract(law, walked, days, rng["contacts"]),
    ]
    deals, tables = [renewals(law, walked, days), expansions(law, walked)], {}
    if bought is not None:
        found += around_orders(bought.paths, bought.orders, rng["contacts"])
        talks = project_deals(bought.process, bought.paths, bought.trade.order_value, rng["talks"])
        deals.append(talks)
        tables["projects"] = project_rows(talks, days, origin, rng["projects"])
    contacts = draw_contacts(found, rng["contacts"])
    closeness = 0.4 * book.fame + 0.9 * rng["interactions"].standard_normal(len(book.fame))
    return tables | {
        "contracts": contract_rows(
            agreed.law, walked.terms, agreed.known_at, agreed.notice, origin
        ),
        "usage": usage_rows(law, walked, days, origin, rng["usage"]),
        "interactions": interaction_rows(contacts, closeness, origin, rng["interactions"]),
        "opportunities": opportunity_rows(deals, days, origin, rng["opportunities"]),
        "costs": cost_rows(contacts, origin, rng["costs"]),
        "credit": credit_rows(accounts, rng["credit"]),
        "capability_gaps": capability_gaps(rng["gaps"]),
    }


_STREAMS = (
    *("book", "behaviour", "buying", "lines", "reviews"),
    *("law", "terms", "invoices", "cash", "usage"),
    *("contacts", "interactions", "costs", "talks", "opportunities", "projects", "credit", "gaps"),
)


def _streams(seed: int) -> Streams:
    """Return a stream of chance for each part; a new one is added at the end."""
    children = np.random.SeedSequence(seed).spawn(len(_STREAMS))
    return {
        name: np.random.default_rng(child) for name, child in zip(_STREAMS, children, strict=True)
    }


def _check(accounts: int, as_of: Cutoff, horizons: Sequence[Horizon], book: str) -> None:
    if accounts < 1 or not horizons:
        problem = "a world needs at least one account and one horizon"
        raise UsageError(problem, received=f"{accounts} accounts, {len(horizons)} horizons")
    if as_of.at.time() != time():
        problem = "a world is cut at midnight, because its rows keep office hours"
        raise UsageError(problem, received=str(as_of), hint="give a date without a time")
    if book not in get_args(BookName):
        problem = f"there is no book {book!r}"
        raise UsageError(problem, hint=f"a world is made of {', '.join(get_args(BookName))}")
