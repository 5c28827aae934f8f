"""The card of the tier policy says what a change of one number does; the policy does just that."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.tiers.assignment import assign
from valuemodel.tiers.policy import TierPolicy

CARD = (Path(__file__).parents[2] / "models" / "tiers.md").read_text(encoding="utf-8")
VALUES = np.array([40.0, 20, 10, 8, 7, 5, 4, 3, 2, 1])
PART = CARD[CARD.index("| Change in A |") :].split("\n\n", maxsplit=1)[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PART.splitlines()[2:]]


def policy_with(change: str) -> TierPolicy:
    top = {"name": "A", "share_of_value": 0.5, "share_of_accounts": 0.2}
    top["touches"] = [{"name": "visit", "per_year": 1.0, "hours": 100.0}]
    if change != "none":
        top |= tomllib.loads("\n".join(re.findall(r"`([^`]+)`", change)))
    rest = [{"name": "B", "share_of_value": 0.8, "share_of_accounts": 0.5}, {"name": "C"}]
    return TierPolicy.parse(
        {"version": "1", "capacity": {"productive_hours": 100.0}, "tiers": [top, *rest]}
    )


def test_the_book_of_the_card_is_the_one_of_this_test():
    told = re.search(r"predicted to bring ([\d, and]+): together 100", CARD)
    assert told is not None
    assert [float(one) for one in re.findall(r"\d+", told[1])] == VALUES.tolist()
    assert len(ROWS) == 7


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_change_does_what_the_card_says(row):
    policy = policy_with(row[0])
    ids = [f"{at}" for at in range(10)]
    if row[1] == "refused":
        with pytest.raises(SettingsError, match="contradicts itself") as caught:
            assign(VALUES, np.zeros(10), ids, policy)
        assert "bring 0.4000" in caught.value.details[0]
        return
    found = assign(VALUES, np.zeros(10), ids, policy)
    assert np.bincount(found.tier).tolist() == [int(row[at]) for at in (1, 2, 3)]
    assert found.lines[0].rule == row[4]
