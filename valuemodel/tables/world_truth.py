"""What is true of the accounts of the synthetic world at a midnight, given what only its maker knows.

Why this way: truth is told from the laws that the rows are drawn from, at the same boundaries, and
from the latent state of that midnight: what was agreed on before is known, what is drawn later is not.
Whoever predicts better than this has looked into the future.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.world_attention import ORDER_TICKETS, tickets_per_day
from valuemodel.tables.world_book import account_ids
from valuemodel.tables.world_clock import Stamps
from valuemodel.tables.world_contracts import HEALTH, ContractLaw
from valuemodel.tables.world_lines import Lines, Trade, net_revenue
from valuemodel.tables.world_outlook import look_ahead
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
from valuemodel.tables.world_serving import expected_cogs
from valuemodel.tables.world_terms import Walked

Texts = NDArray[np.str_]

_NEW = 90.0  # days in the book during which an account counts as new


@dataclass(frozen=True)
class Purchases:
    """What only the maker knows of the accounts that buy; times in years of the history."""

    process: PurchaseProcess
    paths: Paths
    trade: Trade
    orders: tuple[Ints, Floats]  # accounts and times
    lines: Lines
    refunds: pd.DataFrame  # account, bought, refunded (years), amount, cost


@dataclass(frozen=True)
class Agreements:
    """What only the maker knows of the accounts under contract; times in days of the history."""

    law: ContractLaw
    walked: Walked
    known_at: Stamps  # when each stretch of terms was written down
    notice: Stamps  # when it was cancelled, or not a time


@dataclass(frozen=True)
class Latent:
    """What only the maker of the world knows."""

    origin: Cutoff
    until: Cutoff
    born: Ints  # days of the history
    archetype: Ints
    purchases: Purchases | None
    agreements: Agreements | None

    def years(self, cutoff: Cutoff) -> float:
        """Return the time since the history begins, in years of 365.25 days."""
        return (cutoff.at - self.origin.at) / timedelta(days=YEAR)

    def days(self, cutoff: Cutoff) -> int:
        """Return the whole days since the history begins."""
        return (cutoff.at - self.origin.at).days

    @property
    def potential(self) -> Floats:
        """Money per year of each account, when it is active and on the terms it first had."""
        potential = np.zeros(len(self.born))
        if self.purchases is not None:
            potential += self.purchases.process.rate * self.purchases.trade.order_value
        if self.agreements is not None:
            law = self.agreements.law
            potential[law.account] += law.seats * law.price
        return potential

    def revenue(self, begin: float, end: float) -> Floats:
        """Return what each account brought between two times, in years of the history."""
        money = np.zeros(len(self.born))
        if self.purchases is not None:
            money += net_revenue(self.purchases.lines, len(money), begin, end)
        if self.agreements is not None:
            law, terms = self.agreements.law, self.agreements.walked.terms
            days = round(begin * YEAR), round(end * YEAR)
            money[law.account] += terms.earned(len(law.account), *days)
        return money


def tell_truth(latent: Latent, cutoff: Cutoff, horizons: Sequence[Horizon]) -> pd.DataFrame:
    """Return one row per account that is in the book before the cutoff, as of the cutoff.

    Raises
    ------
    UsageError
        If the cutoff lies outside the world or not at midnight.
    """
    inside = latent.origin <= cutoff < latent.until
    if not inside or (cutoff.at - latent.origin.at) % timedelta(days=1):
        problem = f"a world tells the truth at midnights from {latent.origin} to {latent.until}"
        raise UsageError(problem, received=str(cutoff))
    ordered, now = sorted(set(horizons)), latent.years(cutoff)
    born = latent.born / YEAR
    there = born <= now - 0.5 / YEAR  # whoever joins that very day is not known yet
    names = np.array([kind.name for kind in ARCHETYPES])[latent.archetype]
    columns: dict[str, object] = {
        "account_id": account_ids(np.arange(len(born))),
        "archetype": np.where(now - born < _NEW / YEAR, "new", names),
        "potential": latent.potential,
    }
    sold = _sold(latent, cutoff, ordered)
    agreed = _agreed(latent, cutoff, ordered)
    for part, name in ((sold, "state"), (agreed, "health")):
        if part is not None:
            columns[name] = part.state
    for place, horizon in enumerate(ordered):
        parts = _window(sold, agreed, place)
        columns |= {f"{name}_{horizon.label}": money for name, money in parts.items()}
    return pd.DataFrame(columns)[there].reset_index(drop=True)


@dataclass(frozen=True)
class _Ahead:
    """One book's part of the truth: accounts (rows) and windows (columns)."""

    state: Texts
    value: Floats
    margin: Floats
    gone: Floats  # the probability of silence, or of a lapse
    tickets: Floats


