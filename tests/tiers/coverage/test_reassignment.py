from __future__ import annotations

from itertools import product

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.tiers.coverage.owners import NOBODY, owner_load
from valuemodel.tiers.coverage.reassignment import REASSIGNMENT_TYPES, reassign
from valuemodel.tiers.policy import TierPolicy

QUICK = settings(max_examples=30, deadline=None, derandomize=True)
HOURS = {"A": 40.0, "B": 10.0, "C": 4.0, "D": 0.0}


def frame_of(rows: list[dict]) -> pd.DataFrame:
    """Build a frame from rows of tier, owner, region, closeness and value; ids are given in order."""
    columns = ["tier", "owner", "region", "closeness", "value"]
    table = pd.DataFrame(rows, columns=columns).assign(
        account_id=[f"a{at}" for at in range(len(rows))]
    )
    return table.astype({"account_id": "str", "closeness": "float64", "value": "float64"}).assign(
        reviewer=None, past=0.0, hours_12m=0.0
    )


def policy_of(most: int, *, hours: float | None = None, same_region: bool = True) -> TierPolicy:
    """Build a ladder whose touches take `HOURS`; without hours of a person they do not count."""
    tiers = [
        {"name": name, "touches": [{"name": "visit", "per_year": 1, "hours": HOURS[name]}]}
        for name in "ABCD"
    ]
    for tier, share in zip(tiers, (0.1, 0.3, 0.6), strict=False):
        tier["top_share"] = share
    coverage: dict = {"accounts_per_owner": most, "same_region": same_region}
    if hours is not None:
        coverage["hours_per_owner"] = hours
    return TierPolicy.parse({"version": "1", "tiers": tiers, "coverage": coverage})


