"""What is in the pipeline of an account, by when it should close.

Every change of an opportunity is a row, and an opportunity stands as its latest visible change says:
its stage, its value and the close that was expected *then*. Open is what is neither won nor lost, by
the stages that the settings name.

Why this way: salespeople plan by what closes within 3 months, 12 months and 3 years, so open value is
counted by these; what should have closed by now, and what nobody gave a date, stand apart, because
neither is a forecast. A close that is put off again and again says more than its date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ibis
import ibis.expr.types as ir

from valuemodel.features.catalog import Definition, Feature
from valuemodel.features.orders import as_number, growth, share
from valuemodel.periods import Cutoff, Horizon
from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.measure import MONEY
from valuemodel.snapshots.pipeline import in_time

#: When an open opportunity should close: name, words, and from and to how long after the cutoff.
EXPECTED = (
    ("3m", "within 3 months", None, Horizon(3, "month")),
    ("3m_12m", "in 3 to 12 months", Horizon(3, "month"), Horizon(12, "month")),
    ("1y_3y", "in 1 to 3 years", Horizon(12, "month"), Horizon(3, "year")),
)


class Opportunities:
    """The opportunities of a snapshot as they stood, one row each.

    Parameters
    ----------
    snapshot : Snapshot
        What was known.

    Notes
    -----
    Columns of ``table``: ``account_id``, ``opportunity_id``; ``open``, ``won``, ``lost``, ``value``
    and ``closed`` as they stood; ``opened`` and ``changed``, the ages of the first and the last
    change; ``first_value``; ``won_age`` and ``lost_age``, of the first change to such a stage; and
    ``put_off``, how often the expected close moved to a later day.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.cutoff: Cutoff = snapshot.cutoff
        self._rows = rows = snapshot.events("opportunities")
        each = [rows.account_id, rows.opportunity_id]
        of_each = ibis.window(group_by=each, order_by=in_time(rows))
        whole = ibis.window(group_by=each)
        rows = rows.mutate(
            won=rows.stage.isin(snapshot.stages.won),
            lost=rows.stage.isin(snapshot.stages.lost),
            place=ibis.row_number().over(of_each),
            last=rows.count().over(whole) - 1,
            put_off=rows.closed > rows.closed.lag().over(of_each),
        )
        now = rows.place == rows.last
        stood = rows.group_by("account_id", "opportunity_id").aggregate(
            won=rows.won.any(where=now),
            lost=rows.lost.any(where=now),
            value=rows.value.max(where=now),
            closed=rows.closed.max(where=now),
            opened=rows.age.max(),
            changed=rows.age.min(),
            first_value=rows.value.max(where=rows.place == 0),
            won_age=rows.age.max(where=rows.won),
            lost_age=rows.age.max(where=rows.lost),
            put_off=rows.count(where=rows.put_off),
        )
        self.table = stood.mutate(open=~(stood.won | stood.lost))

    def aggregate(self, columns: dict[str, ir.Value]) -> ir.Table:
        """Return one row per account with the given aggregates."""
        return self.table.group_by("account_id").aggregate(**columns)

    def history(self) -> ir.Table:
        """Return one row with ``days``: how many days ago the first visible row of the book is."""
        return self._rows.aggregate(days=self._rows.age.max())

    def expected(self, since: Horizon | None, until: Horizon) -> ir.BooleanColumn:
        """Whether an open one should close in ``[cutoff + since, cutoff + until)``."""
        first = self.cutoff if since is None else since.after(self.cutoff)
        closed = self.table.closed
        return self.table.open & (closed >= first.at) & (closed < until.after(self.cutoff).at)

    def overdue(self) -> ir.BooleanColumn:
        """Whether an open one should have closed before the cutoff."""
        return self.table.open & (self.table.closed < self.cutoff.at)

    def undated(self) -> ir.BooleanColumn:
        """Whether nobody says when an open one should close."""
        return self.table.open & self.table.closed.isnull()

    def won(self, within: int) -> ir.BooleanColumn:
        """Whether it is won, and was so first in the last so many days."""
        return self.table.won & (self.table.won_age <= within)

    def lost(self, within: int) -> ir.BooleanColumn:
        """Whether it is lost, and was so first in the last so many days."""
        return self.table.lost & (self.table.lost_age <= within)

    def valued(self) -> ir.BooleanColumn:
        """Whether an open one has a value, and had one when it was opened."""
        table = self.table
        return table.open & table.value.notnull() & table.first_value.notnull()

    def put_off(self) -> ir.IntegerScalar:
        """Count how often the expected close of open ones was put off."""
        return self.table.put_off.sum(where=self.table.open).fill_null(0)

    def value(self, where: ir.BooleanColumn, column: str = "value") -> ir.DecimalScalar:
        """Sum the values of some, exactly; those without a value bring nothing."""
        total = self.table[column].sum(where=where)
        return total.fill_null(ibis.literal(0).cast(MONEY))

    def count(self, where: ir.BooleanColumn) -> ir.IntegerScalar:
        """Count some; where no date can be compared, Spark would say missing instead of 0."""
        return self.table.count(where=where).fill_null(0)


