"""Columns that know the answer are refused by name; honest columns, good ones too, are not."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from valuemodel.dataset import Dataset, DatasetBuilder
from valuemodel.evaluation.leakage import refuse_leaks, screen
from valuemodel.exceptions import DataRefused
from valuemodel.features.catalog import Feature
from valuemodel.periods import Cutoff
from valuemodel.settings import FeaturesSection, Settings
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.schemas import ACCOUNTS, TRANSACTIONS

STRENGTHS = (1.0, 0.8, 0.6, 0.2)
KINDS = ("status", "termination_date", "close_reason", "current_tier", "noisy_value")


def text(values: object) -> pd.Series:
    return pd.Series(values, dtype="str")


def book(seed: int, accounts: int = 1_000, snapshots: int = 2) -> tuple[Dataset, np.ndarray]:
    """Two snapshots of accounts whose lasting order rate no feature shows; and that rate."""
    generator = np.random.default_rng(seed)
    size, rate = generator.lognormal(4, 1, accounts), generator.gamma(1.2, 1.0, accounts)
    months = generator.poisson(rate[:, None] / 6, (accounts, 5 + snapshots))
    parts = []
    for number in range(snapshots):
        orders = months[:, number : number + 6].sum(axis=1)
        X = pd.DataFrame(
            {
                "past_value_6m": size * generator.poisson(rate),
                "orders": generator.poisson(3 * rate) * 1.0,
                "recency_days": generator.exponential(60 / (rate + 0.1)),
                "industry": text(generator.choice(list("abcde"), accounts)),
            }
        )
        value = size * orders * generator.lognormal(0, 0.3, accounts)
        y = pd.DataFrame({"value_6m": value, "churn_6m": (orders == 0) * 1.0})
        cutoff = pd.Timestamp("2020-01-01") + pd.DateOffset(months=number)
        ids = [f"a{row:05d}" for row in range(accounts)]
        parts.append((X, y, pd.DataFrame({"account_id": ids, "cutoff": cutoff})))
    X, y, keys = (
        pd.concat([part[place] for part in parts], ignore_index=True) for place in range(3)
    )
    return Dataset(X, y, keys, ()), np.tile(rate, snapshots)


def with_columns(dataset: Dataset, **columns: object) -> Dataset:
    return Dataset(dataset.X.assign(**columns), dataset.y, dataset.keys, dataset.features)


def leak(kind: str, dataset: Dataset, strength: float, seed: int) -> pd.Series:
    """Today's value, pasted on every cutoff: right for a share of the accounts, else by lot.

    Today lies right after the window of the last cutoff, so it tells best what came there.
    """
    generator = np.random.default_rng(seed)
    last = dataset.keys["cutoff"] == dataset.keys["cutoff"].max()
    gone = dataset.y.loc[last, "churn_6m"].to_numpy() == 1
    rank = dataset.y.loc[last, "value_6m"].rank(pct=True).to_numpy()
    right = generator.random(gone.size) < strength
    gone = np.where(right, gone, generator.permutation(gone))
    rank = np.where(right, rank, generator.permutation(rank))
    day = 18_300.0 + generator.integers(0, 180, gone.size)
    made = {
        "status": lambda: text(np.where(gone, "closed", "open")),
        "termination_date": lambda: pd.Series(np.where(gone, day, np.nan)),
        "close_reason": lambda: text(
            np.where(gone, generator.choice(["price", "merged"], gone.size), None)
        ),
        "current_tier": lambda: text(
            np.select([rank > 0.9, rank > 0.7, rank > 0.4], list("ABC"), "D")
        ),
        "noisy_value": lambda: pd.Series(rank),
    }
    times = dataset.keys["cutoff"].nunique()
    return pd.concat([made[kind]()] * times, ignore_index=True)


def section(dataset: Dataset, *columns: str, waive: tuple[str, ...] = ()) -> FeaturesSection:
    numeric = pd.api.types.is_numeric_dtype
    kinds = {name: "number" if numeric(dataset.X[name]) else "category" for name in columns}
    return FeaturesSection(extra=kinds, waive=list(waive))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_leak_is_caught_if_it_is_right_for_six_accounts_in_ten(kind):
    caught = []
    for strength in STRENGTHS:
        dataset, _ = book(1)
        dataset = with_columns(dataset, leak=leak(kind, dataset, strength, 7))
        if any(finding.suspicious(0.95) for finding in screen(dataset, ["leak"])):
            caught.append(strength)
            with pytest.raises(DataRefused, match="know the future: leak") as refused:
                refuse_leaks(dataset, section(dataset, "leak"))
            assert refused.value.details[0].startswith("leak: AUC")
            assert "[features] waive" in refused.value.hint
    assert caught == [strength for strength in STRENGTHS if strength >= min(caught)]
    assert min(caught) <= 0.6


@pytest.mark.parametrize("seed", range(10))
def test_honest_columns_raise_no_alarm(seed):
    """Noise, an id, a segment, and even the lasting rate that nobody can know exactly."""
    dataset, rate = book(seed)
    generator = np.random.default_rng(100 + seed)
    dataset = with_columns(
        dataset,
        noise=generator.random(rate.size),
        number=text(dataset.keys["account_id"]),
        segment=text(np.select([rate > 2, rate > 0.5], ["big", "middle"], "small")),
        estimate=rate * generator.lognormal(0, 0.2, rate.size),
        rate=rate,
        empty=np.full(rate.size, np.nan),
        constant=text(np.full(rate.size, "x")),
    )
    columns = ("noise", "number", "segment", "estimate", "rate", "empty", "constant")
    findings = refuse_leaks(dataset, section(dataset, *columns))
    assert len(findings) == 2 * len(columns)
    assert max(finding.gap_closed for finding in findings) < 0.25


def mine(name: str) -> Feature:
    return Feature(name, name, "number", "more", "no", "{value}", "own")


def test_a_feature_of_ones_own_that_knows_the_answer_is_refused_until_it_is_waived():
    dataset, _ = book(9)
    known = leak("noisy_value", dataset, 1.0, seed=9)
    guilty = with_columns(dataset, crystal_ball=known)
    guilty = Dataset(guilty.X, guilty.y, guilty.keys, (mine("crystal_ball"),))
    with pytest.raises(DataRefused, match="crystal_ball"):
        refuse_leaks(guilty, FeaturesSection())
    assert refuse_leaks(guilty, FeaturesSection(waive=["crystal_ball"]))


def test_a_feature_of_ones_own_may_be_as_good_as_ours_together():
    dataset, _ = book(9)
    spend = dataset.y["value_6m"] * (1 + 1e-6 * np.arange(len(dataset)))
    nearly = with_columns(dataset, arr=dataset.y["value_6m"], contract_value=spend)
    nearly = Dataset(nearly.X, nearly.y, nearly.keys, (mine("contract_value"),))
    findings = refuse_leaks(nearly, FeaturesSection())
    top = next(finding for finding in findings if finding.target == "top value over 6m")
    assert top.own
    assert top.auc > 0.95


def test_a_waived_column_trains_and_stays_on_record():
    dataset, _ = book(2)
    dataset = with_columns(dataset, status=leak("status", dataset, 1.0, 1))
    findings = refuse_leaks(dataset, section(dataset, "status", waive=("status",)))
    assert any(finding.suspicious(0.95) for finding in findings)


def test_all_leaking_columns_are_named_at_once_and_clean_ones_are_not():
    dataset, rate = book(3)
    columns = {kind: leak(kind, dataset, 0.9, 1) for kind in KINDS} | {"rate": rate}
    dataset = with_columns(dataset, **columns)
    with pytest.raises(DataRefused, match="know the future") as caught:
        refuse_leaks(dataset, section(dataset, *columns))
    assert all(kind in caught.value.problem for kind in KINDS)
    assert "rate" not in caught.value.problem.split(": ")[1].split(", ")


def test_nothing_to_look_at_finds_nothing():
    dataset, _ = book(4)
    assert refuse_leaks(dataset, FeaturesSection()) == []
    switched_off = FeaturesSection(extra={"status": "category"}, groups=["monetary"])
    assert refuse_leaks(dataset, switched_off) == []
    unlabelled = Dataset(dataset.X, None, dataset.keys, ())
    assert list(screen(unlabelled, ["industry"])) == []


def test_targets_with_too_few_accounts_on_one_side_are_passed_over():
    dataset, _ = book(5, accounts=100, snapshots=1)
    targets = {finding.target for finding in screen(dataset, ["industry"])}
    assert "top value over 6m" not in targets


def test_the_same_seed_finds_the_same():
    dataset, _ = book(6)
    assert list(screen(dataset, ["industry"], seed=1)) == list(
        screen(dataset, ["industry"], seed=1)
    )


SETTINGS = Settings.parse(
    {
        "project": {"name": "shop"},
        "tables": {"transactions": {"source": "t.csv"}, "accounts": {"source": "a.csv"}},
        "value": {"horizons": ["3 months"]},
        "features": {
            "groups": ["recency_frequency", "profile"],
            "extra": {"status": "category"},
        },
    }
)


def closing_book(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accounts that order weekly or so until they close; their status as it stood at each time."""
    generator = np.random.default_rng(seed)
    start = pd.Timestamp("2020-01-01")
    lines, states = [], []
    for number in range(400):
        name, closed = f"a{number:03d}", generator.integers(60, 700)
        days = np.flatnonzero(generator.random(366) < 0.04)
        days = np.append(0, days[days < closed])
        lines += [(name, start + pd.Timedelta(int(day), "D"), 100.0) for day in days]
        states.append((name, start - pd.Timedelta(1, "D"), "open"))
        if closed < 366:
            states.append((name, start + pd.Timedelta(int(closed), "D"), "closed"))
    return (
        pd.DataFrame(lines, columns=["account_id", "time", "amount"]),
        pd.DataFrame(states, columns=["account_id", "valid_from", "status"]),
    )


