"""Group C of the faults, and B11 to B13: what can be wrong with a model, and what must come of it.

One catalogue. A fault is *prevented* where it cannot happen, *refused* where it is met with an error
that says what to do, *flagged* where it is told beside the result, *absorbed* where it changes nothing.
In no case is it silent. Faults that are injected here have a test with their id in its name; those that
are injected where their part is tested are pointed to, and the pointer is checked.
"""

from __future__ import annotations

import ast
import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.estimators.conftest import RECIPES, fit, make_book, make_contract_book
from tests.faults import training
from valuemodel.estimators.inner_split import inner_split
from valuemodel.evaluation.backtest import Candidate, run_backtest
from valuemodel.evaluation.gate.gate import GateRule, decide
from valuemodel.evaluation.search.span import search_span
from valuemodel.exceptions import ModelRefused, UsageError
from valuemodel.io import artifact
from valuemodel.metrics.churn import auc, calibration_table, expected_calibration_error
from valuemodel.metrics.splits import Schedule
from valuemodel.metrics.value import bias, decile_mape, normalised_gini
from valuemodel.periods import Cutoff, Horizon

ROOT = Path(__file__).parents[2]
HERE = "tests/faults/test_models.py"
OUTCOMES = ("prevented", "refused", "flagged", "absorbed")


@dataclass(frozen=True)
class Fault:
    """One fault: what is injected, what comes of it, and the tests that inject it."""

    id: str
    fault: str
    outcome: str
    tests: tuple[str, ...]


CATALOGUE = (
    Fault(
        "B11",
        "an account or a group in train and test at once; label windows that overlap",
        "prevented",
        (
            f"{HERE}::test_b11_learned_and_judged_days_never_overlap",
            "tests/metrics/test_splits.py::test_no_account_is_in_train_and_test_at_one_cutoff",
            "tests/evaluation/search/test_span.py::test_what_is_searched_ends_before_what_is_judged",
        ),
    ),
    Fault(
        "B12",
        "something is learned from the rows that judge",
        "prevented",
        (
            f"{HERE}::test_b12_shuffled_test_labels_leave_every_byte_that_was_learned",
            "tests/evaluation/test_backtest.py"
            "::test_rows_from_the_cutoff_on_change_truths_but_no_fit_and_no_prediction",
        ),
    ),
    Fault(
        "B13",
        "labels that say nothing",
        "refused",
        (
            f"{HERE}::test_b13_permuted_labels_rank_nobody_and_promote_nothing",
            "tests/evaluation/gate/test_gate.py::test_permuted_labels_have_no_gini_and_no_promotion",
        ),
    ),
    Fault(
        "C1",
        "the same training twice, with other hash seeds and the rows of the file shuffled",
        "absorbed",
        (f"{HERE}::test_c1_c2_training_gives_the_same_bytes",),
    ),
    Fault(
        "C2",
        "other numbers of threads",
        "absorbed",
        (f"{HERE}::test_c1_c2_training_gives_the_same_bytes",),
    ),
    Fault(
        "C3",
        "rows in another order, one at a time, and beside columns that are no features",
        "absorbed",
        (f"{HERE}::test_c3_order_batches_and_other_columns_change_no_bit",),
    ),
    Fault(
        "C4",
        "columns swapped, renamed, or without names",
        "absorbed",
        (
            f"{HERE}::test_c4_swapped_columns_change_no_bit_on_any_path",
            f"{HERE}::test_c4_renamed_and_nameless_columns_are_refused_on_every_path",
            "tests/io/test_artifact.py::test_swapped_features_are_refused",
        ),
    ),
    Fault(
        "C5",
        "categories never seen, at 0.1 to 100 %",
        "flagged",
        (
            f"{HERE}::test_c5_unseen_categories_count_as_missing_and_are_told",
            "tests/estimators/test_encoding.py"
            "::test_a_category_whose_codes_were_renamed_is_named_with_its_share",
        ),
    ),
    Fault(
        "C6",
        "predictions that are no number, no probability, or outside their interval",
        "refused",
        (
            f"{HERE}::test_c6_random_inputs_give_numbers_probabilities_and_ordered_bounds",
            "tests/test_scoring.py::test_a_prediction_that_is_no_number_is_refused_with_its_account",
            "tests/test_scoring.py::test_what_passes_the_check_is_always_fit_to_publish",
        ),
    ),
    Fault(
        "C7",
        "an account a hundred times larger than any seen",
        "flagged",
        (
            "tests/estimators/intervals/test_conformal.py"
            "::test_an_account_larger_than_any_seen_gets_an_interval_in_proportion_and_is_told",
            "tests/estimators/intervals/test_ranges.py::test_an_account_is_outside_if_any_of_its_horizons_is",
        ),
    ),
    Fault(
        "C8",
        "a challenger that is not better than what stands",
        "refused",
        (
            "tests/evaluation/gate/test_gate.py"
            "::test_at_most_one_in_twenty_null_challengers_is_promoted",
            "tests/evaluation/gate/test_gate.py::test_the_challenger_must_beat_every_standing_model",
        ),
    ),
    Fault(
        "C9",
        "good on average, bad on a slice",
        "refused",
        ("tests/evaluation/test_slices.py::*",),
    ),
    Fault(
        "C10",
        "totals and risks that are off by a factor",
        "flagged",
        (
            f"{HERE}::test_c10_a_total_that_is_off_is_reported_and_warned_about",
            f"{HERE}::test_c10_a_risk_that_is_off_is_reported_by_decile",
        ),
    ),
    Fault(
        "C11",
        "intervals that hold too few truths",
        "flagged",
        (
            "tests/estimators/intervals/test_conformal.py::test_as_many_truths_lie_inside_as_promised",
            "tests/evaluation/test_coverage.py::*",
        ),
    ),
    Fault(
        "C12",
        "horizons that contradict each other",
        "prevented",
        (f"{HERE}::test_c12_horizons_agree_with_one_another",),
    ),
    Fault(
        "C13",
        "reasons that do not add up to what is shown",
        "prevented",
        (
            "tests/explain/test_contributions.py::test_every_account_adds_up",
            "tests/flows/test_main_job.py::test_drivers_add_up_to_the_predictions",
        ),
    ),
    Fault(
        "C14",
        "reasons that another sample would not give",
        "flagged",
        ("tests/evaluation/test_stability.py::*",),
    ),
)