def definitions(horizons: Sequence[Horizon]) -> tuple[Definition[Opportunities], ...]:
    """Return the features of opportunities; the horizons of planning are their own."""
    del horizons
    return (
        *_open("", "", lambda pipeline: pipeline.table.open),
        *(part for band in EXPECTED for part in _band(*band)),
        *_open("_overdue", " that should have closed", lambda pipeline: pipeline.overdue()),
        *_open("_undated", " without an expected close", lambda pipeline: pipeline.undated()),
        *_ended(),
        *_changes(),
        *_slipping(),
    )


def _band(
    name: str, words: str, since: Horizon | None, until: Horizon
) -> tuple[Definition[Opportunities], ...]:
    return _open(
        f"_{name}", f" expected to close {words}", lambda pipeline: pipeline.expected(since, until)
    )


def _open(
    name: str, words: str, which: Callable[[Opportunities], ir.BooleanColumn]
) -> tuple[Definition[Opportunities], ...]:
    """Return the value and the number of some of the open opportunities."""
    return (
        Definition(
            Feature(
                f"pipeline_value{name}",
                f"Value of open opportunities{words}",
                "money",
                "more",
                "yes",
                f"Open opportunities{words} come to {{value}}",
            ),
            lambda pipeline: as_number(pipeline.value(which(pipeline))),
            empty=0.0,
        ),
        Definition(
            Feature(
                f"pipeline_count{name}",
                f"Open opportunities{words}",
                "opportunities",
                "more",
                "yes",
                f"Open{words}: {{value}}",
            ),
            lambda pipeline: pipeline.count(which(pipeline)),
            empty=0.0,
        ),
    )


def _ended() -> tuple[Definition[Opportunities], ...]:
    year = Horizon(365, "day")
    return (
        Definition(
            Feature(
                "won_value_365d",
                "Value of opportunities won in the last 365 days",
                "money",
                "more",
                "yes",
                "Won {value} in the last 365 days",
            ),
            lambda pipeline: as_number(pipeline.value(pipeline.won(365))),
            empty=0.0,
            reach=year,
        ),
        Definition(
            Feature(
                "won_count_365d",
                "Opportunities won in the last 365 days",
                "opportunities",
                "more",
                "yes",
                "Won {value} with it in the last 365 days",
            ),
            lambda pipeline: pipeline.count(pipeline.won(365)),
            empty=0.0,
            reach=year,
        ),
        Definition(
            Feature(
                "lost_count_365d",
                "Opportunities lost in the last 365 days",
                "opportunities",
                "less",
                "yes",
                "Lost {value} with it in the last 365 days",
            ),
            lambda pipeline: pipeline.count(pipeline.lost(365)),
            empty=0.0,
            reach=year,
        ),
        Definition(
            Feature(
                "win_share_730d",
                "Share of opportunities won, of those that ended in the last 730 days",
                "share",
                "more",
                "yes",
                "Won {value} of the opportunities that ended in the last 730 days",
            ),
            lambda pipeline: share(
                pipeline.count(pipeline.won(730)),
                pipeline.count(pipeline.won(730)) + pipeline.count(pipeline.lost(730)),
            ),
            reach=Horizon(730, "day"),
        ),
    )


def _changes() -> tuple[Definition[Opportunities], ...]:
    return (
        Definition(
            Feature(
                "pipeline_change_days",
                "Days since an opportunity changed",
                "days",
                "less",
                "yes",
                "An opportunity last changed {value} ago",
            ),
            lambda pipeline: pipeline.table.changed.min(),
        ),
        Definition(
            Feature(
                "pipeline_age_days",
                "Age of the oldest open opportunity",
                "days",
                "less",
                "yes",
                "Its oldest open opportunity was opened {value} ago",
            ),
            lambda pipeline: pipeline.table.opened.max(where=pipeline.table.open),
        ),
    )


def _slipping() -> tuple[Definition[Opportunities], ...]:
    return (
        Definition(
            Feature(
                "pipeline_growth",
                "Change in value of open opportunities since they were opened",
                "growth",
                "more",
                "yes",
                "Its open opportunities changed in value by {value} since they were opened",
            ),
            lambda pipeline: growth(
                pipeline.value(pipeline.valued()), pipeline.value(pipeline.valued(), "first_value")
            ),
        ),
        Definition(
            Feature(
                "pipeline_put_off",
                "How often the close of open opportunities was put off",
                "number",
                "less",
                "yes",
                "Times the close of its open opportunities was put off: {value}",
            ),
            lambda pipeline: pipeline.put_off(),
            empty=0.0,
        ),
    )