def snapshots_of(lines: pd.DataFrame, states: pd.DataFrame) -> Dataset:
    def validated(frame: pd.DataFrame, kinds: dict[str, str]) -> ibis.Table:
        table = ibis.memtable(pa.Table.from_pandas(frame, preserve_index=False))
        absent = {name: ibis.null() for name in kinds if name not in frame}
        return table.mutate(**absent).cast(kinds).select(*kinds)

    transactions = validated(lines.assign(known_at=lines["time"]), TRANSACTIONS.validated())
    accounts = validated(states, ACCOUNTS.validated(extra=SETTINGS.features.extra))
    end = Cutoff.parse("2020-12-31")
    ledger = Ledger(transactions, accounts, Cutoff.parse("2020-01-01"), end)
    builder = DatasetBuilder(ibis.duckdb.connect(), ledger, SETTINGS)
    cutoffs = [Cutoff.parse(f"2020-{month:02d}-01") for month in (7, 8, 9)]
    return builder.stack(cutoffs, labels_until=end)


def test_the_latest_status_is_blocked_where_the_status_as_it_stood_is_not():
    """The known-bad join: today's row of each account, seen at a cutoff half a year ago."""
    lines, states = closing_book(1)
    as_it_stood = snapshots_of(lines, states)
    findings = refuse_leaks(as_it_stood, SETTINGS.features)
    latest = states.groupby("account_id", as_index=False).last().assign(valid_from=pd.NaT)
    bad = snapshots_of(lines, latest)
    with pytest.raises(DataRefused, match="status"):
        refuse_leaks(bad, SETTINGS.features)
    assert {finding.moves for finding in findings} == {True}
    assert {finding.moves for finding in screen(bad, ["status"])} == {False}


def test_the_builders_own_features_can_be_looked_at_too():
    lines, states = closing_book(2)
    dataset = snapshots_of(lines, states)
    assert isinstance(dataset.features[0], Feature)
    assert all(0.5 <= finding.auc <= 1.0 for finding in screen(dataset, ["recency_days"]))
