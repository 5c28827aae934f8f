"""The coverage plan: every table that follows from the tiers of a book, made in one place.

Why this way: the nightly run and the replay of a policy call the same function, so what is tried out is
what will be published. Each part takes the one frame of accounts and gives one table; a part whose facts
a book lacks gives an empty table, and the manifest says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from valuemodel.periods import Cutoff
from valuemodel.tiers.account_changes import account_changes
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.capacity import capacity, effort_mismatch, touches_planned
from valuemodel.tiers.concentration import concentration
from valuemodel.tiers.coverage.checks import three_checks
from valuemodel.tiers.coverage.credit import credited
from valuemodel.tiers.coverage.owners import above_last_tier, owner_load
from valuemodel.tiers.coverage.projects import project_routes, project_totals
from valuemodel.tiers.coverage.reassignment import reassign
from valuemodel.tiers.coverage.regions import regions
from valuemodel.tiers.coverage.routing import routing
from valuemodel.tiers.cross_tab import cross_tab
from valuemodel.tiers.decision import decide
from valuemodel.tiers.earlier import EarlierRun
from valuemodel.tiers.labels.cohorts import cohort_table
from valuemodel.tiers.labels.labels import account_labels
from valuemodel.tiers.labels.lifecycle import transitions
from valuemodel.tiers.moves import cause_table, moves
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.policy.plan import MAIN, TODAY
from valuemodel.tiers.quadrants import quadrants
from valuemodel.tiers.recommendations import Recommended
from valuemodel.tiers.records.plays import OwnPlay, plays
from valuemodel.tiers.records.record import account_plan
from valuemodel.tiers.segment_white_space import segment_white_space
from valuemodel.tiers.segments import line_table
from valuemodel.tiers.touches.compliance import compliance, ledger, touch_plan
from valuemodel.tiers.touches.follow_ups import follow_ups, preparations
from valuemodel.tiers.touches.handoff import handoffs
from valuemodel.tiers.value_after_cost import value_after_cost, value_by_tier

#: What the tier of an account that the company has given none is called.
NO_TIER = "none"


@dataclass(frozen=True)
class PlanSources:
    """What is stored of a run beside predictions and facts, and what the plan is told in.

    Parameters
    ----------
    currency, statement : str
        The currency, and what a value is in words.
    net_of : sequence of str
        The treatments of cost that values are net of already.
    touches, projects, credit, capability_gaps, white_space : pandas.DataFrame, optional
        The stored tables of these names; None or empty where the book lacks them.
    labels_before : pandas.DataFrame, optional
        ``account_id, lifecycle`` of the run before.
    second : mapping of str to TierPolicy
        Other policies over the same scores, by name.
    play : callable, optional
        The project's own play.
    """

    currency: str = ""
    statement: str = ""
    net_of: Sequence[str] = ()
    touches: pd.DataFrame | None = None
    projects: pd.DataFrame | None = None
    credit: pd.DataFrame | None = None
    capability_gaps: pd.DataFrame | None = None
    white_space: pd.DataFrame | None = None
    labels_before: pd.DataFrame | None = None
    second: Mapping[str, TierPolicy] = field(default_factory=dict)
    play: OwnPlay | None = None


@dataclass(frozen=True)
class Plan:
    """The tables of a coverage plan, by name; ``recommendations`` with the project's own play."""

    tables: Mapping[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]


