"""What the labels say of the synthetic world's tables is what its law says of them.

The whole way is walked, from files through validation, snapshot and labels; the law that the truth is
told from shares no line of code with it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.periods import Cutoff

AS_OF = Cutoff.parse("2025-07-01")


@pytest.fixture
def both(opened) -> pd.DataFrame:
    """The labels as of the demo's cutoff, beside the truth."""
    data = opened.builder.at(AS_OF, labels_until=opened.tables.ledger.complete_until)
    labels = data.y.assign(account_id=data.keys["account_id"].to_numpy()).set_index("account_id")
    truth = pd.read_parquet(opened.root / "data" / "demo" / "truth.parquet").set_index("account_id")
    assert set(labels.index) == set(truth.index)
    return truth.join(labels)


def surprise(drawn: pd.Series, expected: pd.Series) -> float:
    """How many standard errors the total of what was drawn lies from what was expected."""
    error = (drawn.astype(float) - expected).dropna()
    return float(error.sum() / np.sqrt((error**2).sum()))


@pytest.mark.parametrize("label", ["3m", "12m"])
def test_value_is_what_both_books_bring(both, label):
    assert abs(surprise(both[f"value_{label}"], both[f"expected_value_{label}"])) < 3.5


@pytest.mark.parametrize("label", ["3m", "12m"])
def test_churn_is_a_lapse_under_contract_and_silence_elsewhere(both, label):
    under = both[f"lapse_{label}"].notna()
    assert both[f"churn_{label}"].notna().all()
    assert abs(surprise(both[f"churn_{label}"], both[f"lapse_{label}"])) < 3.5
    silent = both.loc[~under]
    assert abs(surprise(silent[f"churn_{label}"], silent[f"silence_{label}"])) < 3.5
    assert 0.2 < under.mean() < 0.5


def test_the_tables_and_the_law_agree_on_who_is_in_force(opened, both):
    facts = opened.builder.facts_at(AS_OF).set_index("account_id")
    in_force = facts["arr"].astype(float).fillna(0.0) > 0
    assert (in_force.reindex(both.index) == both["lapse_12m"].notna()).all()
