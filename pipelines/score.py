"""Score: predict every account, cut the tiers, say why, and publish the run in one step.

Edit this file: it is yours. It reads top to bottom, and `valuemodel score` runs this very copy.
"""

from __future__ import annotations

from pathlib import Path

from valuemodel import __version__
from valuemodel.dataset import Dataset
from valuemodel.estimators.account_model import AccountModel
from valuemodel.evaluation.evidence import Evidence
from valuemodel.explain.drivers import Explanation, explain_accounts
from valuemodel.explain.reasons import reasons
from valuemodel.io.manifest import Scorer, describe_run
from valuemodel.io.publication import open_run, run_key
from valuemodel.io.stored import read_manifest, run_before
from valuemodel.project import Project, Result
from valuemodel.scoring import Scored, most_at_stake, score_accounts
from valuemodel.tiers.recommendations import assign_tiers


def run(
    project: Project, as_of: str | None = None, *, model: str = "champion", started: str = "unsaid"
) -> Result:
    """Score the book as it was known before ``as_of`` with a registered model."""
    cutoff, settings, policy = project.as_of(as_of), project.settings, project.policy
    scorer, version = project.model(model, cutoff)

    # The same cutoff, inputs, model, policy and code are the same run: it is published once.
    # A challenger's run is another one than that of the champion it may become.
    key = run_key(
        as_of=cutoff,
        inputs=project.fingerprint,
        model=f"{model} {version.digest}",
        policy=policy.digest,
        code=__version__,
    )
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
        before = run_before(project.output, cutoff, ["recommendations"])
        recommendations = assign_tiers(
            scored.predictions,
            policy,
            facts=scored.account_facts,
            previous=before.tables["recommendations"] if before else None,
            reasons=reasons(why.drivers, dataset.features, currency=settings.project.currency),
            horizon=settings.value.tiering,
        )

        # Nothing is published unless every account and its money are accounted for.
        evidence = Evidence.from_document(project.tracking.document(version, "evidence.json"))
        tables = {
            "predictions": scored.predictions,
            "account_facts": scored.account_facts,
            "drivers": why.drivers,
            "importance": why.importance,
            "recommendations": recommendations,
            "comparison": evidence.comparison,
            "deciles": evidence.deciles,
        }
        manifest = describe_run(
            tables,
            known=facts,
            settings=settings,
            policy=policy,
            scorer=Scorer(
                name=scorer.name,
                version=version.number,
                digest=version.digest,
                role=model,
                trained_until=scorer.trained_until.text,
                tags=scorer.tags,
            ),
            inputs=project.fingerprint,
            data=project.tables.report.as_document(),
        )
        manifest["warnings"] = [
            f"{name} had values in training and has next to none now: has its source dried up?"
            for name in scorer.newly_missing(dataset.X)
        ]
        for name, table in tables.items():
            job.write_table(name, table)
        job.write_table("quarantine", project.tables.quarantine.to_pyarrow(), ["parquet"])
        return said(job.finish(manifest), "published")


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


def said(folder: Path, verb: str) -> Result:
    """Say what the run holds."""
    manifest = read_manifest(folder)
    tiers = ", ".join(f"{tier} {count:,}" for tier, count in manifest["tiers"].items())
    lines = (
        f"{verb}: {folder}",
        f"{manifest['accounts']:,} accounts as of {manifest['as_of']} by model version "
        f"{manifest['model_version']} ({manifest['model_name']})",
        f"tiers: {tiers}",
        *(f"{label}: {tag}" for label, tag in manifest["model_tags"].items()),
        *(f"warning: {warning}" for warning in manifest["warnings"]),
    )
    return Result(lines, {"status": verb, "folder": str(folder), **manifest})
