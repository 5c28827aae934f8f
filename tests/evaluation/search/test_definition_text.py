"""A found definition is the file as people wrote it, with other numbers."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuemodel.evaluation.search.definition_text import with_values
from valuemodel.exceptions import UsageError

ROOT = Path(__file__).parents[3]
TEXT = """# how it works stands in the card
estimator = "future_value"
seed = 0   # any

[trees]
num_leaves = 15                       # few

[gate]   # what must be shown
money = "mae"
"""


def test_only_the_value_changes_and_the_reason_beside_it_stays():
    changed = with_values(TEXT, {"trees.num_leaves": 31})
    assert changed == TEXT.replace("= 15  ", "= 31  ")


def test_what_is_not_there_yet_is_added_to_its_section():
    changed = with_values(TEXT, {"trees.l2": 2.5, "scale_features": ["a_*", "b"], "lapse.bins": 3})
    assert tomllib.loads(changed) == tomllib.loads(TEXT) | {
        "scale_features": ["a_*", "b"],
        "trees": {"num_leaves": 15, "l2": 2.5},
        "lapse": {"bins": 3},
    }
    assert [line for line in changed.splitlines() if "#" in line] == [
        line for line in TEXT.splitlines() if "#" in line
    ]


@pytest.mark.parametrize(
    "text",
    ["trees = { num_leaves = 15 }\n", "trees.num_leaves = 15\n", "[trees]\nnum_leaves = [\n1]\n"],
)
def test_a_layout_that_it_cannot_change_is_refused_and_not_guessed_at(text):
    with pytest.raises(UsageError, match="laid out"):
        with_values(text, {"trees.num_leaves": 31})


@given(
    st.sampled_from(["future_value", "churn_risk"]),
    st.floats(1e-6, 1.0),
    st.integers(2, 1024),
)
def test_the_shipped_definitions_can_be_changed(name, rate, leaves):
    text = (ROOT / "models" / f"{name}.toml").read_text("utf-8")
    values = {"trees.learning_rate": rate, "trees.num_leaves": leaves}
    wanted = tomllib.loads(text)
    wanted["trees"] |= {"learning_rate": rate, "num_leaves": leaves}
    assert tomllib.loads(with_values(text, values)) == wanted
