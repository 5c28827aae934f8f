"""Where labels are anybody's nothing is promoted, whichever step takes part."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from valuemodel.dataset import Dataset
from valuemodel.evaluation.gate.gate import GateRule, could_pass, decide
from valuemodel.evaluation.gate.permutation import (
    NullTrials,
    PermutedLabels,
    null_trials,
    permuted,
)
from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff

QUICK = GateRule(draws=200)


@pytest.fixture
def stored(tidy):
    """A stored table of two folds in which the challenger is truly better than past value."""
    generator = np.random.default_rng(5)
    size = generator.lognormal(3, 1.2, 400)
    folds, churn = [], []
    for _ in range(2):
        truth, past = (size * generator.lognormal(0, 0.5, 400) for _ in range(2))
        folds.append((truth, {"challenger": size, "past_value": past}))
        gone = (generator.random(400) < 0.2) * 1.0
        churn.append((gone, {name: np.full(400, 0.2) for name in ("challenger", "past_value")}))
    return pd.concat([tidy(folds), tidy(churn, target="churn")], ignore_index=True)


def test_every_account_is_given_the_whole_future_of_one_other(stored):
    names = ["target", "fold", "account_id"]
    one, other = (
        table[table["model"] == "challenger"].set_index(names).sort_index()
        for table in (stored, permuted(stored, seed=1))
    )
    truths = one["y_true"].loc["value"]
    owner = {number: account for (_, account), number in truths.items()}
    given = {
        fold: [owner[number] for number in other["y_true"].loc["value", fold]] for fold in (0, 1)
    }
    accounts = list(truths.loc[0].index)
    assert given[0] == given[1]
    assert sorted(given[0]) == accounts
    assert not any(mine == theirs for mine, theirs in zip(accounts, given[0], strict=True))
    for fold in (0, 1):
        churn = one["y_true"].loc["churn", fold]
        assert other["y_true"].loc["churn", fold].tolist() == churn[given[0]].tolist()


def test_models_share_the_permutation_and_forecasts_stay(stored):
    found = permuted(stored, seed=2)
    pd.testing.assert_frame_equal(found.drop(columns="y_true"), stored.drop(columns="y_true"))
    truths = found.groupby(["target", "fold", "account_id"])["y_true"].nunique()
    assert (truths <= 1).all()
    assert not permuted(stored, seed=3)["y_true"].equals(found["y_true"])


def test_each_rule_of_churn_keeps_its_own_truths(stored):
    churn = stored["target"] == "churn"
    under = churn & (stored["account_id"] < "a00100")
    table = stored.assign(
        rule=np.select([under, churn], ["contract", "inactivity"], ""),
        y_true=np.where(under, 1.0, np.where(churn, 0.0, stored["y_true"])),
    )
    found = permuted(table, seed=4)
    assert found.loc[churn, "y_true"].equals(table.loc[churn, "y_true"])


def test_two_hundred_permutations_of_a_stored_table_promote_next_to_nothing(stored):
    assert decide(stored, "challenger", ["past_value"], horizon="6m", rule=QUICK).passed
    found = null_trials(stored, "challenger", ["past_value"], horizon="6m", rule=QUICK, trials=200)
    assert found.trials == 200
    assert found.bound <= 0.05, found.words


def test_what_is_refused_by_the_figures_alone_is_refused_by_the_decision(stored):
    refused = 0
    for seed in range(40):
        trial = permuted(stored, seed)
        if not could_pass(trial, "challenger", ["past_value"], QUICK):
            refused += 1
            decision = decide(
                trial, "challenger", ["past_value"], horizon="6m", rule=QUICK, seed=seed
            )
            assert not decision.passed
    assert refused > 10
    assert could_pass(stored, "challenger", ["past_value"], QUICK)


@pytest.mark.parametrize(("trials", "promoted"), [(200, 0), (200, 4), (20, 3), (5, 5)])
def test_the_bound_is_that_of_clopper_and_pearson(trials, promoted):
    bound = NullTrials(trials, promoted).bound
    if promoted == trials:
        assert bound == 1.0
    else:
        assert stats.binom.cdf(promoted, trials, bound) == pytest.approx(0.05)


def test_nothing_to_permute_is_said(stored):
    with pytest.raises(UsageError, match="nothing to permute"):
        null_trials(stored, "challenger", ["past_value"], horizon="1y", rule=QUICK, trials=9)


class Book:
    """A hundred accounts, every second under contract; truths name account and cutoff."""

    def at(self, cutoff, *, labels_until=None):
        rows = np.arange(100.0)
        X = pd.DataFrame({"under_contract": rows % 2, "feature": rows})
        labels = pd.DataFrame({"value_1m": rows, "churn_1m": np.where(rows % 2, rows, np.nan)})
        keys = pd.DataFrame({"account_id": [f"a{n:02.0f}" for n in rows], "cutoff": cutoff.at})
        return Dataset(X, labels if labels_until is not None else None, keys, ())

    def stack(self, cutoffs, *, labels_until):
        parts = [self.at(cutoff, labels_until=labels_until) for cutoff in cutoffs]
        joined = [
            pd.concat([getattr(one, name) for one in parts], ignore_index=True)
            for name in ("X", "y", "keys")
        ]
        return Dataset(*joined, ())


def test_labels_are_permuted_before_anything_is_learned_each_snapshot_by_itself():
    at = [Cutoff.parse("2020-01-01"), Cutoff.parse("2020-02-01")]
    book, end = PermutedLabels(Book(), seed=1), Cutoff.parse("2021-01-01")
    stacked = book.stack(at, labels_until=end)
    pd.testing.assert_frame_equal(stacked.X, Book().stack(at, labels_until=end).X)
    first, second = (stacked.y["value_1m"][rows] for rows in (slice(0, 99), slice(100, 199)))
    assert sorted(stacked.y["value_1m"][:100]) == list(range(100))
    assert first.tolist() != second.tolist()
    assert (stacked.y["value_1m"] % 2 == stacked.X["under_contract"]).all()
    held = stacked.y["churn_1m"].dropna()
    assert held.equals(stacked.y["value_1m"][held.index])
    alone = book.at(at[1], labels_until=end)
    assert alone.y["value_1m"].tolist() == stacked.y["value_1m"][100:].tolist()
    assert book.at(at[0]).y is None
