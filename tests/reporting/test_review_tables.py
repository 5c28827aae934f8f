"""What the page reads is gathered from the stored tables and the manifest alone."""

from __future__ import annotations

import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.reporting.review import render_review
from valuemodel.reporting.review_tables import ReviewTables

STORED = ("predictions", "account_facts", "recommendations", "importance", "comparison", "deciles")


@pytest.fixture(scope="module")
def manifest(example):
    said = {
        "project": "online-retail", "currency": "GBP", "measure": "revenue", "as_of": "2011-06-09",
        "tier_horizon": "6m", "model_name": "lightgbm", "model_version": 3, "model_digest": "9f2c",
    }  # fmt: skip
    policy = example.tables(2).policy.model_dump(mode="json", exclude_none=True)
    parts = {"predictions": ["wallet_6m"], "account_facts": ["arr"]}
    data = {"complete_until": "2011-12-10"}
    return said | {"policy": policy, "data": data, "missing_parts": parts}


@pytest.fixture(scope="module")
def stored(example):
    tables = example.tables(60)
    return {name: getattr(tables, name) for name in STORED}


def test_stored_tables_and_manifest_are_enough_for_the_page(stored, manifest, example):
    gathered = ReviewTables.of_run(stored, manifest)
    assert gathered.header.model_version == "3"
    assert gathered.header.missing_parts == ("wallet_6m",)
    assert gathered.header.data_until == "2011-06-09"  # the future in the file was not used
    assert gathered.policy == example.tables(2).policy
    assert "online-retail" in render_review(gathered)


def test_data_that_ends_before_the_cutoff_is_said_to(stored, manifest):
    short = manifest | {"data": {"complete_until": "2011-05-01"}}
    assert ReviewTables.of_run(stored, short).header.data_until == "2011-05-01"


def test_a_run_that_holds_too_little_is_refused_by_name(stored, manifest):
    some = {name: said for name, said in manifest.items() if name not in ("currency", "policy")}
    with pytest.raises(DataRefused, match="no currency in the manifest, no policy"):
        ReviewTables.of_run(stored, some)
    with pytest.raises(DataRefused, match="no table deciles"):
        ReviewTables.of_run({n: t for n, t in stored.items() if n != "deciles"}, manifest)


def test_rows_set_aside_and_excluded_are_listed_with_their_money_and_why(stored, manifest):
    said = {"rule": "missing_account", "rows": 2, "amount": "10.50", "share": 0.1, "limit": 0.3}
    table = {"quarantined": [said], "excluded": {"samples": {"rows": 3, "amount": "-4.25"}}}
    data = manifest["data"] | {"transactions": table, "accounts": None}
    lines = ReviewTables.of_run(stored, manifest | {"data": data}).quarantine.to_dict("records")
    assert lines == [
        {
            "rule": "missing_account",
            "reason": "transactions: no account is named",
            "rows": 2,
            "money": 10.5,
        },
        {"rule": "excluded", "reason": "transactions: samples", "rows": 3, "money": -4.25},
    ]


def test_what_a_value_and_churn_are_and_what_the_book_lacks_are_taken_from_the_run(
    stored, manifest
):
    said = {
        "value_statement": "margin; billed; refunds net",
        "churn_statement": "no contract in force from some day of the window on",
        "churn_rule": "contract",
        "model_labels": ["6m: labels complete at 2 of 6 snapshots, the others are censored"],
        "data": manifest["data"] | {"lacks": ["no usage: no seats used"]},
    }
    header = ReviewTables.of_run(stored, manifest | said).header
    assert header.value_words == "margin; billed; refunds net"
    assert header.risk == "risk that the contract lapses"
    assert header.lacks == ("no usage: no seats used",)
    assert header.labels == tuple(said["model_labels"])


def test_a_run_of_before_is_read_by_its_bare_measure(stored, manifest):
    header = ReviewTables.of_run(stored, manifest).header
    assert header.value_words == "revenue"
    assert header.risk == "risk of no purchase"
    assert ReviewTables.of_run(stored, manifest | {"churn_rule": None}).header.risk


def test_rows_set_aside_of_every_table_are_listed(stored, manifest):
    said = {"rule": "end_before_start", "rows": 4, "amount": "99.00", "share": 0.1, "limit": 0.3}
    data = manifest["data"] | {"others": {"contracts": {"quarantined": [said], "excluded": {}}}}
    (line,) = ReviewTables.of_run(stored, manifest | {"data": data}).quarantine.to_dict("records")
    assert line["reason"].startswith("contracts: the contract ends before it begins")
    assert (line["rows"], line["money"]) == (4, 99.0)
