"""How many accounts some people can serve, and how many people some accounts need (S33)."""

from __future__ import annotations

from pydantic import Field

from valuemodel.exceptions import UsageError
from valuemodel.sections import Section

#: A hair of tolerance: 3 x 0.1 hours are 0.3 hours, whatever their last bits say.
_HAIR = 1e-12


class CapacitySection(Section):
    """``[capacity]``: how many hours a year one person has for accounts."""

    productive_hours: float = Field(gt=0.0, le=8_784.0, allow_inf_nan=False)


def largest_top_tier(hours_each: float, heads: float, productive_hours: float) -> int:
    """Return how many accounts some people can serve.

    Parameters
    ----------
    hours_each : float
        Hours a year that one account takes.
    heads : float
        How many people there are.
    productive_hours : float
        Hours a year that one person has for accounts.

    Returns
    -------
    int
        The most accounts whose hours there are.

    Raises
    ------
    UsageError
        If an account takes no hours, so that people set no limit.

    Examples
    --------
    With 200 hours an account and 3 people, the top tier holds about 25 accounts:

    >>> largest_top_tier(200.0, heads=3.0, productive_hours=1667.0)
    25
    """
    if not hours_each > 0.0:
        problem = "an account that takes no hours sets no limit"
        raise UsageError(problem, received=f"hours_each = {hours_each:g}")
    return int(heads * productive_hours / hours_each * (1.0 + _HAIR))


def heads_for(accounts: float, hours_each: float, productive_hours: float) -> float:
    """Return how many people some accounts need.

    Parameters
    ----------
    accounts : float
        How many accounts there are to serve.
    hours_each : float
        Hours a year that one of them takes.
    productive_hours : float
        Hours a year that one person has for accounts.

    Returns
    -------
    float
        People, not rounded.

    Raises
    ------
    UsageError
        If a person has no hours.

    Examples
    --------
    >>> round(heads_for(25, 200.0, productive_hours=1667.0), 4)
    2.9994
    """
    if not productive_hours > 0.0:
        problem = "people without hours serve nobody"
        raise UsageError(problem, received=f"productive_hours = {productive_hours:g}")
    return accounts * hours_each / productive_hours
