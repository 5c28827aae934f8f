"""The label of winnability: the account grew by the margin, or an open opportunity of it was won.

An account *grew* if its value in the window exceeds its past value, of the same length before the
cutoff, by more than the margin: ``value > past + margin x |past|``. After a past value of 0 any positive
value is growth; after a negative one, the margin is a part of its size. In a book with opportunities, an
account for which one stood open at the cutoff is won as well if any of these is won in the window.

Why this way: "can we win here" has one answer per account, whether the winning shows in money at once or
in a signature first. What was open is judged by what was known at the cutoff, what was won by what
was known when the labels were made; an opportunity opened later counts for nothing but its money.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir

from valuemodel.labels.windows import Future, Window


def expansion(
    worth: ir.Table,
    future: Future,
    pipeline: ir.Table | None,
    windows: Sequence[Window],
    margin: float,
) -> ir.Table:
    """Return ``winnability_<h>`` of complete windows: 1.0 grew or won, 0.0 neither.

    Parameters
    ----------
    worth : ibis table
        ``account_id``, ``past_value_<h>`` and the label ``value_<h>`` of each window, one row per account.
    future : Future
        What happened from the cutoff on.
    pipeline : ibis table or None
        ``account_id`` and ``opportunity_id`` of what was open at the cutoff, as it was known then.
    windows : sequence of Window
        Windows that are not complete are passed over.
    margin : float
        By which share of its past value an account must exceed it.

    Returns
    -------
    ibis table
        One row per row of ``worth``; missing where a past value is.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> from valuemodel.labels.windows import windows_from
    >>> from valuemodel.periods import Cutoff, Horizon
    >>> rows = {"account_id": ["a", "b", "c"], "past_value_1m": [100.0, 100.0, 0.0]}
    >>> worth = ibis.memtable(pa.table(rows | {"value_1m": [120.0, 120.5, 1.0]}))
    >>> start, end = Cutoff.parse("2021-01-01"), Cutoff.parse("2022-01-01")
    >>> happened = Future(start, worth, None, None)
    >>> windows = windows_from(start, [Horizon.parse("1 month")], end)
    >>> found = expansion(worth, happened, None, windows, 0.2).order_by("account_id")
    >>> found.winnability_1m.to_pyarrow().to_pylist()
    [0.0, 1.0, 1.0]
    """
    complete = [window for window in windows if window.complete]
    wins, labels = future.wins, [window.horizon.label for window in complete]
    if wins is not None and pipeline is not None:
        ours = wins.semi_join(pipeline, ["account_id", "opportunity_id"])
        counts = {
            f"won_{window.horizon.label}": ours.count(where=window.holds(ours.time))
            for window in complete
        }
        won = ours.group_by("account_id").aggregate(**counts).rename(won_id="account_id")
        worth = worth.left_join(won, worth.account_id == won.won_id)
    columns = {f"winnability_{label}": _grew(worth, label, margin) for label in labels}
    if wins is not None and pipeline is not None:
        for label in labels:
            signed = worth[f"won_{label}"].fill_null(0) > 0
            columns[f"winnability_{label}"] = columns[f"winnability_{label}"] | signed
    return worth.select(
        "account_id", **{name: column.cast("float64") for name, column in columns.items()}
    )


def _grew(worth: ir.Table, label: str, margin: float) -> ir.BooleanColumn:
    past = worth[f"past_value_{label}"].cast("float64")
    return worth[f"value_{label}"].cast("float64") > past + margin * past.abs()
