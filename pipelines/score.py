"""Score: predict every account, cut the tiers, say why, and publish the run in one step.

Edit this file: it is yours. It reads top to bottom, and `valuemodel score` runs this very copy.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from valuemodel import __version__
from valuemodel.dataset import Dataset
from valuemodel.estimators.account_model import AccountModel
from valuemodel.evaluation.coverage import coverage_words
from valuemodel.evaluation.evidence import Evidence
from valuemodel.evaluation.override_accuracy import no_overrides, override_accuracy, realised_from
from valuemodel.evaluation.stability import Stability
from valuemodel.explain.agreement import mark_stable
from valuemodel.explain.choice import Chosen, choose_accounts
from valuemodel.explain.drivers import Explanation, explain_accounts
from valuemodel.explain.levers import levers
from valuemodel.explain.reasons import reasons
from valuemodel.io.earlier_run import closed_run, earlier_run, stored_policy
from valuemodel.io.manifest import Scorer, describe_run
from valuemodel.io.plan_sources import labels_before
from valuemodel.io.publication import open_run, run_key
from valuemodel.io.stored import read_manifest
from valuemodel.periods import Cutoff
from valuemodel.project import Project, Result
from valuemodel.scoring import Scored, score_accounts
from valuemodel.tiers.earlier import EarlierRun
from valuemodel.tiers.plan import PlanSources, coverage_plan
from valuemodel.tiers.reason_columns import with_reasons
from valuemodel.tiers.recommendations import Recommended, recommend
from valuemodel.tiers.touches.compliance import unmatched_touches
from valuemodel.tracking import Version


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
            newcomers=project.builder.newcomers_at(cutoff),
            previous=project.previous_champion(version, cutoff),
        )

        # The tiers, against those of the run before; and why, for those whose reasons are read.
        earlier = earlier_run(project.output, cutoff)
        found = tiered(project, cutoff, scored, earlier)
        held = Stability.from_document(project.tracking.document(version, "stability.json"))
        chosen, why = explain(project, scorer, dataset, scored, found.table, held)
        found = replace(found, table=with_reasons(found.table, sentences(project, dataset, why)))

        # What follows from the tiers: who serves whom, when, and at what cost.
        sources = gathered(project, cutoff)
        tables = {
            "predictions": scored.predictions,
            "account_facts": scored.account_facts,
            "drivers": why.drivers,
            "importance": why.importance,
            "white_space": sources.white_space,
            "touches": sources.touches,
            "projects": sources.projects,
            "credit": sources.credit,
            "capability_gaps": sources.capability_gaps,
            **coverage_plan(found, project.policy, sources, earlier).tables,
        }
        tables["plan_overrides"] = overrides_judged(project, cutoff, scored)
        tables["portfolio"] = sums(project, scorer, scored, tables["recommendations"])

        # Nothing is published unless every account and its money are accounted for.
        evidence = Evidence.from_document(project.tracking.document(version, "evidence.json"))
        tables |= {"comparison": evidence.comparison, "deciles": evidence.deciles}
        who = who_scored(project, scorer, version, model, evidence)
        manifest = described(project, tables, facts, who)
        unmatched = unmatched_touches(sources.touches, project.policy)
        manifest["warnings"] = [*dried_up(scorer, dataset), *found.findings, *unmatched]
        manifest["reasons"] = chosen.as_document() | held.summary_of(scorer.name)
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
        policy=project.policies.digest,
        code=__version__,
    )


def tiered(
    project: Project, cutoff: Cutoff, scored: Scored, earlier: EarlierRun | None
) -> Recommended:
    """Cut the tiers by the policy, against those of the run before."""
    return recommend(
        scored.predictions,
        project.policy,
        scored.account_facts,
        earlier,
        horizon=project.settings.value.tiering,
        overrides=project.policies.overrides(cutoff),
    )


def gathered(project: Project, cutoff: Cutoff) -> PlanSources:
    """Gather what the plan asks for beside predictions and facts; it is stored with the run."""
    builder, policies, settings = project.builder, project.policies, project.settings
    return PlanSources(
        currency=settings.project.currency,
        statement=settings.value_statement,
        net_of=settings.value.subtract if settings.value.measure == "contribution" else (),
        touches=builder.touches_at(cutoff),
        projects=builder.projects_at(cutoff),
        credit=builder.credit_at(cutoff),
        capability_gaps=builder.capability_gaps_at(cutoff),
        white_space=builder.white_space_at(cutoff),
        labels_before=labels_before(project.output, cutoff),
        second=policies.second,
        play=policies.play,
    )


def overrides_judged(project: Project, cutoff: Cutoff, scored: Scored) -> pd.DataFrame:
    """Say whether people or the rules were nearer, in the run whose horizon has closed by now."""
    horizon = project.settings.value.tiering
    closed = closed_run(project.output, cutoff, horizon)
    policy = stored_policy(closed) if closed else None
    if (
        closed is None
        or policy is None
        or "override_reason" not in closed.tables["recommendations"]
    ):
        return no_overrides()
    past = closed.tables["predictions"].set_index("account_id")[f"past_value_{horizon.label}"]
    came = realised_from(scored.account_facts, horizon)
    return override_accuracy(closed.tables["recommendations"], came, policy, past)


def explain(
    project: Project,
    scorer: AccountModel,
    dataset: Dataset,
    scored: Scored,
    tiers: pd.DataFrame,
    held: Stability,
) -> tuple[Chosen, Explanation]:
    """Take the predictions of the tier horizon apart, and mark what refits did not confirm."""
    settings = project.settings
    chosen = choose_accounts(
        dataset,
        scored.predictions,
        tiers,
        horizon=settings.value.tiering.label,
        tiers=project.policy.names,
        most=settings.output.reasons_for,
    )
    why = explain_accounts(
        scorer.link_parts,
        chosen.dataset,
        chosen.shown,
        names=scorer.feature_names,
        horizon=settings.value.tiering.label,
        currency=settings.project.currency,
        book=dataset.X,
    )
    return chosen, replace(why, drivers=mark_stable(why.drivers, held.of(scorer.name)))


def sentences(project: Project, dataset: Dataset, why: Explanation) -> pd.DataFrame:
    """Say the reasons in words, and what goes with a higher value among what can be moved."""
    settings, currency = project.settings, project.settings.project.currency
    told = reasons(why.drivers, dataset.features, currency=currency, churn_rule=settings.churn_rule)
    return told.merge(
        levers(why.drivers, dataset.features, currency=currency), on="account_id", how="left"
    )


def sums(
    project: Project, scorer: AccountModel, scored: Scored, recommended: pd.DataFrame
) -> pd.DataFrame:
    """Add up the book, its tiers, segments and owners' accounts, with intervals of the sums."""
    settings, facts = project.settings, scored.account_facts
    named = dict.fromkeys(("industry", "region", "owner", *settings.backtest.slices))
    kinds = [name for name in named if name in facts and facts[name].dtype == "str"]
    tier = recommended.set_index("account_id")["tier"]
    return scorer.ranges.sums(
        scored.predictions,
        pd.DataFrame({"tier": facts["account_id"].map(tier)}).join(facts[kinds]),
        horizon=settings.value.tiering.label,
        coverage=settings.value.interval,
    )


