from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.touches.queue import queue

QUICK = settings(max_examples=50, deadline=None, derandomize=True)
AS_OF = Cutoff.parse("2026-01-01")
NOW = pd.Timestamp(AS_OF.at)
ORDERS = ("renewal", "value_at_risk", "least_recent")
FACTS = {
    "arr": "float64",
    "renewal_date": "datetime64[us]",
    "last_contact": "datetime64[us]",
    "renews_monthly": "boolean",
}
PREDICTED = {"value_1y": "float64", "churn_1y": "float64"}


def policy_of(**section) -> TierPolicy:
    return TierPolicy.parse({"version": "1", "queue": section})


def frame_of(rows: list[dict]) -> pd.DataFrame:
    """Accounts a, b, c, ... of tier A, unless a row says otherwise."""
    names = [chr(ord("a") + at) for at in range(len(rows))]
    tiers = [row.get("tier", "A") for row in rows]
    told = pd.DataFrame({"account_id": names, "tier": tiers}, dtype="str")

    def part(kinds: dict[str, str]) -> pd.DataFrame:
        given = {name: [row.get(name) for row in rows] for name in kinds}
        return pd.concat([told, pd.DataFrame(given).astype(kinds)], axis=1)

    return account_frame(told, part(PREDICTED), part(FACTS), Horizon.parse("1 year"))


def ordered(frame: pd.DataFrame, policy: TierPolicy, rank: list[int] | None = None) -> list[str]:
    """Return the accounts from the first to the last of the one tier."""
    ranks = np.arange(1, len(frame) + 1) if rank is None else np.array(rank)
    placed = queue(frame, ranks, policy, AS_OF)["queue_rank"]
    return frame["account_id"].iloc[np.argsort(placed.to_numpy())].tolist()


def reasons(frame: pd.DataFrame, policy: TierPolicy) -> list[str]:
    found = queue(frame, np.arange(1, len(frame) + 1), policy, AS_OF)["queue_reason"]
    return [reason.partition(": ")[2] for reason in found]


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


RENEWALS = [
    {"arr": 500.0, "renewal_date": day("2026-09-01")},  # a: beyond the window
    {"arr": 100.0, "renewal_date": day("2026-03-01")},  # b: in it
    {"arr": 900.0, "renewal_date": day("2026-03-01")},  # c: on the same day, brings more
    {"arr": 1.0, "renewal_date": day("2026-02-01")},  # d: the earliest
    {"arr": 9e9, "renewal_date": day("2025-12-31")},  # e: under contract, its renewal is over
    {"last_contact": day("2025-11-02")},  # f: no contract
    {},  # g: no contract, never contacted
    {  # h: renews by itself every month, contacted longer ago than f
        "arr": 9e9,
        "renewal_date": day("2026-01-15"),
        "renews_monthly": True,
        "last_contact": day("2025-06-01"),
    },
]


def test_renewals_come_first_then_contracts_then_the_least_recently_contacted() -> None:
    frame = frame_of(RENEWALS)
    assert ordered(frame, policy_of()) == ["d", "c", "b", "e", "a", "g", "h", "f"]
    assert reasons(frame, policy_of()) == [
        "under contract, 500 a year",
        "renewal on 2026-03-01, 100 a year",
        "renewal on 2026-03-01, 900 a year",
        "renewal on 2026-02-01, 1 a year",
        "under contract, 9,000,000,000 a year",
        "last contacted 2025-11-02",
        "never contacted",
        "last contacted 2025-06-01",
    ]


def test_the_window_begins_at_the_cutoff_and_ends_before_its_last_day() -> None:
    days = ["2025-12-31 23:59:59", "2026-01-01", "2026-01-30 23:59", "2026-01-31"]
    frame = frame_of([{"arr": 1.0, "renewal_date": day(one)} for one in days])
    told = reasons(frame, policy_of(window_days=30))
    assert [reason.startswith("renewal") for reason in told] == [False, True, True, False]


