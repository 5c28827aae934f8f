from __future__ import annotations

from tests.features.whole_account import row
from tests.snapshots.told import told, told_of
from valuemodel.snapshots.cost_to_serve import COST_TO_SERVE, cost_to_serve
from valuemodel.tables.schemas import TREATMENTS


def cost(days, amount, treatment="cogs"):
    return row("costs", days, amount=amount, treatment=treatment)


def test_each_treatment_stands_by_itself():
    rows = (cost(1, 5), cost(365, 10), cost(365.01, 100), cost(20, 7, "retention"), cost(9, -2))
    found = told_of(cost_to_serve, costs=rows)
    assert found == {
        "account_id": "a",
        "cost_cogs_12m": 13.0,
        "cost_sales_and_marketing_12m": 0.0,
        "cost_retention_12m": 7.0,
    }


def test_every_treatment_has_a_fact():
    assert len(COST_TO_SERVE) == len(TREATMENTS) == 3


def test_a_book_without_costs_has_nothing_to_say():
    assert told(cost_to_serve) is None
