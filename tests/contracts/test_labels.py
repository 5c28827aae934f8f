"""No label of a window that is not complete, whatever the data and the dates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contracts.harness import at, builder_for, random_book, settings_for
from valuemodel.periods import Cutoff, Horizon

BOOK = random_book(seed=5, accounts=6, lines=60)
#: Labels do not depend on which features stand beside them.
FEW = {"groups": ["monetary"], "extra": {}}
HORIZONS = ["30 days", "1 month", "26 weeks", "1 year"]
START = at("2020-01-01")


@pytest.fixture(scope="module")
def builder(make_ledger):
    """The builder of one book, however it was read."""
    return builder_for(BOOK, settings_for(HORIZONS, features=FEW), make_ledger)


days = st.integers(0, 1500).map(lambda number: START + timedelta(days=number))


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(cutoff=days, until=days)
def test_a_label_is_there_if_and_only_if_its_window_is_complete(builder, cutoff, until):
    data = builder.at(Cutoff(cutoff), labels_until=Cutoff(until))
    limit = min(until, builder.ledger.complete_until.at)
    for text in HORIZONS:
        horizon = Horizon.parse(text)
        complete = horizon.after(Cutoff(cutoff)).at <= limit
        for head in ("value", "churn"):
            label = data.y[f"{head}_{horizon.label}"]
            assert label.notna().all() if complete else label.isna().all()


def test_labels_do_not_depend_on_what_happens_after_their_window(builder, make_ledger):
    cutoff, until = Cutoff.parse("2020-06-01"), Cutoff.parse("2021-06-01")
    whole = builder.at(cutoff, labels_until=until)
    whole_cut = builder_for(
        BOOK.known_before(until), settings_for(HORIZONS, features=FEW), make_ledger
    )
    same = whole_cut.at(cutoff, labels_until=until)
    shown = [name for name in whole.y.columns if same.y[name].notna().any()]
    assert len(shown) >= 6
    assert whole.y[shown].equals(same.y[shown])
