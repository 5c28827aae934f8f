"""States of parts are joined and taken apart without loss."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.estimators.state import State, nested, part

names = st.sampled_from(["value", "churn", "value_fallback", "value.x"])
states = st.builds(
    State,
    kind=st.sampled_from(["A", "B"]),
    json=st.dictionaries(st.sampled_from("abc"), st.integers()),
    arrays=st.dictionaries(st.sampled_from("abc"), st.just(np.ones(2))),
    texts=st.dictionaries(st.sampled_from(["6m.some", "1y"]), st.text(max_size=5)),
)


@given(st.dictionaries(names, states, min_size=1))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_each_part_comes_back_as_it_was(parts):
    parts = {name: state for name, state in parts.items() if name != "value.x" or len(parts) == 1}
    outer = nested(parts, "AccountModel", {"name": "m"})
    assert outer["json"]["name"] == "m"
    for name, state in parts.items():
        again = part(outer, name)
        assert again["kind"] == state["kind"]
        assert again["json"] == state["json"]
        assert again["texts"] == state["texts"]
        assert again["arrays"].keys() == state["arrays"].keys()


def test_everything_but_arrays_and_texts_is_json():
    state = State(kind="A", json={"mean": 2.0}, arrays={"x": np.ones(1)}, texts={"t": "tree"})
    outer = nested({"value": state}, "AccountModel", {})
    assert json.loads(json.dumps(outer["json"])) == outer["json"]
