"""The law of the synthetic world's contracts: how healthy an account is, and what follows from it.

An account under contract is thriving, steady or at risk, and moves between these by a daily Markov
chain that nobody sees. Everything a contract does is decided by the health of the day on which it is
decided: whether it is renewed (on the notice day, a month or more before the term ends), with how many
seats, whether an offer to expand in mid-term is made and won, whether one without an end is cancelled.

Why this way: given the health at any midnight, the expected seats and the probability to lapse follow
by pushing the chain forward day by day (`world_outlook`), by the very steps that `world_terms` draws;
and what leads a churn or an expansion in the data is what leads it in the law: the health that
usage, tickets and the pipeline show. Source: the latent-state view of retention of Netzer, Lattin and
Srinivasan (2008), A hidden Markov model of customer relationship dynamics, Marketing Science 27.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valuemodel.periods import Cutoff
from valuemodel.tables.world_book import INDUSTRIES, Book, stratified
from valuemodel.tables.world_process import ARCHETYPES, Floats, Ints

HEALTH = ("thriving", "steady", "at risk")
THRIVING, STEADY, AT_RISK = range(3)

DAYS = 365  #: a year of a contract, in days
NEVER = 2**31  #: a day that does not come

#: Per year: how often health moves from (row) to (column).
_MOVES = np.array([[0.0, 0.60, 0.08], [0.45, 0.0, 0.40], [0.05, 0.85, 0.0]])
_AT_SIGNING = np.array([0.30, 0.65, 0.05])
_ESTABLISHED = np.array([0.35, 0.45, 0.20])

#: By health: the share not renewed on the notice day, and cancellations per year without an end.
_LEAVE = np.array([0.02, 0.08, 0.45])
_CANCEL = np.array([0.05, 0.16, 0.90])
#: By health: the shares renewed with more seats, and with fewer; by how much more or fewer.
GROW, SHRINK = np.array([0.50, 0.20, 0.03]), np.array([0.02, 0.10, 0.40])
MORE, LESS = (0.05, 0.45), (0.10, 0.50)
#: By health: offers to expand made per year, the share won; by how much more.
_OFFERS, WON = np.array([0.90, 0.35, 0.10]), np.array([0.65, 0.30, 0.05])
ADDED = (0.05, 0.35)
#: What renewed seats are expected to be, as a multiple of the seats before.
RENEWED = 1 + GROW * sum(MORE) / 2 - SHRINK * sum(LESS) / 2

OFFERED = 1 - np.exp(-_OFFERS / DAYS)  #: by health: the chance of an offer on a day without one
CLOSED = 1 - np.exp(-6.0 / DAYS)  #: the chance that an open offer is decided on a day

#: How an archetype leans: above 0 to health, below 0 to risk.
_LEANS = {"growing": 1.0, "steady": 0.2, "declining": -1.0, "dormant": -0.4, "refunding": -0.5}
_SMALLEST = 5  # seats of the smallest pack
_TERMS = np.array([0.10, 0.68, 0.13, 0.09])  # shares of terms without an end, and of 1, 2, 3 years


@dataclass(frozen=True)
class ContractLaw:
    """The parameters of the law, one entry per account under contract; times in days of the history.

    Parameters
    ----------
    account : array of int
        Positions in the book, ascending.
    signed, start : array of int
        The day on which the contract was first signed, and from which it runs.
    years : array of int
        The length of a term in calendar years, or 0 for a contract without an end.
    notice : array of int
        How long before the end of a term the renewal is decided.
    auto_renew : array of bool
        Whether it goes on by itself unless it is cancelled.
    seats : array of int
        At first.
    price : array of float
        Money per seat and year, at first.
    uplift : array of float
        By how much the price is raised at each renewal.
    lean : array of float
        How the chances of health lean, as a logarithm.
    leave : array of float
        What the chances to leave are multiplied by.
    origin : datetime64
        The first day of the history.
    """

    account: Ints
    signed: Ints
    start: Ints
    years: Ints
    notice: Ints
    auto_renew: NDArray[np.bool_]
    seats: Ints
    price: Floats
    uplift: Floats
    lean: Floats
    leave: Floats
    origin: np.datetime64

    def end_of(self, start: Ints, which: Ints | slice = slice(None)) -> Ints:
        """Return the end of terms that begin on given days, or `NEVER`."""
        end = _calendar(self.origin, start, self.years[which])
        return np.where(self.years[which] > 0, end, NEVER)

    @property
    def moves(self) -> Floats:
        """The chance to be of a health (second axis) a day after another (first), per contract."""
        rates = _MOVES[:, :, None] * np.exp(0.6 * _BETTER[:, :, None] * self.lean) / DAYS
        rates[range(3), range(3)] = -rates.sum(axis=1)
        small = np.moveaxis(rates, 2, 0)
        squared = small @ small
        return np.moveaxis(np.eye(3) + small + squared / 2 + squared @ small / 6, 0, 2)

    @property
    def renewal(self) -> Floats:
        """The chance, by health and contract, to be renewed on the notice day."""
        return 1 - np.minimum(_LEAVE[:, None] * self.leave, 0.9)

    @property
    def cancellation(self) -> Floats:
        """The chance, by health and contract, to be cancelled on a day, where there is no end."""
        daily = -np.expm1(-_CANCEL[:, None] * self.leave / DAYS)
        return np.where(self.years == 0, daily, 0.0)

    def at_first(self, established: NDArray[np.bool_]) -> Floats:
        """Return the chances of health on the first day, by health and contract."""
        return np.where(established, _ESTABLISHED[:, None], _AT_SIGNING[:, None])


_BETTER = np.sign(np.subtract.outer(np.arange(3), np.arange(3)))


def _calendar(origin: np.datetime64, start: Ints, years: Ints) -> Ints:
    """Return the same day of the year, some years later."""
    date = origin + start.astype("timedelta64[D]")
    month = date.astype("datetime64[M]")
    later = (month + 12 * years).astype("datetime64[D]") + (date - month)
    days: Ints = (later - origin).astype(np.int64)
    return days


def draw_law(
    book: Book, archetype: Ints, share: float, origin: Cutoff, rng: np.random.Generator
) -> ContractLaw:
    """Put a share of the accounts under contract, and draw the terms they were given.

    An account that joins during the history signs on the day it joins. Those that were there before
    are somewhere in a term, at least a day before it is decided how that goes on.
    """
    chosen = stratified(np.array([share, 1 - share]), len(book.size), rng) == 0
    account = np.flatnonzero(chosen)
    count, size, born = len(account), book.size[account], book.born[account]
    years = stratified(_TERMS, count, rng)
    notice = rng.choice([30, 60, 90], count)
    auto = (rng.random(count) < 0.35) | (years == 0)
    elapsed = rng.random(count) * np.where(years > 0, years * DAYS - notice - 1, 2 * DAYS)
    begun = np.maximum(-1 - np.floor(elapsed), born).astype(np.int64)
    start = np.where(born < 0, begun, born + 1 + rng.integers(0, 30, count))
    first = np.datetime64(origin.at, "D")
    dates = first + start.astype("timedelta64[D]")
    start += dates - dates.astype("datetime64[Y]") == np.timedelta64(59, "D")
    people = np.array([kind.seats for kind in INDUSTRIES])[book.industry[account]] * 180
    seats = _SMALLEST + np.rint(people * np.exp(0.6 * size) * rng.uniform(0.1, 0.5, count))
    raised = (years > 0) & ~(auto & (rng.random(count) < 0.6))
    uplift = np.round(rng.uniform(0.0, 0.08, count) * raised, 3)
    leans = np.array([_LEANS.get(kind.name, 0.0) for kind in ARCHETYPES])[archetype[account]]
    noise = rng.standard_normal((3, count)).clip(-2.5, 2.5)
    return ContractLaw(
        account=account,
        signed=np.where(born < 0, begun, born),
        start=start,
        years=years,
        notice=notice,
        auto_renew=auto,
        seats=seats.astype(np.int64),
        price=np.round(700 * np.exp(0.35 * noise[0] - 0.15 * size), 2),
        uplift=uplift,
        lean=leans + 0.5 * noise[1],
        leave=np.exp(0.25 * noise[2] - 0.1 * size + 6 * (uplift - 0.03) - 0.25 * auto).clip(0.2, 3),
        origin=first,
    )
