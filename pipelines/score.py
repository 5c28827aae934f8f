"""Score: predict every account, cut the tiers, say why, and publish the run in one step.

Edit this file: it is yours. It reads top to bottom, and `valuemodel score` runs this very copy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from valuemodel import __version__
from valuemodel.dataset import Dataset
from valuemodel.estimators.account_model import AccountModel
from valuemodel.evaluation.evidence import Evidence
from valuemodel.explain.drivers import Explanation, explain_accounts
from valuemodel.explain.reasons import reasons
from valuemodel.io.manifest import Scorer, describe_run
from valuemodel.io.publication import open_run, run_key
from valuemodel.io.stored import read_manifest, run_before
from valuemodel.periods import Cutoff
from valuemodel.project import Project, Result
from valuemodel.scoring import Scored, most_at_stake, score_accounts
from valuemodel.tiers.recommendations import assign_tiers


def run(
    project: Project, as_of: str | None = None, *, model: str = "champion", started: str = "unsaid"
) -> Result:
    """Score the book as it was known before ``as_of`` with a registered model."""
    cutoff, settings = project.as_of(as_of), project.settings
    scorer, version = project.model(model, cutoff)

    # The same run is published once; only the champion's moves the pointer to the newest.
    key = key_of(project, cutoff, f"{model} {version.digest}")
    links = "forward" if model == "champion" else "none"
    with open_run(project.output, key, cutoff, since=started, links=links) as job:
        if job.already_published:
            return said(job.folder, "already published")

        # One snapshot, by the same builder that the model learned from.
        dataset, facts = project.builder.at(cutoff), project.builder.facts_at(cutoff)
        scored = score_accounts(
            scorer,
            dataset,
            facts,
            value=settings.value,
            model_version=version.number,
            without_history=project.builder.accounts_without_history(cutoff),
            previous=project.previous_champion(version, cutoff),
        )

        # Why, for the accounts with most at stake; and the tiers, against those of the run before.
        why = explain(project, scorer, dataset, scored)
        tables = {
            "predictions": scored.predictions,
            "account_facts": scored.account_facts,
            "drivers": why.drivers,
            "importance": why.importance,
            "recommendations": recommend(project, cutoff, dataset, scored, why),
        }

        # Nothing is published unless every account and its money are accounted for.
        evidence = Evidence.from_document(project.tracking.document(version, "evidence.json"))
        tables |= {"comparison": evidence.comparison, "deciles": evidence.deciles}
        who = Scorer(
            name=scorer.name,
            version=version.number,
            digest=version.digest,
            role=model,
            trained_until=scorer.trained_until.text,
            tags=scorer.tags,
            censoring=evidence.censoring,
        )
        manifest = described(project, tables, facts, who)
        manifest["warnings"] = dried_up(scorer, dataset)
        for name, table in tables.items():
            job.write_table(name, table)
        job.write_table("quarantine", project.tables.quarantine.to_pyarrow(), ["parquet"])
        return said(job.finish(manifest), "published")


def key_of(project: Project, cutoff: Cutoff, model: str) -> str:
    """Name the run: the same cutoff, inputs, model, policy and code are the same run.

    A challenger's run is another one than that of the champion it may become.
    """
    return run_key(
        as_of=cutoff,
        inputs=project.fingerprint,
        model=model,
        policy=project.policy.digest,
        code=__version__,
    )


def explain(
    project: Project, scorer: AccountModel, dataset: Dataset, scored: Scored
) -> Explanation:
    """Take the predictions of the tier horizon apart, in money and probability."""
    settings = project.settings
    chosen, shown = most_at_stake(
        dataset, scored.predictions, value=settings.value, most=settings.output.reasons_for
    )
    return explain_accounts(
        scorer.link_parts,
        chosen,
        shown,
        names=scorer.feature_names,
        horizon=settings.value.tiering.label,
        currency=settings.project.currency,
    )


def recommend(
    project: Project, cutoff: Cutoff, dataset: Dataset, scored: Scored, why: Explanation
) -> pd.DataFrame:
    """Cut the tiers by the policy, with reasons, and against those of the run before."""
    settings = project.settings
    before = run_before(project.output, cutoff, ["recommendations"])
    return assign_tiers(
        scored.predictions,
        project.policy,
        facts=scored.account_facts,
        previous=before.tables["recommendations"] if before else None,
        reasons=reasons(
            why.drivers,
            dataset.features,
            currency=settings.project.currency,
            churn_rule=settings.churn_rule,
        ),
        horizon=settings.value.tiering,
    )


def described(
    project: Project,
    tables: dict[str, pd.DataFrame],
    facts: pd.DataFrame,
    scorer: Scorer,
) -> dict[str, Any]:
    """Say what the run is; refuse it where an account or its money got lost."""
    return describe_run(
        tables,
        known=facts,
        settings=project.settings,
        policy=project.policy,
        scorer=scorer,
        inputs=project.fingerprint,
        data=project.tables.report.as_document(),
    )


def dried_up(scorer: AccountModel, dataset: Dataset) -> list[str]:
    """Warn of features that had values when the model learned from them, and have none now."""
    return [
        f"{name} had values in training and has next to none now: has its source dried up?"
        for name in scorer.newly_missing(dataset.X)
    ]


def said(folder: Path, verb: str) -> Result:
    """Say what the run holds."""
    manifest = read_manifest(folder)
    tiers = ", ".join(f"{tier} {count:,}" for tier, count in manifest["tiers"].items())
    lines = (
        f"{verb}: {folder}",
        f"{manifest['accounts']:,} accounts as of {manifest['as_of']} by model version "
        f"{manifest['model_version']} ({manifest['model_name']})",
        f"tiers: {tiers}",
        f"value: {manifest['value_statement']}",
        f"churn: {manifest['churn_statement']}",
        *(f"{label}: {tag}" for label, tag in manifest["model_tags"].items()),
        *(f"warning: {warning}" for warning in manifest["warnings"]),
    )
    return Result(lines, {"status": verb, "folder": str(folder), **manifest})
