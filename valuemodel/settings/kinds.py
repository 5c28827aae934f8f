"""The kinds of values that settings are made of: times, horizons, zones, shares."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from valuemodel.exceptions import UsageError, nearest
from valuemodel.periods import Cutoff, Horizon


def _horizon(value: object) -> Horizon:
    if not isinstance(value, str | Horizon):
        problem = f'write a text such as "6 months", received {value!r}'
        raise ValueError(problem)  # noqa: TRY004 - pydantic collects ValueError only
    try:
        return Horizon.parse(value)
    except UsageError as error:
        problem = f"{error.problem}, received {value!r}"
        raise ValueError(problem) from None


def _cutoff(value: object) -> Cutoff:
    try:
        return Cutoff.parse(value if isinstance(value, Cutoff) else str(value))
    except UsageError as error:
        problem = f"{error.problem}, received {value!r}"
        raise ValueError(problem) from None


def _zone_name(value: str) -> str:
    if value not in available_timezones():
        problem = f"no such time zone {value!r}; {nearest(value, available_timezones())}"
        raise ValueError(problem)
    return value


HorizonText = Annotated[Horizon, BeforeValidator(_horizon)]
CutoffText = Annotated[Cutoff, BeforeValidator(_cutoff)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Treatment = Literal["cogs", "sales_and_marketing", "retention"]