def _window(sold: _Ahead | None, agreed: _Ahead | None, place: int) -> dict[str, Floats]:
    """Put the parts of one window together: an account is worth what both books bring."""
    parts = [part for part in (sold, agreed) if part is not None]
    value, margin, tickets = (
        reduce(np.add, [getattr(part, name)[:, place] for part in parts])
        for name in ("value", "margin", "tickets")
    )
    columns = {"expected_value": value, "expected_margin": margin}
    if agreed is not None:
        columns["expected_contribution"] = margin - expected_cogs(tickets)
        columns["expected_contract_value"] = agreed.value[:, place]
    if sold is not None:
        columns["silence"] = sold.gone[:, place]
    if agreed is not None:
        columns["lapse"] = agreed.gone[:, place]
    return columns


def _sold(latent: Latent, cutoff: Cutoff, horizons: Sequence[Horizon]) -> _Ahead | None:
    """Tell what is to be expected of purchases, less refunds, those still owed among them."""
    bought = latent.purchases
    if bought is None:
        return None
    process, trade, now = bought.process, bought.trade, latent.years(cutoff)
    states = bought.paths.at(now, len(process.born))
    states[process.born > now - 0.5 / YEAR] = -1
    ends = [latent.years(horizon.after(cutoff)) for horizon in horizons]
    ahead = process.outlook(states, now, ends)
    open_ = bought.refunds[(bought.refunds["bought"] < now) & (bought.refunds["refunded"] >= now)]
    owed = [np.bincount(open_["account"], open_[name], len(states)) for name in ("amount", "cost")]
    values, margins = [], []
    for place, end in enumerate(ends):
        orders, pending = ahead.orders[:, place], ahead.pending[:, place]
        kept = trade.order_value * (orders - trade.refunded * (orders - pending))
        due = -np.expm1(-(end - now) / REFUND_LAG)
        values.append(kept - due * owed[0])
        margins.append(kept * (1 - trade.cost) - due * (owed[0] - owed[1]))
    return _Ahead(
        state=np.array(STATES)[states],
        value=np.stack(values, axis=1),
        margin=np.stack(margins, axis=1),
        gone=ahead.silence,
        tickets=ORDER_TICKETS * ahead.orders,
    )


def _agreed(latent: Latent, cutoff: Cutoff, horizons: Sequence[Horizon]) -> _Ahead | None:
    """Tell what is to be expected of contracts, and which of those seen in force will lapse."""
    agreements = latent.agreements
    if agreements is None:
        return None
    law, walked, day = agreements.law, agreements.walked, latent.days(cutoff)
    ahead = look_ahead(law, walked, day, [latent.days(end.after(cutoff)) for end in horizons])
    terms = walked.terms
    seen = (agreements.known_at < np.datetime64(cutoff.at)) & (terms.start < day)
    in_force = np.zeros(len(law.account), dtype=np.bool_)
    in_force[terms.contract[seen & (day <= terms.stop)]] = True
    runs = terms.at(np.arange(len(law.account)), np.full(len(law.account), day)) >= 0
    shape = (len(latent.born), len(horizons))
    value, tickets, lapse = np.zeros(shape), np.zeros(shape), np.full(shape, np.nan)
    value[law.account] = ahead.value
    tickets[law.account] = np.einsum("chs,sc->ch", ahead.days, tickets_per_day(law))
    lapse[law.account[in_force]] = ahead.lapse[in_force]
    health = np.full(len(latent.born), "none", dtype="<U8")
    known = walked.health[:, day].clip(0)
    health[law.account[runs | in_force]] = np.array(HEALTH)[known[runs | in_force]]
    return _Ahead(health, value, value, lapse, tickets)
