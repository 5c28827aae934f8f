"""Accounts whose use says that they could buy more: handed to sales (S46, S47).

Why this way: strong use is the best proxy of the value that an account gets, and the people who see it are
not those who sell. So the list says what was seen, in figures, and orders by what there is to win. That an
account uses more does not mean that it would buy: the list says where to ask.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from valuemodel.periods import Cutoff
from valuemodel.tiers.policy import TierPolicy

HANDOFF_TYPES: dict[str, str] = {
    "rank": "int64",
    "account_id": "str",
    "as_of": "datetime64[us]",
    "tier": "str",
    "owner": "str",
    "signal": "str",
    "evidence": "str",
    "strength": "float64",
    "white_space": "float64",
    "winnability": "float64",
    "expected": "float64",
}
#: 120 / 100 - 1 is a little less than 0.2 in binary; an account on the line is meant to be over it.
_ROUNDING = 1e-9


def handoffs(frame: pd.DataFrame, policy: TierPolicy, as_of: Cutoff) -> pd.DataFrame:
    """List the accounts that are handed to sales.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`, with ``tier``.
    policy : TierPolicy
        Its ``[queue]``: from which use on, that use included.
    as_of : Cutoff
        The cutoff.

    Returns
    -------
    pandas.DataFrame
        Columns `HANDOFF_TYPES`, one row per account, by ``rank``. ``strength`` is by how much the
        stronger signal exceeds its line, as a share. ``expected`` is white space times winnability,
        which orders the list; accounts without either follow, the strongest signal first.

    Examples
    --------
    >>> from valuemodel.periods import Horizon
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame({"account_id": ["a"], "tier": ["B"]})
    >>> facts = told.assign(seats=40.0, seats_used=0.95, usage_3m=120.0, usage_3m_before=80.0)
    >>> frame = account_frame(told, told, facts, Horizon.parse("1 year"))
    >>> found = handoffs(frame, TierPolicy.parse({"version": "1"}), Cutoff.parse("2026-01-01"))
    >>> found.loc[0, ["signal", "evidence"]].tolist()
    ['seats nearly used up; usage grows', '95 % of 40 seats in use; usage +50 % in 3 months']
    """
    section = policy.queue
    used, before = frame["seats_used"], frame["usage_3m_before"]
    growth = (frame["usage_3m"] / before.where(before > 0.0)) - 1.0
    beyond = (used - section.handoff_seats_used, growth - section.handoff_usage_growth)
    full, grows = (one >= -_ROUNDING for one in beyond)
    which = (full | grows).to_numpy(dtype=np.bool_)
    told = frame[which]
    facts = zip(full[which], grows[which], used[which], told["seats"], growth[which], strict=True)
    signals, evidence = [], []
    for seats, more, share, owned, rate in facts:
        signals.append("; ".join(["seats nearly used up"] * seats + ["usage grows"] * more))
        of = "" if np.isnan(owned) else f" of {owned:,.0f} seats"
        evidence.append(
            "; ".join(
                [f"{100 * share:.0f} %{of or ' of its seats'} in use"] * seats
                + [f"usage {100 * rate:+.0f} % in 3 months"] * more
            )
        )
    table = told.assign(
        signal=signals,
        evidence=evidence,
        as_of=pd.Timestamp(as_of.at),
        strength=np.maximum(np.fmax(*beyond)[which], 0.0),
        expected=told["white_space"] * told["winnability"],
    )
    first = {"expected": False, "strength": False, "account_id": True}
    table = table.sort_values(list(first), ascending=list(first.values()), na_position="last")
    table["rank"] = np.arange(1, len(table) + 1)
    return table[list(HANDOFF_TYPES)].astype(HANDOFF_TYPES).reset_index(drop=True)
