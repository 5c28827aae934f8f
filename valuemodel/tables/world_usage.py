"""How much accounts of the synthetic world use what they have under contract.

Why this way: the share of seats in use follows health with a delay of some weeks and with noise; so
usage is the best proxy of what nobody sees, and it falls before notice is given, not after. A row sums
up two weeks and is known when they are over.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from valuemodel.periods import Cutoff
from valuemodel.tables.world_book import account_ids
from valuemodel.tables.world_clock import midnights, written_down
from valuemodel.tables.world_contracts import ContractLaw
from valuemodel.tables.world_process import Floats, Ints
from valuemodel.tables.world_terms import Walked

PERIOD = 14  #: days that a row sums up
MODULES = np.array(
    ["M01", "M02", "M03", "M04"]
)  #: what is used: the core product, then its modules
_LEVEL = np.array([0.88, 0.66, 0.36])  # share of seats in use, by health
_EAGER = np.array([1.25, 1.0, 0.7])  # use per user, by health
_SPREADS = np.array([1.0, 0.6, 0.4, 0.25])  # share of the users of the core who use a module, too
_OWNED = np.array([0.50, 0.30, 0.15, 0.05])  # share of contracts with so many modules more
_PACE = 0.4  # of the way to its level that the share in use goes in a period
_PER_USER = 6.0  # uses in a period


def usage_rows(
    law: ContractLaw, walked: Walked, days: int, origin: Cutoff, rng: np.random.Generator
) -> pd.DataFrame:
    """Return what was used, by account, module and period; modules that nobody used have no row."""
    count = len(law.account)
    contract = np.arange(count)
    modules = rng.choice(len(MODULES), count, p=_OWNED)
    taste = rng.uniform(0.85, 1.1, count)
    share = np.full(count, np.nan)
    parts: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []
    for day in range(0, days - PERIOD + 1, PERIOD):
        place = walked.terms.at(contract, np.full(count, day))
        runs = np.flatnonzero(place >= 0)
        health = walked.health[runs, day]
        level = taste[runs] * _LEVEL[health]
        before = np.where(np.isnan(share[runs]), level, share[runs])
        share[runs] = before + _PACE * (level - before)
        seats = walked.terms.seats[place[runs]]
        stop = np.minimum(walked.terms.stop[place[runs]] - day, PERIOD)
        parts += _period(runs, day, share[runs], seats, _EAGER[health] * stop, modules, rng)
    which, begin, module, users, quantity = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    return pd.DataFrame(
        {
            "account_id": account_ids(law.account[which]),
            "time": midnights(begin, origin),
            "known_at": written_down(midnights(begin + PERIOD, origin), rng, late=0.02),
            "quantity": quantity,
            "product_id": pd.Series(MODULES, dtype="str").take(module).set_axis(range(len(module))),
            "users": users,
        }
    )


def _period(
    runs: Ints,
    day: int,
    share: Floats,
    seats: Ints,
    eager: Floats,
    modules: Ints,
    rng: np.random.Generator,
) -> list[tuple[Ints, Ints, Ints, Ints, Ints]]:
    """Draw the users and the use of one period, module by module."""
    rows = []
    for module in range(len(MODULES)):
        has = np.flatnonzero(modules[runs] >= module)
        spread = _SPREADS[module] * share[has] ** (0.5 * module + 1)
        users = rng.binomial(seats[has], spread.clip(0.0, 1.0))
        quantity = rng.poisson(users * _PER_USER * eager[has] / PERIOD)
        seen = users > 0 if module else np.ones(len(has), dtype=np.bool_)
        when = np.full(int(seen.sum()), day)
        what = np.full(len(when), module)
        rows.append((runs[has][seen], when, what, users[seen], quantity[seen]))
    return rows