@cache
def named_tests(path: str) -> frozenset[str]:
    """Return the names of the tests of a file, by its text alone."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


@pytest.mark.parametrize("fault", CATALOGUE, ids=lambda one: one.id)
def test_every_fault_has_its_outcome_and_tests_that_are_there(fault, capsys):
    with capsys.disabled():
        sys.stdout.write(f"\n{fault.id:4} {fault.outcome:10} {fault.fault} ")
    assert fault.outcome in OUTCOMES
    assert fault.tests
    for node in fault.tests:
        path, name = node.split("::")
        found = named_tests(path)
        assert found if name == "*" else name in found, node


def test_the_catalogue_is_whole_and_nothing_in_it_is_silent():
    expected = [*(f"B{n}" for n in (11, 12, 13)), *(f"C{n}" for n in range(1, 15))]
    assert [fault.id for fault in CATALOGUE] == expected
    own = named_tests(HERE)
    named = {node.split("::")[1] for fault in CATALOGUE for node in fault.tests if HERE in node}
    assert {name for name in own if name.startswith(("test_b1", "test_c"))} == named
    assert not [fault for fault in CATALOGUE if fault.outcome == "silent"]


@pytest.fixture(scope="module")
def book():
    return make_book()


@pytest.fixture(scope="module")
def model(book):
    return fit(book)


@pytest.fixture(scope="module")
def later():
    return make_book(accounts=400, cutoffs=1, seed=7)


# Training


def trained_elsewhere(hash_seed: int, threads: int, order: str) -> dict[str, str]:
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed), "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "tests.faults.training", str(threads), order]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_c1_c2_training_gives_the_same_bytes():
    """Another hash seed, order of rows, number of threads: the same model, the same predictions."""
    one = trained_elsewhere(0, 1, "sorted")
    assert trained_elsewhere(7, 4, "shuffled") == one
    assert trained_elsewhere(123, 2, "sorted") == one


def schedules() -> st.SearchStrategy[tuple[Schedule, Cutoff]]:
    units = st.sampled_from(["2 weeks", "1 month", "45 days"])
    horizons = st.sampled_from([("1 month",), ("13 weeks", "39 weeks"), ("3 months", "1 year")])
    days = st.dates(Cutoff.parse("2020-06-01").at.date(), Cutoff.parse("2024-01-01").at.date())

    def made(
        step: str, labels: tuple[str, ...], snapshots: int, day: object
    ) -> tuple[Schedule, Cutoff]:
        parsed = tuple(Horizon.parse(label) for label in labels)
        first = Cutoff.parse("2018-01-01")
        return Schedule(parsed, first, Horizon.parse(step), snapshots), Cutoff.parse(str(day))

    return st.builds(made, units, horizons, st.integers(1, 12), days)


def days_of(start: Cutoff, horizon: Horizon) -> set[pd.Timestamp]:
    end = pd.Timestamp(horizon.after(start).at) - pd.Timedelta(days=1)
    return set(pd.date_range(pd.Timestamp(start.at), end, freq="D"))


@settings(max_examples=40, deadline=None)
@given(schedules(), st.integers(1, 3))
def test_b11_learned_and_judged_days_never_overlap(plan_and_day, folds):
    """Counted day by day: of a fold, of the choices inside a fit, and of a search; groups alike.

    No snapshot stands on both sides, so neither does an account or a member of its group.
    """
    plan, as_of = plan_and_day
    judged_days: set[pd.Timestamp] = set()
    for horizon in plan.horizons:
        for fold in plan.judging(as_of, horizon, folds):
            complete = [at for at in fold.training if horizon.after(at) <= fold.cutoff]
            learned = set().union(*(days_of(at, horizon) for at in complete))
            assert not learned & days_of(fold.cutoff, horizon)
            assert fold.cutoff not in fold.training
            judged_days |= days_of(fold.cutoff, horizon)
            times = pd.Series([pd.Timestamp(at.at) for at in fold.training])
            known = np.array([at in complete for at in fold.training])
            split = inner_split(times, horizon, known)
            if split is not None:
                sides = [set(times[side]) for side in (split.earlier, split.later)]
                assert not sides[0] & sides[1]
                spans = [
                    set().union(*(days_of(Cutoff(at.to_pydatetime()), horizon) for at in side))
                    for side in sides
                ]
                assert not spans[0] & spans[1]
    tier = max(plan.horizons)
    if plan.judging(as_of, tier, folds):
        span = search_span(plan, as_of, tier, folds)
        own = [fold.cutoff for fold in plan.judging(as_of, tier, folds)]
        promoted = set().union(*(days_of(at, tier) for at in own))
        for fold in span.folds:
            assert not days_of(fold.cutoff, span.horizon) & promoted


def test_b12_shuffled_test_labels_leave_every_byte_that_was_learned():
    """Amounts from the judged cutoff on are shuffled: truths change, and not a byte of any model."""
    fold = training.SCHEDULE.judging(training.END, Horizon.parse("3 months"), 1)[0]
    frame = training.lines(accounts=150)
    late = frame["time"] >= pd.Timestamp(fold.cutoff.at)
    shuffled = frame.copy()
    amounts = frame.loc[late, "amount"].sample(frac=1.0, random_state=1)
    shuffled.loc[late, "amount"] = amounts.to_numpy()
    found = []
    for one in (frame, shuffled):
        learned = []

        def remembered(dataset, as_of, learned=learned):
            model = training.fit(dataset, as_of)
            learned.append(training.digest_of(model))
            return model

        table = run_backtest(
            training.builder(one),
            [Candidate("lightgbm", remembered)],
            [fold],
            labels_until=training.END,
        )
        found.append((learned, table.sort_values(["target", "horizon", "account_id"])))
    (before, was), (after, now) = found
    assert before == after
    assert len(before) == 1
    pd.testing.assert_series_equal(was["y_pred"], now["y_pred"])
    assert not was["y_true"].equals(now["y_true"])


@pytest.mark.slow
def test_b13_permuted_labels_rank_nobody_and_promote_nothing():
    """Twenty times, all labels of each cutoff are dealt anew: AUC .5, Gini 0, and the gate says no."""
    until = Cutoff.parse("2020-05-01")
    ginis, aucs, promoted = [], [], 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        book = make_book(accounts=200, cutoffs=4, seed=seed)
        for rows in book.keys.groupby("cutoff").groups.values():
            book.y.loc[rows] = book.y.loc[rng.permutation(np.asarray(rows))].to_numpy()
        y = book.y[["value_3m", "churn_3m"]]
        last = (book.keys["cutoff"] == book.keys["cutoff"].max()).to_numpy()
        earlier = type(book)(book.X[~last], y[~last], book.keys[~last])
        models = {
            name: training.fit_account_model(
                RECIPES[name],
                earlier,
                horizons=[Horizon.parse("3 months")],
                tier_horizon=Horizon.parse("3 months"),
                as_of=until,
                n_jobs=1,
            )
            for name in ("lightgbm", "past_value")
        }
        judged = book.keys[last].assign(fold=0, horizon="3m", rule="")
        tables = [
            judged.assign(
                target=target,
                y_true=y[f"{target}_3m"],
                y_pred=model.predict(book.X[last])[f"{target}_3m"],
                model=name,
            )
            for name, model in models.items()
            for target in ("value", "churn")
        ]
        table = pd.concat(tables, ignore_index=True)
        own = table[table["model"] == "lightgbm"]
        value, churn = (own[own["target"] == target] for target in ("value", "churn"))
        ginis.append(normalised_gini(value["y_true"], value["y_pred"]))
        aucs.append(auc(churn["y_true"], churn["y_pred"]))
        decision = decide(table, "lightgbm", ["past_value"], horizon="3m", rule=GateRule())
        promoted += decision.passed
    for figures, nothing in ((ginis, 0.0), (aucs, 0.5)):
        error = np.std(figures, ddof=1) / np.sqrt(len(figures))
        assert abs(np.mean(figures) - nothing) < 2.6 * error + 1e-9
    assert promoted == 0


# Predicting


def test_c3_order_batches_and_other_columns_change_no_bit(model, later):
    X = later.X
    whole = model.predict(X)
    for size in (1, 7, 400):
        rows = 40 if size == 1 else len(X)
        parts = [model.predict(X.iloc[at : at + size]) for at in range(0, rows, size)]
        pd.testing.assert_frame_equal(pd.concat(parts), whole.iloc[:rows], check_exact=True)
    order = np.random.default_rng(0).permutation(len(X))
    pd.testing.assert_frame_equal(model.predict(X.iloc[order]), whole.iloc[order], check_exact=True)
    others = X.assign(noise=1.0, note="x", value_3m=5.0, churn_3m=1.0)
    pd.testing.assert_frame_equal(model.predict(others), whole, check_exact=True)


def paths(model, folder: Path):
    """Return every way to a prediction: in Python, from an artifact, and as MLflow serves it."""
    artifact.save(model, folder / "model")
    served = artifact._load_pyfunc(str(folder / "model"))
    return {"python": model, "artifact": artifact.load(folder / "model"), "pyfunc": served}


def test_c4_swapped_columns_change_no_bit_on_any_path(model, later, tmp_path):
    expected = model.predict(later.X)
    names = list(later.X.columns)
    for name, way in paths(model, tmp_path).items():
        for order in itertools.islice(itertools.permutations(names), 0, 720, 119):
            found = way.predict(later.X[list(order)])
            pd.testing.assert_frame_equal(found, expected, check_exact=True, obj=name)


def test_c4_renamed_and_nameless_columns_are_refused_on_every_path(model, later, tmp_path):
    X = later.X
    swapped = X.rename(columns={"recency_days": "past_value_3m", "past_value_3m": "recency_days"})
    for way in paths(model, tmp_path).values():
        with pytest.raises(ModelRefused, match="recency_days: missing"):
            way.predict(X.rename(columns={"recency_days": "recency"}))
        with pytest.raises(ModelRefused, match="a category was learned"):
            way.predict(X.assign(region=1.0))
        with pytest.raises(UsageError, match="DataFrame"):
            way.predict(X.to_numpy())
        # Whoever puts other numbers under a name has said that they are that feature.
        assert not way.predict(swapped).equals(model.predict(X))


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5, 1.0])
def test_c5_unseen_categories_count_as_missing_and_are_told(model, share):
    X = make_book(accounts=1_000, cutoffs=1, seed=3).X
    hit = np.random.default_rng(0).permutation(len(X)) < round(share * len(X))
    region = X["region"].to_numpy(dtype=object)
    spoiled = X.assign(region=pd.Series(np.where(hit, "Atlantis", region), dtype="str"))
    absent = X.assign(region=pd.Series(np.where(hit, None, region), dtype="str"))
    predicted = model.predict(spoiled)
    pd.testing.assert_frame_equal(predicted, model.predict(absent), check_exact=True)
    pd.testing.assert_frame_equal(predicted[~hit], model.predict(X)[~hit], check_exact=True)
    told = model.newly_unknown(spoiled)
    assert told == ({"region": pytest.approx(share)} if share >= 0.05 else {})
    recoded = X.assign(region=X["region"].astype("category").cat.reorder_categories(
        ["South", "North", "East"]
    ))  # fmt: skip
    pd.testing.assert_frame_equal(model.predict(recoded), model.predict(X), check_exact=True)


def wild(X: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """Return rows of any size and sign, with holes, that a model has never seen."""
    rng = np.random.default_rng(seed)
    made = {}
    for name in X.columns:
        if X[name].dtype == "float64":
            size = 10.0 ** rng.uniform(-12, 12, rows) * rng.choice([-1.0, 1.0, 0.0], rows)
            made[name] = np.where(rng.random(rows) < 0.1, np.nan, size)
        else:
            made[name] = pd.Series(rng.choice(["North", "?", ""], rows), dtype="str")
    found = pd.DataFrame(made)
    if "under_contract" in found:
        found["under_contract"] = (rng.random(rows) < 0.5).astype(float)
    return found


def test_c6_random_inputs_give_numbers_probabilities_and_ordered_bounds(model, book):
    """A hundred thousand rows of nonsense, and not one figure that could not be published."""
    X = wild(book.X, 100_000, seed=0)
    predicted = model.predict(X)
    assert np.isfinite(predicted.to_numpy()).all()
    risks = predicted.filter(like="churn_").to_numpy()
    assert ((risks >= 0.0) & (risks <= 1.0)).all()
    ranges = model.predict_ranges(X, coverage=0.80)
    for label in model.horizons:
        low, high = (ranges[f"value_{label}_{side}"] for side in ("low", "high"))
        known = low.notna()
        point = predicted[f"value_{label}"][known]
        assert ((low[known] <= point) & (point <= high[known])).all()
    with pytest.raises(ModelRefused, match="infinite"):
        model.predict(X.assign(recency_days=np.inf))


@pytest.mark.parametrize("rule", ["inactivity", "contract", "both"])
def test_c12_horizons_agree_with_one_another(rule):
    """Value never falls with the horizon where it is positive; silence never grows, lapses never fall."""
    book = make_book() if rule == "inactivity" else make_contract_book(rule=rule)
    model = fit(book, rule=rule)
    for X in (book.X, wild(book.X, 10_000, seed=1)):
        predicted = model.predict(X)
        short, long = predicted["value_3m"], predicted["value_6m"]
        assert (long >= short)[long > 0].all()
        under = X["under_contract"] == 1.0 if rule != "inactivity" else pd.Series(False, X.index)
        grows = (predicted["churn_6m"] - predicted["churn_3m"]).dropna()
        assert (grows[under.reindex(grows.index)] >= 0).all()
        assert (grows[~under.reindex(grows.index)] <= 0).all()


# Judging


@pytest.mark.parametrize("factor", [0.5, 0.8, 0.95, 1.0, 1.05, 1.3, 2.0])
def test_c10_a_total_that_is_off_is_reported_and_warned_about(factor):
    rng = np.random.default_rng(0)
    truth = rng.gamma(2.0, 50.0, 400)
    account = [f"a{number}" for number in range(400)]
    rows = {"fold": 0, "cutoff": pd.Timestamp("2020-01-01"), "account_id": account}
    rows |= {"target": "value", "horizon": "6m", "y_true": truth, "rule": ""}
    table = pd.concat(
        [
            pd.DataFrame(rows | {"y_pred": factor * truth, "model": "own"}),
            pd.DataFrame(rows | {"y_pred": truth.mean(), "model": "past_value"}),
        ]
    )
    assert bias(truth, factor * truth) == pytest.approx(factor - 1)
    assert decile_mape(truth, factor * truth) == pytest.approx(abs(factor - 1))
    decision = decide(table, "own", ["past_value"], horizon="6m", rule=GateRule())
    warned = [said for said in decision.warnings if "sum to" in said]
    assert bool(warned) == (abs(factor - 1) > 0.10)
    if warned:
        assert f"{factor - 1:+.0%}" in warned[0]


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.2])
def test_c10_a_risk_that_is_off_is_reported_by_decile(shift):
    rng = np.random.default_rng(0)
    risk = rng.uniform(0.05, 0.7, 20_000)
    churned = (rng.random(risk.size) < risk).astype(float)
    reported = expected_calibration_error(churned, risk + shift)
    assert reported == pytest.approx(shift, abs=0.015)
    table = calibration_table(churned, risk + shift)
    outside = (table["predicted"] < table["low"]) | (table["predicted"] > table["high"])
    assert outside.sum() >= 9 if shift else outside.sum() <= 2
