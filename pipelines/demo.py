"""Demo: make a synthetic business, then run the whole job on it, as a user would.

What the settings declare decides which book is made: transactions, contracts, or the whole. The true
expected future of each account is known here, so the demo ends by saying how near tier A comes to the
best accounts there are, and how well those who will not renew were found.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path

import pandas as pd

from valuemodel.io.stored import current_run, read_run
from valuemodel.periods import Cutoff, Horizon
from valuemodel.project import Project, Result
from valuemodel.settings import TablesSection
from valuemodel.tables.world import BookName, World, make_world, write_world

AS_OF = "2025-07-01"
FOLDERS = {"whole": "demo", "contracts": "demo_contracts", "transactions": "demo_transactions"}


def run(project: Project, *, accounts: int = 3_000, seed: int = 0) -> Result:
    """Write the tables of the settings, then check, train, score and review."""
    settings, book = project.settings, book_of(project.settings.tables)
    horizons, grace = settings.value.ordered, settings.churn.grace
    days = ceil(horizons[-1].days + (grace.days if grace else 0)) + 1
    world = make_world(
        accounts,
        as_of=Cutoff.parse(AS_OF),
        horizons=horizons,
        seed=seed,
        future=Horizon(days, "day"),  # until every outcome of the published run is known
        book=book,
    )
    folder = Path("data") / FOLDERS[book]
    write_world(world, project.root / folder)
    report = project.tables.report
    tell_backtest(project, world)
    steps = {
        "check": Result(tuple(report.lines()), report.as_document()),
        "train": project.pipeline("train")(project, AS_OF),
        "score": project.pipeline("score")(project, AS_OF),
        "review": project.pipeline("review")(project, AS_OF),
    }
    tables = ", ".join(f"{len(table):,} rows of {name}" for name, table in world.tables.items())
    lines = [
        f"a business of {accounts:,} accounts in {folder}: {tables}; its future is in the files too"
    ]
    for name, step in steps.items():
        lines += [f"{name}:", *(f"  {line}" for line in step.lines)]
    documents = {name: dict(step.document) for name, step in steps.items()}
    found, lost = found_by_tier_a(project, world.truth), lapse_found(project, world.truth)
    lines.append(f"true future value in as many accounts as tier A holds: {_shares(found)}")
    if lost:
        lines.append(f"true probability not to renew, of contracts in force: {_shares(lost)}")
    return Result(tuple(lines), documents | {"true_value_in_tier_a": found, "true_lapse": lost})


def book_of(tables: TablesSection) -> BookName:
    """Return the book that has just what the settings declare."""
    if tables.contracts is None:
        return "transactions"
    return "contracts" if tables.transactions is None else "whole"


def tell_backtest(project: Project, world: World) -> None:
    """Write what was to be expected at the cutoffs that `backtest` judges, if the settings ask for it."""
    named = project.settings.backtest.truth
    if named is None:
        return
    ends = (project.as_of(AS_OF), project.as_of(None))
    cutoffs = sorted({fold.cutoff for end in ends for fold in project.judged(end)})
    told = [world.truth_at(at).assign(cutoff=pd.Timestamp(at.at)) for at in cutoffs]
    if told:
        pd.concat(told, ignore_index=True).to_parquet(project.root / named, index=False)


def found_by_tier_a(project: Project, truth: pd.DataFrame) -> dict[str, float]:
    """Return the share of true future value in tier A, and in as many accounts chosen otherwise."""
    label = project.settings.value.tiering.label
    book = published(project, truth)
    true, top = book[f"expected_value_{label}"], book["tier"] == project.policy.names[0]
    by_past = book[f"past_value_{label}"].rank(ascending=False, method="first") <= top.sum()
    by_truth = true.rank(ascending=False, method="first") <= top.sum()
    chosen = {"by our tiers": top, "by past value": by_past, "at best": by_truth}
    return {how: float(true[which].sum() / true.sum()) for how, which in chosen.items()}


def lapse_found(project: Project, truth: pd.DataFrame) -> dict[str, float]:
    """Return the true chance to lapse in the tenth of contracts chosen by risk, and on average."""
    label = project.settings.value.tiering.label
    if f"lapse_{label}" not in truth:
        return {}
    book = published(project, truth).dropna(subset=[f"lapse_{label}", f"churn_{label}"])
    true, count = book[f"lapse_{label}"], max(1, len(book) // 10)
    by_us = book[f"churn_{label}"].rank(ascending=False, method="first") <= count
    by_truth = true.rank(ascending=False, method="first") <= count
    chosen = {"in the tenth we call riskiest": by_us, "in the riskiest tenth": by_truth}
    found = {how: float(true[which].mean()) for how, which in chosen.items()}
    return found | {"on average": float(true.mean())}


def published(project: Project, truth: pd.DataFrame) -> pd.DataFrame:
    """Return what the current run says of each account, beside the truth."""
    tables = read_run(current_run(project.output), ["recommendations", "predictions"]).tables
    both = tables["recommendations"].merge(tables["predictions"], on="account_id")
    return both.merge(truth, on="account_id")


def _shares(found: dict[str, float]) -> str:
    return ", ".join(f"{share:.1%} {how}" for how, share in found.items())
