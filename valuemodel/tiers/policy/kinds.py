"""What the values of a policy may look like: shares, weights, names, days."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field

#: A part of a whole that is not empty: above 0, at most 1.
Share = Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]
#: From 0 to 1, both included.
Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
#: Any weight that takes nothing away.
Weight = Annotated[float, Field(ge=0.0, le=1_000.0, allow_inf_nan=False)]
#: An amount of money that is not negative.
Money = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
#: The name of a tier, a class, a grade: short, and safe in a file, a page and a table.
Label = Annotated[str, Field(pattern=r"^\w[\w .+-]{0,31}$")]
#: A sentence that people wrote.
Words = Annotated[str, Field(min_length=1, max_length=400)]
Months = Annotated[int, Field(ge=1, le=60)]
Days = Annotated[int, Field(ge=1, le=3_660)]


def _written(day: object) -> object:
    """Read a day that a manifest wrote as text; TOML has dates of its own."""
    return date.fromisoformat(day) if isinstance(day, str) else day


Day = Annotated[date, BeforeValidator(_written)]