def proposed(frame: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    return reassign(frame, owner_load(frame, policy), policy)


def after(frame: pd.DataFrame, moves: pd.DataFrame) -> pd.DataFrame:
    to = moves.dropna(subset=["to_owner"]).set_index("account_id")["to_owner"].astype(object)
    owner = frame["account_id"].map(to).astype(object)
    return frame.assign(owner=owner.where(owner.notna(), frame["owner"]))


def account(tier="D", owner="Ada", region=None, closeness=None, value=0.0) -> dict:
    return {
        "tier": tier,
        "owner": owner,
        "region": region,
        "closeness": closeness,
        "value": value,
    }


books = st.lists(
    st.builds(
        account,
        tier=st.sampled_from("ABCD"),
        owner=st.sampled_from(["Ada", "Max", "Tom", None]),
        region=st.sampled_from(["N", "S", None]),
        closeness=st.sampled_from([None, 10.0, 50.0]),
        value=st.sampled_from([0.0, 1.0, 2.0]),
    ),
    max_size=14,
)


@QUICK
@given(books, st.integers(1, 5), st.sampled_from([None, 20.0, 60.0]), st.booleans())
def test_nobody_comes_to_lie_above_a_limit(rows, most, hours, same_region) -> None:
    frame, policy = frame_of(rows), policy_of(most, hours=hours, same_region=same_region)
    moves = proposed(frame, policy)
    was = owner_load(frame, policy).set_index("owner")
    now = owner_load(after(frame, moves), policy).set_index("owner").drop(NOBODY, errors="ignore")
    assert set(moves["to_owner"].dropna()) <= set(was.index) - {NOBODY}
    for owner, row in now.iterrows():
        before = was.loc[owner]
        assert row["accounts"] <= max(most, before["accounts"])
        if hours is not None:
            assert row["hours_needed"] <= max(hours, before["hours_needed"]) + 1e-9
        if owner in set(moves["to_owner"].dropna()):
            assert row["accounts"] <= most
            assert not row["overload"] > 1e-9


@QUICK
@given(books, st.integers(1, 5), st.sampled_from([None, 20.0, 60.0]))
def test_an_account_stands_once_and_stays_in_its_region(rows, most, hours) -> None:
    frame, policy = frame_of(rows), policy_of(most, hours=hours)
    moves = proposed(frame, policy)
    assert moves["account_id"].is_unique
    assert moves["account_id"].is_monotonic_increasing
    assert (moves["from_owner"] != moves["to_owner"]).all()
    by_id = frame.set_index("account_id")
    known = frame[frame["region"].notna() & frame["owner"].notna()]
    regions = known.groupby("owner")["region"].agg(set)
    for row in moves.dropna(subset=["to_owner"]).itertuples():
        region = by_id.loc[row.account_id, "region"]
        assert pd.isna(region) or region in regions.get(row.to_owner, {region})


@QUICK
@given(books, st.integers(1, 5), st.sampled_from([None, 20.0]), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, most, hours, random) -> None:
    frame, policy = frame_of(rows), policy_of(most, hours=hours)
    order = list(range(len(frame)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(
        proposed(frame, policy), proposed(frame.iloc[order].reset_index(drop=True), policy)
    )


def fewest_by_trying(rows: list[dict], most: int) -> tuple[int, int]:
    """Try every way to hand over accounts; return what stays too much, and the fewest moves for it."""
    people = sorted({row["owner"] for row in rows})
    reach = {
        name: {row["region"] for row in rows if row["owner"] == name} - {None} for name in people
    }
    count = {name: sum(row["owner"] == name for row in rows) for name in people}
    best = None
    for owners in product(people, repeat=len(rows)):
        changed = [(row, to) for row, to in zip(rows, owners, strict=True) if row["owner"] != to]
        allowed = all(
            row["region"] is None or not reach[to] or row["region"] in reach[to]
            for row, to in changed
        )
        now = {name: owners.count(name) for name in people}
        if not allowed or any(now[name] > max(most, count[name]) for name in people):
            continue
        left = sum(max(0, now[name] - most) for name in people)
        best = min(best or (99, 99), (left, len(changed)))
    return best or (0, 0)


@QUICK
@given(
    st.lists(
        st.builds(
            account,
            owner=st.sampled_from(["Ada", "Ada", "Max", "Tom"]),
            region=st.sampled_from(["N", "S", None]),
            closeness=st.sampled_from([None, 10.0, 50.0]),
        ),
        max_size=7,
    ),
    st.integers(1, 4),
)
def test_as_few_accounts_move_as_can_where_all_take_the_same(rows, most) -> None:
    moves = proposed(frame_of(rows), policy_of(most))
    placed = moves["to_owner"].notna()
    assert (int((~placed).sum()), int(placed.sum())) == fewest_by_trying(rows, most)


def test_a_later_owner_is_not_locked_out_by_an_earlier_choice() -> None:
    rows = [
        account(owner="Ada", region="N", closeness=1),
        account(owner="Ada", region="S", closeness=50),
        account(owner="Ada", region="N", closeness=50),
        *[account(owner="Bob", region="N")] * 3,
        account(owner="North", region="N"),
        account(owner="South", region="S"),
    ]
    found = proposed(frame_of(rows), policy_of(2))
    assert found[["from_owner", "to_owner"]].values.tolist() == [
        ["Ada", "South"],
        ["Bob", "North"],
    ]


def test_the_least_close_and_then_the_least_valuable_go_first() -> None:
    rows = [
        account(closeness=80, value=1),
        account(closeness=20, value=9),
        account(closeness=20, value=3),
        account(owner="Max"),
    ]
    found = proposed(frame_of(rows), policy_of(2))
    assert found["account_id"].tolist() == ["a2"]
    assert found["reason"].tolist() == ["Ada has 3 accounts, 2 are the most"]


def test_hours_are_relieved_by_the_fewest_accounts_and_the_smallest_of_those() -> None:
    rows = [account(tier=tier) for tier in "AABC"] + [account(owner="Max")]
    found = proposed(frame_of(rows), policy_of(99, hours=86.0))  # 94 hours needed
    assert found[["tier", "hours", "to_owner"]].values.tolist() == [["B", 10.0, "Max"]]
    assert found["reason"].tolist() == ["Ada needs 94 hours a year and has 86"]
    smallest = proposed(frame_of(rows), policy_of(99, hours=90.0))
    assert smallest["tier"].tolist() == ["C"]
    largest = proposed(frame_of(rows), policy_of(99, hours=60.0))
    assert largest["tier"].tolist() == ["A"]


def test_accounts_that_take_no_hours_do_not_move_for_hours() -> None:
    rows = [account(tier="A"), account(tier="A"), account(), account(owner="Max", tier="A")]
    found = proposed(frame_of(rows), policy_of(99, hours=40.0))
    assert found["tier"].tolist() == ["A"]
    assert found["to_owner"].isna().all()
    assert found["reason"].tolist() == ["Ada needs 80 hours a year and has 40; nobody has room"]


def test_what_nobody_owns_goes_first_to_whoever_has_most_room() -> None:
    rows = [
        *[account(owner="Ada"), account(owner="Ada"), account(owner="Max")],
        *[account(owner=None, tier="B"), account(owner=None, tier="D")],
    ]
    found = proposed(frame_of(rows), policy_of(3))
    assert found[["account_id", "to_owner", "reason"]].values.tolist() == [
        ["a3", "Max", "nobody owns it"]
    ]
    full = proposed(frame_of(rows), policy_of(1))
    assert full["to_owner"].isna().all()
    assert full["account_id"].tolist() == ["a0", "a3"]


def test_the_highest_tier_and_value_get_the_last_places() -> None:
    rows = [account(owner="Max")]
    rows += [account(owner=None, tier=tier, value=value) for tier, value in [("B", 9), ("A", 1)]]
    rows += [account(owner=None, tier="A", value=2)]
    found = proposed(frame_of(rows), policy_of(2)).set_index("account_id")["to_owner"]
    assert found.notna().to_dict() == {"a1": False, "a2": False, "a3": True}


def test_what_cannot_be_placed_says_where_nobody_has_room() -> None:
    rows = [account(region="N"), account(region="N"), account(owner="Max", region="S")]
    found = proposed(frame_of(rows), policy_of(1, same_region=True))
    assert found["reason"].tolist() == ["Ada has 2 accounts, 1 are the most; nobody in N has room"]
    anywhere = proposed(frame_of(rows), policy_of(2, same_region=False))
    assert anywhere.empty


@pytest.mark.parametrize("rows", [[], [account(owner=None, tier="A")], [account()]])
def test_the_smallest_books_keep_their_columns(rows) -> None:
    found = proposed(frame_of(rows), policy_of(1))
    assert found.dtypes.astype(str).to_dict() == REASSIGNMENT_TYPES
    assert found["to_owner"].isna().all()


def test_hours_that_are_not_declared_do_not_count() -> None:
    policy = TierPolicy.parse({"version": "1", "coverage": {"accounts_per_owner": 2}})
    rows = [account(tier="A"), account(), account(), account(owner="Max", tier="B")]
    found = proposed(frame_of(rows), policy)
    assert found["to_owner"].tolist() == ["Max"]
    assert found["hours"].isna().all()
