"""To whom each recommendation goes: along the solid line and the dotted one (S13, S14).

Why this way: the seller who owns an account and the reviewer of the key-account office are both asked
about its tier, so both find it under their own name; who is both finds it in both roles.
"""

from __future__ import annotations

import pandas as pd

ROUTING_TYPES: dict[str, str] = {
    "person": "str",
    "role": "str",
    "account_id": "str",
    "tier": "str",
    "previous_tier": "str",
    "moved": "bool",
}


def routing(frame: pd.DataFrame) -> pd.DataFrame:
    """Say which recommendations go to whom, along both lines.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.

    Returns
    -------
    pandas.DataFrame
        Columns `ROUTING_TYPES`: a row for the owner and one for the reviewer of each account that has
        one, by person, role and account. ``moved`` says that the tier is another than before.

    Examples
    --------
    >>> frame = pd.DataFrame({"account_id": ["a"], "tier": ["A"], "previous_tier": ["B"]})
    >>> routing(frame.assign(owner="Ada", reviewer="Max"))[
    ...     ["person", "role", "moved"]
    ... ].values.tolist()
    [['Ada', 'owner', True], ['Max', 'reviewer', True]]
    """
    moved = frame["previous_tier"].notna() & (frame["tier"] != frame["previous_tier"])
    known = frame[["account_id", "tier", "previous_tier"]].assign(moved=moved)
    lines = [
        known.assign(person=frame[role], role=role)[frame[role].notna()]
        for role in ("owner", "reviewer")
    ]
    table = pd.concat(lines)[list(ROUTING_TYPES)].astype(ROUTING_TYPES)
    return table.sort_values(["person", "role", "account_id"], ignore_index=True)
