"""From order to cash: when lines of the synthetic world were ordered, billed, paid and written down.

Why this way: what is ordered, billed and paid is the same money at three times, and a company may count
any of them; so the three columns reconcile, but for what is not paid yet and for the few who pay less.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.periods import Cutoff
from valuemodel.tables.world_clock import written_down
from valuemodel.tables.world_process import Floats

_ORDERED, _FASTEST, _PAID = (
    8.0,
    5.0,
    22.0,
)  # days: order to bill, bill to payment: at least, and more
_SHORT = 0.03  # share of orders that are not paid in full


def from_order_to_cash(
    lines: pd.DataFrame, joined: pd.Series, until: Cutoff, rng: np.random.Generator
) -> pd.DataFrame:
    """Add when lines were ordered, paid and known, in order of time; refunds are paid at once.

    Parameters
    ----------
    lines : DataFrame
        With ``account_id``, ``line_id``, ``time`` (of the bill) and ``amount``.
    joined : Series
        When each account came into the book: nothing was ordered before that.
    until : Cutoff
        Where the world ends: what is not paid by then has no payment.
    rng : numpy.random.Generator
        Where chance comes from.
    """
    lines = lines.sort_values(["time", "order_id", "line_id"], ignore_index=True)
    order = np.cumsum(lines["order_id"].ne(lines["order_id"].shift()).to_numpy()) - 1
    count = int(order.max(initial=-1)) + 1
    bill, refund = lines["time"].to_numpy(), (lines["amount"] < 0).to_numpy()
    before, after = rng.standard_exponential((2, count))
    ordered = bill - _seconds(np.where(refund, 0.0, _ORDERED * before[order]))
    paid = bill + _seconds(np.where(refund, 0.0, _FASTEST + _PAID * after[order]))
    owed = paid >= np.datetime64(until.at, "us")
    short = ~refund & (rng.random(count) < _SHORT)[order]
    part = np.where(short, rng.uniform(0.5, 1.0, count)[order], 1.0)
    collected = np.round(lines["amount"].to_numpy() * part, 2)
    first = lines["account_id"].map(joined).to_numpy(dtype="datetime64[us]")
    return lines.assign(
        known_at=written_down(bill, rng, late=0.02),
        booked_at=np.maximum(ordered, first),
        collected_at=np.where(owed, np.datetime64("NaT", "us"), paid),
        collected=np.where(owed, np.nan, collected),
    )


def _seconds(days: Floats) -> NDArray[np.timedelta64]:
    return np.floor(days * 86_400).astype("timedelta64[s]")