def test_a_contract_without_a_written_amount_is_a_contract_all_the_same() -> None:
    frame = frame_of(
        [
            {"renews_monthly": False},
            {"renews_monthly": False, "renewal_date": day("2026-02-01")},
            {"arr": 0.0, "renews_monthly": False, "renewal_date": day("2026-02-01")},
            {"arr": 5.0, "renews_monthly": False},
            {"last_contact": day("2020-01-01")},
        ]
    )
    assert ordered(frame, policy_of()) == ["c", "b", "d", "a", "e"]
    assert reasons(frame, policy_of()) == [
        "under contract",
        "renewal on 2026-02-01",
        "renewal on 2026-02-01, 0 a year",
        "under contract, 5 a year",
        "last contacted 2020-01-01",
    ]


def test_without_contracts_and_contacts_the_ranking_orders_and_says_so() -> None:
    frame = frame_of([{}, {}, {}])
    for order in ("renewal", "least_recent"):
        assert ordered(frame, policy_of(order=order), rank=[3, 1, 2]) == ["b", "c", "a"]
        assert set(reasons(frame, policy_of(order=order))) == {
            "no contact is known, place by score"
        }


def test_what_renews_itself_every_month_goes_by_the_last_contact_whatever_it_brings() -> None:
    days = ["2025-12-20", "2025-10-01", "2025-11-15"]
    frame = frame_of(
        [
            {
                "arr": 9e5 / (at + 1),
                "renewal_date": day(f"2026-01-{10 + at}"),
                "renews_monthly": True,
                "last_contact": day(one),
            }
            for at, one in enumerate(days)
        ]
    )
    assert ordered(frame, policy_of()) == ["b", "c", "a"]
    assert reasons(frame, policy_of()) == [f"last contacted {one}" for one in days]


def test_value_at_risk_is_churn_times_what_there_is_to_lose() -> None:
    frame = frame_of(
        [
            {"value_1y": 30_000.0, "churn_1y": 0.41},
            {"value_1y": 100_000.0, "churn_1y": 0.2},
            {"value_1y": -500.0, "churn_1y": 0.9},  # nothing to lose, yet known
            {"value_1y": 9e9},  # no churn is known
            {"churn_1y": 0.9},
        ]
    )
    policy = policy_of(order="value_at_risk")
    assert ordered(frame, policy) == ["b", "a", "c", "d", "e"]
    assert reasons(frame, policy) == [
        "12,300 at risk, 41 % of 30,000",
        "20,000 at risk, 20 % of 100,000",
        "0 at risk, 90 % of 0",
        "no risk is known, place by score",
        "no risk is known, place by score",
    ]


def test_the_least_recently_contacted_come_first_those_never_contacted_before_all() -> None:
    frame = frame_of(
        [{"last_contact": day("2025-11-02")}, {}, {"last_contact": day("2024-01-01")}, {}]
    )
    policy = policy_of(order="least_recent")
    assert ordered(frame, policy, rank=[1, 4, 2, 3]) == ["d", "b", "c", "a"]


def test_each_line_says_its_place_and_the_size_of_its_tier() -> None:
    frame = frame_of([{"tier": "B"}, {"tier": "A"}, {"tier": "B"}])
    found = queue(frame, np.array([2, 1, 3]), policy_of(), AS_OF)
    assert [reason.partition(":")[0] for reason in found["queue_reason"]] == [
        "1 of 2 in tier B",
        "1 of 1 in tier A",
        "2 of 2 in tier B",
    ]


@pytest.mark.parametrize("order", ORDERS)
def test_an_empty_book_has_an_empty_queue(order: str) -> None:
    found = queue(frame_of([]), np.array([], dtype=np.int64), policy_of(order=order), AS_OF)
    assert list(found) == ["queue_rank", "queue_reason"]
    assert len(found) == 0
    assert found["queue_rank"].dtype == np.int64


def key_of(row: dict, rank: int, order: str, *, contacts: bool) -> tuple:
    """Say in plain Python where one account stands."""
    churn, value, last = row["churn_1y"], row["value_1y"], row["last_contact"]
    contact = 0.0
    if contacts:
        contact = (last - NOW).total_seconds() if last is not None else float("-inf")
    if order == "value_at_risk":
        told = churn is not None and value is not None
        return (0, -churn * max(value, 0.0), rank) if told else (1, 0.0, rank)
    if order == "least_recent":
        return (contact, rank)
    monthly, arr, renewal = row["renews_monthly"] is True, row["arr"], row["renewal_date"]
    amount = float("inf") if arr is None else -arr
    if renewal is not None and not monthly and 0 <= (renewal - NOW).total_seconds() < 90 * 86_400:
        return (0, (renewal - NOW).total_seconds(), amount, rank)
    if (arr is not None or row["renews_monthly"] is False) and not monthly:
        return (1, amount, 0.0, rank)
    return (2, contact, 0.0, rank)


