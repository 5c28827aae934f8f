"""What the contract desk of the synthetic world writes down: the contracts, and their invoices.

Why this way: a renewal is signed before its term begins, by the notice day, so its row is known while
its start lies ahead; a few come back late, and silent automatic renewals leave no row at all. Invoices
go through the order system like everything that is sold, marked as under contract: a book that counts
both the contract and them counts twice.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from valuemodel.periods import Cutoff
from valuemodel.tables.world_book import account_ids, padded
from valuemodel.tables.world_clock import Stamps, midnights, office_hours
from valuemodel.tables.world_contracts import NEVER, ContractLaw
from valuemodel.tables.world_process import Floats, Ints
from valuemodel.tables.world_terms import Terms, last_of_each

_LATE, _DELAY = 0.04, 21  # share of renewals signed after their start, by so many days at the most
_NOTICE = 0.7  # share of contracts without automatic renewal whose end is announced
_QUARTER = 91  # days
_UNIT_COST = 0.22  # share of cost in what is invoiced under contract


def sign_terms(
    law: ContractLaw, terms: Terms, origin: Cutoff, rng: np.random.Generator
) -> tuple[Stamps, Stamps]:
    """Return when each stretch of terms became known, and when notice was given (or not a time)."""
    count = len(terms.start)
    at = rng.random((2, count))
    renewal = terms.start > terms.signed + 1
    renewal &= np.r_[False, ~last_of_each(terms.contract)][:count]
    late = renewal & ~law.auto_renew[terms.contract] & (rng.random(count) < _LATE)
    signed = np.where(late, terms.start + rng.integers(1, _DELAY + 1, count), terms.signed)
    announced = law.auto_renew[terms.contract] | (rng.random(count) < _NOTICE)
    given = announced & (terms.quit < NEVER)
    notice = office_hours(np.where(given, terms.quit, 0) + at[1], origin)
    return office_hours(signed + at[0], origin), np.where(given, notice, np.datetime64("NaT", "us"))


def contract_rows(
    law: ContractLaw, terms: Terms, known_at: Stamps, cancelled_at: Stamps, origin: Cutoff
) -> pd.DataFrame:
    """Return the contracts as the desk holds them; a notice stands on the last row written down."""
    contract = terms.contract
    written = np.flatnonzero(~terms.silent)
    last = last_of_each(contract)
    # Each contract's only notice, wherever in its terms it was given.
    notice = np.full(len(law.account), np.datetime64("NaT", "us"))
    notice[contract[last]] = cancelled_at[last]
    contract = contract[written]
    final = last_of_each(contract)
    end = midnights(np.where(terms.end < NEVER, terms.end, 0), origin)
    table = pd.DataFrame(
        {
            "account_id": account_ids(law.account[contract]),
            "contract_id": padded(_letters("K", contract), 1 + contract, 7),
            "start": midnights(terms.start, origin)[written],
            "end": np.where(terms.end < NEVER, end, np.datetime64("NaT", "us"))[written],
            "known_at": known_at[written],
            "arr": terms.arr[written],
            "seats": terms.seats[written],
            "auto_renew": law.auto_renew[contract],
            "cancelled_at": np.where(final, notice[contract], np.datetime64("NaT", "us")),
        }
    )
    return table.sort_values(["known_at", "contract_id"], ignore_index=True)


def invoice_lines(
    law: ContractLaw, terms: Terms, days: int, origin: Cutoff, rng: np.random.Generator
) -> pd.DataFrame:
    """Return a line per contract and quarter that begins in the history, at a quarter of the ARR."""
    quarters = days // _QUARTER + 1
    first = law.start + _QUARTER * -(law.start.clip(max=0) // _QUARTER)
    due = first[:, None] + _QUARTER * np.arange(quarters)
    contract = np.repeat(np.arange(len(law.account)), quarters)
    place = terms.at(contract, due.ravel())
    inside = (place >= 0) & (due.ravel() < days)
    contract, place, day = contract[inside], place[inside], due.ravel()[inside]
    amount = np.round(terms.arr[place] / 4, 2)
    return _lines(law, contract, day, amount, terms.seats[place], origin, rng)


def _lines(
    law: ContractLaw,
    contract: Ints,
    day: Ints,
    amount: Floats,
    seats: Ints,
    origin: Cutoff,
    rng: np.random.Generator,
) -> pd.DataFrame:
    stamp = office_hours(day + rng.random(len(day)), origin)
    order = np.lexsort((contract, stamp))
    number = 1 + np.arange(len(order))
    letters = _letters("I", order)
    return pd.DataFrame(
        {
            "account_id": account_ids(law.account[contract[order]]),
            "order_id": padded(letters, number, 9),
            "line_id": padded(letters, number, 9),
            "time": stamp[order],
            "product_id": "M01",
            "quantity": seats[order],
            "unit_price": np.round(amount[order] / seats[order], 4),
            "amount": amount[order],
            "cost": np.round(_UNIT_COST * amount[order], 2),
            "under_contract": True,
        }
    )


def _letters(letter: str, like: Ints) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.full(len(like), ord(letter), dtype=np.uint8)
