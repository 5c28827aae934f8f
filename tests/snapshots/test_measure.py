from __future__ import annotations

import pytest

from tests.contracts.harness import Book, at, builder_for, settings_for
from valuemodel.periods import Cutoff

LINES = tuple(
    {"account_id": "a", "time": at("2021-01-05"), "known_at": None, "amount": amount, "cost": cost}
    for amount, cost in ((100, 60), (-30, -18), (50, None))
)


@pytest.mark.parametrize(
    ("measure", "refunds", "worth"),
    [
        ("revenue", "net", 120.0),
        ("revenue", "gross", 150.0),
        ("margin", "net", 28.0),  # 40 - 12; a line without a cost has no known margin
        ("margin", "gross", 40.0),
    ],
)
def test_features_and_labels_sum_the_same_measure(measure, refunds, worth):
    settings = settings_for(["1 month"], value={"measure": measure, "refunds": refunds})
    later = {"account_id": "a", "time": at("2021-04-01"), "known_at": None, "amount": 0, "cost": 0}
    before = {"account_id": "a", "time": at("2020-01-01"), "known_at": None, "amount": 0, "cost": 0}
    builder = builder_for(Book((before, *LINES, later)), settings)
    looked_back = builder.at(Cutoff.parse("2021-02-01")).X["past_value_1m"].item()
    until = Cutoff.parse("2021-03-01")
    looked_forward = builder.at(Cutoff.parse("2021-01-01"), labels_until=until).y["value_1m"].item()
    assert looked_back == looked_forward == worth