TIMES = st.integers(-40, 40).map(lambda days: NOW + pd.Timedelta(days=3 * days, hours=days % 5))
MONEY = st.integers(0, 5).map(lambda amount: 100.0 * amount)
ROW = st.fixed_dictionaries(
    {
        "tier": st.sampled_from("AB"),
        "arr": st.none() | MONEY,
        "renewal_date": st.none() | TIMES,
        "last_contact": st.none() | TIMES,
        "renews_monthly": st.sampled_from([None, True, False]),
        "value_1y": st.none() | st.sampled_from([-10.0, 0.0, 50.0, 100.0]),
        "churn_1y": st.none() | st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    }
)


@QUICK
@given(rows=st.lists(ROW, min_size=1, max_size=12), data=st.data(), order=st.sampled_from(ORDERS))
def test_the_order_is_that_of_a_sort_by_key(rows: list[dict], data, order: str) -> None:
    rank = data.draw(st.permutations(range(1, len(rows) + 1)))
    frame = frame_of(rows)
    found = queue(frame, np.array(rank), policy_of(order=order), AS_OF)
    contacts = any(row["last_contact"] is not None for row in rows)
    for tier in "AB":
        inside = [at for at, row in enumerate(rows) if row["tier"] == tier]
        inside.sort(key=lambda at: key_of(rows[at], rank[at], order, contacts=contacts))
        # Every place from 1 to the size of the tier is taken once.
        assert found["queue_rank"].iloc[inside].tolist() == list(range(1, len(inside) + 1))


@QUICK
@given(rows=st.lists(ROW, min_size=2, max_size=12), data=st.data(), order=st.sampled_from(ORDERS))
def test_the_order_of_the_rows_does_not_matter(rows: list[dict], data, order: str) -> None:
    frame, rank = frame_of(rows), np.arange(1, len(rows) + 1)
    mixed = data.draw(st.permutations(range(len(rows))))
    whole = queue(frame, rank, policy_of(order=order), AS_OF)
    again = queue(frame.iloc[mixed], rank[mixed], policy_of(order=order), AS_OF)
    assert again.index.tolist() == frame.index[mixed].tolist()
    pd.testing.assert_frame_equal(again.sort_index(), whole)


def large_frame(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)

    def times(share: float) -> pd.Series:
        seconds = rng.integers(-300 * 86_400, 300 * 86_400, n).astype("timedelta64[s]")
        drawn = pd.Series(NOW.to_datetime64().astype("datetime64[us]") + seconds)
        return drawn.mask(rng.random(n) < share)

    tiers = pd.Series(rng.choice(list("ABCD"), n), dtype="str")
    ids = pd.Series([f"C{at:07d}" for at in range(n)], dtype="str")
    told = pd.DataFrame({"account_id": ids, "tier": tiers})
    facts = told.assign(
        arr=np.where(rng.random(n) < 0.5, rng.lognormal(8.0, 1.0, n), np.nan),
        renewal_date=times(0.5),
        last_contact=times(0.1),
        renews_monthly=pd.array(rng.random(n) < 0.1, dtype="boolean"),
    )
    predicted = told.assign(value_1y=rng.lognormal(8.0, 1.0, n), churn_1y=rng.random(n))
    return account_frame(told, predicted, facts, Horizon.parse("1 year"))


@pytest.mark.slow
def test_a_million_accounts_are_put_in_order_within_seconds() -> None:
    frame = large_frame(1_000_000)
    rank = np.random.default_rng(1).permutation(len(frame)) + 1
    for order in ORDERS:
        start = time.process_time()
        found = queue(frame, rank, policy_of(order=order), AS_OF)
        assert time.process_time() - start < 15.0, order
        sizes = frame["tier"].value_counts()
        assert found["queue_rank"].groupby(frame["tier"]).max().eq(sizes).all()
