"""The synthetic world: what is drawn follows the truth it tells, and looks like a real export."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.schemas import TABLES, Column
from valuemodel.tables.world import BookName, World, make_world, write_world
from valuemodel.tables.world_process import ARCHETYPES

AS_OF = Cutoff.parse("2024-01-01")
HORIZONS = (Horizon.parse("3 months"), Horizon.parse("1 year"))
EARLIER = Cutoff.parse("2022-07-01")


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(10_000, as_of=AS_OF, horizons=HORIZONS, seed=7)


def realised(world: World, cutoff: Cutoff, horizon: Horizon) -> pd.DataFrame:
    """What came true in the window, beside what was to be expected, per account."""
    rows = world.transactions
    inside = rows[(rows["time"] >= cutoff.at) & (rows["time"] < horizon.after(cutoff).at)]
    inside = inside.assign(margin=inside["amount"] - inside["cost"], buys=inside["amount"] > 0)
    sums = inside.groupby("account_id")[["amount", "margin", "buys"]].sum()
    truth = world.truth_at(cutoff).set_index("account_id")
    table = sums.reindex(truth.index).fillna(0.0)
    table["silent"] = (table["buys"] == 0).astype(float)
    for name in ("expected_value", "expected_margin", "silence"):
        table[name] = truth[f"{name}_{horizon.label}"]
    return table.assign(archetype=truth["archetype"])


def surprise(drawn: pd.Series, expected: pd.Series) -> float:
    """How many standard errors the total of what was drawn lies from what was expected."""
    error = drawn - expected
    return float(error.sum() / np.sqrt((error**2).sum()))


@pytest.mark.parametrize("cutoff", [AS_OF, EARLIER], ids=str)
@pytest.mark.parametrize("horizon", HORIZONS, ids=str)
@pytest.mark.parametrize(
    ("drawn", "expected"),
    [("amount", "expected_value"), ("margin", "expected_margin"), ("silent", "silence")],
)
def test_what_came_true_agrees_with_the_truth(
    world: World, cutoff: Cutoff, horizon: Horizon, drawn: str, expected: str
) -> None:
    table = realised(world, cutoff, horizon)
    assert abs(surprise(table[drawn], table[expected])) < 3.5
    assert table[drawn].sum() == pytest.approx(table[expected].sum(), rel=0.06)
    kinds = {name: surprise(t[drawn], t[expected]) for name, t in table.groupby("archetype")}
    assert {name: z for name, z in kinds.items() if abs(z) > 4.0} == {}


@pytest.mark.parametrize("horizon", HORIZONS, ids=str)
def test_silence_is_as_frequent_as_its_probability_says(world: World, horizon: Horizon) -> None:
    table = realised(world, AS_OF, horizon)
    decile = pd.qcut(table["silence"], 10, duplicates="drop")
    for _, group in table.groupby(decile, observed=True):
        p = group["silence"]
        error = 4.0 * np.sqrt((p * (1 - p)).sum()) + 1.0
        assert abs(group["silent"].sum() - p.sum()) < error


def test_silence_becomes_less_likely_as_the_horizon_grows(world: World) -> None:
    assert (world.truth["silence_1y"] <= world.truth["silence_3m"]).all()
    assert world.truth["silence_3m"].between(0, 1).all()


def test_the_truth_as_of_the_cutoff_is_the_truth_at_that_cutoff(world: World) -> None:
    pd.testing.assert_frame_equal(world.truth, world.truth_at(AS_OF))


def test_the_truth_covers_the_accounts_in_the_book_by_then(world: World) -> None:
    joined = world.accounts.groupby("account_id")["valid_from"].min()
    for cutoff in (EARLIER, Cutoff(joined.max()), AS_OF):
        there = joined.index[joined < cutoff.at]
        assert world.truth_at(cutoff)["account_id"].tolist() == there.tolist()
        assert world.truth_at(cutoff).notna().all(axis=None)


def test_past_revenue_is_informative_but_not_enough(world: World) -> None:
    past = _revenue(world, HORIZONS[1].before(AS_OF), AS_OF)
    future = _revenue(world, AS_OF, HORIZONS[1].after(AS_OF))
    expected = world.truth["expected_value_1y"]
    by_past, by_truth = (future.corr(guide, method="spearman") for guide in (past, expected))
    assert 0.5 < by_past < 0.75
    assert by_truth > by_past + 0.1


def test_a_fifth_of_the_accounts_bring_most_of_the_revenue(world: World) -> None:
    past = _revenue(world, HORIZONS[1].before(AS_OF), AS_OF).sort_values(ascending=False)
    assert 0.6 < past.iloc[: len(past) // 5].sum() / past.sum() < 0.8


def _revenue(world: World, begin: Cutoff, end: Cutoff) -> pd.Series:
    rows = world.transactions
    inside = rows[(rows["time"] >= begin.at) & (rows["time"] < end.at)]
    sums = inside.groupby("account_id")["amount"].sum()
    return sums.reindex(world.truth["account_id"]).fillna(0.0).reset_index(drop=True)


def test_each_archetype_moves_as_its_name_says(world: World) -> None:
    year = HORIZONS[1]
    rows = world.transactions.assign(margin=lambda t: t["amount"] - t["cost"])
    kind = rows["account_id"].map(world.truth.set_index("account_id")["archetype"])
    margins = rows.groupby(kind)["margin"].sum()
    assert margins["loss_making"] < 0 < margins.drop("loss_making").min()
    refunded = (rows["amount"] < 0).groupby(kind).mean()
    assert refunded["refunding"] > 0.1
    assert refunded.drop("refunding").max() < 0.03
    past, future = _revenue(world, year.before(AS_OF), AS_OF), world.truth["expected_value_1y"]
    ratio = _by_archetype(world, future) / _by_archetype(world, past)
    assert ratio["declining"] < 0.95
    assert ratio["growing"] > 1.05


def _by_archetype(world: World, money: pd.Series) -> pd.Series:
    return money.groupby(world.truth["archetype"]).sum()


def test_one_big_year_of_a_lumpy_account_says_little_of_the_next(world: World) -> None:
    past = _revenue(world, HORIZONS[1].before(AS_OF), AS_OF)
    top = past > past.quantile(0.8)
    future = world.truth["expected_value_1y"]
    kept = _by_archetype(world, future.where(top)) / _by_archetype(world, past.where(top))
    assert kept["lumpy"] < 0.7
    assert kept["steady"] > 0.8


def test_dormant_accounts_come_back(world: World) -> None:
    before = _revenue(world, Horizon.parse("2 years").before(AS_OF), HORIZONS[1].before(AS_OF))
    last = _revenue(world, HORIZONS[1].before(AS_OF), AS_OF)
    following = _revenue(world, AS_OF, HORIZONS[1].after(AS_OF))
    assert ((before > 0) & (last == 0) & (following > 0)).sum() > 20


def test_every_archetype_and_new_accounts_without_history_are_there() -> None:
    small = make_world(100, as_of=AS_OF, horizons=HORIZONS, seed=1)
    assert set(small.truth["archetype"]) == {kind.name for kind in ARCHETYPES} | {"new"}
    new = small.truth.loc[small.truth["archetype"] == "new", "account_id"]
    history = small.transactions[small.transactions["time"] < AS_OF.at]
    assert (~new.isin(history["account_id"])).any()
    joined = small.accounts.groupby("account_id")["valid_from"].min()[new]
    assert joined.between("2023-09-30", "2023-12-31").all()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    files = [
        write_world(make_world(200, as_of=AS_OF, horizons=HORIZONS, seed=seed), tmp_path / name)
        for seed, name in ((5, "one"), (5, "two"), (6, "other"))
    ]
    assert set(files[0]) == {"transactions", "accounts", "truth"}
    for name, path in files[0].items():
        assert path.read_bytes() == files[1][name].read_bytes()
        assert path.read_bytes() != files[2][name].read_bytes()
    read = pd.read_parquet(files[0]["accounts"])
    pd.testing.assert_frame_equal(
        read, make_world(200, as_of=AS_OF, horizons=HORIZONS, seed=5).accounts
    )


#: SHA-256 of the rows of a book of transactions: contracts beside it must not move a byte.
DIGESTS = {"transactions": "f7778f05ee5f17e8", "accounts": "5f0e65d73adf759f"}


@pytest.mark.parametrize("name", DIGESTS)
def test_a_book_of_transactions_is_what_it_was_before_there_were_contracts(name: str) -> None:
    world = make_world(300, as_of=AS_OF, horizons=HORIZONS, seed=5)
    text = world.tables[name].to_csv(index=False, float_format="%.9g")
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == DIGESTS[name]


def test_contracts_beside_them_leave_the_purchases_alone(whole: World) -> None:
    alone = make_world(4_000, as_of=AS_OF, horizons=HORIZONS, seed=7).transactions
    beside = whole.transactions[~whole.transactions["under_contract"]]
    again = beside.sort_values("line_id", ignore_index=True)[list(alone)]
    pd.testing.assert_frame_equal(again, alone)
    fixed = ["account_id", "name", "employees", "addressable_seats"]
    members = whole.accounts.drop_duplicates("account_id")[fixed].reset_index(drop=True)
    other = make_world(4_000, as_of=AS_OF, horizons=HORIZONS, seed=7).accounts
    pd.testing.assert_frame_equal(
        members, other.drop_duplicates("account_id")[fixed].reset_index(drop=True)
    )


@pytest.mark.parametrize("book", ["transactions", "contracts", "whole"])
def test_tables_hold_what_their_schemas_say(book: BookName) -> None:
    world = make_world(250, as_of=AS_OF, horizons=HORIZONS, seed=4, book=book)
    missing = {
        "whole": set(),
        "contracts": {"transactions", "projects"},
        "transactions": {*TABLES} - {"transactions", "accounts"},
    }
    assert set(world.tables) == {*TABLES} - missing[book]
    for name, table in world.tables.items():
        schema = TABLES[name]
        inputs = {"quantity", "unit_price"} if name == "transactions" else set()
        assert set(table) <= {*schema.names} | inputs
        assert len(table)
        for column in schema.columns:
            if column.name in table:
                _holds(table[column.name], column)
        if schema.key:
            assert not table.duplicated(list(schema.key)).any(), name
        required = [column.name for column in schema.columns if column.required]
        assert set(required) <= set(table)


def _holds(values: pd.Series, column: Column) -> None:
    kinds = {"text": "str", "time": "datetime64[us]", "flag": "bool"}
    expected = kinds.get(column.kind)
    assert str(values.dtype) == expected if expected else values.dtype.kind in "fi", column
    present = values.dropna()
    assert len(present) == len(values) or not column.required
    if column.choices:
        assert set(present) <= set(column.choices)
    if column.least is not None:
        assert (present >= column.least).all()
    if column.most is not None:
        assert (present <= column.most).all()


@pytest.mark.parametrize("book", ["contracts", "whole"])
def test_the_same_seed_gives_the_same_bytes_of_every_table(tmp_path: Path, book: BookName) -> None:
    files = []
    for seed, name in ((5, "one"), (5, "two"), (6, "other")):
        world = make_world(60, as_of=AS_OF, horizons=HORIZONS, seed=seed, book=book)
        files.append(write_world(world, tmp_path / name))
    assert set(files[0]) == {*world.tables, "truth"}
    for name, path in files[0].items():
        assert path.read_bytes() == files[1][name].read_bytes()
        assert path.read_bytes() != files[2][name].read_bytes()


def test_nothing_happens_after_the_end_of_the_world(whole: World) -> None:
    end = pd.Timestamp(HORIZONS[1].after(AS_OF).at)
    for name, table in whole.tables.items():
        if "time" in table:
            assert table["time"].max() < end, name
            assert table["time"].max() > end - pd.Timedelta("28D"), name
    assert whole.tables["contracts"]["cancelled_at"].max() < end


@pytest.mark.parametrize("book", ["contracts", "whole"])
@pytest.mark.parametrize("accounts", [1, 7])
def test_a_world_may_be_tiny(accounts: int, book: BookName) -> None:
    world = make_world(accounts, as_of=AS_OF, horizons=HORIZONS, seed=2, book=book)
    assert len(world.truth) == accounts


def test_a_book_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="no book 'novel'"):
        make_world(5, as_of=AS_OF, horizons=HORIZONS, seed=1, book="novel")


@pytest.mark.parametrize("accounts", [1, 7, 1_500])
def test_the_size_is_an_argument(accounts: int) -> None:
    world = make_world(accounts, as_of=AS_OF, horizons=HORIZONS, seed=2)
    assert len(world.truth) == world.accounts["account_id"].nunique() == accounts


def test_history_and_future_reach_as_far_as_asked() -> None:
    world = make_world(
        500,
        as_of=AS_OF,
        horizons=HORIZONS,
        seed=3,
        history=Horizon.parse("2 years"),
        future=Horizon.parse("1 month"),
    )
    assert world.transactions["time"].between("2022-01-01", "2024-01-31 23:59:59").all()
    assert world.transactions["time"].min() < pd.Timestamp("2022-01-15")
    assert world.transactions["time"].max() > pd.Timestamp("2024-01-20")


def test_a_shorter_future_leaves_the_columns_of_the_truth_alone() -> None:
    world = make_world(20, as_of=AS_OF, horizons=HORIZONS, seed=3, future=Horizon.parse("1 month"))
    assert world.truth.columns.tolist() == [
        "account_id", "archetype", "potential", "state",
        "expected_value_3m", "expected_margin_3m", "silence_3m",
        "expected_value_1y", "expected_margin_1y", "silence_1y",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("accounts", "as_of", "horizons"),
    [(0, AS_OF, HORIZONS), (5, AS_OF, ()), (5, Cutoff.parse("2024-01-01 12:00"), HORIZONS)],
)
def test_a_world_that_cannot_be_is_refused(
    accounts: int, as_of: Cutoff, horizons: tuple[Horizon, ...]
) -> None:
    with pytest.raises(UsageError):
        make_world(accounts, as_of=as_of, horizons=horizons, seed=1)


@pytest.mark.parametrize("cutoff", ["2019-12-31", "2025-01-01", "2023-05-01 10:00"])
def test_the_truth_is_told_at_midnights_of_the_world_only(world: World, cutoff: str) -> None:
    with pytest.raises(UsageError, match="midnights from 2020-01-01 to 2025-01-01"):
        world.truth_at(Cutoff.parse(cutoff))
