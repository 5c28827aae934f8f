"""Three periodic checks: does the account still qualify, its seller, its management (S7).

An account above the last tier qualifies while its chance to belong in its tier is high enough; a seller,
while enough of the planned touches of the accounts were done; the management, as a whole and per region,
while enough of the accounts above the last tier have an owner and a recent contact. The lines are the
company's own (``[coverage.checks]``), and the figures stand beside each verdict.

Why this way: a check that lacks its facts is neither passed nor failed. Touches beyond the plan of one
account do not make up for those that another account did not get. And a book that records no contacts can
still fail its management: where too few accounts have an owner, no contact would help.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.coverage.owners import above_last_tier, regions_of
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.records.wording import counted, percent

CHECK_TYPES: dict[str, str] = {
    "check": "str",
    "subject": "str",
    "passed": "boolean",
    "evidence": "str",
}
#: The subject of the management check of the whole book.
WHOLE = "all"

#: Shares closer than this are the same share.
_SAME = 1e-9


def three_checks(
    frame: pd.DataFrame, policy: TierPolicy, as_of: Cutoff, touch_plan: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Check accounts, sellers and the management, with evidence.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of `valuemodel.tiers.accounts.account_frame`.
    policy : TierPolicy
        The ladder, its touches, and the lines of ``[coverage.checks]``.
    as_of : Cutoff
        The cutoff of the run; contacts are recent or not as seen from it.
    touch_plan : pandas.DataFrame, optional
        ``account_id, planned, done``, a row per account and touch. Without it, or where it is empty,
        the contacts of the past year that were planned are held against the touches a year of the
        account's tier.

    Returns
    -------
    pandas.DataFrame
        Columns `CHECK_TYPES`: ``check`` is ``account`` (of each account above the last tier),
        ``seller`` (of each owner) or ``management`` (`WHOLE`, then each region); ``passed`` is missing
        where the facts are.

    Examples
    --------
    >>> from valuemodel.tiers.accounts import account_frame
    >>> told = pd.DataFrame(
    ...     {"account_id": ["a", "b"], "tier": ["A", "D"], "tier_probability": [0.8, 0.9]}
    ... )
    >>> facts = pd.DataFrame(
    ...     {"account_id": ["a"], "owner": ["Ada"], "last_contact": [pd.Timestamp("2026-01-05")]}
    ... )
    >>> frame = account_frame(told, told[["account_id"]], facts, Horizon.parse("1 year"))
    >>> found = three_checks(frame, TierPolicy.parse({"version": "1"}), Cutoff.parse("2026-02-01"))
    >>> for check, subject, passed, evidence in found.itertuples(index=False):
    ...     print(check, subject, passed, "|", evidence)
    account a True | a chance of 80 % to be in A, at least 25 % is asked
    seller Ada <NA> | no touches are planned for 1 account
    management all True | 1 of 1 accounts above D have an owner and a contact within 180 days
    (100 %), at least 80 % is asked
    management (unknown) True | 1 of 1 accounts above D have an owner and a contact within 180
    days (100 %), at least 80 % is asked
    """
    checks = [
        _accounts(frame, policy),
        _sellers(frame, policy, touch_plan),
        _management(frame, policy, as_of),
    ]
    return pd.concat(checks, ignore_index=True)


