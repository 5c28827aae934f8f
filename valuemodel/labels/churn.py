"""The label of churn, by the rule of the settings: nothing bought, or no contract in force any more.

By *inactivity* an account is gone that buys nothing in the whole window: one that only returns goods
is gone, one whose purchases are later refunded is not. That probability falls as the horizon grows:
a longer window leaves more time to come back. By *contract* an account is gone that lapses in the
window: its terms stop, and none takes over within the days of grace. That probability grows with the
horizon, and only accounts that are under contract at the cutoff can lapse.

Why this way: terms of all contracts of an account lie on one line of days; where the furthest stop so
far comes before the next start is a gap, and the first gap from the cutoff on is the lapse. One pass
in the order of starts finds it, whatever the number of contracts and however they overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import ibis
import ibis.expr.types as ir

from valuemodel.labels.windows import Future, Window

Rule = Literal["inactivity", "contract", "both"]


def churn(
    future: Future, holders: ir.Table | None, windows: Sequence[Window], rule: Rule, grace: int
) -> ir.Table:
    """Return ``churn_<h>`` of complete windows by the rule: 1.0 gone, 0.0 still there.

    Parameters
    ----------
    future : Future
        What happened from the cutoff on.
    holders : ibis table or None
        ``account_id`` of the accounts that are under contract at the cutoff, as it was known then.
    windows : sequence of Window
        Windows that are not complete are passed over.
    rule : {"inactivity", "contract", "both"}
        With ``both``, holders are judged by contract and all others by inactivity.
    grace : int
        After how many days without a contract an account has lapsed.

    Returns
    -------
    ibis table
        One row per account. Whoever is not in it is gone by inactivity, and has no label where the
        rule is ``contract``.
    """
    if rule == "inactivity" or holders is None or future.terms is None:
        return silence(future.lines, windows)
    lapsed = lapse(future.terms, windows, grace).rename(lapsed_id="account_id")
    names = [f"churn_{window.horizon.label}" for window in windows if window.complete]
    joined = holders.left_join(lapsed, holders.account_id == lapsed.lapsed_id)
    # Without any terms left, all of them were taken back after the cutoff.
    by_contract = joined.select(
        "account_id", **{name: joined[name].fill_null(1.0) for name in names}
    )
    if rule == "contract":
        return by_contract
    others = silence(future.lines, windows).anti_join(holders, "account_id")
    return ibis.union(by_contract, others.select(by_contract.columns))


def silence(lines: ir.Table, windows: Sequence[Window]) -> ir.Table:
    """Return ``churn_<h>`` of complete windows: 1.0 if the account bought nothing in the window.

    Parameters
    ----------
    lines : ibis table
        Lines from the cutoff on (see `valuemodel.labels.windows.Future`).
    windows : sequence of Window
        Windows that are not complete are passed over.

    Returns
    -------
    ibis table
        One row per account with a line; all others are gone.
    """
    bought = {
        f"churn_{window.horizon.label}": lines.count(
            where=window.holds(lines.time) & (lines.amount > 0)
        )
        for window in windows
        if window.complete
    }
    return lines.group_by("account_id").aggregate(
        **{name: (count == 0).cast("float64") for name, count in bought.items()}
    )


def lapse(terms: ir.Table, windows: Sequence[Window], grace: int = 0) -> ir.Table:
    """Return ``churn_<h>`` of complete windows: 1.0 if the account's contracts lapse in the window.

    Parameters
    ----------
    terms : ibis table
        Terms with ages from the cutoff (see `valuemodel.labels.windows.Future`).
    windows : sequence of Window
        Windows that are not complete are passed over.
    grace : int
        A gap of at most so many days that later terms close is no gap.

    Returns
    -------
    ibis table
        One row per account with terms of at least a day.

    Examples
    --------
    Renewed 10 days late; the second account stops where the window of 30 days ends:

    >>> import pyarrow as pa
    >>> from valuemodel.labels.windows import windows_from
    >>> from valuemodel.periods import Cutoff, Horizon
    >>> rows = {
    ...     "account_id": ["a", "a", "b"],
    ...     "from_age": [350, -25, 5],
    ...     "to_age": [-15, -390, -30],
    ... }
    >>> table = ibis.memtable(pa.table(rows))
    >>> start, end = Cutoff.parse("2021-01-01"), Cutoff.parse("2022-01-01")
    >>> windows = windows_from(start, [Horizon.parse("30 days")], end)
    >>> for grace in (9, 10):
    ...     found = lapse(table, windows, grace).order_by("account_id")
    ...     print(found.churn_30d.to_pyarrow().to_pylist())
    [1.0, 0.0]
    [0.0, 0.0]
    """
    spans = terms.filter(terms.from_age > terms.to_age)
    # Days are counted from the cutoff on here: the first day of the window is day 0.
    spans = spans.select("account_id", begin=-spans.from_age, end=-spans.to_age)
    before = ibis.window(group_by=spans.account_id, order_by=spans.begin, preceding=(None, 1))
    spans = spans.mutate(covered_until=spans.end.max().over(before))
    until = spans.covered_until
    gap = (spans.begin > 0) & (until.isnull() | (spans.begin > until + grace))
    by_account = spans.mutate(gap=gap).group_by("account_id")
    none = ibis.literal(0, "int32")
    found = by_account.aggregate(
        first_gap=ibis._.covered_until.fill_null(none).min(where=ibis._.gap),
        covered=ibis._.end.max(),
    )
    # Whoever was uncovered at the cutoff already lapses there, not before.
    lapsed_on = ibis.greatest(found.first_gap.coalesce(found.covered), none)
    return found.select(
        "account_id",
        **{
            f"churn_{window.horizon.label}": (lapsed_on < window.days).cast("float64")
            for window in windows
            if window.complete
        },
    )
