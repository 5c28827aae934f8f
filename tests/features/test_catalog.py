from __future__ import annotations

from valuemodel.features.catalog import Feature


def test_models_read_categories_as_categories_and_the_rest_as_numbers():
    kinds = {
        unit: Feature("name", "Label", unit, "either", "no", "{value}").kind
        for unit in ("days", "money", "share", "number", "category")
    }
    assert kinds.pop("category") == "category"
    assert set(kinds.values()) == {"number"}