def _accounts(frame: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    asked = policy.coverage.checks.account_probability
    found = frame[above_last_tier(frame, policy)].sort_values("account_id")
    chances = found["tier_probability"].to_numpy(dtype=np.float64, na_value=np.nan)
    least = f", at least {percent(asked)} is asked"
    evidence = [
        f"the chance to be in {tier} is not known"
        if np.isnan(chance)
        else f"a chance of {percent(chance)} to be in {tier}{least}"
        for tier, chance in zip(found["tier"], chances, strict=True)
    ]
    return _table("account", found["account_id"], _reaches(chances, asked), evidence)


def _sellers(
    frame: pd.DataFrame, policy: TierPolicy, touch_plan: pd.DataFrame | None
) -> pd.DataFrame:
    """Hold the touches done against those planned, per owner; what nobody noted is held against no one."""
    if touch_plan is None or touch_plan.empty:
        each = _touches_of_tiers(frame, policy)
    else:
        each = _touches_of_plan(touch_plan)
    owners = frame.loc[frame["owner"].notna(), ["account_id", "owner"]].astype({"owner": "str"})
    rows = owners.merge(each, on="account_id", how="left").sort_values("account_id")
    by_owner = rows.groupby("owner").agg(
        accounts=("account_id", "size"),
        planned=("planned", "sum"),
        known=("known", "sum"),
        done=("done", "sum"),
    )
    asked = policy.coverage.checks.seller_planned
    share = (by_owner["done"] / by_owner["known"].where(by_owner["known"] > 0.0)).to_numpy(
        "float64"
    )
    evidence = [
        _of_touches(*row, asked=asked) for row in by_owner.itertuples(index=False, name=None)
    ]
    return _table("seller", by_owner.index, _reaches(share, asked), evidence)


def _of_touches(accounts: int, planned: float, known: float, done: float, *, asked: float) -> str:
    of = counted(accounts, "account")
    if not planned > 0.0:
        return f"no touches are planned for {of}"
    if not known > 0.0:
        return f"{_count(planned)} touches are planned for {of}; which were done is not known"
    unknown = f"; of {_count(planned - known)} more it is not known" if planned > known else ""
    return (
        f"{_count(done)} of {_count(known)} planned touches of {of} done ({percent(done / known)}), "
        f"at least {percent(asked)} is asked{unknown}"
    )


def _touches_of_plan(touch_plan: pd.DataFrame) -> pd.DataFrame:
    done = touch_plan["done"].clip(upper=touch_plan["planned"])
    each = touch_plan[["account_id", "planned"]].assign(done=done)
    return _with_known(each).groupby("account_id").sum().reset_index()


def _with_known(each: pd.DataFrame) -> pd.DataFrame:
    """Add how many planned touches there are of which it is known whether they were done."""
    return each.assign(known=each["planned"].where(each["done"].notna(), 0.0))


def _touches_of_tiers(frame: pd.DataFrame, policy: TierPolicy) -> pd.DataFrame:
    """Hold a year's planned contacts against the touches of the tier; no contact at all is none."""
    per_year = {tier.name: sum(one.per_year for one in tier.touches) for tier in policy.tiers}
    planned = frame["tier"].map(per_year).astype("float64").fillna(0.0)
    done = frame["planned_12m"]
    if done.notna().any():
        done = done.fillna(0.0)
    each = {"account_id": frame["account_id"], "planned": planned, "done": done.clip(upper=planned)}
    return _with_known(pd.DataFrame(each))


def _management(frame: pd.DataFrame, policy: TierPolicy, as_of: Cutoff) -> pd.DataFrame:
    """Count who has an owner and a recent contact, in the whole book and in each region."""
    checks = policy.coverage.checks
    found = frame[above_last_tier(frame, policy)]
    owned = found["owner"].notna()
    since = pd.Timestamp(Horizon(checks.contact_days, "day").before(as_of).at)
    rows = pd.DataFrame(
        {
            "region": regions_of(found),
            "owned": owned,
            "covered": owned & (found["last_contact"] >= since),
        }
    )
    by_region = rows.groupby("region").agg(
        accounts=("owned", "size"), owned=("owned", "sum"), covered=("covered", "sum")
    )
    whole = by_region.sum().rename(WHOLE).to_frame().T
    counts = pd.concat([whole, by_region]).astype("int64")
    known = bool(frame["owner"].notna().any()), bool(frame["last_contact"].notna().any())
    verdicts = [
        _verdict((accounts, owned, covered), policy, known)
        for accounts, owned, covered in counts.itertuples(index=False)
    ]
    passed = pd.array([verdict for verdict, _ in verdicts], dtype="boolean")
    return _table("management", counts.index, passed, [evidence for _, evidence in verdicts])


def _verdict(
    counts: tuple[int, int, int], policy: TierPolicy, known: tuple[bool, bool]
) -> tuple[bool | None, str]:
    """Say whether enough accounts are covered; ``known`` are owners and contacts, in the whole book."""
    accounts, owned, covered = counts
    checks = policy.coverage.checks
    of = f"of {accounts:,} accounts above {policy.names[-1]}"
    least = f"at least {percent(checks.management_covered)} is asked"
    if not accounts:
        return None, f"no accounts above {policy.names[-1]}"
    if not known[0]:
        return None, f"who owns the {accounts:,} accounts above {policy.names[-1]} is not known"
    enough = checks.management_covered * accounts - _SAME
    if not known[1]:
        said = f"{owned:,} {of} have an owner ({percent(owned / accounts)}), {least}; "
        return None if owned >= enough else False, f"{said}contacts are not known"
    said = f"{covered:,} {of} have an owner and a contact within {checks.contact_days} days"
    return covered >= enough, f"{said} ({percent(covered / accounts)}), {least}"


def _reaches(shares: np.ndarray[tuple[int], np.dtype[np.float64]], asked: float) -> pd.Series[bool]:
    """Say which shares are enough; missing where the share is."""
    enough = pd.Series(shares >= asked - _SAME, dtype="boolean")
    return enough.mask(np.isnan(shares))


def _table(
    check: str, subjects: pd.Series[str] | pd.Index[str], passed: object, evidence: list[str]
) -> pd.DataFrame:
    columns = {"subject": list(subjects), "passed": passed, "evidence": evidence}
    table = pd.DataFrame(columns).assign(check=check)
    return table[list(CHECK_TYPES)].astype(CHECK_TYPES)


def _count(touches: float) -> str:
    return f"{touches:,.1f}".removesuffix(".0")
