"""A backtest is what would have happened: nothing later than a fold's cutoff reaches a fit."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from valuemodel.dataset import Dataset, DatasetBuilder
from valuemodel.estimators.intervals.conformal import ConformalIntervals
from valuemodel.estimators.intervals.ranges import Ranges
from valuemodel.evaluation.backtest import COLUMNS, Candidate, run_backtest
from valuemodel.exceptions import ModelRefused
from valuemodel.metrics.splits import Schedule
from valuemodel.periods import Cutoff, Horizon
from valuemodel.settings import Settings
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.schemas import TRANSACTIONS

SETTINGS = Settings.parse(
    {
        "project": {"name": "shop"},
        "tables": {"transactions": {"source": "sales.csv"}},
        "value": {"horizons": ["1 month", "3 months"]},
        "features": {"groups": ["recency_frequency"]},
    }
)
PROMISED = ["y_low", "y_high", "y_q05", "y_q25", "y_q50", "y_q75", "y_q95"]
END = Cutoff.parse("2020-12-01")
SCHEDULE = Schedule(
    horizons=tuple(SETTINGS.value.ordered),
    first=Cutoff.parse("2020-02-01"),
    step=Horizon.parse("1 month"),
    snapshots=2,
)


def lines(seed: int = 0, accounts: int = 25) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    orders = generator.poisson(10, accounts) + 1
    account = np.repeat([f"a{number:02d}" for number in range(accounts)], orders)
    time = pd.Timestamp("2020-01-01") + pd.to_timedelta(
        generator.integers(0, 335, account.size), "D"
    )
    amount = generator.integers(1, 500, account.size) * 1.0
    return pd.DataFrame({"account_id": account, "time": time, "known_at": time, "amount": amount})


def builder(frame: pd.DataFrame) -> DatasetBuilder:
    kinds = TRANSACTIONS.validated()
    table = ibis.memtable(pa.Table.from_pandas(frame, preserve_index=False))
    absent = {name: ibis.null() for name in kinds if name not in frame}
    ledger = Ledger(table.mutate(**absent).cast(kinds), None, Cutoff.parse("2020-01-01"), END)
    return DatasetBuilder(ibis.duckdb.connect(), ledger, SETTINGS)


class Means:
    """Predicts the mean of what it was fitted on, and remembers what that was."""

    def __init__(self) -> None:
        self.seen = []

    def __call__(self, dataset, as_of):
        self.seen.append((dataset, as_of))
        means = dataset.y.mean()
        return Fitted(
            lambda X: pd.DataFrame({name: [means[name]] * len(X) for name in means.index})
        )


class Fitted:
    def __init__(self, function) -> None:
        self.predict = function


@pytest.fixture(scope="module")
def judged():
    """One judged cutoff, with half of the year still to come: what was fitted on, and the table."""
    means = Means()
    folds = SCHEDULE.folds([Cutoff.parse("2020-08-01")])
    table = run_backtest(builder(lines()), [("means", means)], folds, labels_until=END)
    return means.seen, table


def test_the_table_is_tidy_and_holds_every_judged_account_once():
    folds = SCHEDULE.judging(END, Horizon.parse("3 months"), 2)
    candidates = [Candidate("means", Means()), Candidate("again", Means())]
    table = run_backtest(builder(lines()), candidates, folds, labels_until=END)
    assert list(table.columns) == COLUMNS
    assert not table.duplicated(["fold", "account_id", "target", "horizon", "model"]).any()
    assert table.drop(columns=PROMISED).notna().all(axis=None)
    assert table[PROMISED].isna().all(axis=None)  # a mean promises no interval and no quantiles
    assert set(table["target"]) == {"value", "churn"}
    assert set(table["horizon"]) == {"1m", "3m"}
    assert table.groupby("fold")["cutoff"].unique().str[0].tolist() == [
        pd.Timestamp("2020-08-01"),
        pd.Timestamp("2020-09-01"),
    ]
    assert table["account_id"].nunique() == 25


def test_the_truth_is_what_came(judged):
    frame, (_, table) = lines(), judged
    window = frame[frame["time"].between("2020-08-01", "2020-10-31")]
    expected = window.groupby("account_id")["amount"].sum()
    found = table[(table["target"] == "value") & (table["horizon"] == "3m")]
    found = found.set_index("account_id")["y_true"]
    assert found[found > 0].to_dict() == expected.to_dict()
    silent = table[(table["target"] == "churn") & (table["horizon"] == "3m")]
    assert set(silent[silent["y_true"] == 1]["account_id"]) == set(found[found == 0].index)


def test_a_fit_sees_only_complete_windows_of_earlier_cutoffs(judged):
    ((dataset, as_of),), _ = judged
    assert as_of == Cutoff.parse("2020-08-01")
    labelled = dataset.y.notna().groupby(dataset.keys["cutoff"]).any()
    for label in ("1m", "3m"):
        horizon = Horizon.parse(label)
        for cutoff, known in labelled[f"value_{label}"].items():
            end = horizon.after(Cutoff(cutoff.to_pydatetime()))
            assert known == (end <= as_of)
    assert labelled["value_3m"].sum() == 2


@pytest.mark.parametrize("change", ["poison", "delete", "shuffle"])
def test_rows_from_the_cutoff_on_change_truths_but_no_fit_and_no_prediction(judged, change):
    frame = lines()
    later = frame["time"] >= "2020-08-01"
    other = frame.copy()
    if change == "poison":
        other.loc[later, "amount"] = 1e9
    elif change == "delete":
        other = other[~later]
    else:
        shuffled = np.random.default_rng(1).permutation(other.loc[later, "amount"])
        other.loc[later, "amount"] = shuffled
    folds = SCHEDULE.folds([Cutoff.parse("2020-08-01")])
    seen, before = judged
    means = Means()
    after = run_backtest(builder(other), [("means", means)], folds, labels_until=END)
    pd.testing.assert_frame_equal(seen[0][0].X, means.seen[0][0].X)
    pd.testing.assert_frame_equal(seen[0][0].y, means.seen[0][0].y)
    pd.testing.assert_frame_equal(before.drop(columns="y_true"), after.drop(columns="y_true"))
    assert before["y_true"].tolist() != after["y_true"].tolist()


def test_windows_that_are_not_complete_are_not_judged():
    folds = SCHEDULE.folds([Cutoff.parse("2020-10-15")])
    table = run_backtest(builder(lines()), [("means", Means())], folds, labels_until=END)
    assert set(table["horizon"]) == {"1m"}


def test_no_fold_gives_an_empty_table_with_the_same_columns():
    table = run_backtest(builder(lines()), [("means", Means())], [], labels_until=END)
    assert list(table.columns) == COLUMNS
    assert table.empty
    assert (table[PROMISED].dtypes == "float64").all()


@pytest.mark.parametrize(
    ("predict", "message"),
    [
        (lambda X: pd.DataFrame({"value_1m": np.ones(len(X))}), "does not predict 'value_3m'"),
        (lambda _: pd.DataFrame({"value_1m": [1.0]}), "does not predict 'value_1m'"),
        (lambda X: pd.DataFrame({"value_1m": [np.nan] * len(X)}), "predicts a missing 'value_1m'"),
    ],
)
def test_a_candidate_must_predict_everything_for_everybody(predict, message):
    folds = SCHEDULE.folds([Cutoff.parse("2020-08-01")])
    candidate = ("partial", lambda dataset, as_of: Fitted(predict))
    with pytest.raises(ModelRefused, match=message) as caught:
        run_backtest(builder(lines()), [candidate], folds, labels_until=END)
    assert "'partial'" in str(caught.value)


class Contracts:
    """A builder of books in which every second account is under contract; others have no label."""

    def at(self, cutoff, *, labels_until=None):
        under = np.arange(6) % 2.0
        X = pd.DataFrame({"under_contract": under})
        y = pd.DataFrame({"value_1m": 5.0, "churn_1m": np.where(under == 1, 1.0, np.nan)})
        keys = pd.DataFrame({"account_id": [f"a{n}" for n in range(6)], "cutoff": cutoff.at})
        return Dataset(X, y, keys, ())

    def stack(self, cutoffs, *, labels_until):
        return self.at(cutoffs[0])


def by_contract(X):
    return pd.DataFrame(
        {"value_1m": 4.0, "churn_1m": np.where(X["under_contract"] == 1, 0.7, np.nan)}
    )


def test_accounts_that_no_rule_judges_are_not_judged_and_each_row_says_by_which_rule():
    folds = SCHEDULE.folds([Cutoff.parse("2020-08-01")])
    candidate = Candidate("risk", lambda dataset, as_of: Fitted(by_contract))
    table = run_backtest(Contracts(), [candidate], folds, labels_until=END, churn_rule="contract")
    churn, value = (table[table["target"] == target] for target in ("churn", "value"))
    assert churn["account_id"].tolist() == ["a1", "a3", "a5"]
    assert set(churn["rule"]) == {"contract"}
    assert set(value["rule"]) == {""}
    assert len(value) == 6


def test_a_risk_that_is_missing_where_there_is_a_truth_is_refused():
    folds = SCHEDULE.folds([Cutoff.parse("2020-08-01")])
    candidate = Candidate("gaps", lambda d, as_of: Fitted(lambda X: by_contract(X) * np.nan))
    with pytest.raises(ModelRefused, match="predicts a missing"):
        run_backtest(Contracts(), [candidate], folds, labels_until=END, churn_rule="contract")


def test_what_a_candidate_promises_of_a_value_stands_beside_it():
    """The interval and every quantile of a candidate that has them; churn has none."""

    class Sure(Fitted):
        ranges = Ranges({"1m": ConformalIntervals.learn(np.arange(1.0, 99), np.arange(1.0, 99))})

    folds = SCHEDULE.folds([Cutoff.parse("2020-08-01")])
    candidate = Candidate("sure", lambda dataset, as_of: Sure(by_contract))
    table = run_backtest(Contracts(), [candidate], folds, labels_until=END, churn_rule="contract")
    churn, value = (table[table["target"] == target] for target in ("churn", "value"))
    expected = Sure.ranges.columns(pd.DataFrame({"value_1m": [4.0]}), candidate.interval)
    for name in PROMISED:
        part = name.removeprefix("y_")
        assert value[name].tolist() == [expected[f"value_1m_{part}"].item()] * 6
    assert churn[PROMISED].isna().all(axis=None)
