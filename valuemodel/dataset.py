"""The only builder of (X, y, keys): the same for training, judging and scoring.

Why this way: train/serve skew comes from writing features twice. Here a model is fitted on exactly
the table it will score, built by the same expressions from the same snapshot. Each cutoff is one
query; several cutoffs lie one under the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from valuemodel.features.white_space import white_space
from valuemodel.labels.churn import churn
from valuemodel.labels.expansion import expansion
from valuemodel.labels.value import future_value
from valuemodel.labels.windows import Window, future, windows_from
from valuemodel.periods import Cutoff, Horizon, helper_horizons
from valuemodel.settings import Settings
from valuemodel.snapshots.as_of import Snapshot, snapshot
from valuemodel.snapshots.contracts import in_force
from valuemodel.snapshots.facts import FLAGS, account_facts
from valuemodel.snapshots.pipeline import still_open
from valuemodel.snapshots.population import population, without_history
from valuemodel.snapshots.projects import PROJECTS, projects
from valuemodel.snapshots.touches import TOUCHES, touches
from valuemodel.snapshots.undated import CAPABILITY_GAPS, CREDIT, capability_gaps, credit
from valuemodel.tables.ledger import Ledger

#: So many values of features are kept in memory for the next fold: about a quarter of a gigabyte.
_MOST_KEPT = 32_000_000


@dataclass(frozen=True)
class Dataset:
    """Features, labels and keys of the accounts at one cutoff or several; the rows correspond.

    Parameters
    ----------
    X : pandas.DataFrame
        One column per feature, in the order of ``features``: float64 for numbers, text for
        categories; missing values are NaN.
    y : pandas.DataFrame or None
        ``value_<h>`` and ``churn_<h>`` of each horizon, and where past value is a feature
        ``winnability_<h>`` of the shortest, float64; NaN where the window is not complete.
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
        self._frames: dict[Cutoff, pd.DataFrame] = {}
        self._kept = 0

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
        return self._built(cutoff, self.horizons, labels_until)

    def _built(
        self, cutoff: Cutoff, horizons: Sequence[Horizon], labels_until: Cutoff | None
    ) -> Dataset:
        table, frame = self._features(cutoff), self._features_frame(cutoff)
        y = None
        if labels_until is not None:
            # Labels are asked for by themselves: every step of a query costs by its columns.
            past = f"past_value_{self.horizons[0].label}"
            narrow = table.select("account_id", *({past} & {*table.columns}))
            labelled = self._labelled(narrow, cutoff, horizons, labels_until)
            y = self._frame(labelled.order_by("account_id")).drop(columns=[*narrow.columns])
        return self._keyed(frame, y, cutoff)

    def _keyed(self, frame: pd.DataFrame, y: pd.DataFrame | None, cutoff: Cutoff) -> Dataset:
        names = [feature.name for feature in self.features]
        keys = pd.DataFrame({"account_id": frame["account_id"]})
        keys["cutoff"] = _instants(keys, cutoff)
        return Dataset(frame[names], y, keys, self.features)

    def stack(self, cutoffs: Sequence[Cutoff], *, labels_until: Cutoff) -> Dataset:
        """Build the datasets of several cutoffs, one under the other, in the given order.

        Labels of shorter helper horizons lie beside those of the settings, so that a horizon without
        a complete window can be learned over a shorter one; see `valuemodel.periods.helper_horizons`.

        Raises
        ------
        UsageError
            If there is no cutoff.
        """
        if not cutoffs:
            problem = "a dataset needs at least one cutoff"
            raise UsageError(problem, received="none", hint="name the cutoffs to learn from")
        horizons = sorted([*self.horizons, *helper_horizons(self.horizons)])
        parts = [self._built(cutoff, horizons, labels_until) for cutoff in cutoffs]
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
        frame = self._frame(table.order_by("account_id"))
        return frame.astype(dict.fromkeys(FLAGS, "boolean"))

    def newcomers_at(self, cutoff: Cutoff) -> Dataset | None:
        """Build the features of accounts that are listed but have no visible row before the cutoff.

        Nothing but their profile is known of them. None where there are none.
        """
        known = self._snapshot(cutoff)
        listed = without_history(known)
        if listed is None:
            return None
        if not self.connection.to_pyarrow(listed.limit(1)).num_rows:
            return None
        unseen = listed.mutate(first_seen=ibis.null("int64"))
        frame = self._frame(self.catalog.table(known, unseen).order_by("account_id"))
        return self._keyed(frame, None, cutoff)

    def white_space_at(self, cutoff: Cutoff) -> pd.DataFrame:
        """Return the products that accounts of the population lack and their peers have.

        See `valuemodel.features.white_space` for the columns; sorted by account and rank, with
        ``as_of`` beside the account. A book without products gives no rows.
        """
        known = self._snapshot(cutoff)
        accounts = population(known, self.settings.population)
        table = white_space(known).semi_join(accounts, "account_id")
        frame = self._frame(table.order_by("account_id", "rank"))
        frame.insert(1, "as_of", _instants(frame, cutoff))
        return frame

    def touches_at(self, cutoff: Cutoff) -> pd.DataFrame:
        """Return how often each account was met in the 12 months before the cutoff, and by whom sought.

        See `valuemodel.snapshots.touches.touches` for the columns; sorted by account, kind and
        initiative, with ``as_of`` beside the account. A book without interactions gives no rows.
        """
        frame = self._listed(touches(self._snapshot(cutoff)), TOUCHES)
        frame.insert(1, "as_of", _instants(frame, cutoff))
        return frame

    def projects_at(self, cutoff: Cutoff) -> pd.DataFrame:
        """Return the projects begun before the cutoff, with closeness before and after.

        See `valuemodel.snapshots.projects.projects` for the columns; sorted by account and project,
        with ``as_of`` beside the account. A book without projects gives no rows.
        """
        frame = self._listed(projects(self._snapshot(cutoff)), PROJECTS)
        frame.insert(1, "as_of", _instants(frame, cutoff))
        return frame

    def credit_at(self, cutoff: Cutoff) -> pd.DataFrame:
        """Return who is credited with which share of each account, as the table says today.

        Columns ``account_id``, ``as_of``, ``owner`` and ``share``, sorted by account and owner. The
        table has no time, so ``as_of`` says only for which run it was read.
        """
        frame = self._listed(credit(self.ledger), CREDIT)
        frame.insert(1, "as_of", _instants(frame, cutoff))
        return frame

    def capability_gaps_at(self, cutoff: Cutoff) -> pd.DataFrame:
        """Return what we lack by product or segment, as the table says today.

        Columns ``product_id``, ``segment``, ``horizon``, ``gap`` and ``as_of``, sorted by all of them;
        ``as_of`` says only for which run the table was read.
        """
        frame = self._listed(capability_gaps(self.ledger), CAPABILITY_GAPS)
        return frame.assign(as_of=_instants(frame, cutoff))

    def _features(self, cutoff: Cutoff) -> ir.Table:
        """Compute the features of a cutoff once; folds ask for them again with other labels."""
        if cutoff not in self._computed:
            name = ibis.util.gen_name("features")
            self._computed[cutoff] = self.connection.create_table(name, self.features_at(cutoff))
        return self._computed[cutoff]

    def _features_frame(self, cutoff: Cutoff) -> pd.DataFrame:
        """Return the features of a cutoff in memory; small books keep them for the next fold."""
        if cutoff in self._frames:
            return self._frames[cutoff]
        frame = self._frame(self._features(cutoff).order_by("account_id"))
        if self._kept + frame.size <= _MOST_KEPT:
            self._frames[cutoff] = frame
            self._kept += frame.size
        return frame

    def _snapshot(self, cutoff: Cutoff) -> Snapshot:
        return snapshot(self.ledger, self.settings.value, cutoff)

    def _labelled(
        self, table: ir.Table, cutoff: Cutoff, horizons: Sequence[Horizon], labels_until: Cutoff
    ) -> ir.Table:
        """Add the labels of complete windows; whoever nothing happened to is worth 0, and gone."""
        settings, grace = self.settings, self._grace(cutoff)
        until = min(labels_until, self.ledger.complete_until)
        happened = future(self.ledger, settings.value, cutoff, labels_until)
        windows = windows_from(cutoff, horizons, until)
        value = future_value(happened, windows, settings.value)
        joined = _with_labels(table, "value", value, windows, 0.0)
        settled = windows_from(cutoff, horizons, until, grace)
        gone = churn(happened, self._holders(cutoff), settled, settings.churn_rule, grace)
        silent = None if settings.churn_rule == "contract" else 1.0
        joined = _with_labels(joined, "churn", gone, settled, silent)
        near = [window for window in windows if window.horizon == self.horizons[0]]
        if f"past_value_{near[0].horizon.label}" not in table.columns:
            return joined
        pipeline, margin = still_open(self._snapshot(cutoff)), settings.value.winnability_margin
        won = expansion(joined, happened, pipeline, near, margin)
        return _with_labels(joined, "winnability", won, near, None)

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

    def _listed(self, table: ir.Table | None, kinds: Mapping[str, str]) -> pd.DataFrame:
        """Run the query, sorted by its columns; without a table no rows of the same types."""
        if table is not None:
            return self._frame(table.order_by([table[name].asc() for name in kinds]))
        types = {"string": "str", "float64": "float64", "timestamp(6)": "datetime64[us]"}
        return pd.DataFrame({name: pd.Series(dtype=types[kind]) for name, kind in kinds.items()})

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


def _instants(frame: pd.DataFrame, cutoff: Cutoff) -> pd.Series[pd.Timestamp]:
    """Return the cutoff once per row."""
    return pd.Series(cutoff.at, index=frame.index, dtype="datetime64[us]")


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