def who_scored(
    project: Project, scorer: AccountModel, version: Version, role: str, evidence: Evidence
) -> Scorer:
    """Say for the manifest which model scored, and what it promised."""
    horizon = project.settings.value.tiering.label
    return Scorer(
        name=scorer.name,
        version=version.number,
        digest=version.digest,
        role=role,
        trained_until=scorer.trained_until.text,
        tags=scorer.tags,
        censoring=evidence.censoring,
        intervals=coverage_words(evidence.coverage, model=scorer.name, horizon=horizon),
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
    """Warn of features that had values when the model learned from them, and have none it knows now."""
    dry = [
        f"{name} had values in training and has next to none now: has its source dried up?"
        for name in scorer.newly_missing(dataset.X)
    ]
    return dry + [
        f"{name} has values that training hardly knew, for {share:.0%} of the accounts; they count as "
        "missing: were its codes renamed?"
        for name, share in scorer.newly_unknown(dataset.X).items()
    ]


def expected(manifest: dict[str, Any], one: dict[str, Any]) -> str:
    """Say what the book or a tier is expected to bring, and how sure that is."""
    who = "the whole book" if one["group"] == "all" else f"tier {one['name']}"
    nominal = f"{manifest['interval']:.0%}"
    sure = "" if one["low"] is None else f" ({nominal}: {one['low']:,.0f} to {one['high']:,.0f})"
    return f"expected from {who}, next {manifest['tier_horizon']}: {one['value']:,.0f}{sure}"


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
        *manifest["model_intervals"],
        *(expected(manifest, one) for one in manifest.get("expected", ())),
        *(f"warning: {warning}" for warning in manifest["warnings"]),
    )
    return Result(lines, {"status": verb, "folder": str(folder), **manifest})
