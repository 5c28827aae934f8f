"""What a user relies on: better than past value where there is signal, whole, and repeatable."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators import FutureValueRegressor
from valuemodel.estimators.boosting import TreeSettings
from valuemodel.estimators.future_value.members import MEMBERS
from valuemodel.exceptions import DataRefused, UsageError


@pytest.fixture(scope="module")
def regressor(book) -> FutureValueRegressor:
    return FutureValueRegressor(n_jobs=1).fit(book.X, book.targets("value"), book.keys["cutoff"])


def test_it_is_nearer_to_the_truth_than_past_value_on_accounts_it_has_not_seen(regressor, later):
    truth = later.y["value_3m"].to_numpy()
    predicted = regressor.predict_horizons(later.X)["3m"].to_numpy()
    past = later.X["past_value_3m"].to_numpy()
    assert np.sqrt(np.mean((predicted - truth) ** 2)) < 0.9 * np.sqrt(np.mean((past - truth) ** 2))


def test_the_total_is_about_right(regressor, make):
    book = make(accounts=3_000, cutoffs=1, seed=11)
    predicted = regressor.predict_horizons(book.X)["3m"].sum()
    assert 0.9 < predicted / book.y["value_3m"].sum() < 1.1


def test_an_account_ten_times_larger_than_any_seen_is_predicted_at_its_size(regressor, book):
    whale = book.X.nlargest(1, "past_value_3m").assign(recency_days=5.0)
    money = ["past_value_3m", "past_value_6m"]
    larger = whale.assign(**{name: 10.0 * whale[name] for name in money})
    ratio = regressor.predict(larger)[0] / regressor.predict(whale)[0]
    assert 7.0 < ratio < 14.0


def test_a_longer_horizon_never_brings_less(regressor, later):
    predicted = regressor.predict_horizons(later.X)
    positive = predicted["6m"] > 0
    assert (predicted["6m"] >= predicted["3m"])[positive].all()


def test_predict_is_for_the_longest_horizon_or_the_one_asked_for(regressor, book, later):
    horizons = regressor.predict_horizons(later.X)
    np.testing.assert_array_equal(regressor.predict(later.X), horizons["6m"])
    short = FutureValueRegressor(tier_horizon="3m", n_jobs=1)
    short.fit(book.X, book.targets("value"), book.keys["cutoff"])
    np.testing.assert_array_equal(short.predict(later.X), horizons["3m"])


def test_an_unknown_tier_horizon_is_refused(book):
    with pytest.raises(UsageError, match="'1y' was not learned"):
        FutureValueRegressor(tier_horizon="1y").fit(book.X, book.targets("value"))


def test_two_fits_and_any_number_of_threads_give_the_same_model(book):
    few = TreeSettings(max_rounds=15)
    states = [
        FutureValueRegressor(trees=few, n_jobs=threads)
        .fit(book.X, book.targets("value"), book.keys["cutoff"])
        .to_state()
        for threads in (1, 2)
    ]
    assert states[0] == states[1]


def test_shuffled_columns_change_nothing(regressor, later):
    shuffled = later.X[later.X.columns[::-1]]
    np.testing.assert_array_equal(regressor.predict(shuffled), regressor.predict(later.X))


def test_one_account_at_a_time_gives_the_same_as_all_at_once(regressor, later):
    alone = [regressor.predict(later.X.iloc[[i]])[0] for i in range(20)]
    np.testing.assert_array_equal(alone, regressor.predict(later.X)[:20])


def test_link_parts_add_up_to_the_scores_and_lead_to_the_prediction(regressor, later):
    parts = regressor.link_parts(later.X, "3m")
    assert parts.contributions.shape[1:] == (len(later.X), len(later.X.columns))
    predicted = regressor.predict_horizons(later.X)["3m"]
    np.testing.assert_allclose(parts.predicted, predicted, rtol=1e-9)


def test_the_scale_is_put_down_to_past_value(regressor, later):
    alone = FutureValueRegressor(members=("log_linear",), n_jobs=1)
    alone.fit(later.X, later.targets("value")[["3m"]])
    amount = np.abs(alone.link_parts(later.X, "3m").contributions[0]).mean(axis=0)
    used = {name for name, size in zip(later.X.columns, amount, strict=True) if size > 0}
    assert used == {"past_value_3m", "past_value_6m"}


def test_losses_are_predicted_as_losses(make):
    book = make(accounts=400, cutoffs=8, seed=3)
    y = book.targets("value")[["3m"]].assign(**{"3m": lambda t: t["3m"].where(t["3m"] > 0, -500.0)})
    X = book.X.assign(doomed=(y["3m"] < 0).astype(float))
    regressor = FutureValueRegressor(n_jobs=1).fit(X, y, book.keys["cutoff"])
    predicted = pd.Series(regressor.predict(X), index=X.index)
    assert predicted[X["doomed"] == 1.0].mean() < -100.0


def test_too_little_to_learn_from_is_refused_for_each_horizon(book):
    y = book.targets("value").assign(**{"3m": np.nan, "6m": 0.0})
    with pytest.raises(DataRefused) as refused:
        FutureValueRegressor().fit(book.X, y)
    assert refused.value.details == (
        "3m: no complete window",
        "6m: 0 rows with a positive value, at least 30 are needed",
    )


def test_a_horizon_without_a_complete_window_is_stretched_and_named(book, later):
    y = book.targets("value").assign(**{"12m": np.nan})
    regressor = FutureValueRegressor(n_jobs=1).fit(book.X, y, book.keys["cutoff"])
    predicted = regressor.predict_horizons(later.X)
    assert regressor.stretched_ == {"12m": "3m"}  # most rows tell of three months
    # Without a law of buying, the ratio of days holds.
    assert 3.0 < predicted["12m"].sum() / predicted["3m"].sum() < 4.5
    assert (predicted["12m"] >= predicted["6m"])[predicted["12m"] > 0].all()


def test_only_the_wanted_horizons_are_predicted(book, later):
    y, cutoffs = book.targets("value"), book.keys["cutoff"]
    regressor = FutureValueRegressor(horizons=("6m",), n_jobs=1).fit(book.X, y, cutoffs)
    assert list(regressor.predict_horizons(later.X)) == ["6m"]


def test_members_are_weighed_and_the_weights_say_so(regressor):
    assert set(regressor.weights_) == set(MEMBERS)
    assert sum(regressor.weights_.values()) == pytest.approx(1.0, abs=1e-5)
    assert min(regressor.weights_.values()) >= 0.0


def test_rows_without_any_label_change_no_member(book, later):
    """They tell the law of buying, and this book has none."""
    rows = book.keys["cutoff"] < book.keys["cutoff"].max()
    X, y, cutoffs = (t[rows] for t in (book.X, book.targets("value"), book.keys["cutoff"]))
    unknown = y.assign(**dict.fromkeys(y, np.nan))
    few = TreeSettings(max_rounds=15)
    fits = [
        FutureValueRegressor(trees=few, n_jobs=1).fit(X, y, cutoffs),
        FutureValueRegressor(trees=few, n_jobs=1).fit(
            pd.concat([X, X], ignore_index=True),
            pd.concat([y, unknown], ignore_index=True),
            pd.concat([cutoffs, cutoffs], ignore_index=True),
        ),
    ]
    np.testing.assert_allclose(*(model.predict(later.X) for model in fits), rtol=1e-9)


def test_members_that_have_nothing_to_go_by_are_refused(book):
    alone = FutureValueRegressor(members=("buy_till_you_die",))  # this book tells no law
    with pytest.raises(DataRefused, match="none of the members"):
        alone.fit(book.X, book.targets("value"), book.keys["cutoff"])


def test_past_value_alone_is_past_value(book, later):
    alone = FutureValueRegressor(members=("past_value",), horizons=("3m",))
    alone.fit(book.X, book.targets("value"), book.keys["cutoff"])
    order = alone.predict(later.X).argsort()
    np.testing.assert_array_equal(order, later.X["past_value_3m"].to_numpy().argsort())


def test_intervals_hold_about_what_they_promise(regressor, later):
    truth, said = later.y["value_3m"].to_numpy(), regressor.predict_horizons(later.X)["3m"]
    low, high = regressor.intervals_["3m"].interval(said.to_numpy(), 0.80)
    assert 0.74 < ((low <= truth) & (truth <= high)).mean() < 0.92


def test_without_cutoffs_it_fits_all_the_same(book, later):
    regressor = FutureValueRegressor(n_jobs=1).fit(book.X, book.targets("value"))
    assert np.isfinite(regressor.predict(later.X)).all()


def test_a_book_that_never_bought_before_can_be_learned(book, later):
    X = book.X.assign(past_value_3m=0.0, past_value_6m=0.0)
    regressor = FutureValueRegressor(n_jobs=1).fit(X, book.targets("value"), book.keys["cutoff"])
    assert np.isfinite(regressor.predict(later.X)).all()


def test_nothing_to_predict_gives_nothing(regressor, later):
    assert len(regressor.predict(later.X.iloc[:0])) == 0
    assert regressor.link_parts(later.X.iloc[:0], "3m").contributions.shape[1] == 0


def test_what_was_learned_survives_as_plain_data(regressor, later):
    again = FutureValueRegressor.from_state(regressor.to_state())
    np.testing.assert_array_equal(again.predict(later.X), regressor.predict(later.X))
