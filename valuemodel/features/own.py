"""One's own feature: a function in the company's project, in the catalog like any other.

A project names it in its settings, ``[features] own = ["features/loyalty.py:weekend_orders"]``, and
says there what it means and how it is computed::

    from valuemodel.features import feature


    @feature(
        of="orders",
        label="Small orders in the last 90 days",
        unit="orders",
        direction="less",
        actionable="yes",
        sentence="{value} below 50 in the last 90 days",
        empty=0,
        reach="90 days",
    )
    def small_orders_90d(orders):
        t = orders.table
        return t.count(where=(t.purchased <= 90) & (t.amount < 50))

Why this way: the function sees a source, which holds only what was known at the cutoff, and returns
an expression, so it cannot count a day of the future, runs on every engine, and is tested by every
contract that tests ours. What an expression could still smuggle in, the clock, chance, or the order of
rows, is refused when it is built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.common.exceptions import IbisError
from ibis.expr.datatypes import DataType

from valuemodel.exceptions import SettingsError, UsageError, nearest
from valuemodel.features.catalog import (
    Actionable,
    Definition,
    Direction,
    Feature,
    Source,
    Unit,
)
from valuemodel.periods import Horizon

#: What gives another value each time it is asked, or for the same rows in another order.
_CHANCE = (ops.Impure,)
_ORDER = (ops.First, ops.Last, ops.Arbitrary, ops.ArrayCollect, ops.GroupConcat, ops.Mode)


@dataclass(frozen=True)
class OwnFeature:
    """A feature that the company wrote itself: the source it reads, and its definition."""

    source: str
    definition: Definition[Any]


def feature(  # noqa: PLR0913 - all by name: what a person must be told of a feature
    *,
    of: str,
    label: str,
    unit: Unit,
    direction: Direction,
    actionable: Actionable,
    sentence: str,
    empty: float | None = None,
    reach: str | None = None,
) -> Callable[[Callable[[Any], Any]], OwnFeature]:
    """Make a function a feature of the catalog; the function's name is the feature's.

    Parameters
    ----------
    of : str
        The source that the function takes: orders, products, contracts, usage, interactions,
        opportunities, projects or peers.
    label, unit, direction, actionable, sentence
        What the feature means to a person; see `valuemodel.features.catalog.Feature`.
    empty : float, optional
        Its value for an account without any row in the source; missing by default.
    reach : str, optional
        How far back its window begins, such as ``"90 days"``. At cutoffs where the records do not go
        back so far, the feature is missing.

    Returns
    -------
    decorator
        Turns the function into an `OwnFeature`.

    Raises
    ------
    SettingsError
        If the declaration has mistakes; all of them are named.

    Examples
    --------
    >>> @feature(
    ...     of="orders",
    ...     label="Largest order ever",
    ...     unit="money",
    ...     direction="more",
    ...     actionable="indirect",
    ...     sentence="Its largest order was worth {value}",
    ... )
    ... def largest_order(orders):
    ...     return orders.table.value.max()
    >>> largest_order.source, largest_order.definition.feature.name
    ('orders', 'largest_order')
    """

    def declare(function: Callable[[Any], Any]) -> OwnFeature:
        name = function.__name__
        mistakes = [
            *_wrong_name(name),
            *_wrong_word("unit", unit, get_args(Unit)),
            *_wrong_word("direction", direction, get_args(Direction)),
            *_wrong_word("actionable", actionable, get_args(Actionable)),
            *_wrong_text(label, sentence),
            *_wrong_reach(reach),
        ]
        if mistakes:
            problem = f"the feature {name} is not declared as a feature must be"
            raise SettingsError(problem, details=mistakes, hint="correct its @feature(...)")
        meaning = Feature(name, label, unit, direction, actionable, sentence)
        window = None if reach is None else Horizon.parse(reach)
        return OwnFeature(of, Definition(meaning, _checked(meaning, function), empty, window))

    return declare


def _wrong_name(name: str) -> Iterator[str]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        yield f"name: small letters, digits and underscores only, received {name!r}"


def _wrong_word(key: str, word: str, known: tuple[str, ...]) -> Iterator[str]:
    if word not in known:
        hint = nearest(str(word), known) or f"there are {', '.join(known)}"
        yield f"{key}: there is no {word!r}; {hint}"


def _wrong_text(label: str, sentence: str) -> Iterator[str]:
    if not label.strip():
        yield "label: say what a sales person calls it"
    if sentence.count("{value}") != 1 or re.search(r"[{}]", sentence.replace("{value}", "")):
        yield f"sentence: hold {{value}} once and no other braces, received {sentence!r}"


def _wrong_reach(reach: str | None) -> Iterator[str]:
    try:
        if reach is not None:
            Horizon.parse(reach)
    except UsageError as error:
        yield f"reach: {error.problem}, received {reach!r}"


def _checked(meaning: Feature, function: Callable[[Any], Any]) -> Callable[[Source], ir.Value]:
    """Return the function, followed by a look at what it returned."""

    def compute(source: Source) -> ir.Value:
        try:
            value = function(source)
        except Exception as error:
            problem = f"the feature {meaning.name} failed when its expression was built"
            received = f"{type(error).__name__}: {error}"
            raise SettingsError(problem, received=received, hint="correct the function") from error
        wrong = _not_per_account(meaning, value, source)
        if wrong:
            problem = f"the feature {meaning.name} does not give one value per account: {wrong}"
            hint = "return an aggregate of the source's table, such as t.count(where=t.age <= 90)"
            raise SettingsError(problem, received=_shown(value), hint=hint)
        forbidden = value.op().find((*_CHANCE, *_ORDER))
        if forbidden:
            named = ", ".join(sorted({type(found).__name__ for found in forbidden}))
            problem = (
                f"the feature {meaning.name} gives other values for the same rows: it asks the clock, "
                "chance, or the order of rows"
            )
            hint = "count days by age, and take sums, counts, minima and maxima"
            raise SettingsError(problem, received=named, hint=hint)
        return value

    return compute


def _not_per_account(meaning: Feature, value: object, source: Source) -> str:
    """Say why a value is none that every account has, or nothing."""
    if not isinstance(value, ir.Value):
        return "it is no expression"
    if not value.op().shape.is_scalar():
        return "it is a column, one value per row; aggregate it"
    kind = value.type()
    if not (kind.is_string() if meaning.unit == "category" else _is_number(kind)):
        return f"of unit {meaning.unit!r} it cannot be a {kind}"
    try:
        source.aggregate({meaning.name: value})
    except IbisError:
        return "it is computed from another table; choose rows by where=, not by filter"
    return ""


def _is_number(kind: DataType) -> bool:
    return bool(kind.is_numeric() or kind.is_boolean())


def _shown(value: object) -> str:
    kind = f" of type {value.type()}" if isinstance(value, ir.Value) else f": {value!r}"
    return f"{type(value).__name__}{kind}"[:200]
