"""The only builder of (X, y, keys): the same for training, judging and scoring.

Why this way: train/serve skew comes from writing features twice. Here a model is fitted on exactly
the table it will score, built by the same expressions from the same snapshot. Each cutoff is one
query; several cutoffs lie one under the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.sql import SQLBackend

from valuemodel.exceptions import UsageError
from valuemodel.features.catalog import Feature
from valuemodel.features.own import OwnFeature
from valuemodel.features.registry import catalog
from valuemodel.labels.churn import churn
from valuemodel.labels.value import future_value
from valuemodel.labels.windows import Window, future, windows_from
from valuemodel.periods import Cutoff
from valuemodel.settings import Settings
from valuemodel.snapshots.as_of import Snapshot, snapshot
from valuemodel.snapshots.contracts import in_force
from valuemodel.snapshots.facts import account_facts
from valuemodel.snapshots.population import population, without_history
from valuemodel.tables.ledger import Ledger


@dataclass(frozen=True)
class Dataset:
    """Features, labels and keys of the accounts at one cutoff or several; the rows correspond.

    Parameters
    ----------
    X : pandas.DataFrame
        One column per feature, in the order of ``features``: float64 for numbers, text for
        categories; missing values are NaN.
    y : pandas.DataFrame or None
        ``value_<h>`` and ``churn_<h>`` of each horizon, float64; NaN where the window is not complete.
    keys : pandas.DataFrame
        ``account_id`` and ``cutoff``.
    features : tuple of Feature
        What the columns of ``X`` mean.
    """

    X: pd.DataFrame
    y: pd.DataFrame | None
    keys: pd.DataFrame
    features: tuple[Feature, ...]

    def __len__(self) -> int:
        return len(self.keys)


class DatasetBuilder:
    """Builds datasets from the tables of a project.

    Parameters
    ----------
    connection : ibis backend
        Where the tables lie.
    ledger : Ledger
        The validated tables, with the future left in.
    settings : Settings
        Horizons, measure, population and features.
    own : sequence of OwnFeature
        The company's own features.

    Examples
    --------
    >>> import ibis
    >>> import pyarrow as pa
    >>> from valuemodel.tables.schemas import TRANSACTIONS
    >>> rows = {"account_id": ["a", "a", "b"], "amount": [5.0, 7.0, 3.0]}
    >>> rows |= {"time": ["2020-01-10", "2020-03-02", "2020-02-01"]}
    >>> rows |= {"known_at": rows["time"]}
    >>> kinds = TRANSACTIONS.validated()
    >>> table = ibis.memtable(pa.table(rows)).mutate(
    ...     **{n: ibis.null() for n in kinds if n not in rows}
    ... )
    >>> first, end = Cutoff.parse("2020-01-10"), Cutoff.parse("2020-04-01")
    >>> ledger = Ledger(table.cast(kinds), None, first, end)
    >>> settings = Settings.parse(
    ...     {
    ...         "project": {"name": "shop"},
    ...         "tables": {"transactions": {"source": "sales.csv"}},
    ...         "value": {"horizons": ["1 month"]},
    ...     }
    ... )
    >>> builder = DatasetBuilder(ibis.duckdb.connect(), ledger, settings)
    >>> dataset = builder.at(Cutoff.parse("2020-03-01"), labels_until=end)
    >>> dataset.keys.account_id.tolist(), dataset.X.recency_days.tolist()
    (['a', 'b'], [51.0, 29.0])
    >>> dataset.y.value_1m.tolist(), dataset.y.churn_1m.tolist()
    ([7.0, 0.0], [0.0, 1.0])
    """

    def __init__(
        self,
        connection: SQLBackend,
        ledger: Ledger,
        settings: Settings,
        own: Sequence[OwnFeature] = (),
    ) -> None:
        self.connection = connection
        self.ledger = ledger
        self.settings = settings
        self.horizons = settings.value.ordered
        self.own = tuple(own)
        self.catalog = catalog(self.horizons, settings.features, settings.tables.declared, self.own)
        self._computed: dict[Cutoff, ir.Table] = {}

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features of every dataset built here, in the order of the columns of X."""
        return self.catalog.features

    def on(self, ledger: Ledger) -> Self:
        """Return the same builder of other tables in the same engine."""
        return type(self)(self.connection, ledger, self.settings, self.own)

    def at(self, cutoff: Cutoff, *, labels_until: Cutoff | None = None) -> Dataset:
        """Build the dataset of one cutoff, sorted by account.

        Parameters
        ----------
        cutoff : Cutoff
            Features use only what was known before it.
        labels_until : Cutoff, optional
            Labels use only what was known before this; without it there are none.
        """
        table = self._features(cutoff)
        names = [feature.name for feature in self.features]
        labels: list[str] = []
        if labels_until is not None:
            table = self._labelled(table, cutoff, labels_until)
            labels = [name for name in table.columns if name not in ("account_id", *names)]
        frame = self._frame(table.order_by("account_id"))
        keys = pd.DataFrame({"account_id": frame["account_id"]})
        keys["cutoff"] = pd.Series(cutoff.at, index=keys.index, dtype="datetime64[us]")
        y = frame[labels] if labels_until is not None else None
        return Dataset(frame[names], y, keys, self.features)

    def stack(self, cutoffs: Sequence[Cutoff], *, labels_until: Cutoff) -> Dataset:
        """Build the datasets of several cutoffs, one under the other, in the given order.

        Raises
        ------
        UsageError
            If there is no cutoff.
        """
        if not cutoffs:
            problem = "a dataset needs at least one cutoff"
            raise UsageError(problem, received="none", hint="name the cutoffs to learn from")
        parts = [self.at(cutoff, labels_until=labels_until) for cutoff in cutoffs]
        return Dataset(
            pd.concat([part.X for part in parts], ignore_index=True),
            pd.concat([part.y for part in parts if part.y is not None], ignore_index=True),
            pd.concat([part.keys for part in parts], ignore_index=True),
            self.features,
        )

    def features_at(self, cutoff: Cutoff) -> ir.Table:
        """Return the expression of all features at the cutoff: ``account_id`` and one column each.

        It is not ordered and not computed yet: write it to a file to stay out of memory.
        """
        known = self._snapshot(cutoff)
        return self.catalog.table(known, population(known, self.settings.population))

    def facts_at(self, cutoff: Cutoff) -> pd.DataFrame:
        """Return the facts of all accounts known before the cutoff, sorted by account.

        See `valuemodel.snapshots.facts.account_facts` for the columns. Accounts of the population
        are there, and listed accounts that are not in it.
        """
        table = account_facts(self._snapshot(cutoff), self.horizons)
        return self._frame(table.order_by("account_id"))

    def accounts_without_history(self, cutoff: Cutoff) -> list[str]:
        """Return the accounts that are listed but have no visible row before the cutoff, sorted."""
        table = without_history(self._snapshot(cutoff))
        if table is None:
            return []
        return self._frame(table.order_by("account_id"))["account_id"].to_list()

    def _features(self, cutoff: Cutoff) -> ir.Table:
        """Compute the features of a cutoff once; folds ask for them again with other labels."""
        if cutoff not in self._computed:
            name = ibis.util.gen_name("features")
            self._computed[cutoff] = self.connection.create_table(name, self.features_at(cutoff))
        return self._computed[cutoff]

    def _snapshot(self, cutoff: Cutoff) -> Snapshot:
        return snapshot(self.ledger, self.settings.value, cutoff)

    def _labelled(self, table: ir.Table, cutoff: Cutoff, labels_until: Cutoff) -> ir.Table:
        """Add the labels of complete windows; whoever nothing happened to is worth 0, and gone."""
        settings, grace = self.settings, self._grace(cutoff)
        until = min(labels_until, self.ledger.complete_until)
        happened = future(self.ledger, settings.value, cutoff, labels_until)
        windows = windows_from(cutoff, self.horizons, until)
        value = future_value(happened, windows, settings.value)
        joined = _with_labels(table, "value", value, windows, 0.0)
        settled = windows_from(cutoff, self.horizons, until, grace)
        gone = churn(happened, self._holders(cutoff), settled, settings.churn_rule, grace)
        silent = None if settings.churn_rule == "contract" else 1.0
        return _with_labels(joined, "churn", gone, settled, silent)

    def _grace(self, cutoff: Cutoff) -> int:
        """Return the days of grace from a cutoff on; inactivity knows none."""
        grace = self.settings.churn.grace
        if grace is None or self.settings.churn_rule == "inactivity":
            return 0
        return (grace.after(cutoff).at - cutoff.at).days

    def _holders(self, cutoff: Cutoff) -> ir.Table | None:
        """Return the ``account_id`` of accounts under contract at the cutoff, as was known then."""
        known = self._snapshot(cutoff).terms
        if known is None:
            return None
        return known.filter(in_force(known, cutoff)).select("account_id").distinct()

    def _frame(self, table: ir.Table) -> pd.DataFrame:
        """Run the query; numbers become float64, text the text type of pandas, missing is NaN."""
        numeric = {
            name: "float64"
            for name, kind in table.schema().items()
            if kind.is_numeric() or kind.is_boolean()
        }
        frame: pd.DataFrame = self.connection.to_pyarrow(table.cast(numeric)).to_pandas()
        text = {name: "str" for name, kind in table.schema().items() if kind.is_string()}
        return frame.astype(text)


def _with_labels(
    table: ir.Table, head: str, labels: ir.Table, windows: Sequence[Window], nothing: float | None
) -> ir.Table:
    """Add ``<head>_<h>`` of each window; accounts without a row have ``nothing``."""
    labels = labels.rename(label_id="account_id")
    joined = table.left_join(labels, table.account_id == labels.label_id).drop("label_id")
    columns: dict[str, ir.Value] = {}
    for window in windows:
        name = f"{head}_{window.horizon.label}"
        if not window.complete:
            columns[name] = ibis.null("float64")
        else:
            columns[name] = joined[name] if nothing is None else joined[name].fill_null(nothing)
    return joined.select(*table.columns, **columns)
