"""The recipes that ship, judged: the same bytes by any number of processes, and nothing from noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from tests.estimators.conftest import RECIPES, Book, make_book
from valuemodel.dataset import Dataset
from valuemodel.evaluation.backtest import STAND_INS, judge
from valuemodel.evaluation.candidates import Candidate, RecipeFit
from valuemodel.evaluation.gate.gate import GateRule, decide
from valuemodel.evaluation.gate.permutation import PermutedLabels
from valuemodel.metrics.splits import Fold
from valuemodel.periods import Cutoff, Horizon

HORIZONS = (Horizon.parse("3 months"), Horizon.parse("6 months"))
END = Cutoff.parse("2023-01-01")


@dataclass(frozen=True)
class Stored:
    """A builder of a book that lies in memory; labels are complete where their window has ended."""

    book: Book

    def at(self, cutoff, *, labels_until=None):
        rows = (self.book.keys["cutoff"] == pd.Timestamp(cutoff.at)).to_numpy()
        X, y, keys = (
            one[rows].reset_index(drop=True) for one in (self.book.X, self.book.y, self.book.keys)
        )
        for horizon in HORIZONS:
            if labels_until is None or horizon.after(cutoff) > labels_until:
                y[[f"value_{horizon.label}", f"churn_{horizon.label}"]] = np.nan
        return Dataset(X, None if labels_until is None else y, keys, ())

    def stack(self, cutoffs, *, labels_until):
        parts = [self.at(cutoff, labels_until=labels_until) for cutoff in cutoffs]
        X, y, keys = (
            pd.concat([getattr(one, name) for one in parts], ignore_index=True)
            for name in ("X", "y", "keys")
        )
        return Dataset(X, y, keys, ())


def candidates(*names):
    return [
        Candidate(name, RecipeFit(RECIPES[name], HORIZONS, HORIZONS[1], "inactivity", 1))
        for name in names
    ]


def fold(at, training):
    return Fold(Cutoff.parse(at), tuple(map(Cutoff.parse, training)), HORIZONS[0])


MONTHS = [f"2020-{month:02d}-01" for month in range(1, 13)] + ["2021-01-01"]
FOLDS = [fold(MONTHS[number], MONTHS[max(0, number - 9) : number - 3]) for number in (7, 8, 9)]


@pytest.fixture(scope="module")
def builder():
    book = make_book(accounts=150, cutoffs=13)
    purchases = np.random.default_rng(0).poisson(4.0, len(book.X)) + 1.0
    book.X["purchase_days_total"] = purchases
    book.X["value_total"] = purchases * book.X["past_value_3m"]
    return Stored(book)


def test_folds_side_by_side_give_the_same_bytes_as_one_after_the_other(builder):
    judged = candidates("past_value", "buy_till_you_die", "lightgbm")
    one, two = (
        judge(builder, judged, FOLDS, labels_until=END, threads=workers, side_by_side_from=0)
        for workers in (1, 2)
    )
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
    pd.testing.assert_frame_equal(one.stand_ins, two.stand_ins)
    assert set(one.table["fold"]) == {0, 1, 2}
    assert set(one.table["model"]) == {"past_value", "buy_till_you_die", "lightgbm"}


def test_small_books_are_judged_in_this_process(builder, monkeypatch):
    seen = []

    class Remembers:
        def __call__(self, dataset, as_of):
            seen.append(as_of)
            return candidates("past_value")[0].fit(dataset, as_of)

    judge(builder, [Candidate("own", Remembers())], FOLDS, labels_until=END, threads=2)
    assert seen == [fold.cutoff for fold in FOLDS]


def test_what_stood_in_for_a_model_is_said_by_fold(builder):
    """Six months are not complete at any snapshot before the first fold."""
    short = fold("2020-05-01", ["2020-01-01"])
    found = judge(builder, candidates("past_value", "lightgbm"), [short], labels_until=END)
    assert list(found.stand_ins.columns) == STAND_INS
    six = found.stand_ins[found.stand_ins["horizon"] == "6m"]
    assert set(six["model"]) == {"past_value", "lightgbm"}
    assert six["stand_in"].str.contains("no complete window").all()
    assert set(found.stand_ins["fold"]) == {0}


@pytest.mark.slow
def test_a_whole_training_on_permuted_labels_is_not_promoted(builder):
    pair, rule = candidates("past_value", "lightgbm"), GateRule(draws=200)

    def learned_from(labels):
        table = judge(labels, pair, FOLDS, labels_until=END, threads=1).table
        decision = decide(table, "lightgbm", ["past_value"], horizon="6m", rule=rule)
        gini = next(one for one in decision.figures if one.metric == "normalised_gini")
        return decision.passed, gini.challenger

    for seed in range(2):
        passed, gini = learned_from(PermutedLabels(builder, seed))
        assert not passed
        assert gini.low < 0.1
    assert learned_from(builder)[1].low > 0.5  # the very same judgement sees what there is
