from __future__ import annotations

import pytest

from tests.contracts.harness import Book, builder_for, settings_for
from tests.features.worked import days_ago
from valuemodel.features.season import CUTOFF_MONTH, definitions
from valuemodel.periods import Cutoff

BUILDER = builder_for(Book((days_ago(900), days_ago(700, account="other"))), settings_for())


@pytest.mark.parametrize(
    ("cutoff", "month"),
    [("2021-12-31 23:59:59.999999", 12), ("2022-01-01", 1), ("2022-09-30", 9), ("2022-10-01", 10)],
)
def test_all_accounts_have_the_month_in_which_the_forecast_begins(cutoff, month):
    months = BUILDER.at(Cutoff.parse(cutoff)).X[CUTOFF_MONTH]
    assert months.dtype == "float64"
    assert months.to_list() == [month, month]


def test_the_season_is_a_number_that_nobody_can_change():
    (definition,) = definitions()
    feature = definition.feature
    assert (feature.name, feature.kind, feature.actionable) == ("cutoff_month", "number", "no")
