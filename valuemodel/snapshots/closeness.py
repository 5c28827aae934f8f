"""How close we are to each account: what our contacts say, and what people judge, kept apart.

The *automatic part* is computed from the contacts of the last 365 days, from 0 to 100 points:

====================  ======  ====================================================================
what                  points  how much of them
====================  ======  ====================================================================
recency                   30  90 / (90 + days since the last contact): half of it after 90 days
frequency                 30  contacts / (contacts + 12): half of it for one a month
rank of whom we met       15  a third for each of up to three different ranks
ways to meet              10  a third for each of up to three different channels
our own initiative        15  the part of the contacts that we sought, planned or ad hoc
====================  ======  ====================================================================

What nobody recorded earns nothing. The *manual part* is the latest rating of a person in that year,
from 0 to 10, times ten. Closeness is the mean of the parts that exist.

Why this way: a formula that a sales leader can redo by hand is one that can be argued about; nothing
is learned, so a point means the same in every book and every month. Facts and features both take it
from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from valuemodel.snapshots.as_of import Snapshot
from valuemodel.snapshots.exact import exact
from valuemodel.snapshots.stacked import stacked

#: Only contacts and ratings of so many days count.
DAYS = 365

#: The points of each part; together 100.
POINTS: Mapping[str, float] = MappingProxyType(
    {"recency": 30.0, "frequency": 30.0, "seniority": 15.0, "channel": 10.0, "initiative": 15.0}
)

#: A last contact so many days ago earns half of the points of recency.
HALF_RECENCY = 90

#: So many contacts in the year earn half of the points of frequency.
HALF_FREQUENCY = 12

#: So many different ranks, or channels, earn all of their points.
ENOUGH_DIFFERENT = 3

#: The initiatives that are ours; the other one is theirs.
OURS = ("planned", "ad_hoc")

#: What contacts differ in.
VARIETIES = ("kind", "channel", "seniority")


class Contacts:
    """The contacts of each account, as a vocabulary of aggregates per account.

    Parameters
    ----------
    interactions : ibis table
        The visible rows of the interactions table, with ``age``.
    by : sequence of str
        What the contacts are told of: each account as of the cutoff, or as of several moments, where
        ``age`` counts from each.

    Notes
    -----
    ``table`` has one row per contact, and below them one row per account and different kind, channel
    and seniority (``variety``), with the age of the last contact of it (``latest``).
    """

    def __init__(self, interactions: ir.Table, by: Sequence[str] = ("account_id",)) -> None:
        rows = interactions
        self._by = tuple(by)
        rated = (rows.rating.notnull() & (rows.age <= DAYS)).ifelse(rows.time, ibis.null())
        newest = rated.max().over(ibis.window(group_by=[rows[name] for name in self._by]))
        contacts = rows.select(
            *self._by,
            "age",
            "time",
            "initiative",
            hours=exact(rows.hours),
            rating=(rated == newest).ifelse(exact(rows.rating), ibis.null()),
        )
        of_each = [
            rows.filter(rows[name].notnull()).select(
                *self._by, "age", variety=ibis.literal(name), what=rows[name]
            )
            for name in VARIETIES
        ]
        varied = ibis.union(*of_each)
        varieties = varied.group_by(*self._by, "variety", "what").aggregate(latest=varied.age.min())
        self.table = stacked(contacts, varieties.drop("what"))

    def aggregate(self, columns: dict[str, ir.Value]) -> ir.Table:
        """Return one row per account, or whatever they are told of, with the given aggregates."""
        return self.table.group_by(*self._by).aggregate(**columns)

    def history(self) -> ir.Table:
        """Return one row with ``days``: how many days ago the first visible row of the book is."""
        return self.table.aggregate(days=self.table.age.max())

    def count(self, within: int, *initiatives: str) -> ir.IntegerScalar:
        """Count the contacts of the last so many days, of these initiatives or of all."""
        where = self.table.age <= within
        if initiatives:
            where &= self.table.initiative.isin(initiatives)
        return self._count(where)

    def hours(self, within: int) -> ir.DecimalScalar:
        """Sum the hours of the contacts of the last so many days."""
        hours = self.table.hours.sum(where=self.table.age <= within)
        return hours.fill_null(ibis.literal(0).cast(hours.type()))

    def different(self, variety: str, within: int) -> ir.IntegerScalar:
        """Count the different kinds, channels or seniorities of the last so many days."""
        table = self.table
        return self._count((table.variety == variety) & (table.latest <= within))

    def last(self, *initiatives: str) -> ir.IntegerScalar:
        """Return how many days ago the last contact was, of these initiatives or of all."""
        where = self.table.initiative.isin(initiatives) if initiatives else None
        return self.table.age.min(where=where)

    def automatic(self) -> ir.FloatingScalar:
        """Return the automatic part of closeness, from 0 to 100."""
        count, last = self.count(DAYS), self.last()
        ours, theirs = self.count(DAYS, *OURS), self.count(DAYS, "reactive")
        half = ibis.literal(HALF_RECENCY)
        parts = {
            "recency": (last <= DAYS).ifelse(_part(half, half + last), 0.0),
            "frequency": _part(count, count + HALF_FREQUENCY),
            "seniority": self._variety("seniority"),
            "channel": self._variety("channel"),
            "initiative": _part(ours, (ours + theirs).nullif(0)).fill_null(0.0),
        }
        recency, *others = (POINTS[name] * part for name, part in parts.items())
        return sum(others, recency)

    def manual(self) -> ir.FloatingScalar:
        """Return the latest rating of the year as points; the mean of those of the same instant."""
        return 10.0 * _part(self.table.rating.sum(), self.table.rating.count().nullif(0))

    def closeness(self) -> ir.FloatingScalar:
        """Return the mean of the automatic part and, where somebody has rated, the manual one."""
        automatic, manual = self.automatic(), self.manual()
        return manual.isnull().ifelse(automatic, (automatic + manual) / 2.0)

    def _count(self, which: ir.BooleanColumn) -> ir.IntegerScalar:
        """Count some rows; where it is said of none whether it is, Spark would say missing, not 0."""
        return self.table.count(where=which).fill_null(0)

    def _variety(self, name: str) -> ir.FloatingScalar:
        enough = ibis.literal(ENOUGH_DIFFERENT)
        return _part(ibis.least(self.different(name, DAYS), enough), enough)


def relations(snapshot: Snapshot) -> ir.Table | None:
    """Return what the facts say of our contacts, one row per account with any; None without a table.

    Columns: ``account_id``, ``last_contact`` (a time), ``closeness``, ``closeness_automatic`` and
    ``closeness_manual``. An account without a row has no last contact and no manual part; its
    closeness is 0.
    """
    if snapshot.interactions is None:
        return None
    contacts = Contacts(snapshot.interactions)
    return contacts.aggregate(
        {
            "last_contact": contacts.table.time.max(),
            "closeness": contacts.closeness(),
            "closeness_automatic": contacts.automatic(),
            "closeness_manual": contacts.manual(),
        }
    )


def _part(part: ir.NumericValue, whole: ir.NumericValue) -> ir.FloatingValue:
    return part.cast("float64") / whole.cast("float64")
