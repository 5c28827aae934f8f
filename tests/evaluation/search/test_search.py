"""A search is honest: repeatable, never worse than what is in force, and blind to what promotes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from valuemodel import cli, scaffold
from valuemodel.dataset import Dataset, DatasetBuilder
from valuemodel.estimators.definitions import Definition
from valuemodel.evaluation.backtest import Candidate
from valuemodel.evaluation.bootstrap import Resampling
from valuemodel.evaluation.search.findings import TARGETS
from valuemodel.evaluation.search.search import Budget, _Search, search
from valuemodel.evaluation.search.space import SearchSpace
from valuemodel.evaluation.search.span import search_span
from valuemodel.exceptions import DataRefused, UsageError
from valuemodel.metrics.splits import Schedule
from valuemodel.periods import Cutoff, Horizon
from valuemodel.settings import Settings
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.schemas import TRANSACTIONS

SETTINGS = Settings.parse(
    {
        "project": {"name": "shop"},
        "tables": {"transactions": {"source": "sales.csv"}},
        "value": {"horizons": ["3 months"]},
        "features": {"groups": ["monetary"]},
    }
)
QUARTER = SETTINGS.value.tiering
END = Cutoff.parse("2021-06-01")
SCHEDULE = Schedule(
    horizons=(QUARTER,),
    first=Cutoff.parse("2020-04-01"),
    step=Horizon.parse("1 month"),
    snapshots=2,
)
SPAN = search_span(SCHEDULE, END, QUARTER, 2)
SHARE = {"trees": {"feature_share": {"low": 0.1, "high": 1.0}}}
UNUSED = {"trees": {"l2": {"low": 0.1, "high": 9.0}}}


def lines(accounts: int = 260, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    orders = rng.poisson(14, accounts) + 1
    account = np.repeat([f"a{number:03d}" for number in range(accounts)], orders)
    size = np.repeat(rng.lognormal(4.0, 1.0, accounts), orders)
    time = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 517, account.size), "D")
    amount = np.round(size * rng.lognormal(0.0, 0.3, account.size), 2)
    return pd.DataFrame({"account_id": account, "time": time, "known_at": time, "amount": amount})


def builder(frame: pd.DataFrame) -> DatasetBuilder:
    kinds = TRANSACTIONS.validated()
    table = ibis.memtable(pa.Table.from_pandas(frame, preserve_index=False))
    absent = {name: ibis.null() for name in kinds if name not in frame}
    ledger = Ledger(table.mutate(**absent).cast(kinds), None, Cutoff.parse("2020-01-01"), END)
    return DatasetBuilder(ibis.duckdb.connect(), ledger, SETTINGS)


class Shrunk:
    """Past value times one share, and one risk for all: a model with known best options."""

    def __init__(self, share: float, risk: float) -> None:
        self.share, self.risk = share, risk

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        value = self.share * X["past_value_3m"].fillna(0.0)
        return pd.DataFrame({"value_3m": value, "churn_3m": self.risk}, index=X.index)


def challenger(changed: dict[str, Definition]) -> Candidate:
    value, churn = (changed.get(name) for name in ("future_value", "churn_risk"))

    def fit(dataset: Dataset, as_of: Cutoff) -> Shrunk:
        del dataset, as_of
        share = value.trees.feature_share if value else 0.5
        return Shrunk(share, churn.trees.feature_share if churn else 0.5)

    return Candidate("shrunk", fit)


def space(name: str = "future_value", options=SHARE, share: float = 0.3) -> SearchSpace:
    document = {"estimator": name, "trees": {"feature_share": share}, "search": options}
    return SearchSpace.of(name, Definition.parse(document))


@pytest.fixture(scope="module")
def shop() -> DatasetBuilder:
    return builder(lines())


def searched(own, spaces=None, trials: int = 12, seed: int = 0):
    spaces = spaces or [space(), space("churn_risk")]
    budget = Budget(trials, seed)
    return search(own, spaces, challenger, span=SPAN, budget=budget)


@pytest.fixture(scope="module")
def result(shop):
    return searched(shop)


def test_a_planted_better_definition_is_found_and_recommended(result):
    value, churn = result.found
    assert value.recommended
    assert churn.recommended
    assert value.difference.high < 0 < value.changes["trees.feature_share"] - 0.6
    assert value.current == {"trees.feature_share": 0.3}
    assert churn.changes["trees.feature_share"] < 0.3


def test_the_definition_in_force_is_the_first_trial_and_none_chosen_is_worse(shop):
    for seed in range(3):
        found = searched(shop, trials=3, seed=seed)
        assert (found.trials.query("trial == 0")["trees.feature_share"] == 0.3).all()
        for one in found.found:
            own = found.trials[found.trials["definition"] == one.name].set_index("trial")["loss"]
            assert one.loss == own.min() <= own[0] == one.loss_in_force


def test_the_same_data_and_seed_give_the_same_trials(shop, result):
    again = searched(builder(lines()))
    pd.testing.assert_frame_equal(again.trials, result.trials, check_exact=True)
    assert again.found == result.found
    assert not searched(shop, seed=1).trials.equals(result.trials)


def test_rows_in_another_order_give_the_same_trials(result):
    shuffled = lines().sample(frac=1.0, random_state=3)
    pd.testing.assert_frame_equal(searched(builder(shuffled)).trials, result.trials)


def test_not_a_day_from_the_first_judged_cutoff_on_is_read(result):
    assert SPAN.until == min(fold.cutoff for fold in SCHEDULE.judging(END, QUARTER, 2))
    frame = lines()
    late = frame["time"] >= pd.Timestamp(SPAN.until.at)
    assert late.sum() > 300
    poisoned = frame.assign(amount=frame["amount"].where(~late, 1e6))
    for altered in (poisoned, frame[~late]):
        pd.testing.assert_frame_equal(searched(builder(altered)).trials, result.trials)
    day_before = frame["time"] == pd.Timestamp(SPAN.until.at) - pd.Timedelta(days=1)
    touched = searched(builder(frame.assign(amount=frame["amount"].where(~day_before, 1e6))))
    assert not touched.trials["loss"].equals(result.trials["loss"])


def test_options_that_change_nothing_are_not_recommended(shop):
    found = searched(shop, [space(options=UNUSED)], trials=6).found
    assert [(one.changes, one.recommended) for one in found] == [({}, False)]


def test_a_definition_with_nothing_to_search_is_left_alone(shop):
    found = searched(shop, [space(options={}), space("churn_risk")], trials=2)
    assert [one.name for one in found.found] == ["churn_risk"]


def test_the_best_of_many_equals_is_rarely_taken_for_better():
    rng = np.random.default_rng(0)
    accounts = pd.Index([f"a{number}" for number in range(150)])
    wrong = 0
    for seed in range(60):
        one = _Search(space(), seed)
        base = rng.gamma(2.0, 1.0, (150, 1))
        for _ in range(10):
            one.ask()
            one.tell(pd.DataFrame(base + rng.normal(0.0, 0.5, (150, 2)), index=accounts))
        wrong += one.found(Resampling(draws=150, seed=seed)).recommended
    assert wrong <= 5  # of 60; one in forty by the interval, whatever the number of trials


def test_every_snapshot_is_built_once(shop):
    asked = []

    class Counting:
        def at(self, cutoff, *, labels_until=None):
            asked.append(("at", cutoff, labels_until))
            return shop.at(cutoff, labels_until=labels_until)

        def stack(self, cutoffs, *, labels_until):
            asked.append(("stack", tuple(cutoffs), labels_until))
            return shop.stack(cutoffs, labels_until=labels_until)

    searched(Counting(), trials=5)
    assert len(asked) == len(set(asked)) == 2 * len(SPAN.folds)
    assert max(until for *_, until in asked) == SPAN.until


def test_optuna_is_quiet_and_keeps_its_voice(shop, capfd):
    import optuna

    before = optuna.logging.get_verbosity()
    searched(shop, trials=2)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


def test_too_small_a_budget_too_few_accounts_and_nothing_to_search_are_refused(shop):
    with pytest.raises(UsageError, match="two trials"):
        Budget(trials=1)
    with pytest.raises(UsageError, match="what may be changed"):
        searched(shop, [space(options={})])
    with pytest.raises(DataRefused, match="fewer than 100 accounts"):
        searched(builder(lines(accounts=60)), trials=2)


@pytest.fixture
def project(tmp_path):
    """A project of a small shop."""
    folder = tmp_path / "project"
    scaffold.init(folder)
    lines().drop(columns="known_at").to_csv(folder / "sales.csv", index=False)
    (folder / "valuemodel.toml").write_text(
        """
        [project]
        name = "shop"
        [tables.transactions]
        source = "sales.csv"
        complete_until = "2021-06-01"
        [value]
        horizons = ["3 months"]
        [backtest]
        folds = 2
        snapshots = 2
        [features]
        groups = ["recency_frequency", "monetary"]
        """,
        "utf-8",
    )
    return folder


def test_the_command_writes_what_it_found_and_touches_no_definition(project, capsys):
    models = {path.name: path.read_bytes() for path in (project / "models").iterdir()}
    settings = str(project / "valuemodel.toml")
    arguments = ["search", "--trials", "3", "--settings", settings]
    assert cli.run([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["until"], document["horizon"]) == (SPAN.until.text, "3m")
    assert {path.name: path.read_bytes() for path in (project / "models").iterdir()} == models
    folder = Path(document["folder"])
    assert folder.relative_to(project).parts == ("output", "search", END.text)
    trials = pd.read_parquet(folder / "trials.parquet")
    assert trials["trial"].tolist() == [0, 1, 2] * 2
    assert [found["definition"] for found in document["found"]] == list(TARGETS)
    written = {path.stem: path for path in folder.glob("*.toml")}
    assert set(written) == {one["definition"] for one in document["found"] if one["changes"]}
    for name, path in written.items():  # ready to copy: what is in force then is what was found
        shutil.copy(path, project / "models" / path.name)
        changes = next(one["changes"] for one in document["found"] if one["definition"] == name)
        space_now = SearchSpace.of(name, Definition.load(project / "models" / path.name))
        assert space_now.current.items() >= changes.items()
    assert cli.run(arguments) == 0
    assert f"nothing from {SPAN.until} on was read" in capsys.readouterr().out.replace("\n", " ")
