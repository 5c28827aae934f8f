"""How the accounts of the synthetic world behave: rates, growth, seasons, prices, costs.

Why this way: an account's behaviour hangs together with who it is (industry, size, fame) and with its
archetype, but only loosely: two accounts that look alike may differ, as in a real book.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from valuemodel.periods import Cutoff
from valuemodel.tables.world_book import INDUSTRIES, Book, stratified
from valuemodel.tables.world_lines import Trade
from valuemodel.tables.world_process import ARCHETYPES, YEAR, Floats, Ints, PurchaseProcess


def draw_behaviour(
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
