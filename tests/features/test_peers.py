from __future__ import annotations

import random
import statistics
from decimal import Decimal

import pytest

from tests.features.whole_account import at, group_of, row
from valuemodel.features.peers import FEWEST

OWNED = ["peer_products_owned", "peer_products_lacking", "peer_products_share"]


def bought(account, amount=10, product=None, days=30):
    return row("transactions", days, account, amount=amount, product_id=product)


def listed(account, industry, since=None):
    return {"account_id": account, "industry": industry, "valid_from": since}


def peers_of(*lines, accounts=None, **tables):
    return group_of("peers", accounts, transactions=lines, **tables)


def test_common_products_are_those_that_three_of_ten_peers_buy():
    names = [f"a{number}" for number in range(10)]
    lines = [bought(name, product="all") for name in names]
    lines += [bought(name, product="some") for name in names[:3]]
    lines += [bought(name, product="rare") for name in names[:2]]
    lines += [bought(name, product="old", days=731) for name in names]
    lines += [bought(name, -5, product="given back") for name in names]
    found = peers_of(*lines)
    assert found.loc["a0", OWNED].to_list() == [2, 0, 1]
    assert found.loc["a9", OWNED].to_list() == [1, 1, 0.5]


def test_without_known_products_nothing_is_common():
    found = peers_of(bought("a"), bought("b"))
    assert found.loc["a", OWNED[:2]].to_list() == [0, 0]
    assert found[OWNED[2]].isna().all()


def test_value_is_compared_with_the_middle_of_the_peers():
    found = peers_of(*(bought(f"a{number}", 2**number) for number in range(5)))
    growth = [(2**number - 4) / (2**number + 4) for number in range(5)]
    assert found["value_against_peers_365d"].to_list() == growth
    assert found["value_rank_in_peers_365d"].to_list() == [0, 0.25, 0.5, 0.75, 1]


def test_the_middle_of_an_even_number_lies_between_two_and_equals_rank_alike():
    found = peers_of(bought("a", 10), bought("b", 10), bought("c", 20), bought("d", 40))
    assert found.loc["c", "value_against_peers_365d"] == pytest.approx(5 / 35)
    assert found["value_rank_in_peers_365d"].to_list() == pytest.approx([0, 0, 2 / 3, 1])


def test_who_was_not_active_for_two_years_is_nobodys_peer_but_has_peers():
    found = peers_of(bought("a", 10), bought("b", 30), bought("gone", 999, days=731))
    assert found.loc["a", "value_against_peers_365d"] == pytest.approx(-10 / 30)
    assert found.loc["gone", "value_against_peers_365d"] == -1
    assert found["value_rank_in_peers_365d"].isna().to_list() == [False, False, True]


def test_an_account_that_is_only_listed_lacks_what_its_peers_have():
    found = peers_of(
        bought("a", product="p"), bought("b", product="p"), accounts=(listed("new", None, at(9)),)
    )
    assert found.loc["new", OWNED].to_list() == [0, 1, 0]


def test_peers_are_of_the_same_industry_where_it_has_enough_of_them():
    large = [f"l{number:02d}" for number in range(FEWEST)]
    small = [f"s{number:02d}" for number in range(FEWEST - 1)]
    lines = [bought(name, 100, "for large") for name in large]
    lines += [bought(name, 10, "for small") for name in small]
    lines.append(bought("stranger", 10))
    rows = [listed(name, "large") for name in large] + [listed(name, "small") for name in small]
    found = peers_of(*lines, accounts=tuple(rows))
    assert found.loc["l00", OWNED].to_list() == [1, 0, 1]
    # All accounts are the peers of the others: both products are common among them.
    assert found.loc["s00", OWNED].to_list() == [1, 1, 0.5]
    assert found.loc["stranger", OWNED].to_list() == [0, 2, 0]
    assert found.loc["l00", "value_against_peers_365d"] == 0
    assert found.loc["s00", "value_against_peers_365d"] == pytest.approx((10 - 55) / (10 + 55))
    assert found.loc["stranger", "value_rank_in_peers_365d"] == 0


def test_the_industry_is_the_one_of_the_cutoff():
    names = [f"a{number:02d}" for number in range(FEWEST)]
    moved = [listed(name, "retail", at(900)) for name in names]
    moved += [listed(name, "hospital", at(-1)) for name in names]
    lines = [*(bought(name, 100) for name in names), bought("b", 1), bought("c", 1)]
    found = peers_of(*lines, accounts=tuple(moved))
    assert found.loc["a00", "value_rank_in_peers_365d"] == 0
    assert found.loc["b", "value_against_peers_365d"] == pytest.approx(-99 / 101)


def test_a_contract_makes_an_account_active_and_counts_in_its_value():
    covered = row("contracts", 400, "b", contract_id="1", arr=365)
    found = peers_of(bought("a", 65), contracts=(covered,))
    assert found.loc["a", "value_against_peers_365d"] == pytest.approx((65 - 215) / (65 + 215))
    assert found.loc["b", "value_rank_in_peers_365d"] == 1


def test_medians_are_exact_and_do_not_depend_on_the_order_of_rows():
    rng = random.Random(3)
    amounts = {f"a{number:03d}": Decimal(rng.randrange(1, 9_999)) / 100 for number in range(100)}
    lines = [bought(name, amount) for name, amount in amounts.items()]
    found = peers_of(*lines)
    middle = statistics.median(amounts.values())
    for name, amount in amounts.items():
        expected = float((amount - middle) / (amount + middle))
        assert found.loc[name, "value_against_peers_365d"] == pytest.approx(expected, abs=1e-12)
    rng.shuffle(lines)
    assert peers_of(*lines).equals(found)
