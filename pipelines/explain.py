"""Explain: the brief of one account, from the stored tables of a published run.

Edit this file: it is yours. It reads top to bottom, and `valuemodel explain` runs this very copy.
"""

from __future__ import annotations

from typing import Any

from valuemodel.io.stored import current_run, published, read_run
from valuemodel.periods import Cutoff, Horizon
from valuemodel.project import Project, Result
from valuemodel.tiers.accounts import account_frame
from valuemodel.tiers.records.brief import BriefTables, brief
from valuemodel.tiers.records.record import as_document


def run(project: Project, account: str, as_of: str | None = None) -> Result:
    """Write the brief of an account in the run published for ``as_of``, or in the current one."""
    output = project.output
    folder = current_run(output) if as_of is None else published(output, Cutoff.parse(as_of))
    stored = read_run(folder)
    tables, manifest = stored.tables, stored.manifest
    horizon = Horizon.parse(str(manifest["tier_horizon"]))
    frame = account_frame(
        tables["recommendations"], tables["predictions"], tables["account_facts"], horizon
    )
    told = BriefTables(
        frame,
        drivers=tables["drivers"],
        touch_plan=tables.get("touch_plan"),
        follow_ups=tables.get("follow_ups"),
        white_space=tables.get("white_space"),
        projects=tables.get("plan_projects"),
        plan=tables.get("plan_accounts"),
        horizon=horizon,
        currency=str(manifest["currency"]),
    )
    text = brief(account, told)
    document: dict[str, Any] = {"account_id": account, "brief": text, "run": str(folder)}
    written = told.rows("plan", account)
    if written is not None and len(written):
        document["plan"] = as_document(written.iloc[0])
    return Result(tuple(text.splitlines()), document)
