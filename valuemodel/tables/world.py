"""The synthetic world: a seeded B2B book whose true future values and risks are known.

Accounts (`world_book`) buy by a known law (`world_process`); from it this module draws the rows that
a company would export, and computes what is true of each account given its latent state: the
expected value and margin of each horizon and the probability of silence. So calibration and the
regret of a tier decision can be measured, not only compared.

Why this way: the future rows are drawn from exactly the law that the truth is computed from, at the
same boundaries, and nothing in the law knows the cutoff: what holds as of one midnight of the world
holds as of any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.world_book import (
    INDUSTRIES,
    Book,
    account_ids,
    make_book,
    stratified,
)
from valuemodel.tables.world_lines import (
    Trade,
    draw_lines,
    refunds_of,
    write_lines,
)
from valuemodel.tables.world_process import (
    ARCHETYPES,
    REFUND_LAG,
    STATES,
    YEAR,
    Floats,
    Ints,
    Paths,
    PurchaseProcess,
)
from valuemodel.tables.world_reviews import account_rows

_NEW = 90.0  # days in the book during which an account counts as new


@dataclass(frozen=True)
class Latent:
    """What only the maker of the world knows."""

    origin: Cutoff
    until: Cutoff
    process: PurchaseProcess
    paths: Paths
    trade: Trade
    refunds: pd.DataFrame  # account, bought, refunded (years), amount, cost

    def years(self, cutoff: Cutoff) -> float:
        """Return the time since the history begins, in years of 365.25 days."""
        return (cutoff.at - self.origin.at) / timedelta(days=YEAR)


@dataclass(frozen=True)
class World:
    """A book of accounts, its transactions on both sides of a cutoff, and the truth.

    Attributes
    ----------
    transactions : DataFrame
        One row per line: account_id, order_id, line_id, time, product_id, quantity, unit_price,
        amount, cost. Refunds are negative lines of their own credit note (``C...``), later than
        what they refund. Sorted by time.
    accounts : DataFrame
        One row per account, and one more from each ``valid_from`` on which tier or owner changed.
    truth : DataFrame
        One row per account: archetype, state, and ``expected_value_<h>``, ``expected_margin_<h>``,
        ``silence_<h>`` per horizon, as of the cutoff.
    as_of : Cutoff
    horizons : tuple of Horizon
    latent : Latent
        What only the maker knows; `truth_at` tells the truth as of other midnights from it.
    """

    transactions: pd.DataFrame
    accounts: pd.DataFrame
    truth: pd.DataFrame
    as_of: Cutoff
    horizons: tuple[Horizon, ...]
    latent: Latent = field(repr=False)

    def truth_at(self, cutoff: Cutoff) -> pd.DataFrame:
        """Return the truth as of another midnight of the world, for the accounts there by then.

        Raises
        ------
        UsageError
            If the cutoff lies outside the world or not at midnight.
        """
        return _truth(self.latent, cutoff, self.horizons)


def make_world(
    accounts: int,
    *,
    as_of: Cutoff,
    horizons: Sequence[Horizon],
    seed: int,
    history: Horizon = Horizon(4, "year"),  # noqa: B008 - a frozen value
    future: Horizon | None = None,
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
        How far the transactions reach back.
    future : Horizon, optional
        How far they reach beyond the cutoff; by default the longest horizon.

    Raises
    ------
    UsageError
        If there is no account, no horizon, or the cutoff is not at midnight.

    Examples
    --------
    >>> year = Horizon.parse("1 year")
    >>> world = make_world(50, as_of=Cutoff.parse("2024-01-01"), horizons=[year], seed=1)
    >>> sorted(set(world.truth["archetype"]))[:4]
    ['declining', 'dormant', 'growing', 'loss_making']
    >>> world.truth.columns.tolist()[3:]
    ['expected_value_1y', 'expected_margin_1y', 'silence_1y']
    >>> world.transactions["time"].iloc[-1] > world.as_of.at
    True
    """
    if accounts < 1 or not horizons:
        problem = "a world needs at least one account and one horizon"
        raise UsageError(problem, received=f"{accounts} accounts, {len(horizons)} horizons")
    if as_of.at.time() != time():
        problem = "a world is cut at midnight, because its rows keep office hours"
        raise UsageError(problem, received=str(as_of), hint="give a date without a time")
    origin, until = history.before(as_of), (future or max(horizons)).after(as_of)
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(5)]
    book = make_book(accounts, (as_of.at - origin.at).days, streams[0])
    process, trade = _behaviour(book, origin, streams[1])
    end = (until.at - origin.at) / timedelta(days=YEAR)
    paths = process.walk(end, streams[2])
    lines = draw_lines(*process.orders(paths, streams[2]), book, trade, streams[3])
    potential = process.rate * trade.order_value
    latent = Latent(origin, until, process, paths, trade, refunds_of(lines))
    return World(
        transactions=write_lines(lines, origin, end),
        accounts=account_rows(book, lines, potential, (origin, as_of), streams[4]),
        truth=_truth(latent, as_of, horizons),
        as_of=as_of,
        horizons=tuple(horizons),
        latent=latent,
    )


