"""What it costs to serve the accounts of the synthetic world, and who is credited with them.

Why this way: cost follows the hours that contacts took, booked on the day: answering tickets is cost of
goods, calls and mails keep customers, meetings sell. How finance treats a cost is a choice, so it is a
column. What is expected of the part that counts as cost of goods follows from the law (`expected_cogs`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from valuemodel.periods import Cutoff
from valuemodel.tables.schemas import TREATMENTS
from valuemodel.tables.world_attention import HOURS, TICKET, Contacts, words
from valuemodel.tables.world_book import INDUSTRIES, account_ids
from valuemodel.tables.world_clock import office_hours, written_down
from valuemodel.tables.world_process import Floats
from valuemodel.tables.world_usage import MODULES

_RATES = np.array([85.0, 70.0, 70.0, 55.0])  # money per hour, by kind of contact
_TREATED = np.array([1, 2, 2, 0])  # positions in TREATMENTS, by kind of contact
_SHARED, _DOUBLE = 0.15, 0.004  # shares of accounts credited to two, in part or in full to both
_HORIZONS = ("3 months", "12 months", "3 years")


def cost_rows(contacts: Contacts, origin: Cutoff, rng: np.random.Generator) -> pd.DataFrame:
    """Return the cost to serve, a row for each contact."""
    stamp = office_hours(contacts.day, origin)
    return pd.DataFrame(
        {
            "account_id": account_ids(contacts.account),
            "time": stamp,
            "known_at": written_down(stamp, rng, late=0.02, days=10.0),
            "amount": np.round(contacts.hours * _RATES[contacts.kind], 2),
            "treatment": words(np.array(TREATMENTS), _TREATED[contacts.kind]),
        }
    )


def expected_cogs(tickets: Floats) -> Floats:
    """Return the expected cost of answering so many tickets."""
    cost: Floats = tickets * HOURS[TICKET] * _RATES[TICKET]
    return cost


def credit_rows(accounts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return who is credited with an account: its owner, and for some its reviewer as well.

    Some owners share with the reviewer. A few accounts are, by mistake, credited in full to both: whose
    shares add up to more than 1 would count twice.
    """
    last = accounts.drop_duplicates("account_id", keep="last")
    order = rng.permutation(len(last))
    double, shared = order < int(_DOUBLE * len(last)), order >= (1 - _SHARED) * len(last)
    owners = pd.DataFrame(
        {
            "account_id": last["account_id"],
            "owner": last["owner"],
            "share": np.where(shared, 0.7, 1.0),
        }
    )
    reviewers = pd.DataFrame(
        {
            "account_id": last["account_id"],
            "owner": last["reviewer"],
            "share": np.where(double, 1.0, 0.3),
        }
    )
    table = pd.concat([owners, reviewers[shared | double]])
    return table.sort_values(["account_id", "owner"], ignore_index=True)


def capability_gaps(rng: np.random.Generator) -> pd.DataFrame:
    """Return what we lack, by module or industry, and by when: gaps close as time goes on."""
    rows = []
    for place, name in enumerate((*MODULES, *(kind.name for kind in INDUSTRIES[:3]))):
        gap = expit(rng.normal(-0.5, 1.0))
        for ahead, horizon in enumerate(_HORIZONS):
            product = place < len(MODULES)
            rows.append(
                {
                    "product_id": str(name) if product else None,
                    "segment": None if product else str(name),
                    "horizon": horizon,
                    "gap": round(float(gap * 0.7**ahead), 2),
                }
            )
    return pd.DataFrame(rows).astype({"product_id": "str", "segment": "str"})
