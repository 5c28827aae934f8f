"""Every member learns from the same rows, and says the same again when it is rebuilt from data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from valuemodel.estimators.boosting import TreeSettings
from valuemodel.estimators.future_value.members import LEARNED, Lesson, School, rounds_of, trees_of

rng = np.random.default_rng(0)
SIZE = rng.lognormal(4, 1.2, 800)
KEEPS = rng.random(800)
MATRIX = np.column_stack([SIZE, KEEPS])
VALUE = np.where(KEEPS > 0.4, 1.5 * SIZE * rng.lognormal(0, 0.2, 800), 0.0)
TREES = TreeSettings(rounds=80)


def school(**changed) -> School:
    names = ("past_value_6m", "keeps")
    given = {"names": names, "numbers": frozenset(names), "scale_features": ("past_value_*",)}
    return School(**{**given, "trees": TREES, "n_jobs": 1, **changed})


@pytest.fixture(scope="module", params=LEARNED, ids=str)
def member(request):
    return LEARNED[request.param].learn(Lesson(MATRIX, VALUE), school())


def said(member, matrix):
    return member.from_link(member.scores(matrix, 1))


def test_its_total_is_about_right(member):
    assert said(member, MATRIX).sum() == pytest.approx(VALUE.sum(), rel=0.12)


def test_large_accounts_are_predicted_at_their_size(member):
    large = np.array([[100 * SIZE.max(), 0.9]])
    assert said(member, large)[0] > 10 * SIZE.max()


def test_contributions_add_up_to_its_scores(member):
    parts = member.contributions(MATRIX, 1)
    np.testing.assert_allclose(parts.sum(axis=2), member.scores(MATRIX, 1), rtol=1e-9, atol=1e-9)


def test_it_survives_as_plain_data(member):
    again = LEARNED[member.name].from_parts(
        json.loads(json.dumps(member.to_json())), trees_of(member)
    )
    np.testing.assert_array_equal(said(again, MATRIX), said(member, MATRIX))


def test_later_rows_choose_the_number_of_trees(member):
    tested = LEARNED[member.name].learn(
        Lesson(MATRIX[:500], VALUE[:500]), school(later=Lesson(MATRIX[500:], VALUE[500:]))
    )
    chosen = rounds_of(tested, TREES)
    assert set(chosen) == set(member.boosters)
    assert all(40 <= rounds <= TREES.max_rounds for rounds in chosen.values())
    again = LEARNED[member.name].learn(Lesson(MATRIX, VALUE), school(rounds=chosen))
    grown = {part: booster.num_trees() for part, booster in again.boosters.items()}
    # Growing ends early where no leaf can be split any more.
    assert all(0.9 * chosen[part] <= number <= chosen[part] for part, number in grown.items())


def test_losses_are_learned_by_the_two_members_that_can():
    value = np.where(KEEPS < 0.2, -0.5 * SIZE, VALUE)
    doomed = KEEPS < 0.15
    many = school(trees=TreeSettings(rounds=300))
    direct = said(LEARNED["direct"].learn(Lesson(MATRIX, value), many), MATRIX)
    two_part = said(LEARNED["two_part"].learn(Lesson(MATRIX, value), many), MATRIX)
    assert direct[doomed].mean() < -0.2 * SIZE[doomed].mean()
    assert two_part[doomed].mean() < 0.0
