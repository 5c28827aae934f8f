"""Real tables beside sales: read as a person would declare them, every row and cent accounted for.

The counts are taken from the files by SQL of this test's own, not by the package.
"""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from valuemodel.exceptions import DataRefused
from valuemodel.io.engine import connect
from valuemodel.io.sources import open_ledger
from valuemodel.settings import Settings
from valuemodel.tables.quality import Tally

pytestmark = pytest.mark.real_data

RAVENSTACK = {
    "contracts": {
        "source": "${DATA}/ravenstack/subscriptions.parquet",
        "columns": {
            "contract_id": "subscription_id",
            "start": "start_date",
            "end": "end_date",
            "arr": "arr_amount",
            "auto_renew": "auto_renew_flag",
        },
    },
    "accounts": {
        "source": "${DATA}/ravenstack/accounts.parquet",
        "columns": {
            "name": "account_name",
            "valid_from": "signup_date",
            "addressable_seats": "seats",
        },
    },
    "interactions": {
        "source": "${DATA}/ravenstack/support_tickets.parquet",
        "columns": {
            "time": "submitted_at",
            "kind": "priority",
            "hours": "resolution_time_hours",
            "rating": "satisfaction_score",
        },
    },
}
PIPELINE = "${DATA}/crm_opportunities/sales_pipeline.parquet"
CRM = {
    "transactions": {
        "source": PIPELINE,
        "columns": {
            "account_id": "account",
            "time": "close_date",
            "amount": "close_value",
            "order_id": "opportunity_id",
            "product_id": "product",
        },
        "exclude": [
            {
                "reason": "not won",
                "when": [
                    {"column": "deal_stage", "one_of": ["Lost", "Engaging", "Prospecting"]},
                ],
            }
        ],
    },
    "opportunities": {
        "source": PIPELINE,
        "columns": {
            "account_id": "account",
            "time": "engage_date",
            "stage": "deal_stage",
            "closed": "close_date",
            "value": "close_value",
            "product_id": "product",
        },
        "won": ["Won"],
        "lost": ["Lost"],
    },
}


@pytest.fixture
def opened(tmp_path, monkeypatch, real_data):
    """Open tables as their settings declare them."""
    monkeypatch.setenv("VALUEMODEL_DATA", str(real_data))
    connections = []

    def open_tables(tables):
        document = {
            "project": {"name": "real", "currency": "USD"},
            "tables": tables,
            "value": {"horizons": ["3 months", "1 year"]},
        }
        settings = Settings.parse(document)
        connection = connect(settings.engine, tmp_path / str(len(connections)))
        connections.append(connection)
        return open_ledger(connection, settings, tmp_path)

    yield open_tables
    for connection in connections:
        connection.disconnect()


def asked(sql, real_data):
    return duckdb.sql(sql.format(data=real_data)).fetchall()


def test_subscriptions_are_contracts_and_the_book_says_that_it_has_no_sales(opened, real_data):
    tables = opened(RAVENSTACK)
    report = tables.report
    ((rows, money, accounts, first),) = asked(
        "SELECT count(*), sum(arr_amount), count(DISTINCT account_id), min(start_date) "
        "FROM '{data}/ravenstack/subscriptions.parquet'",
        real_data,
    )
    ((bad, bad_money),) = asked(
        "SELECT count(*), sum(arr_amount) FROM '{data}/ravenstack/subscriptions.parquet' "
        "WHERE end_date <= start_date",
        real_data,
    )
    contracts = report.others["contracts"]
    assert contracts.read == Tally(rows, Decimal(money))
    assert contracts.accepted == Tally(rows - bad, Decimal(money - bad_money))
    assert [(found.rule, found.rows) for found in contracts.quarantined] == [
        ("end_before_start", bad)
    ]
    assert bad > 0
    assert report.buying_accounts == accounts
    assert report.first == str(first.date())
    assert (report.transactions, report.coverage) == (None, 1.0)
    assert report.lacks[0].startswith("no transactions:")
    assert tables.ledger.contracts.count().to_pyarrow().as_py() == rows - bad
    assert tables.ledger.transactions.count().to_pyarrow().as_py() == 0
    assert len(report.lines()) <= 40


def test_usage_without_an_account_is_refused_and_taken_once_it_is_joined(
    opened, real_data, tmp_path
):
    columns = {"time": "usage_date", "quantity": "usage_count", "product_id": "feature_name"}
    usage = {"source": "${DATA}/ravenstack/feature_usage.parquet", "columns": columns}
    with pytest.raises(DataRefused, match="usage has no column for account_id"):
        opened(RAVENSTACK | {"usage": usage})
    duckdb.sql(
        f"COPY (SELECT u.*, s.account_id FROM '{real_data}/ravenstack/feature_usage.parquet' AS u "
        f"JOIN '{real_data}/ravenstack/subscriptions.parquet' AS s USING (subscription_id)) "
        f"TO '{tmp_path}/usage.parquet'"
    )
    tables = opened(RAVENSTACK | {"usage": usage | {"source": "usage.parquet"}})
    ((rows, used),) = asked(
        "SELECT count(*), sum(usage_count) FROM '{data}/ravenstack/feature_usage.parquet'",
        real_data,
    )
    kept = tables.ledger.usage.aggregate(
        rows=tables.ledger.usage.count(), used=tables.ledger.usage.quantity.sum()
    )
    assert kept.to_pyarrow().to_pylist() == [{"rows": rows, "used": float(used)}]


def test_opportunities_of_nobody_refuse_the_table_until_the_settings_allow_them(opened, real_data):
    counts = dict(
        asked(
            "SELECT CASE WHEN account IS NULL THEN 'missing_account' WHEN engage_date IS NULL "
            "THEN 'missing_time' ELSE 'accepted' END, count(*) "
            "FROM '{data}/crm_opportunities/sales_pipeline.parquet' GROUP BY 1",
            real_data,
        )
    )
    with pytest.raises(DataRefused) as refused:
        opened(CRM)
    message = str(refused.value)
    for rule in ("missing_account", "missing_time"):
        assert f"{rule}: " in message
        assert f"{counts[rule]:,} rows" in message
    limits = {"missing_account": 0.2, "missing_time": 0.02}
    tables = opened(CRM | {"opportunities": CRM["opportunities"] | {"limits": limits}})
    found = tables.report.others["opportunities"]
    assert {rule.rule: rule.rows for rule in found.quarantined} | {
        "accepted": found.accepted.rows
    } == counts
    ((won, money),) = asked(
        "SELECT count(*), sum(close_value)::DECIMAL(18, 2) "
        "FROM '{data}/crm_opportunities/sales_pipeline.parquet' WHERE deal_stage = 'Won'",
        real_data,
    )
    assert tables.report.transactions.accepted == Tally(won, money)
    assert not [line for line in tables.report.warnings if "no opportunity is" in line]


def test_stages_that_end_under_other_names_are_pointed_out(opened):
    section = {k: v for k, v in CRM["opportunities"].items() if k not in ("won", "lost")}
    section |= {"limits": {"missing_account": 0.2, "missing_time": 0.02}}
    warnings = opened(CRM | {"opportunities": section}).report.warnings
    assert any("the stages are Engaging, Lost, Won" in line for line in warnings)
