"""The manifest: what a run says of itself, beyond the files that the publication adds.

Why this way: the review page, a replay of the policy and an auditor read the run folder alone, so
everything that they need to understand the tables is written beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pandas as pd

from valuemodel.estimators.intervals.ranges import ALL
from valuemodel.evaluation.censoring import Censoring, censoring_words
from valuemodel.io.conservation import Accounts, check_conservation, check_same_money
from valuemodel.settings import Settings
from valuemodel.tiers.policy import TierPolicy
from valuemodel.version import __version__

_NAMED = ("predictions", "account_facts", "recommendations", "white_space")


@dataclass(frozen=True)
class Scorer:
    """Which model scored.

    Parameters
    ----------
    name : str
        The kind of model, such as ``lightgbm`` or ``past_value``.
    version, digest : str
        Its version in the registry and the digest of its folder.
    role : str
        What it was asked for as: ``champion``, ``challenger`` or a version number.
    trained_until : str
        Nothing from this instant on was learned from.
    tags : mapping of str to str
        Per horizon label, what stands in for a model there.
    censoring : mapping
        Per horizon label, at how many of the snapshots it learned from the labels were complete.
    intervals : sequence of str
        What its intervals held at later cutoffs, in words.
    """

    name: str
    version: str
    digest: str
    role: str
    trained_until: str
    tags: Mapping[str, str]
    censoring: Censoring = field(default_factory=dict)
    intervals: Sequence[str] = ()


def describe_run(
    tables: Mapping[str, pd.DataFrame],
    *,
    known: pd.DataFrame,
    settings: Settings,
    policy: TierPolicy,
    scorer: Scorer,
    inputs: str,
    data: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the manifest of a run.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The stored tables: predictions, account_facts, recommendations and the others.
    known : DataFrame
        The facts of every account known before the cutoff, whether it was scored or not.
    settings : Settings
        The project's.
    policy : TierPolicy
        What cut the tiers; kept whole, so that the page can be written again.
    scorer : Scorer
        The model.
    inputs : str
        The fingerprint of the input tables and of the settings that shaped them.
    data : mapping
        The report of the tables as a document.

    Returns
    -------
    dict
        JSON values. ``missing_parts`` names, per table, the columns that hold nothing in this run.
    """
    tiers = tables["recommendations"]["tier"].value_counts()
    return {
        "project": settings.project.name,
        "currency": settings.project.currency,
        "level": settings.project.level,
        "measure": settings.value.measure,
        "basis": settings.value.basis,
        "refunds": settings.value.refunds,
        "subtract": list(settings.value.subtract)
        if settings.value.measure == "contribution"
        else [],
        "discount_rate": settings.value.discount_rate,
        "value_statement": settings.value_statement,
        "churn_rule": settings.churn_rule,
        "churn_statement": settings.churn_statement,
        "horizons": [horizon.label for horizon in settings.value.ordered],
        "tier_horizon": settings.value.tiering.label,
        "accounts": len(tables["predictions"]),
        "tiers": {name: int(tiers.get(name, 0)) for name in policy.names},
        "interval": settings.value.interval,
        "expected": _expected(tables.get("portfolio")),
        "model_name": scorer.name,
        "model_version": scorer.version,
        "model_digest": scorer.digest,
        "model_trained_until": scorer.trained_until,
        "model_tags": dict(scorer.tags),
        "model_labels": censoring_words(scorer.censoring),
        "model_intervals": list(scorer.intervals),
        "role": scorer.role,
        "inputs": inputs,
        "policy_version": policy.version,
        "policy_digest": policy.digest,
        "policy": policy.model_dump(mode="json", exclude_none=True),
        "code_version": __version__,
        "missing_parts": {name: _empty(tables[name]) for name in _NAMED if name in tables},
        "conservation": _conservation(tables, known, settings.value.tiering.label),
        "data": dict(data),
    }


def _expected(portfolio: pd.DataFrame | None) -> list[dict[str, object]]:
    """Return what the whole book and each tier will bring, with the interval of the sum."""
    if portfolio is None:
        return []
    told = portfolio[portfolio["group"].isin([ALL, "tier"])].astype(object)
    return [
        {str(key): said for key, said in row.items()}
        for row in told.where(told.notna(), None).to_dict("records")
    ]


def _empty(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.columns[table.isna().all()]]


def _conservation(
    tables: Mapping[str, pd.DataFrame], known: pd.DataFrame, label: str
) -> dict[str, object]:
    """Check that every known account and its money is scored, or excluded by the population.

    An account counts as scored where it has a prediction, facts and a recommendation. Its money must
    be the same in the features and in the facts; what is added up is that of the facts, since
    contracts are earned by the day and two sums of such parts may differ in their last digit.
    """
    column = f"past_value_{label}"
    predicted = tables["predictions"].set_index("account_id")[column]
    facts = known.drop_duplicates("account_id").set_index("account_id")[column]
    both = predicted.index.intersection(facts.index)
    check_same_money(facts.loc[both], predicted.loc[both])
    scored = predicted[
        predicted.index.isin(tables["recommendations"]["account_id"])
        & predicted.index.isin(tables["account_facts"]["account_id"])
    ]
    excluded = known[~known["account_id"].isin(predicted.index)]
    return check_conservation(
        Accounts(known["account_id"].tolist(), _money(known[column])),
        {
            "scored": Accounts(
                scored.index.tolist(), _money(facts.reindex(scored.index).fillna(0))
            ),
            "excluded": Accounts(excluded["account_id"].tolist(), _money(excluded[column])),
        },
    )


def _money(values: pd.Series[Any]) -> Decimal:
    """Sum money exactly, whatever the order; what a day's share of a contract adds is rounded."""
    return sum((Decimal(f"{value:.4f}") for value in values), Decimal(0))
