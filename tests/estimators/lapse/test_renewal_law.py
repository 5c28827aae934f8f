"""The law of renewals finds what a book was drawn from, and says of any window what that means."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.estimators.lapse.renewal_law import RenewalLaw

NAMES = ["seats", "days_to_last_renewal", "unbroken_days", "term_days_mean"]
ALPHA, BETA, YEAR = 0.9, 3.0, 365


def watched(count, seed, term=YEAR, within=90):
    """Draw accounts under contract at an instant, each with its own chance to leave at a renewal.

    Who is still under contract has survived; the window holds a renewal for some of them.
    """
    rng = np.random.default_rng(seed)
    leave = rng.beta(ALPHA, BETA, count)
    behind = rng.integers(0, 6, count)
    still = rng.random(count) < (1 - leave) ** behind
    leave, behind = leave[still], behind[still]
    due = rng.integers(0, term, len(behind))
    ahead = np.ceil(np.maximum(within - due, 0) / term)
    lapsed = (rng.random(len(due)) > (1 - leave) ** ahead).astype(float)
    unbroken = (behind + 1) * term - due
    X = np.column_stack([np.ones(len(due)), due, unbroken, np.full(len(due), term)]).astype(float)
    return X, lapsed, behind


@pytest.fixture(scope="module")
def yearly():
    X, lapsed, _ = watched(120_000, 1, within=365)
    return RenewalLaw.learn(X, NAMES, lapsed, "12m")


def standing(behind, due, term=YEAR):
    behind, due = np.broadcast_arrays(np.asarray(behind, float), np.asarray(due, float))
    unbroken = (behind + 1) * term - np.nan_to_num(due)
    return np.column_stack([np.ones(behind.size), due, unbroken, np.full(behind.size, float(term))])


def test_the_chance_to_leave_at_a_renewal_is_the_one_the_book_was_drawn_from(yearly):
    behind = np.arange(6)
    expected = ALPHA / (ALPHA + BETA + behind)  # of the shifted beta-geometric
    found = yearly.at_next_renewal(standing(behind, 30))
    np.testing.assert_allclose(found, expected, atol=0.015)
    np.testing.assert_allclose(yearly.log_odds(standing(behind, 30)), np.log(found / (1 - found)))


def test_every_renewal_inside_the_window_counts(yearly):
    one, two, three = (yearly.risk(standing(1, 30), window)[0] for window in ("3m", "2y", "3y"))
    steps = yearly.at_next_renewal(standing([1, 2, 3], 30))
    assert [one, two, three] == pytest.approx(1 - np.cumprod(1 - steps))


def test_monthly_terms_are_counted_like_yearly_ones():
    X, lapsed, _ = watched(60_000, 2, term=30, within=182)
    law = RenewalLaw.learn(X, NAMES, lapsed, "6m")
    expected = ALPHA / (ALPHA + BETA + np.arange(6))
    found = law.at_next_renewal(standing(np.arange(6), 10, term=30))
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_a_renewal_at_the_very_end_of_the_window_belongs_to_the_next(yearly):
    inside, outside = yearly.risk(standing(0, [90, 91]), "3m")
    assert inside > 0.2
    assert outside < 0.01


def test_contracts_without_an_end_lapse_at_their_own_rate():
    rng = np.random.default_rng(0)
    X = standing(0, np.repeat([30.0, 300.0, np.nan], 2_000))
    chance = np.repeat([0.3, 0.02, 0.1], 2_000)
    law = RenewalLaw.learn(X, NAMES, (rng.random(6_000) < chance).astype(float), "3m")
    near, far, never = law.risk(X[[0, 2_000, 4_000]])
    assert near == pytest.approx(0.3, abs=0.03)
    assert far == pytest.approx(0.02, abs=0.01)
    assert never == pytest.approx(0.1, abs=0.02)
    assert law.risk(X[[4_000]], "6m")[0] == pytest.approx(1 - 0.9**2, abs=0.04)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=20),
    st.floats(1.0, 2_000.0),
    st.integers(0, 40),
    st.integers(0, 2**31),
)
def test_risk_is_a_probability_and_never_falls_with_the_window(due, term, behind, seed):
    X = standing(behind, due, term=term)
    lapsed = np.random.default_rng(seed).integers(0, 2, len(due)).astype(float)
    law = RenewalLaw.learn(X, NAMES, lapsed, "3m")
    risks = np.array([law.risk(X, window) for window in ("1w", "1m", "3m", "6m", "1y", "3y")])
    assert ((risks >= 0) & (risks <= 1)).all()
    assert (np.diff(risks, axis=0) >= 0).all()
    assert np.isfinite(law.log_odds(X)).all()
    for window, days in (("1w", 7), ("3m", 91), ("3y", 1_095)):
        in_force = law.days_in_force(X, window)
        assert ((in_force >= 0) & (in_force <= days + 1e-9)).all()


def test_days_in_force_are_those_to_the_renewal_and_what_is_kept_of_those_after_it(yearly):
    first, second = 1 - yearly.at_next_renewal(standing([1, 2], 30))
    found = yearly.days_in_force(standing(1, [30, 400]), "1y")
    assert found == pytest.approx([30 + first * 335, 365])
    two_years = yearly.days_in_force(standing(1, 30), "2y")[0]
    assert two_years == pytest.approx(30 + first * 365 + first * second * 335)


def test_a_few_lapses_give_one_share_for_all_renewals():
    X = standing(np.arange(40) % 4, 30)
    lapsed = np.zeros(40)
    lapsed[:4] = 1.0
    found = RenewalLaw.learn(X, NAMES, lapsed, "3m").at_next_renewal(X)
    assert found == pytest.approx(np.full(40, 5 / 42), rel=0.01)


def test_rows_without_a_label_are_passed_over_and_without_any_there_is_no_law():
    X, lapsed, _ = watched(4_000, 3)
    unknown = np.concatenate([lapsed, np.full(len(X), np.nan)])
    law = RenewalLaw.learn(np.vstack([X, X]), NAMES, unknown, "3m")
    assert law.to_json() == RenewalLaw.learn(X, NAMES, lapsed, "3m").to_json()
    assert RenewalLaw.learn(X, NAMES, np.full(len(X), np.nan), "3m") is None


def test_without_the_features_all_accounts_are_alike():
    X, lapsed, _ = watched(2_000, 4)
    law = RenewalLaw.learn(X[:, :1], NAMES[:1], lapsed, "3m")
    risk = law.risk(X[:, :1])
    assert len(set(risk)) == 1
    assert risk[0] == pytest.approx(lapsed.mean(), abs=0.02)


def test_a_stored_law_says_the_same(yearly):
    again = RenewalLaw.from_json(json.loads(json.dumps(yearly.to_json())))
    X = standing(np.arange(20) % 5, np.arange(20) * 30.0)
    assert (again.risk(X, "2y") == yearly.risk(X, "2y")).all()
    assert again.to_json() == yearly.to_json()
