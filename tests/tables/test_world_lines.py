"""The lines of the synthetic world read like the export of an order system."""

from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tables.world import World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    year = Horizon.parse("1 year")
    return make_world(800, as_of=Cutoff.parse("2024-03-01"), horizons=[year], seed=4)


@pytest.fixture(scope="module")
def lines(world: World) -> pd.DataFrame:
    return world.transactions


def test_ids_are_padded_text_and_count_up_in_time(lines: pd.DataFrame) -> None:
    assert lines["line_id"].is_unique
    assert lines["line_id"].is_monotonic_increasing
    assert lines["time"].is_monotonic_increasing
    assert lines["account_id"].str.fullmatch(r"A\d{7}").all()
    assert lines["order_id"].str.fullmatch(r"[OC]\d{9}").all()
    assert lines["product_id"].str.fullmatch(r"P\d{4}").all()
    assert str(lines["time"].dtype) == "datetime64[us]"


def test_an_order_belongs_to_one_account_and_one_instant(lines: pd.DataFrame) -> None:
    orders = lines.groupby("order_id")
    assert orders["account_id"].nunique().max() == 1
    assert orders["time"].nunique().max() == 1
    assert orders.size().max() > 1


def test_amounts_are_quantity_times_price_in_cents(lines: pd.DataFrame) -> None:
    exact = (lines["quantity"] * lines["unit_price"]).round(2)
    pd.testing.assert_series_equal(exact, lines["amount"], check_names=False)
    assert lines["cost"].round(2).equals(lines["cost"])
    assert (lines["unit_price"] > 0).all()


def test_a_refund_takes_back_an_earlier_line_on_a_credit_note(lines: pd.DataFrame) -> None:
    back = lines[lines["amount"] < 0]
    assert 0.005 < len(back) / len(lines) < 0.05
    assert (back["order_id"].str.startswith("C") & (back["quantity"] < 0)).all()
    assert lines[lines["amount"] > 0]["order_id"].str.startswith("O").all()
    key = ["account_id", "product_id", "quantity", "unit_price", "cost"]
    mirrored = back.assign(quantity=-back["quantity"], cost=-back["cost"])
    sold = lines[lines["amount"] > 0]
    pairs = mirrored.merge(sold, on=key, suffixes=("", "_sold"))
    assert pairs["line_id"].nunique() == len(back)
    assert (pairs.groupby("line_id")["time_sold"].min() < back.set_index("line_id")["time"]).all()


def test_nothing_is_bought_before_the_account_is_in_the_book(world: World) -> None:
    joined = world.accounts.groupby("account_id")["valid_from"].min()
    assert (world.transactions["time"] >= world.transactions["account_id"].map(joined)).all()


def test_orders_come_in_office_hours(lines: pd.DataFrame) -> None:
    assert lines["time"].dt.hour.between(8, 17).all()


def test_an_account_keeps_to_a_basket_of_products(lines: pd.DataFrame) -> None:
    basket = lines.groupby("account_id")["product_id"].nunique()
    assert 2 <= basket.median() <= 12
    assert basket.max() <= 30
