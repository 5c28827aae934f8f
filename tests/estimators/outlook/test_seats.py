"""The wallet in seats is arithmetic that anybody can redo."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from valuemodel.estimators.outlook.seats import FEWEST_PRICES, SeatPrices

NAMES = [
    "addressable_seats", "price_per_seat", "contract_tenure_days", "contract_value_share_365d", "industry",
]  # fmt: skip
NONE = np.nan


def wallet(*row, past=0.0, days=365.0, prices=None):
    prices = prices or SeatPrices(100.0, {1: 80.0})
    return prices.wallet(np.array([row]), NAMES, np.array([past]), days)[0]


def test_all_seats_at_the_price_that_the_account_pays():
    assert wallet(50.0, 120.0, 400.0, 1.0, 0.0) == 6_000
    assert wallet(50.0, 120.0, 400.0, 1.0, 0.0, days=73.0) == 1_200


def test_what_it_spends_beside_its_contracts_comes_on_top():
    assert wallet(50.0, 120.0, 400.0, 0.75, 0.0, past=8_000.0) == 6_000 + 2_000
    assert wallet(50.0, 120.0, 400.0, 0.75, 0.0, past=-8_000.0) == 6_000  # no refund is a debt
    assert wallet(50.0, 120.0, 400.0, NONE, 0.0, past=8_000.0) == 6_000  # its parts are not known


def test_where_its_contracts_say_no_price_that_of_the_peers_holds():
    assert wallet(10.0, NONE, 400.0, 1.0, 1.0) == 800  # of its industry
    assert wallet(10.0, NONE, 400.0, 1.0, 0.0) == 1_000  # of the book
    assert wallet(10.0, NONE, 400.0, 1.0, NONE) == 1_000


@pytest.mark.parametrize(
    "row",
    [
        (NONE, 120.0, 400.0, 1.0, 0.0),  # nobody knows how many seats it could use
        (0.0, 120.0, 400.0, 1.0, 0.0),
        (50.0, NONE, NONE, NONE, 0.0),  # it never bought by the seat
    ],
)
def test_without_seats_or_a_contract_there_is_no_such_wallet(row):
    assert np.isnan(wallet(*row))
    frame = pd.DataFrame([row], columns=NAMES)
    assert not SeatPrices(100.0, {}).known(frame)[0]


def test_without_any_price_there_is_none_but_for_those_who_say_theirs():
    silent = SeatPrices.learn(np.array([[5.0, NONE, 1.0, 1.0, 0.0]]), NAMES)
    assert np.isnan(wallet(5.0, NONE, 9.0, 1.0, 0.0, prices=silent))
    assert wallet(5.0, 10.0, 9.0, 1.0, 0.0, prices=silent) == 50
    assert np.isnan(SeatPrices.from_json(silent.to_json()).usual)


def test_the_usual_price_is_the_middle_one_of_the_industry_if_enough_say_theirs():
    price = np.r_[np.arange(1.0, FEWEST_PRICES + 1), np.full(FEWEST_PRICES - 1, 1_000.0), NONE]
    industry = np.r_[np.zeros(FEWEST_PRICES), np.ones(FEWEST_PRICES)]
    matrix = np.column_stack([np.ones((len(price), 1)), price, *np.ones((2, len(price))), industry])
    prices = SeatPrices.learn(matrix, NAMES)
    assert prices.of_industry == {0: (FEWEST_PRICES + 1) / 2}
    assert prices.usual == np.nanmedian(price)
    assert SeatPrices.from_json(prices.to_json()) == prices


def test_who_is_told_to_have_such_a_wallet_has_one():
    rng = np.random.default_rng(0)
    values = rng.uniform(1, 100, (500, len(NAMES)))
    values[rng.random(values.shape) < 0.3] = NONE
    found = SeatPrices(100.0, {}).wallet(values, NAMES, np.zeros(500), 365.0)
    known = SeatPrices(100.0, {}).known(pd.DataFrame(values, columns=NAMES))
    np.testing.assert_array_equal(known, ~np.isnan(found))
    assert 0 < known.sum() < 500


def test_a_book_without_these_features_has_none():
    assert np.isnan(SeatPrices(100.0, {}).wallet(np.ones((2, 1)), ["x"], np.ones(2), 365.0)).all()