def coverage_plan(
    found: Recommended, policy: TierPolicy, sources: PlanSources, earlier: EarlierRun | None
) -> Plan:
    """Make every table of the plan.

    Parameters
    ----------
    found : Recommended
        The tiers, and what they rest on.
    policy : TierPolicy
        The policy that they were cut by.
    sources : PlanSources
        What else is stored.
    earlier : EarlierRun, optional
        The run before.

    Returns
    -------
    Plan
        See ``docs/coverage-plan.md`` for the tables and their columns.
    """
    book, as_of = found.book, found.book.as_of
    frame = account_frame(found.table, book.predictions, book.facts, book.horizon)
    frame = frame.assign(play=plays(frame, sources.play))
    labels = account_labels(frame, policy, as_of)
    sizes = {name: int((frame["tier"] == name).sum()) for name in policy.names}
    tables = {
        "recommendations": found.table.assign(play=frame["play"]),
        "tier_probabilities": _probabilities(found, policy),
        "moves": moves(book, found.decision, found.by_rules, policy, earlier),
        "plan_changes": account_changes(
            book.facts, book.facts_before, f"past_value_{book.horizon.label}"
        ),
        "plan_lines": line_table(found.decision.assignment, policy),
        "plan_capacity": capacity(sizes, policy),
        "plan_touches": touches_planned(sizes, policy),
        "plan_effort": effort_mismatch(frame, policy),
        "plan_labels": labels,
        "plan_lifecycle": transitions(sources.labels_before, labels[["account_id", "lifecycle"]]),
        "plan_cohorts": cohort_table(frame, labels),
        "plan_concentration": concentration(frame, policy.concentration.top_share),
        "plan_policies": _second(found, policy, sources),
        **_of_money(frame, policy, sources, found),
        **_of_touches(frame, policy, sources, as_of),
        **_of_people(frame, policy, sources),
    }
    tables["plan_causes"] = cause_table(tables["moves"])
    tables["plan_checks"] = three_checks(frame, policy, as_of, tables["touch_plan"])
    tables["plan_accounts"] = account_plan(
        frame,
        policy,
        labels=labels,
        gaps=sources.capability_gaps,
        of=above_last_tier(frame, policy),
        currency=sources.currency,
    )
    return Plan(tables)


def _of_money(
    frame: pd.DataFrame, policy: TierPolicy, sources: PlanSources, found: Recommended
) -> dict[str, pd.DataFrame]:
    after_cost = value_after_cost(
        frame,
        policy,
        horizon=found.book.horizon,
        statement=sources.statement,
        net_of=sources.net_of,
    )
    by = policy.compensation.by
    return {
        "value_after_cost": after_cost,
        "plan_value": value_by_tier(after_cost, policy),
        "plan_quadrants": quadrants(frame, policy.compensation),
        "plan_white_space": segment_white_space(sources.white_space, frame, by),
    }


def _of_touches(
    frame: pd.DataFrame, policy: TierPolicy, sources: PlanSources, as_of: Cutoff
) -> dict[str, pd.DataFrame]:
    planned = touch_plan(frame, sources.touches, policy, as_of)
    return {
        "touch_plan": planned,
        "plan_compliance": compliance(planned),
        "plan_ledger": ledger(frame),
        "plan_preparations": preparations(planned, as_of),
        "follow_ups": follow_ups(frame, sources.touches, policy, as_of),
        "handoffs": handoffs(frame, policy, as_of),
    }


def _of_people(
    frame: pd.DataFrame, policy: TierPolicy, sources: PlanSources
) -> dict[str, pd.DataFrame]:
    load, routes = owner_load(frame, policy), project_routes(sources.projects, policy)
    return {
        "plan_owners": load,
        "plan_reassignments": reassign(frame, load, policy),
        "plan_regions": regions(frame, policy),
        "plan_routing": routing(frame),
        "plan_credit": credited(frame, sources.credit),
        "plan_projects": routes,
        "plan_project_totals": project_totals(routes),
    }


def _probabilities(found: Recommended, policy: TierPolicy) -> pd.DataFrame:
    """Return the chance of each account to belong to each tier, a column per tier."""
    names = [f"probability_{name}" for name in policy.names]
    told = pd.DataFrame(found.probability, columns=names)
    told.insert(0, "account_id", found.table["account_id"])
    told.insert(1, "as_of", found.table["as_of"])
    return told


def _second(found: Recommended, policy: TierPolicy, sources: PlanSources) -> pd.DataFrame:
    """Set other tiers beside those of the main policy: of other policies, and today's (S21)."""
    book = found.book
    value = pd.Series(book.value, index=book.predictions["account_id"])
    parts = []
    for name, other in sources.second.items():
        # Its tiers are not those of the run before, so nothing of that run holds an account in them.
        places = decide(book.alone(), other).tier
        table = book.predictions[["account_id"]].assign(
            tier=np.array(other.names, dtype=object)[places]
        )
        names, tiers = (MAIN, name), (policy.names, other.names)
        parts.append(cross_tab(found.table, table, names, tiers, value))
    today = book.frame[["account_id", "current_tier"]].rename(columns={"current_tier": "tier"})
    if today["tier"].notna().any():
        kept = today.fillna({"tier": NO_TIER})
        both = (policy.names, sorted(kept["tier"].unique()))
        parts.append(cross_tab(found.table, kept, (MAIN, TODAY), both, value))
    if parts:
        return pd.concat(parts, ignore_index=True)
    nobody = found.table.head(0)
    return cross_tab(nobody, nobody, (MAIN, NO_TIER), ([], []), value)
