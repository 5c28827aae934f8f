"""Whatever did not reach the ledger can be looked at: as it was, where it was, and why."""

from __future__ import annotations

from decimal import Decimal

from tests.faults.book import as_csv, attempt


def test_every_kind_of_row_is_there_with_its_source_and_reason(tmp_path):
    header = ["account_id", "time", "amount", "line_id", "order_id", "Rule", "kind"]
    good = [
        (f"a{n}", "2024-01-01", "1", str(n), "o", "r", "sale") for n in range(2, 40)
    ]  # fmt: skip
    odd = [
        ("a0", "2024-01-01", "7.5", "0", "o", "r", "test"),
        ("", "2024-01-01", "2.5", "1", "o", "mine", "sale"),
        good[0],
        ("a9", "2024-01-01"),
    ]
    (tmp_path / "t.csv").write_text(as_csv([*odd[:2], *good, *odd[2:]], header))
    (tmp_path / "a.csv").write_text(as_csv([[f"a{n}"] for n in range(40)] + [[""]], ["account_id"]))
    found = attempt(
        tmp_path,
        {
            "limits": {"missing_account": 0.1, "ragged_row": 0.1},
            "exclude": [{"reason": "a trial", "when": [{"column": "kind", "equals": "test"}]}],
        },
        accounts={"source": "a.csv", "limits": {"missing_account": 0.1}},
    )
    aside = found.tables["quarantine"]
    assert {
        (row["table"], row["rule"], row["source_file"], row["source_row"]) for row in aside
    } == {
        ("transactions", "excluded", "t.csv", 1),
        ("transactions", "missing_account", "t.csv", 2),
        ("transactions", "exact_duplicate", "t.csv", 41),
        ("transactions", "ragged_row", "t.csv", 42),
        ("accounts", "missing_account", "a.csv", 41),
    }
    by_rule = {(row["table"], row["rule"]): row for row in aside}
    assert by_rule["transactions", "excluded"]["reason"] == "a trial"
    assert by_rule["transactions", "ragged_row"]["line"] == "a9,2024-01-01"
    guest = by_rule["transactions", "missing_account"]
    assert guest["amount"] == Decimal("2.5")
    assert (guest["source_Rule"], guest["kind"], guest["source_amount"]) == ("mine", "sale", "2.5")
