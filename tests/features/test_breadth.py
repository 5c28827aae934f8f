from __future__ import annotations

from tests.features.worked import days_ago, features_of

BREADTH = ["products_730d", "products_365d", "products_new_180d", "top_product_share_365d"]


def test_products_are_counted_once_per_window():
    lines = [days_ago(10, product="p"), days_ago(200, product="p"), days_ago(5, product="new")]
    lines += [days_ago(400, product="old"), days_ago(731, product="forgotten")]
    assert features_of(*lines)[BREADTH[:3]].to_list() == [3, 2, 1]


def test_the_top_product_is_the_one_with_the_largest_amount():
    lines = [
        days_ago(10, 30, product="p"),
        days_ago(9, 30, product="p"),
        days_ago(8, 40, product="q"),
    ]
    assert features_of(*lines)["top_product_share_365d"] == 0.6


def test_what_was_only_given_back_was_not_bought():
    found = features_of(days_ago(10, 30, product="p"), days_ago(9, -30, product="q"))
    assert found["products_365d"] == 1


def test_without_products_in_the_data_breadth_is_missing_and_the_columns_are_there():
    assert features_of(days_ago(10))[BREADTH].isna().all()
