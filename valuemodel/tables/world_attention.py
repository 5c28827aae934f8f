"""Whom the synthetic world's people meet, and why.

Why this way: planned attention follows the tier that the account has at the time, as in a company that
picks its key accounts by last year's revenue; what comes in by itself follows the present state: tickets
rise when an account is at risk. So attention is confounded with size, as it is in real data, and
nothing that is written down knows more than its own day. Tickets do not depend on tiers: so what it
costs to answer them is known exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.periods import Cutoff
from valuemodel.tables.world_book import account_ids
from valuemodel.tables.world_clock import office_hours, written_down
from valuemodel.tables.world_contracts import DAYS, HEALTH, ContractLaw
from valuemodel.tables.world_process import ACTIVE, PROJECT, YEAR, Floats, Ints, Paths
from valuemodel.tables.world_terms import Walked

PLANNED = {"A": 18.0, "B": 8.0, "C": 3.0, "D": 0.8}  #: planned contacts per year, by tier
ORDER_TICKETS = 0.05  #: tickets per order
_TICKETS = np.array([0.5, 1.0, 3.0])  # per year under contract, by health
_CALLS = np.array([1.5, 0.6, 0.3])  # unplanned contacts per year under contract, by health
_VISITS = {ACTIVE: 0.3, PROJECT: 4.0}  # unplanned contacts per year, by state of purchasing

INITIATIVES = np.array(["planned", "ad_hoc", "reactive"])
KINDS = np.array(["meeting", "call", "email", "ticket"])
_MIX = np.array([[0.35, 0.70, 1.0], [0.20, 0.70, 1.0], [0.0, 0.0, 0.0]])  # cumulated, by initiative
_CHANNELS = np.array(["onsite", "video", "phone", "email", "portal"])
_WAYS = np.array([[0, 0, 1], [2, 2, 1], [3, 3, 3], [4, 4, 3]])  # channels in use, by kind
_RANKS = np.array(["user", "manager", "director", "executive"])
TICKET = 3
#: Hours that each kind takes, on average.
HOURS = np.array([3.0, 0.7, 0.2, 2.5])
_RATED = 0.12  # share of meetings after which a person writes down how close we are


@dataclass(frozen=True)
class Contacts:
    """Contacts in order of time: account, day of the history, initiative, kind and hours."""

    account: Ints
    day: Floats
    initiative: Ints
    kind: Ints
    hours: Floats


def tickets_per_day(law: ContractLaw) -> Floats:
    """Return the tickets to be expected on a day in force, by health and contract."""
    appetite = (law.seats / 20.0) ** 0.3
    rates: Floats = _TICKETS[:, None] * appetite / DAYS
    return rates


def draw_contacts(found: list[tuple[Ints, Floats, Ints]], rng: np.random.Generator) -> Contacts:
    """Put contacts of all origins in order of time, and draw how they went."""
    account, day, why = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((why, account, day))
    account, day, why = account[order], day[order], why[order]
    kind = (rng.random(len(day))[:, None] >= _MIX[why]).sum(axis=1)
    hours = HOURS[kind] * rng.standard_gamma(2.0, len(day)) / 2
    return Contacts(account, day, why, kind, hours)


def planned(
    accounts: pd.DataFrame, days: int, origin: Cutoff, rng: np.random.Generator
) -> tuple[Ints, Floats, Ints]:
    """Draw planned contacts, as often as the tier of the time says."""
    account = accounts["account_id"].str[1:].to_numpy(dtype="S7").astype(np.int64)
    since = (accounts["valid_from"] - pd.Timestamp(origin.at)).dt.days.to_numpy().clip(0)
    last = np.r_[account[1:] != account[:-1], True]
    until = np.where(last, days, np.r_[since[1:], days])
    rate = np.array([PLANNED[tier] / YEAR for tier in accounts["current_tier"]], dtype=np.float64)
    return _spread(account, since, until, rate, 0, rng)


def under_contract(
    law: ContractLaw, walked: Walked, days: int, rng: np.random.Generator
) -> list[tuple[Ints, Floats, Ints]]:
    """Draw tickets and unplanned contacts of accounts under contract, by the health of the day."""
    contract = np.arange(len(law.account))
    calls = np.repeat(_CALLS[:, None], len(contract), axis=1) / DAYS
    drawn = []
    for initiative, rates in ((2, tickets_per_day(law)), (1, calls)):
        most = rates.max(axis=0)
        which, day, why = _spread(
            contract, law.start.clip(0), np.full(len(contract), days), most, initiative, rng
        )
        whole = day.astype(np.int64)
        health = walked.health[which, whole].clip(0, len(HEALTH) - 1)
        kept = rng.random(len(day)) * most[which] < rates[health, which]
        kept &= walked.terms.at(which, whole) >= 0
        drawn.append((law.account[which[kept]], day[kept], why[kept]))
    return drawn


def around_orders(
    paths: Paths, orders: tuple[Ints, Floats], rng: np.random.Generator
) -> list[tuple[Ints, Floats, Ints]]:
    """Draw tickets about orders, and unplanned contacts by the state of purchasing."""
    buyer, bought = orders
    asks = rng.random(len(buyer)) < ORDER_TICKETS
    asked = (buyer[asks], bought[asks] * YEAR, np.full(int(asks.sum()), 2))
    rate = np.array([_VISITS.get(state, 0.0) for state in range(5)])[paths.state]
    begin, end = paths.begin * YEAR, paths.end * YEAR
    return [asked, _spread(paths.account, begin, end, rate / YEAR, 1, rng)]


def interaction_rows(
    contacts: Contacts, closeness: Floats, origin: Cutoff, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the contacts as a customer system holds them; a person rates a few of the meetings.

    ``closeness`` is how close each account is to us by nature, standard normal.
    """
    kind, near = contacts.kind, closeness[contacts.account]
    drawn = rng.random((3, len(kind)))
    rank = np.where(kind == TICKET, 0, np.floor(4 * drawn[0] ** np.exp(-0.5 * near)))
    way = _WAYS[kind, np.floor(3 * drawn[1]).astype(np.int64)]
    rated = (kind == 0) & (drawn[2] < _RATED)
    rating = np.rint((6 + 1.5 * near + rng.standard_normal(len(kind))).clip(0, 10))
    stamp = office_hours(contacts.day, origin)
    return pd.DataFrame(
        {
            "account_id": account_ids(contacts.account),
            "time": stamp,
            "known_at": written_down(stamp, rng),
            "kind": words(KINDS, kind),
            "channel": words(_CHANNELS, way),
            "seniority": words(_RANKS, rank.astype(np.int64).clip(0, 3)),
            "hours": np.round(contacts.hours, 2),
            "initiative": words(INITIATIVES, contacts.initiative),
            "rating": np.where(rated, rating, np.nan),
        }
    )


def words(texts: NDArray[np.str_], codes: Ints) -> pd.Series:
    """Return the texts at some positions."""
    return pd.Series(texts, dtype="str").take(codes).set_axis(range(len(codes)))


def _spread(
    who: Ints,
    begin: Ints | Floats,
    end: Ints | Floats,
    rate: Floats,
    initiative: int,
    rng: np.random.Generator,
) -> tuple[Ints, Floats, Ints]:
    """Draw the points of Poisson processes, each of its rate per day in its stretch of days."""
    which = np.repeat(np.arange(len(who)), rng.poisson(rate * np.maximum(end - begin, 0)))
    day = begin[which] + rng.random(len(which)) * (end - begin)[which]
    return who[which], day, np.full(len(which), initiative)
