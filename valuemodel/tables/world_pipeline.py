"""The opportunities of the synthetic world, won and lost, and the projects that follow from some.

Renewals are opened before the notice day and decided on it; offers to expand are decided as the law of
contracts says; projects are proposed to accounts that have just begun one, and, in vain, to others.

Why this way: a row is written when something changes and says only what was so on that day: a deal moves
on while the account is healthy, its expected end is put off while it is not. A pipeline whose early
stages knew the outcome would make every forecast look brilliant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuemodel.periods import Cutoff
from valuemodel.tables.world_attention import words
from valuemodel.tables.world_book import account_ids, padded
from valuemodel.tables.world_clock import office_hours, written_down
from valuemodel.tables.world_contracts import ADDED, AT_RISK, NEVER, ContractLaw
from valuemodel.tables.world_process import (
    ACTIVE,
    DORMANT,
    PROJECT,
    YEAR,
    Floats,
    Ints,
    Paths,
    PurchaseProcess,
)
from valuemodel.tables.world_terms import Walked

STAGES = np.array(["qualified", "proposal", "negotiation", "won", "lost"])
_WON, _LOST = 3, 4
_STEPS = np.array([0.0, 14.0, 33.0])  # days after which an open deal may have moved on
_LEFT = np.array([60.0, 45.0, 25.0])  # days to its end, as seen at each step
_PUT_OFF = 30.0  # days by which an end is put off when a deal does not move
_LEAD = 50  # days before the notice day on which a renewal is opened
_TALKS = 45.0  # days that talks about a project take
_HIT = 0.8  # share won of the talks with accounts that are in a project when they end
_IN_VAIN = 0.25  # talks begun in vain per year, while active or dormant


@dataclass(frozen=True)
class Deals:
    """Opportunities: account, first and last day (infinite while open), outcome, value, product.

    ``stuck`` says of each step whether the account was in no state to move on that day.
    """

    account: Ints
    opened: Floats
    closed: Floats
    won: NDArray[np.bool_]
    asked: Floats
    brought: Floats
    product: NDArray[np.str_]
    stuck: NDArray[np.bool_]


def renewals(law: ContractLaw, walked: Walked, days: int) -> Deals:
    """Return one opportunity per term that has to be renewed by signature."""
    terms = walked.terms
    contract = terms.contract
    next_term = (contract[1:] != contract[:-1]) | (terms.end[1:] != terms.end[:-1])
    rows = np.flatnonzero(np.r_[next_term, True][: len(contract)])
    which, ends = contract[rows], terms.end[rows]
    decided = ends - law.notice[which]
    opened = np.maximum(decided - _LEAD, 0)
    asks = (ends < NEVER) & ~law.auto_renew[which] & (opened < np.minimum(decided, days))
    rows, which, decided, opened = rows[asks], which[asks], decided[asks], opened[asks]
    follows = np.minimum(rows + 1, len(contract) - 1)
    won = (follows > rows) & (contract[follows] == which)
    asked = terms.arr[terms.at(which, opened)] * (1 + law.uplift[which])
    return Deals(
        law.account[which], opened + _morning(which), np.where(decided < days, decided + 0.6, np.inf), won, asked,
        np.where(won, terms.arr[follows], asked), np.full(len(rows), "M01"),
        _at_risk(walked, which, opened),
    )  # fmt: skip


def expansions(law: ContractLaw, walked: Walked) -> Deals:
    """Return the offers to expand in mid-term as opportunities."""
    offers = walked.offers
    place = walked.terms.at(offers.contract, offers.opened)
    asked = walked.terms.arr[place] * sum(ADDED) / 2
    closed = np.where(offers.closed < NEVER, offers.closed, np.inf)
    product = np.array(["M02", "M03", "M04"])[(offers.contract + offers.opened) % 3]
    return Deals(
        law.account[offers.contract], offers.opened + _morning(offers.contract), closed + 0.6, offers.won, asked,
        np.where(offers.won, offers.value, asked), product,
        _at_risk(walked, offers.contract, offers.opened),
    )  # fmt: skip


def project_deals(
    process: PurchaseProcess, paths: Paths, order_value: Floats, rng: np.random.Generator
) -> Deals:
    """Return talks about projects: soon after one has begun, and in vain at other times."""
    begins = np.flatnonzero(paths.state == PROJECT)
    real = paths.begin[begins] * YEAR + rng.uniform(0.5, 20.0, len(begins))
    quiet = np.flatnonzero(np.isin(paths.state, [ACTIVE, DORMANT]))
    length = (paths.end - paths.begin)[quiet]
    vain = np.repeat(quiet, rng.poisson(_IN_VAIN * length))
    at = paths.begin[vain] + rng.random(len(vain)) * (paths.end - paths.begin)[vain]
    account = np.concatenate([paths.account[begins], paths.account[vain]])
    opened = np.concatenate([real, at * YEAR])
    closed = opened + _TALKS * rng.uniform(0.4, 1.6, len(opened))
    won = _in_project(paths, account, closed) & (rng.random(len(opened)) < _HIT)
    year = process.rate[account] * order_value[account]
    asked = np.round(year * 1.5 * np.exp(0.4 * rng.standard_normal(len(opened)) - 0.08), -1) + 100
    brought = np.round(asked * rng.uniform(0.7, 1.1, len(opened)), 2)
    late = [_in_project(paths, account, opened + step) for step in _STEPS]
    return Deals(
        account, opened, closed, won, asked, np.where(won, brought, asked),
        np.full(len(account), "SERVICES"), ~np.stack(late, axis=1),
    )  # fmt: skip


def opportunity_rows(
    deals: list[Deals], days: int, origin: Cutoff, rng: np.random.Generator
) -> pd.DataFrame:
    """Return one row per change of each opportunity, in order of time."""
    of = _together(deals)
    number = np.empty(len(of.opened), dtype=np.int64)
    number[np.lexsort((of.account, of.opened))] = 1 + np.arange(len(number))
    rows: list[tuple[Ints, Floats, Ints, Floats, Floats]] = []
    for step in range(len(_STEPS)):
        day = of.opened + _STEPS[step]
        there = np.flatnonzero((day < of.closed) & (day < days))
        stage = (~of.stuck[there, 1 : step + 1]).sum(axis=1)
        left = _LEFT[step] + _PUT_OFF * (of.stuck[there, step] & (step > 0))
        rows.append((there, day[there], stage, of.asked[there], day[there] + left))
    ended = np.flatnonzero(of.closed < days)
    outcome = np.where(of.won, _WON, _LOST)[ended]
    rows.append((ended, of.closed[ended], outcome, of.brought[ended], of.closed[ended]))
    which, day, stage, value, closes = (np.concatenate(part) for part in zip(*rows, strict=True))
    order = np.lexsort((number[which], day))
    which, day, stage = which[order], day[order], stage[order]
    stamp = office_hours(day, origin)
    return pd.DataFrame(
        {
            "account_id": account_ids(of.account[which]),
            "opportunity_id": padded(_letter("D", which), number[which], 7),
            "time": stamp,
            "known_at": written_down(stamp, rng),
            "stage": words(STAGES, stage),
            "value": np.round(value[order], 2),
            "closed": office_hours(closes[order], origin),
            "product_id": pd.Series(of.product[which], dtype="str"),
        }
    )


def project_rows(deals: Deals, days: int, origin: Cutoff, rng: np.random.Generator) -> pd.DataFrame:
    """Return the projects that were won, from the day on which they were."""
    begun = np.flatnonzero(deals.won & (deals.closed < days))
    begun = begun[np.lexsort((deals.account[begun], deals.closed[begun]))]
    number = 1 + np.arange(len(begun))
    stamp = office_hours(deals.closed[begun], origin)
    return pd.DataFrame(
        {
            "account_id": account_ids(deals.account[begun]),
            "project_id": padded(_letter("P", begun), number, 6),
            "time": stamp,
            "known_at": written_down(stamp, rng),
            "amount": deals.brought[begun],
            "name": "Roll-out " + pd.Series(number, dtype="str"),
        }
    )


def _morning(contract: Ints) -> Floats:
    """Return a part of the day's first half, another one for each contract."""
    return (contract * 0.618034).astype(np.float64) % 0.5


def _at_risk(walked: Walked, contract: Ints, opened: Ints) -> NDArray[np.bool_]:
    last = walked.health.shape[1] - 1
    days = np.minimum(opened[:, None] + _STEPS.astype(np.int64), last)
    found: NDArray[np.bool_] = walked.health[contract[:, None], days] == AT_RISK
    return found


def _in_project(paths: Paths, account: Ints, day: Floats) -> NDArray[np.bool_]:
    order = np.lexsort((paths.begin, paths.account))
    span = 1e6  # days, longer than any history
    keys = paths.account[order] * span + paths.begin[order] * YEAR
    place = order[np.searchsorted(keys, account * span + day, side="right") - 1]
    inside: NDArray[np.bool_] = (paths.account[place] == account) & (paths.state[place] == PROJECT)
    return inside & (day < paths.end[place] * YEAR)


def _together(deals: list[Deals]) -> Deals:
    names = Deals.__dataclass_fields__
    return Deals(**{name: np.concatenate([getattr(d, name) for d in deals]) for name in names})


def _letter(letter: str, like: Ints) -> NDArray[np.uint8]:
    return np.full(len(like), ord(letter), dtype=np.uint8)
