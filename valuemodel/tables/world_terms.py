"""The terms of the synthetic world's contracts as they were drawn, day by day.

Why this way: one loop over the days, whose steps stand in the same order as those of the expectation
in `world_outlook`. Nothing that a step writes down looks beyond its day. A silent automatic renewal is a
stretch of terms like any other here; only the contract desk leaves it out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from valuemodel.tables.world_contracts import (
    ADDED,
    CLOSED,
    GROW,
    LESS,
    MORE,
    NEVER,
    OFFERED,
    SHRINK,
    WON,
    ContractLaw,
)
from valuemodel.tables.world_process import Floats, Ints

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Terms:
    """Stretches of equal terms, by contract and start; days of the history.

    Parameters
    ----------
    contract : array of int
        Positions in the law.
    signed, start, stop : array of int
        The day it was agreed on, the first day it covers, and the first it does not cover any more.
    end : array of int
        The end of the term; `NEVER` where there is none.
    seats : array of int
    price : array of float
        Money per seat and year.
    silent : array of bool
        Whether it is an automatic renewal on equal terms, of which nobody writes anything down.
    quit : array of int
        The day on which it was decided not to go on, or `NEVER`.
    """

    contract: Ints
    signed: Ints
    start: Ints
    stop: Ints
    end: Ints
    seats: Ints
    price: Floats
    silent: Flags
    quit: Ints

    @property
    def arr(self) -> Floats:
        """Money per year of 365 days."""
        return np.round(self.seats * self.price, 2)

    def at(self, contract: Ints, day: Ints) -> Ints:
        """Return which terms cover a contract on a day, one of each per entry; -1 where none do."""
        span = NEVER * 4
        keys = self.contract * span + self.start
        place = np.searchsorted(keys, contract * span + day, side="right") - 1
        covered = (place >= 0) & (self.contract[place] == contract) & (day < self.stop[place])
        return np.where(covered, place, -1)

    def earned(self, contracts: int, begin: int, end: int) -> Floats:
        """Return what each contract brings from one day to before another."""
        days = np.minimum(self.stop, end) - np.maximum(self.start, begin)
        return np.bincount(self.contract, self.arr * days.clip(0) / 365, contracts).astype(float)


def last_of_each(contract: Ints) -> Flags:
    """Say of ascending positions which are the last of their kind.

    Examples
    --------
    >>> last_of_each(np.array([0, 0, 2])).tolist()
    [False, True, True]
    """
    last: Flags = np.r_[contract[1:] != contract[:-1], True][: len(contract)]
    return last


@dataclass(frozen=True)
class Offers:
    """Offers to expand in mid-term: when made and closed, won or not, and what they add a year."""

    contract: Ints
    opened: Ints
    closed: Ints  # NEVER while open
    won: Flags
    value: Floats


@dataclass
class TermWalk:
    """The contracts on their way through the days; `walk` runs it.

    Each step works on all contracts at once. ``decide`` and ``switch`` are the notice day and the end
    of the running term.
    """

    law: ContractLaw
    rng: np.random.Generator
    rows: list[tuple[NDArray[np.generic], ...]] = field(default_factory=list)
    offers: list[tuple[NDArray[np.generic], ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        law = self.law
        count = len(law.account)
        self.renewal, self.cancellation = law.renewal, law.cancellation
        self.reached = np.cumsum(law.moves, axis=1)[:, :2]
        self.alive = np.zeros(count, dtype=np.bool_)
        self.health = np.full(count, -1, dtype=np.int8)
        self.start, self.switch = law.start.copy(), law.end_of(law.start)
        self.decide = self.switch - law.notice
        self.seats, self.price = law.seats.copy(), law.price.copy()
        self.renewed = np.zeros(count, dtype=np.bool_)
        self.next_seats, self.next_price = self.seats.copy(), self.price.copy()
        self.whole = np.ones(count, dtype=np.bool_)  # whether the last written row is a whole term
        self.offered = np.full(count, NEVER, dtype=np.int64)
        self.quit = np.full(count, NEVER, dtype=np.int64)
        self.stop = np.full(count, NEVER, dtype=np.int64)

    def sign(self, new: Flags, *, established: bool) -> None:
        """Sign first contracts, with a first health."""
        chances = self.law.at_first(np.full(len(new), established))[:, new].cumsum(axis=0)
        drawn = self.rng.random(int(new.sum()))
        self.health[new] = (chances[:2] <= drawn).sum(axis=0)
        self.alive |= new
        self._row(new, self.law.signed, self.start, self.switch, self.seats, self.price)

    def turn(self, day: int) -> None:
        """End the terms that end today: what was renewed goes on, all else is over."""
        turning = self.alive & (self.switch == day)
        over, on = turning & ~self.renewed, np.flatnonzero(turning & self.renewed)
        self.stop[over] = day
        self._drop_offers(over, day)
        self.alive &= ~over
        self.seats[on], self.price[on] = self.next_seats[on], self.next_price[on]
        self.switch[on] = self.law.end_of(np.full(len(on), day), on)
        self.decide[on] = self.switch[on] - self.law.notice[on]
        self.renewed[on] = False

    def renew(self, day: int) -> None:
        """Decide on the notice day whether to go on, and with how many seats."""
        due = np.flatnonzero(self.alive & (self.decide == day))
        if not len(due):
            return
        health = self.health[due]
        stays = self.rng.random(len(due)) < self.renewal[health, due]
        kind = self.rng.random(len(due))
        more, less = self.rng.uniform(*MORE, len(due)), self.rng.uniform(*LESS, len(due))
        grown = kind < GROW[health]
        shrunk = kind >= 1 - SHRINK[health]
        wanted = self.seats[due] * (1 + more * grown - less * shrunk)
        self.next_seats[due] = self._rounded(wanted)
        self.next_price[due] = self.price[due] * (1 + self.law.uplift[due])
        self.renewed[due] = stays
        self.quit[due[~stays]] = day
        on = due[stays]
        equal = (self.next_seats[on] == self.seats[on]) & (self.law.uplift[on] == 0)
        silent = self.law.auto_renew[on] & equal & self.whole[on]
        self._rows(
            on, np.full(len(on), day), self.switch[on], self.law.end_of(self.switch[on], on),
            self.next_seats[on], self.next_price[on], silent,
        )  # fmt: skip
        self.whole[on] = True

    def cancel(self, day: int) -> None:
        """Cancel contracts without an end; they stop at once."""
        open_ended = self.alive & (self.law.years == 0) & (self.start <= day)
        chance = self.cancellation[self.health, np.arange(len(open_ended))]
        gone = open_ended & (self.rng.random(len(chance)) < chance)
        self.stop[gone], self.quit[gone] = day, day
        self._drop_offers(gone, day)
        self.alive &= ~gone

    def expand(self, day: int) -> None:
        """Decide open offers and make new ones, until the notice day; seats are added tomorrow."""
        free = self.alive & (self.start <= day) & (day < self.decide)
        waiting = self.offered < NEVER
        chance = np.where(waiting, CLOSED, OFFERED[self.health])
        moved = np.flatnonzero(free & (self.rng.random(len(chance)) < chance))
        closing, opening = moved[waiting[moved]], moved[~waiting[moved]]
        won = self.rng.random(len(closing)) < WON[self.health[closing]]
        wanted = self.seats[closing] * (1 + self.rng.uniform(*ADDED, len(closing)))
        added = np.where(won, self._rounded(wanted) - self.seats[closing], 0)
        self._close(closing, day, added)
        self.offered[opening] = day
        grown, plus = closing[added > 0], added[added > 0]
        self.seats[grown] += plus
        self._rows(
            grown, np.full(len(grown), day), np.full(len(grown), day + 1), self.switch[grown],
            self.seats[grown], self.price[grown], np.zeros(len(grown), dtype=np.bool_),
        )  # fmt: skip
        self.whole[grown] = False

    def move(self) -> None:
        """Let health move on to tomorrow."""
        reached = self.reached[self.health, :, np.arange(len(self.health))]
        drawn = self.rng.random(len(self.health))
        following = (reached <= drawn[:, None]).sum(axis=1)
        self.health = np.where(self.health >= 0, following, -1).astype(np.int8)

    def _rounded(self, wanted: Floats) -> Ints:
        """Round up or down by chance, so that the mean is kept; nobody has less than one seat."""
        whole = np.floor(wanted + self.rng.random(len(wanted))).astype(np.int64)
        return np.maximum(whole, 1)

    def _drop_offers(self, over: Flags, day: int) -> None:
        dropped = np.flatnonzero(over & (self.offered < NEVER))
        self._close(dropped, day, np.zeros(len(dropped), dtype=np.int64))

    def _close(self, which: Ints, day: int, added: Ints) -> None:
        value = added * self.price[which]
        closed = np.full(len(which), day)
        self.offers.append((which, self.offered[which], closed, added > 0, value))
        self.offered[which] = NEVER

    def _row(
        self, which: Flags, signed: Ints, start: Ints, end: Ints, seats: Ints, price: Floats
    ) -> None:
        silent = np.zeros(int(which.sum()), dtype=np.bool_)
        parts = (part[which] for part in (signed, start, end, seats, price))
        self._rows(np.flatnonzero(which), *parts, silent)

    def _rows(self, which: Ints, *parts: NDArray[np.generic]) -> None:
        self.rows.append((which, *(part.copy() for part in parts)))


@dataclass(frozen=True)
class Walked:
    """What was drawn: the health of each contract on each day (-1 before it was signed), and more."""

    health: NDArray[np.int8]
    terms: Terms
    offers: Offers


def walk(law: ContractLaw, days: int, rng: np.random.Generator) -> Walked:
    """Draw the contracts from the first day of the history to before the given one."""
    on = TermWalk(law, rng)
    health = np.empty((len(law.account), days + 1), dtype=np.int8)
    on.sign(law.signed < 0, established=True)
    for day in range(days):
        on.sign(law.signed == day, established=False)
        health[:, day] = on.health
        on.turn(day)
        on.renew(day)
        on.cancel(day)
        on.expand(day)
        on.move()
    health[:, days] = on.health
    return Walked(health, _terms(on), _offers(on))


def _terms(on: TermWalk) -> Terms:
    names = ("contract", "signed", "start", "end", "seats", "price", "silent")
    columns = [np.concatenate(part) for part in zip(*on.rows, strict=True)]
    order = np.lexsort((columns[2], columns[0]))
    of = dict(zip(names, (column[order] for column in columns), strict=True))
    contract = of["contract"]
    last = last_of_each(contract)
    given = np.where(last, on.quit[contract], NEVER)
    runs_out = np.where(given < NEVER, of["end"], NEVER)  # also where that is after the last day
    ends = np.minimum(on.stop[contract], runs_out)
    return Terms(stop=np.where(last, ends, np.r_[of["start"][1:], NEVER]), quit=given, **of)


def _offers(on: TermWalk) -> Offers:
    still = np.flatnonzero(on.offered < NEVER)
    zero = np.zeros(len(still))
    on.offers.append((still, on.offered[still], np.full(len(still), NEVER), zero > 0, zero))
    columns = [np.concatenate(part) for part in zip(*on.offers, strict=True)]
    order = np.lexsort((columns[0], columns[1]))
    return Offers(*(column[order] for column in columns))
