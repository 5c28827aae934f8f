"""Cutoffs, horizons and cutoff schedules: the only date arithmetic of the package.

A *cutoff* is the instant whose knowledge may be used: features see rows strictly before it, labels
rows from it on. A *horizon* is the length of the label window [cutoff, cutoff + horizon).

Why this way: instants are naive timestamps in the project's one declared time zone (sources in other
zones are converted when they are read), so that a day, a month and midnight mean what the business
means by them, on every engine and whatever the zone of the host.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import total_ordering

from valuemodel.exceptions import UsageError

_UNITS = {"day": "d", "week": "w", "month": "m", "year": "y"}
_DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}
_HORIZON = re.compile(r"^\s*(\d{1,5})\s*(days?|weeks?|months?|years?|d|w|m|y)\s*$", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Cutoff:
    """An instant in the project's time zone: features strictly before it, labels from it on.

    Parameters
    ----------
    at : datetime.datetime
        A naive timestamp in the project's time zone.

    Raises
    ------
    UsageError
        If the timestamp carries a time zone, or the text is no date.

    Examples
    --------
    >>> Cutoff.parse("2011-06-09")
    Cutoff('2011-06-09')
    >>> Cutoff.parse("2011-06-09 17:30").text
    '2011-06-09T17:30:00'
    """

    at: datetime

    def __post_init__(self) -> None:
        if self.at.tzinfo is not None:
            problem = "a cutoff is a naive instant in the project's time zone"
            raise UsageError(problem, received=repr(self.at), hint="convert it and drop the zone")

    @classmethod
    def parse(cls, text: str | datetime | Cutoff) -> Cutoff:
        """Read an ISO date or timestamp such as ``2011-06-09`` or ``2011-06-09 17:30``."""
        if isinstance(text, Cutoff):
            return text
        if isinstance(text, datetime):
            return cls(text)
        try:
            return cls(datetime.fromisoformat(text.strip()))
        except ValueError:
            problem = "a cutoff must be an ISO date such as 2011-06-09"
            raise UsageError(problem, received=repr(text)) from None

    @property
    def text(self) -> str:
        """The shortest ISO form: a date at midnight, a full timestamp otherwise."""
        at = self.at
        midnight = (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)
        return at.date().isoformat() if midnight else at.isoformat()

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Cutoff({self.text!r})"


@total_ordering
@dataclass(frozen=True)
class Horizon:
    """The length of a label window, in calendar days, weeks, months or years.

    Parameters
    ----------
    count : int
        How many units; at least 1.
    unit : {"day", "week", "month", "year"}
        The calendar unit.

    Notes
    -----
    Months end where the month ends: one month after 31 January is 28 or 29 February.

    Examples
    --------
    >>> six = Horizon.parse("6 months")
    >>> six.label, str(six)
    ('6m', '6 months')
    >>> six.after(Cutoff.parse("2011-08-31"))
    Cutoff('2012-02-29')
    >>> Horizon.parse("39 weeks") > six
    True
    """

    count: int
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in _UNITS or self.count < 1:
            problem = "a horizon is a positive number of days, weeks, months or years"
            raise UsageError(problem, received=f"{self.count} {self.unit}")

    @classmethod
    def parse(cls, text: str | Horizon) -> Horizon:
        """Read ``"6 months"``, ``"39 weeks"``, ``"90 days"``, ``"1 year"`` or a label like ``6m``."""
        if isinstance(text, Horizon):
            return text
        match = _HORIZON.match(text)
        if match is None or int(match[1]) < 1:
            problem = "a horizon is a positive number of days, weeks, months or years"
            raise UsageError(problem, received=repr(text), hint='write "6 months" or "39 weeks"')
        unit = next(unit for unit, short in _UNITS.items() if match[2].lower()[0] == short)
        return cls(int(match[1]), unit)

    @property
    def label(self) -> str:
        """The suffix of column names: ``3m``, ``39w``, ``90d``, ``1y``."""
        return f"{self.count}{_UNITS[self.unit]}"

    @property
    def days(self) -> float:
        """The average length in days, for ordering and for rates; windows use the calendar."""
        return self.count * _DAYS[self.unit]

    def after(self, cutoff: Cutoff, times: int = 1) -> Cutoff:
        """Return the cutoff moved forward by ``times`` horizons (backward when negative)."""
        count = self.count * times
        if self.unit in ("day", "week"):
            return Cutoff(cutoff.at + timedelta(days=count * (7 if self.unit == "week" else 1)))
        return Cutoff(_add_months(cutoff.at, count * (12 if self.unit == "year" else 1)))

    def before(self, cutoff: Cutoff, times: int = 1) -> Cutoff:
        """Return the cutoff moved backward by ``times`` horizons."""
        return self.after(cutoff, -times)

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    def __lt__(self, other: Horizon) -> bool:
        return (self.days, self.label) < (other.days, other.label)


def _add_months(at: datetime, months: int) -> datetime:
    index = at.year * 12 + at.month - 1 + months
    year, month = divmod(index, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return at.replace(year=year, month=month + 1, day=day)


def helper_horizons(horizons: Iterable[Horizon]) -> list[Horizon]:
    """Return shorter horizons whose windows are complete sooner: a half and a quarter of each.

    Examples
    --------
    >>> [horizon.label for horizon in helper_horizons([Horizon.parse("39 weeks")])]
    ['9w', '19w']
    >>> [horizon.label for horizon in helper_horizons([Horizon.parse("1 year")])]
    ['3m', '6m']
    """
    known, found = set(horizons), set()
    for horizon in known:
        count, unit = horizon.count, horizon.unit
        if unit == "year":
            count, unit = count * 12, "month"
        found |= {Horizon(count // part, unit) for part in (2, 4) if count >= part}
    return sorted(found - known)


def rolling_cutoffs(
    first: Cutoff, as_of: Cutoff, horizon: Horizon, step: Horizon, limit: int
) -> list[Cutoff]:
    """List the rolling cutoffs whose label window is complete at ``as_of``, oldest first.

    The newest is the last cutoff with ``cutoff + horizon <= as_of``; the others lie one ``step``
    apart before it, down to ``first``, ``limit`` at the most.

    Examples
    --------
    >>> month, half = Horizon.parse("1 month"), Horizon.parse("6 months")
    >>> rolling_cutoffs(Cutoff.parse("2010-03-01"), Cutoff.parse("2011-01-01"), half, month, 3)
    [Cutoff('2010-05-01'), Cutoff('2010-06-01'), Cutoff('2010-07-01')]
    """
    newest = horizon.before(as_of)
    while horizon.after(newest) > as_of:
        newest = Cutoff(newest.at - timedelta(days=1))
    found: list[Cutoff] = []
    for back in range(limit):
        cutoff = step.before(newest, back) if back else newest
        if cutoff < first:
            break
        found.append(cutoff)
    return found[::-1]
