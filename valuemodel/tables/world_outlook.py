"""What is to be expected of the synthetic world's contracts, given their health at a midnight.

Why this way: the steps of `world_terms`, in the same order, on expectations instead of draws. Seats
grow by factors whose mean depends on health alone, so expected money per health is pushed forward by
the same small matrices as the probabilities of health: no simulation, no approximation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valuemodel.tables.world_contracts import (
    ADDED,
    CLOSED,
    NEVER,
    OFFERED,
    RENEWED,
    WON,
    ContractLaw,
)
from valuemodel.tables.world_process import Floats, Ints
from valuemodel.tables.world_terms import Walked

_RUNS, _MONEY, _NEXT_RUNS, _NEXT_MONEY = range(4)


@dataclass(frozen=True)
class ContractOutlook:
    """What the law says of the time ahead, per contract (rows) and end of a window (columns).

    ``value`` is the expected money earned by days in force, ``lapse`` the probability that a contract
    which runs at the start does not do so any more when the window ends (nan for all others), and
    ``days`` the expected days in force by health (a third axis).
    """

    value: Floats
    lapse: Floats
    days: Floats


@dataclass
class _Ahead:
    """The expectations on their way through the days.

    ``of`` holds, by what (runs, money a year, and the same of the term agreed on to follow), by
    whether an offer is open, by health, and by contract, the expectation over that part of the worlds.
    """

    law: ContractLaw
    of: Floats  # 4 x 2 x 3 x contracts
    decide: Ints
    switch: Ints

    def __post_init__(self) -> None:
        self.moves, self.renewal = self.law.moves, self.law.renewal
        self.stays = 1 - self.law.cancellation
        self.raised = RENEWED[:, None] * (1 + self.law.uplift)

    def turn(self, day: int) -> None:
        """End the terms that end today: what was renewed goes on."""
        on = np.flatnonzero(self.switch == day)
        self.of[_RUNS:_NEXT_RUNS, ..., on] = self.of[_NEXT_RUNS:, ..., on]
        self.of[_NEXT_RUNS:, ..., on] = 0.0
        self.switch[on] = self.law.end_of(np.full(len(on), day), on)
        self.decide[on] = self.switch[on] - self.law.notice[on]

    def renew(self, day: int) -> None:
        """Decide on the notice day whether to go on, and with how many seats."""
        due = np.flatnonzero(self.decide == day)
        kept = self.of[_RUNS:_NEXT_RUNS, ..., due] * self.renewal[:, due]
        kept[_MONEY] *= self.raised[:, due]
        self.of[_NEXT_RUNS:, ..., due] = kept

    def cancel(self) -> None:
        """Cancel contracts without an end; they stop at once."""
        self.of[_RUNS:_NEXT_RUNS] *= self.stays

    def expand(self, day: int) -> None:
        """Decide open offers and make new ones, until the notice day; seats are added tomorrow."""
        free = np.flatnonzero(day < self.decide)
        without, offered = self.of[:_NEXT_RUNS, 0], self.of[:_NEXT_RUNS, 1]
        decided = offered[..., free] * CLOSED
        made = without[..., free] * OFFERED[:, None]
        offered[..., free] += made - decided
        decided[_MONEY] *= 1 + WON[:, None] * sum(ADDED) / 2
        without[..., free] += decided - made

    def move(self) -> None:
        """Let health move on to tomorrow."""
        now = self.of
        moved = [now[:, :, health, None, :] * self.moves[health] for health in range(3)]
        self.of = moved[0] + moved[1] + moved[2]


def look_ahead(
    law: ContractLaw, walked: Walked, start: int, ends: Sequence[int]
) -> ContractOutlook:
    """Return what is to be expected from the day ``start`` to before each end.

    Known are the health of that morning, and what was agreed on, offered and cancelled before it.

    Parameters
    ----------
    law : ContractLaw
        The parameters.
    walked : Walked
        What was drawn; nothing of the day itself or later is looked at.
    start : int
        A day of the history.
    ends : sequence of int
        Ascending, later than ``start``.
    """
    ahead = _known(law, walked, start)
    runs = ahead.of[_RUNS].any(axis=(0, 1))
    count = len(law.account)
    value, days = np.zeros(count), np.zeros((count, 3))
    columns: list[tuple[Floats, Floats, Floats]] = []
    for day in range(start, ends[-1]):
        ahead.turn(day)
        ahead.renew(day)
        ahead.cancel()
        value = value + ahead.of[_MONEY].sum(axis=(0, 1)) / 365
        days = days + ahead.of[_RUNS].sum(axis=0).T
        ahead.expand(day)
        ahead.move()
        if day + 1 in ends:
            lapsed = (1 - ahead.of[_RUNS].sum(axis=(0, 1))).round(12) + 0.0
            columns.append((value, np.where(runs, lapsed, np.nan), days))
    return ContractOutlook(*(np.stack(part, axis=1) for part in zip(*columns, strict=True)))


def _known(law: ContractLaw, walked: Walked, start: int) -> _Ahead:
    """Return where each contract stands on the morning of a day."""
    terms, count = walked.terms, len(law.account)
    agreed = terms.signed < start
    begun = agreed & (terms.start <= start)
    running, pending = np.full(count, -1), np.full(count, -1)
    running[terms.contract[begun]] = np.flatnonzero(begun)  # the latest, as starts ascend
    pending[terms.contract[agreed & ~begun]] = np.flatnonzero(agreed & ~begun)
    # One that is cancelled or runs out on this very day still runs this morning.
    over = (running >= 0) & (
        np.where(terms.quit[running] < start, terms.stop[running], NEVER) < start
    )
    running[over] = -1
    ends = np.where(running >= 0, terms.end[running], terms.start[pending])
    place = (_offered(walked, start, count), walked.health[:, start].clip(0), np.arange(count))
    of = np.zeros((4, 2, 3, count))
    arr = terms.seats * terms.price
    for what, money, rows in ((_RUNS, _MONEY, running), (_NEXT_RUNS, _NEXT_MONEY, pending)):
        there = rows >= 0
        spots = tuple(part[there] for part in place)
        of[(what, *spots)] = 1.0
        of[(money, *spots)] = arr[rows[there]]
    decide = np.where(running >= 0, ends - law.notice, -1)
    return _Ahead(law, of, decide, np.where((running >= 0) | (pending >= 0), ends, -1))


def _offered(walked: Walked, start: int, contracts: int) -> NDArray[np.int64]:
    """Return 1 for contracts with an offer that is open on the morning of a day."""
    offers = walked.offers
    still = (offers.opened < start) & (offers.closed >= start)
    found = np.zeros(contracts, dtype=np.int64)
    found[offers.contract[still]] = 1
    return found
