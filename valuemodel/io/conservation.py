"""No account gets lost: every account that came in is scored, excluded or quarantined, once.

Why this way: equal counts prove nothing, since a lost account and a doubled one cancel out. So the
sets of ids are compared, and the money they bring.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

import numpy as np
import pandas as pd

from valuemodel.exceptions import GateRefused


@dataclass(frozen=True)
class Accounts:
    """A group of accounts and the money they bring, exactly.

    Parameters
    ----------
    ids : collection of str
        Their ids; one that stands there twice counts as a fault.
    money : decimal.Decimal
        The sum of their measure, in the project's currency.
    """

    ids: Collection[str]
    money: Decimal = Decimal(0)

    @property
    def digest(self) -> str:
        """SHA-256 over the set of ids, whatever their order."""
        each = sorted(hashlib.sha256(i.encode("utf-8", "surrogatepass")).digest() for i in self.ids)
        return hashlib.sha256(b"".join(each)).hexdigest()


def check_conservation(inputs: Accounts, parts: Mapping[str, Accounts]) -> dict[str, object]:
    """Check that the parts are disjoint and together are the inputs, in accounts and in money.

    Parameters
    ----------
    inputs : Accounts
        All accounts that came in.
    parts : mapping of str to Accounts
        Where they went: ``scored``, ``excluded``, ``quarantined``.

    Returns
    -------
    dict
        The identity for the manifest: counts, money as text, digests of the ids.

    Raises
    ------
    GateRefused
        If an account is missing, doubled or new, or the money differs; every fault is listed.

    Examples
    --------
    >>> inputs = Accounts(["a", "b"], Decimal("10.50"))
    >>> scored, excluded = Accounts(["a"], Decimal("10.50")), Accounts(["b"])
    >>> check_conservation(inputs, {"scored": scored, "excluded": excluded})["accounts"]
    {'input': 2, 'scored': 1, 'excluded': 1}
    >>> check_conservation(inputs, {"scored": scored, "excluded": scored})
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.GateRefused: accounts or money got lost on the way; nothing is published
      - 1 both scored and excluded: 'a'
      - 1 neither scored nor excluded: 'b'
      - money of the input 10.50, of its parts 21.00
      hint: this is a fault of the program or of a table changed during the run; run again
    """
    sets = {name: set(part.ids) for name, part in parts.items()}
    given = set(inputs.ids)
    reached: set[str] = set().union(*sets.values())
    faults = [
        _fault(sets[one] & sets[two], f"both {one} and {two}") for one, two in combinations(sets, 2)
    ]
    faults += [
        _fault(given - reached, f"neither {' nor '.join(sets)}"),
        _fault(reached - given, "not in the input"),
    ]
    faults += [_doubled(name, part) for name, part in {"input": inputs, **parts}.items()]
    total = sum((part.money for part in parts.values()), Decimal(0))
    if total != inputs.money:
        faults.append(f"money of the input {inputs.money}, of its parts {total}")
    if found := [fault for fault in faults if fault]:
        problem = "accounts or money got lost on the way; nothing is published"
        hint = "this is a fault of the program or of a table changed during the run; run again"
        raise GateRefused(problem, hint=hint, details=found)
    everyone = {"input": inputs, **parts}
    return {
        "accounts": {name: len(part.ids) for name, part in everyone.items()},
        "money": {name: str(part.money) for name, part in everyone.items()},
        "ids_sha256": {name: part.digest for name, part in everyone.items()},
    }


def check_same_money(known: pd.Series[float], scored: pd.Series[float]) -> None:
    """Check that each account brings the same money in two tables, to a hundredth of a cent.

    Parameters
    ----------
    known, scored : Series
        Money by account; the same accounts in the same order.

    Raises
    ------
    GateRefused
        Naming the first accounts that differ.

    Examples
    --------
    >>> check_same_money(pd.Series([10.0], ["a"]), pd.Series([12.5], ["a"]))
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.GateRefused: accounts bring other money in the features than in the facts
      - 1 differ: 'a'
      hint: this is a fault of the program or of a table changed during the run; run again
    """
    same = np.isclose(scored, known, rtol=1e-9, atol=1e-4, equal_nan=True)
    if fault := _fault(set(known.index[~same]), "differ"):
        problem = "accounts bring other money in the features than in the facts"
        hint = "this is a fault of the program or of a table changed during the run; run again"
        raise GateRefused(problem, hint=hint, details=[fault])


def _fault(ids: set[str], what: str) -> str:
    """Name a fault with its count and the first few ids; empty if there is none."""
    shown = ", ".join(repr(i) for i in sorted(ids)[:5])
    return f"{len(ids)} {what}: {shown}{', ...' if len(ids) > 5 else ''}" if ids else ""


def _doubled(name: str, part: Accounts) -> str:
    extra = len(part.ids) - len(set(part.ids))
    return f"{extra} more than once in {name}" if extra else ""
