from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from valuemodel.exceptions import GateRefused
from valuemodel.io.conservation import Accounts, check_conservation, check_same_money

BOOK = Accounts(["a", "b", "c"], Decimal("10.30"))
PARTS = {
    "scored": Accounts(["c", "a"], Decimal("10.10")),
    "excluded": Accounts(["b"], Decimal("0.20")),
    "quarantined": Accounts([]),
}


def test_the_identity_names_counts_money_and_ids() -> None:
    found = check_conservation(BOOK, PARTS)
    assert found["accounts"] == {"input": 3, "scored": 2, "excluded": 1, "quarantined": 0}
    assert found["money"]["scored"] == "10.10"  # type: ignore[index]
    assert Accounts(["a", "c"]).digest == Accounts({"c", "a"}).digest != Accounts(["a"]).digest


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        (Accounts([], Decimal("0.20")), "1 neither scored nor excluded nor quarantined: 'b'"),
        (Accounts(["b", "a"], Decimal("0.20")), "1 both scored and excluded: 'a'"),
        (Accounts(["b", "x"], Decimal("0.20")), "1 not in the input: 'x'"),
        (Accounts(["b", "b"], Decimal("0.20")), "1 more than once in excluded"),
        (Accounts(["b"], Decimal("0.21")), "money of the input 10.30, of its parts 10.31"),
    ],
)
def test_every_way_to_lose_an_account_is_refused(part: Accounts, fault: str) -> None:
    with pytest.raises(GateRefused, match=fault) as caught:
        check_conservation(BOOK, PARTS | {"excluded": part})
    assert caught.value.exit_code == 4


def test_one_lost_and_one_doubled_do_not_cancel_out() -> None:
    parts = {"scored": Accounts(["a", "a"], BOOK.money), "excluded": Accounts(["b"])}
    with pytest.raises(GateRefused) as caught:
        check_conservation(BOOK, parts)
    assert len(caught.value.details) == 2


def test_the_last_digit_may_differ_between_two_tables_and_a_cent_may_not() -> None:
    known = pd.Series([1000 / 3, 1e9, 0.0], ["a", "b", "c"])
    check_same_money(known, known * (1 + 2e-16))
    with pytest.raises(GateRefused, match="1 differ: 'c'"):
        check_same_money(known, known.where(known > 0, 0.01))
