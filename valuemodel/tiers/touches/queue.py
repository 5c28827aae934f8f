"""The order in which the accounts of a tier are touched (S38, S39).

By default an account whose contract is up for renewal soon comes first, the earliest first; then those
under contract by what it brings in a year. Where contracts renew themselves every month there is no date to
go by, and without contracts none either: such accounts go by the last contact, the longest ago first. The
policy may ask for value at risk instead, the chance to leave times what is at stake.

Why this way: a queue is worked from the top by people who see one line per account, so each says what put
it there. Where nothing at all is known but the score, the score orders it, and the line says that.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuemodel.periods import Cutoff
from valuemodel.tiers.policy import TierPolicy

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]


def queue(
    frame: pd.DataFrame, rank: npt.NDArray[np.int64], policy: TierPolicy, as_of: Cutoff
) -> pd.DataFrame:
    """Put the accounts of each tier in order.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`, with ``tier``.
    rank : ndarray of int
        The place of each account in the ranking of the book, 1 for the highest; it breaks ties.
    policy : TierPolicy
        Its ``[queue]``.
    as_of : Cutoff
        The cutoff: the renewal window begins at it, and ends before the day that lies
        ``window_days`` later.

    Returns
    -------
    pandas.DataFrame
        ``queue_rank`` (int64), from 1 in each tier, and ``queue_reason``, on the rows of the frame.
        A risk that is not known comes last, an ARR that is not known after those that are.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a", "b"], "tier": ["A", "A"]})
    >>> facts = told.assign(arr=[9e4, 1e4], renewal_date=pd.to_datetime([None, "2026-02-01"]))
    >>> frame = account_frame(told, told, facts, Horizon.parse("1 year"))
    >>> policy = TierPolicy.parse({"version": "1"})
    >>> found = queue(frame, np.array([1, 2]), policy, Cutoff.parse("2026-01-01"))
    >>> for line in found["queue_reason"]:
    ...     print(line)
    2 of 2 in tier A: under contract, 90,000 a year
    1 of 2 in tier A: renewal on 2026-02-01, 10,000 a year
    """
    keys, why = _ordered(frame, policy, as_of)
    named = pd.Categorical(frame["tier"])
    tier = named.codes.astype(np.int64)
    order = np.lexsort((rank, *reversed(keys), tier))
    sizes = np.bincount(tier, minlength=1)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.empty(len(frame), dtype=np.int64)
    place[order] = np.arange(len(frame)) - starts[tier[order]] + 1
    told = pd.Series(place, dtype="str") + pd.Series(
        [f" of {sizes[code]} in tier {name}" for code, name in enumerate(named.categories)],
        dtype="str",
    ).take(tier).reset_index(drop=True)
    said = told + pd.Series(why, dtype="str")
    return pd.DataFrame(
        {"queue_rank": place, "queue_reason": said.to_numpy(dtype=object)}, index=frame.index
    )


def _ordered(frame: pd.DataFrame, policy: TierPolicy, as_of: Cutoff) -> tuple[list[Floats], Texts]:
    """Return what accounts are ordered by, smallest first, and in words why each stands there."""
    order = policy.queue.order
    if order == "value_at_risk":
        return _by_risk(frame)
    if order == "least_recent":
        return _by_contact(frame)
    return _by_renewal(frame, policy.queue.window_days, as_of)


def _by_risk(frame: pd.DataFrame) -> tuple[list[Floats], Texts]:
    churn, value = _numbers(frame, "churn"), np.maximum(_numbers(frame, "value"), 0.0)
    risk = churn * value
    known = ~np.isnan(risk)
    why = np.full(len(frame), ": no risk is known, place by score", dtype=object)
    why[known] = (
        ": " + _whole(risk[known]) + " at risk, " + _whole(100.0 * churn[known]) + " % of "
        + _whole(value[known])
    ).to_numpy(dtype=object)  # fmt: skip
    return [np.where(known, -risk, np.inf)], why


def _by_contact(frame: pd.DataFrame) -> tuple[list[Floats], Texts]:
    """Put the longest ago first, and those that were never contacted before all others."""
    last = frame["last_contact"].reset_index(drop=True)
    why = np.full(len(frame), ": never contacted", dtype=object)
    known = last.notna().to_numpy()
    if not known.any():
        why[:] = ": no contact is known, place by score"
        return [np.zeros(len(frame))], why
    why[known] = (": last contacted " + last[known].dt.strftime("%Y-%m-%d")).to_numpy(dtype=object)
    return [np.where(known, _microseconds(last), -np.inf)], why


def _by_renewal(frame: pd.DataFrame, window: int, as_of: Cutoff) -> tuple[list[Floats], Texts]:
    """Renewals within the window by date, then contracts by what they bring, then the last contact."""
    (by_contact,), why = _by_contact(frame)
    arr, renewal = _numbers(frame, "arr"), frame["renewal_date"].reset_index(drop=True)
    monthly = frame["renews_monthly"].fillna(value=False).to_numpy(dtype=np.bool_)
    now = pd.Timestamp(as_of.at)
    soon = (renewal >= now) & (renewal < now + pd.Timedelta(days=window))
    due = soon.to_numpy() & ~monthly
    # A contract whose ARR nobody wrote down is a contract all the same.
    signed = ~np.isnan(arr) | frame["renews_monthly"].notna().to_numpy()
    dated = due | (signed & ~monthly)
    amount = np.where(np.isnan(arr), np.inf, -arr)
    a_year = (", " + _whole(np.nan_to_num(arr)) + " a year").mask(np.isnan(arr), "")
    why[dated] = (": under contract" + a_year[dated]).to_numpy(dtype=object)
    why[due] = (": renewal on " + renewal[due].dt.strftime("%Y-%m-%d") + a_year[due]).to_numpy(
        dtype=object
    )
    step = np.where(due, 0.0, np.where(dated, 1.0, 2.0))
    first = np.where(due, _microseconds(renewal), np.where(dated, amount, by_contact))
    second = np.where(due, amount, 0.0)
    return [step, first, second], why


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    return frame[name].to_numpy(dtype=np.float64)


def _microseconds(times: pd.Series[pd.Timestamp]) -> Floats:
    """Return times as numbers to sort by; 0 where there is none."""
    known = times.fillna(pd.Timestamp(0)).astype("datetime64[us]").astype("int64")
    found: Floats = known.to_numpy().astype(np.float64)
    return found


def _whole(numbers: Floats) -> pd.Series[str]:
    return pd.Series([f"{number:,.0f}" for number in numbers.tolist()], dtype="str")
