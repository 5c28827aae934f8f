"""Stored tables of a made-up run, realistic enough to look at; loaded by the conftests beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from valuemodel.reporting.review_tables import ReviewHeader, ReviewTables
from valuemodel.scoring import prediction_columns
from valuemodel.settings import ValueSection
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.recommendations import assign_tiers

AS_OF = pd.Timestamp("2011-06-09")
FIRST = ["Northwind", "Halden", "Corvus", "Bramley", "Ostermann", "Kestrel", "Fjord", "Lumen"]
LAST = ["Trading", "Interiors", "Gifts Ltd", "Logistik GmbH", "& Sons", "Homeware", "Retail Group"]


def header(**changes) -> ReviewHeader:
    facts = {
        "project": "online-retail",
        "currency": "GBP",
        "measure": "revenue",
        "as_of": "2011-06-09",
        "data_until": "2011-06-09",
        "horizon": "6m",
        "model_name": "lightgbm",
        "model_version": "3",
        "model_digest": "9f2c1a77d0e4b1",
        "missing_parts": ("wallet", "winnability", "intervals"),
    }
    return ReviewHeader(**(facts | changes))


def book(accounts: int, seed: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions and account facts of a book with a heavy tail."""
    draw = np.random.default_rng(seed)
    past = np.where(draw.random(accounts) < 0.3, 0.0, draw.lognormal(6.0, 1.6, accounts)).round(2)
    value = (
        0.6 * past * draw.lognormal(0.0, 0.6, accounts) + draw.lognormal(4, 1.4, accounts)
    ).round(4)
    churn = 1 / (1 + (value / 120) ** 1.3)
    ids = [f"{12000 + number}" for number in range(accounts)]
    predictions = pd.DataFrame(
        {
            "account_id": ids,
            "as_of": AS_OF,
            "value_6m": value,
            "past_value_6m": past,
            "churn_6m": churn,
            "tags": np.select([past > 20_000, past == 0], ["lumpy", "few_orders"], ""),
            "model_version": "3",
        }
    )
    section = ValueSection.model_validate({"horizons": ["6 months"]})
    facts = pd.DataFrame(
        {
            "account_id": ids,
            "name": [
                f"{FIRST[i % 8]} {LAST[i % 7]} {i // 56 or ''}".strip() for i in range(accounts)
            ],
            "region": draw.choice(["North", "South", "Midlands", "Scotland", "Export"], accounts),
            "owner": draw.choice(["A. Khan", "B. Osei", "C. Marsh"], accounts),
        }
    )
    return predictions.reindex(columns=prediction_columns(section)), facts


def importance() -> pd.DataFrame:
    groups = {
        "monetary": (
            "What it has been worth",
            ["Value in the last 6 months", "Value so far"],
            612,
            0.03,
        ),
        "recency_frequency": (
            "How recently and how often it buys",
            [
                "Days since the last order",
                "Orders in the last 90 days",
                "Usual time between purchase days",
            ],
            274,
            0.118,
        ),
        "trend": (
            "Whether it grows or declines",
            ["Growth of value, last 90 days against the 90 before"],
            141,
            0.021,
        ),
        "breadth": ("How many products it buys", ["Different products so far"], 88, 0.034),
        "profile": ("Who it is", ["Country", "Industry"], 12, 0.004),
    }
    rows = []
    for group, (label, features, value, churn) in groups.items():
        for head, size in (("value", value), ("churn", churn)):
            rows.append((head, "6m", group, "(all)", label, size, 4000, "(all)"))
            for number, feature in enumerate(features):
                share = size / (2 + number)
                rows.append((head, "6m", group, feature, feature, share, 4000, feature))
    names = ["head", "horizon", "group", "feature", "label", "mean_abs", "accounts", "driver"]
    return pd.DataFrame(rows, columns=names)


def comparison() -> pd.DataFrame:
    rows = [
        ("value", "6m", "lightgbm", "normalised_gini", 0.812, 0.771, 0.041, 0.022, 0.061),
        ("value", "6m", "lightgbm", "top_decile_of_perfect", 0.741, 0.688, 0.053, 0.011, 0.094),
        ("value", "6m", "lightgbm", "decile_mape", 0.12, 0.55, -0.43, -0.51, -0.31),
        ("value", "6m", "lightgbm", "mae", 421.0, 433.0, -12.0, -40.0, 17.0),
        ("value", "6m", "lightgbm", "rmse", 3120.0, 2890.0, 230.0, -40.0, 520.0),
        ("churn", "6m", "lightgbm", "brier", 0.171, 0.168, 0.003, 0.001, 0.005),
    ]
    names = [
        "target",
        "horizon",
        "model",
        "metric",
        "figure",
        "baseline",
        "difference",
        "low",
        "high",
    ]
    return pd.DataFrame(rows, columns=names)


def deciles() -> pd.DataFrame:
    came = np.array([6210, 1480, 820, 540, 390, 260, 180, 120, 70, 30.0])
    off = np.array([0.94, 1.03, 1.06, 0.97, 0.92, 1.1, 1.0, 0.9, 1.2, 1.3])
    found = np.array([5790, 1510, 760, 500, 420, 310, 330, 210, 160, 110.0])
    shown = {"predicted": came * off, "actual": came, "by_baseline": found}
    return pd.DataFrame({"decile": range(1, 11), "accounts": 1203, **shown, "model": "lightgbm"})


def quarantine() -> pd.DataFrame:
    rows = [
        ("missing_account", "no customer id: a guest", 135_080, 1_447_682.27),
        ("unreadable_amount", "a price that is no number", 3, 0.0),
        ("excluded", "samples and bank charges", 2_160, -168_469.6),
    ]
    return pd.DataFrame(rows, columns=["rule", "reason", "rows", "money"])


def reasons(predictions: pd.DataFrame) -> pd.DataFrame:
    up = "Last order 19 days ago: adds about £1.2k to the next 6 months"
    down = "No order in the last 90 days: takes about £840 off the next 6 months"
    risk = "Last order 214 days ago: raises the risk of no purchase by about 12 points"
    return pd.DataFrame(
        {
            "account_id": predictions["account_id"],
            "reason_up_1": up,
            "reason_up_2": "Worth £8.4k in the last 6 months: adds about £640 to the next 6 months",
            "reason_down_1": down,
            "reason_down_2": risk,
        }
    )


def manifest() -> dict[str, object]:
    return {
        "as_of": "2011-06-09",
        "run_key": "5d1f9a",
        "counts": {"accounts": 4000, "scored": 4000},
        "digests": {"predictions.parquet": "a" * 64},
        "files": ["predictions.parquet", "recommendations.parquet"],
    }


def tables(accounts: int = 400, **changes) -> ReviewTables:
    """Everything that a review page reads."""
    predictions, facts = book(accounts)
    policy = TierPolicy.parse({"version": "2026-1", "review_months": 3})
    parts = {
        "header": header(),
        "predictions": predictions,
        "account_facts": facts,
        "recommendations": assign_tiers(predictions, policy, facts, reasons=reasons(predictions)),
        "importance": importance(),
        "comparison": comparison(),
        "deciles": deciles(),
        "quarantine": quarantine(),
        "policy": policy,
        "manifest": manifest(),
    }
    return ReviewTables(**(parts | changes))
