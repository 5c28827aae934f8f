from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.periods import Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.coverage.owners import ELSEWHERE
from valuemodel.tiers.coverage.regions import REGION_TYPES, regions
from valuemodel.tiers.policy import TierPolicy

POLICY = TierPolicy.parse({"version": "1"})


def frame_of(rows: list[tuple]) -> pd.DataFrame:
    """Build a frame from rows of id, tier, region, owner, value, white space and planned contacts."""
    columns = ["account_id", "tier", "region", "owner", "value_1y", "white_space_1y", "planned_12m"]
    table = pd.DataFrame(rows, columns=columns).astype({"account_id": "str", "tier": "str"})
    return account_frame(table[["account_id", "tier"]], table, table, Horizon.parse("1 year"))


BOOK = [
    ("a", "A", "North", "Ada", 60.0, 5.0, 4.0),
    ("b", "D", "North", None, 10.0, 5.0, 0.0),
    ("c", "B", "South", None, 20.0, None, 1.0),
    ("d", "B", "South", "Ada", 10.0, None, None),
    ("e", "D", None, None, 0.0, 1.0, 0.0),
    ("f", "A", "West", "Max", 0.0, 0.0, 1.0),
]


def test_the_weakest_region_stands_first_with_its_figures() -> None:
    table = regions(frame_of(BOOK), POLICY)
    assert table["region"].tolist() == ["South", "West", "North", ELSEWHERE]
    south, north = (table.set_index("region").loc[name] for name in ("South", "North"))
    assert south[["accounts", "top_accounts", "above_last", "unowned"]].tolist() == [2, 0, 2, 1]
    assert south["unowned_share"] == 0.5
    assert south["planned_per_account"] == 1.0
    assert pd.isna(south["white_space"])
    assert north[["value", "white_space", "planned_per_account"]].tolist() == [70.0, 10.0, 2.0]
    assert north["unowned_share"] == 0.0
    assert north["share_of_value"] == pytest.approx(0.7)


def test_regions_add_up_to_the_book() -> None:
    table = regions(frame_of(BOOK), POLICY)
    assert table["accounts"].sum() == len(BOOK)
    assert table["share_of_accounts"].sum() == pytest.approx(1.0)
    assert table["share_of_value"].sum() == pytest.approx(1.0)


def test_a_region_without_accounts_above_the_last_tier_has_no_gap_to_tell() -> None:
    table = regions(frame_of(BOOK), POLICY).set_index("region")
    assert table.loc[ELSEWHERE, "above_last"] == 0
    assert pd.isna(table.loc[ELSEWHERE, "unowned_share"])


@pytest.mark.parametrize("rows", [[], [("a", "A", None, None, None, None, None)]])
def test_the_smallest_books_keep_their_columns(rows) -> None:
    table = regions(frame_of(rows), POLICY)
    assert table.dtypes.astype(str).to_dict() == REGION_TYPES
    assert table["share_of_value"].isna().all()


def test_the_order_of_rows_does_not_matter() -> None:
    turned = frame_of(BOOK[::-1])
    pd.testing.assert_frame_equal(regions(frame_of(BOOK), POLICY), regions(turned, POLICY))
