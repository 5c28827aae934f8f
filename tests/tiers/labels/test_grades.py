from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.tiers.assignment import ranking
from valuemodel.tiers.labels.grades import grades
from valuemodel.tiers.policy.labels import LabelsSection


def section_of(**steps: list[tuple[str, float]]) -> LabelsSection:
    told = {
        name: [{"name": grade, "top_share": share} for grade, share in each]
        for name, each in steps.items()
    }
    return LabelsSection.model_validate({"grades": told})


def told(found: pd.Series) -> list[str | None]:
    return [None if pd.isna(one) else one for one in found]


MEDALS = [("gold", 0.25), ("silver", 0.75)]


def test_shares_are_cumulative_and_counted_inside_the_class():
    classes = pd.Series(["serve", "potential"] * 4)
    found = grades(np.arange(1, 9), classes, section_of(serve=MEDALS))
    assert told(found) == ["gold", None, "silver", None, "silver", None, None, None]


def test_each_class_has_its_own_grades():
    classes = pd.Series(["serve", "serve", "potential", "potential"])
    section = section_of(serve=[("gold", 0.5)], potential=[("hot", 0.5), ("warm", 1.0)])
    assert told(grades(np.array([2, 1, 4, 3]), classes, section)) == [None, "gold", "warm", "hot"]


def test_a_share_of_accounts_is_counted_exactly():
    classes = pd.Series(["serve"] * 100)
    found = grades(np.arange(1, 101), classes, section_of(serve=[("gold", 0.29)]))
    assert int((found == "gold").sum()) == 29


def test_a_share_that_is_less_than_one_account_reaches_nobody():
    found = grades(np.array([1]), pd.Series(["serve"]), section_of(serve=MEDALS))
    assert told(found) == [None]


def test_equal_scores_are_told_apart_as_in_the_ranking_of_tiers():
    past = np.array([1.0, 3.0, 2.0])
    order = ranking(np.full(3, 7.0), past, ["a", "b", "c"])
    rank = np.empty_like(order)
    rank[order] = np.arange(1, 4)
    found = grades(rank, pd.Series(["serve"] * 3), section_of(serve=[("gold", 0.4)]))
    assert told(found) == [None, "gold", None]


@pytest.mark.parametrize("n", [0, 3])
def test_a_class_without_grades_and_an_empty_book_have_none(n):
    found = grades(np.arange(1, n + 1), pd.Series(["serve"] * n, dtype="str"), LabelsSection())
    assert told(found) == [None] * n
    assert (found.dtype, found.name) == ("str", "grade")


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(["serve", "potential"]), max_size=25),
    st.lists(st.integers(1, 100), max_size=3, unique=True).map(sorted),
    st.randoms(use_true_random=False),
)
def test_grades_are_what_counting_by_hand_gives(classes, hundredths, chance):
    rank = list(range(1, len(classes) + 1))
    chance.shuffle(rank)
    steps = [(f"g{at}", share / 100) for at, share in enumerate(hundredths)]
    found = told(
        grades(
            np.array(rank, dtype=np.int64), pd.Series(classes, dtype="str"), section_of(serve=steps)
        )
    )
    members = sorted((place, at) for at, place in enumerate(rank) if classes[at] == "serve")
    expected: list[str | None] = [None] * len(classes)
    for place, (_, at) in enumerate(members, start=1):
        reached = (
            name
            for (name, _), share in zip(steps, hundredths, strict=True)
            if place <= Fraction(share, 100) * len(members)
        )
        expected[at] = next(reached, None)
    assert found == expected
