"""Tier: replay a policy on the stored tables of a published run, and say who would move.

Edit this file: it is yours. It reads top to bottom, and `valuemodel tier` runs this very copy. No model is
loaded and nothing is published: what is tried out here becomes the plan with the next `valuemodel score`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from valuemodel.evaluation.override_accuracy import (
    no_overrides,
    override_lines,
    override_summary,
)
from valuemodel.io.earlier_run import earlier_run
from valuemodel.io.plan_sources import plan_sources
from valuemodel.io.policies import Policies
from valuemodel.io.sinks import write_table
from valuemodel.io.stored import current_run, published, read_run
from valuemodel.periods import Cutoff, Horizon
from valuemodel.project import Project, Result
from valuemodel.reporting.plain_text import shortened
from valuemodel.reporting.plan_lines import capacity_lines, line_lines, mover_lines, who_moves
from valuemodel.tiers.coverage.credit import credit_lines, credit_totals
from valuemodel.tiers.coverage.owners import owner_lines
from valuemodel.tiers.cross_tab import cross_tab_lines
from valuemodel.tiers.plan import Plan, PlanSources, coverage_plan
from valuemodel.tiers.policy import TierPolicy
from valuemodel.tiers.recommendations import recommend
from valuemodel.tiers.touches.compliance import unmatched_touches
from valuemodel.tiers.value_after_cost import cost_lines


def run(
    project: Project,
    as_of: str | None = None,
    *,
    policy: Path | None = None,
    person: str | None = None,
) -> Result:
    """Cut the tiers of a published run by a policy file, by default the project's own."""
    output = project.output
    folder = current_run(output) if as_of is None else published(output, Cutoff.parse(as_of))
    stored = read_run(folder)
    path = project.root / "models" / "tiers.toml" if policy is None else policy
    policies = Policies.open(path, project.root)

    # The same tables, the same run before, another policy.
    earlier = earlier_run(output, stored.as_of)
    found = recommend(
        stored.tables["predictions"],
        policies.main,
        stored.tables["account_facts"],
        earlier,
        horizon=Horizon.parse(str(stored.manifest["tier_horizon"])),
        overrides=policies.overrides(stored.as_of),
    )
    sources = plan_sources(stored, policies, output)
    plan = coverage_plan(found, policies.main, sources, earlier)
    moves = who_moves(plan["recommendations"], stored.tables["recommendations"], found.book.frame)

    judged = stored.tables.get("plan_overrides", no_overrides())
    findings = [*found.findings, *unmatched_touches(sources.touches, policies.main)]

    # Every table of the plan, so that it can be read in full; the run itself stays as it is.
    replay = output / "replays" / f"{stored.as_of.text}_{policies.digest[:12]}"
    replay.mkdir(parents=True, exist_ok=True)
    for name, table in {**plan.tables, "who_moves": moves}.items():
        write_table(mine(table, plan["plan_routing"], person), replay / f"{name}.csv")

    lines = (
        f"policy {policies.main.version} ({path}) on the run of {stored.as_of}; written to {replay}",
        *([f"objective: {policies.main.objective}"] if policies.main.objective else []),
        *line_lines(plan["plan_lines"], policies.main),
        *capacity_lines(plan["plan_capacity"]),
        *(f"warning: {finding}" for finding in findings),
        *mover_lines(mine(moves, plan["plan_routing"], person), sources.currency),
        *cost_lines(plan["plan_value"], sources.currency),
        *people_lines(plan, policies.main, sources, found.book.frame),
        *override_lines(override_summary(judged), shortened),
        *second_lines(plan["plan_policies"]),
    )
    document = {
        "folder": str(replay),
        "run": str(folder),
        "policy_version": policies.main.version,
        "policy_digest": policies.digest,
        "tiers": plan["recommendations"]["tier"].value_counts().to_dict(),
        "moves": len(moves),
        "findings": findings,
    }
    return Result(tuple(lines), document)


def mine(table: pd.DataFrame, routing: pd.DataFrame, person: str | None) -> pd.DataFrame:
    """Keep the rows of the accounts that a person owns or reviews; all of them without a person."""
    if person is None or "account_id" not in table:
        return table
    accounts = routing.loc[routing["person"] == person, "account_id"]
    return table[table["account_id"].isin(accounts)].reset_index(drop=True)


def people_lines(
    plan: Plan, policy: TierPolicy, sources: PlanSources, frame: pd.DataFrame
) -> Iterator[str]:
    """Say who carries too much, and what people are credited with beside the company's total."""
    if frame["owner"].notna().any():
        yield from owner_lines(plan["plan_owners"], policy, shortened)
    if sources.credit is not None and len(sources.credit):
        yield from credit_lines(credit_totals(frame, sources.credit), sources.currency)


def second_lines(policies: pd.DataFrame) -> Sequence[str] | Iterator[str]:
    """Set the tiers of the policies side by side, where there are several."""
    return cross_tab_lines(policies, shortened) if len(policies) else ()