def write_world(world: World, folder: Path) -> dict[str, Path]:
    """Write the three tables as Parquet; the same world gives the same bytes.

    Returns
    -------
    dict of str to Path
        The files of ``transactions``, ``accounts`` and ``truth``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for name in ("transactions", "accounts", "truth"):
        table: pd.DataFrame = getattr(world, name)
        paths[name] = folder / f"{name}.parquet"
        table.to_parquet(paths[name], index=False)
    return paths


def _behaviour(
    book: Book, origin: Cutoff, rng: np.random.Generator
) -> tuple[PurchaseProcess, Trade]:
    """Draw how accounts behave: by archetype, industry and size, and by chance."""
    count = len(book.size)
    archetype = stratified(np.array([kind.share for kind in ARCHETYPES]), count, rng)
    noise = rng.standard_normal((6, count)).clip(-2.5, 2.5)
    rate = _of(INDUSTRIES, "orders", book.industry) * np.exp(0.15 * book.size + 0.55 * noise[0])
    spend = np.exp(0.35 * book.size + 0.10 * book.fame + 0.55 * noise[1])
    own_growth = _of(ARCHETYPES, "growth", archetype)
    season = _of(INDUSTRIES, "season", book.industry) + _of(ARCHETYPES, "season", archetype)
    begun = (origin.at - origin.at.replace(month=1, day=1)) / timedelta(days=YEAR)
    process = PurchaseProcess(
        archetype=archetype,
        born=book.born / YEAR,
        rate=rate,
        growth=own_growth * np.exp(0.25 * noise[2]) + 0.06 * noise[3],
        drift=_of(INDUSTRIES, "drift", book.industry),
        season=np.minimum(season, 0.9),
        peak=_of(INDUSTRIES, "peak", book.industry) - begun + 0.04 * noise[4],
        leave=_of(INDUSTRIES, "leave", book.industry) * np.exp(-0.15 * book.size),
    )
    cost = _of(INDUSTRIES, "cost", book.industry) + 0.05 * noise[5]
    trade = Trade(
        order_value=_of(INDUSTRIES, "spend", book.industry) * spend / rate,
        cost=cost + _of(ARCHETYPES, "extra_cost", archetype),
        lines=1 + rng.uniform(0.2, 1.8, count),
        refunded=_of(ARCHETYPES, "refunded", archetype),
    )
    return process, trade


def _of(kinds: Sequence[object], name: str, positions: Ints) -> Floats:
    values: Floats = np.array([getattr(kind, name) for kind in kinds], dtype=np.float64)[positions]
    return values


def _truth(latent: Latent, cutoff: Cutoff, horizons: Sequence[Horizon]) -> pd.DataFrame:
    """Tell each account's expected value, margin and probability of silence as of a cutoff."""
    inside = latent.origin <= cutoff < latent.until
    if not inside or (cutoff.at - latent.origin.at) % timedelta(days=1):
        problem = f"a world tells the truth at midnights from {latent.origin} to {latent.until}"
        raise UsageError(problem, received=str(cutoff))
    process, trade, now = latent.process, latent.trade, latent.years(cutoff)
    states = latent.paths.at(now, len(process.born))
    states[process.born > now - 0.5 / YEAR] = -1  # whoever joins that very day is not known yet
    ordered = sorted(set(horizons))
    ahead = process.outlook(
        states, now, [latent.years(horizon.after(cutoff)) for horizon in ordered]
    )
    open_ = latent.refunds[(latent.refunds["bought"] < now) & (latent.refunds["refunded"] >= now)]
    owed = [np.bincount(open_["account"], open_[name], len(states)) for name in ("amount", "cost")]
    names = np.array([kind.name for kind in ARCHETYPES])[process.archetype]
    columns: dict[str, object] = {
        "account_id": account_ids(np.arange(len(states))),
        "archetype": np.where(now - process.born < _NEW / YEAR, "new", names),
        "state": np.array(STATES)[states],
    }
    for place, horizon in enumerate(ordered):
        orders, pending = ahead.orders[:, place], ahead.pending[:, place]
        kept = trade.order_value * (orders - trade.refunded * (orders - pending))
        due = -np.expm1(-(latent.years(horizon.after(cutoff)) - now) / REFUND_LAG)
        columns[f"expected_value_{horizon.label}"] = kept - due * owed[0]
        columns[f"expected_margin_{horizon.label}"] = kept * (1 - trade.cost) - due * (
            owed[0] - owed[1]
        )
        columns[f"silence_{horizon.label}"] = ahead.silence[:, place]
    return pd.DataFrame(columns)[states >= 0].reset_index(drop=True)
