"""What the review page reads: stored tables and plain figures, never a model.

Why this way: whatever is on the page can be found again in the files of the run, and a page can be
written again years later, when the model is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from valuemodel.exceptions import DataRefused
from valuemodel.explain.wording import RISKS
from valuemodel.periods import Cutoff
from valuemodel.tables.record_rules import rules_of
from valuemodel.tables.schemas import TABLES
from valuemodel.tiers.policy import TierPolicy


@dataclass(frozen=True)
class ReviewHeader:
    """Whose page it is, and what it rests on.

    Parameters
    ----------
    project, currency, measure : str
        Of the settings.
    as_of, data_until : str
        The cutoff, and the instant before which the data lies: the cutoff, or where the data ended.
    horizon : str
        The label of the tier horizon.
    model_name, model_version, model_digest : str
        Of the model that scored.
    baseline : str
        The name of past value among the models.
    missing_parts : tuple of str
        Columns of the contract whose part does not exist yet.
    statement, churn_statement : str
        What a value and what churn is, in words.
    churn_rule : {"inactivity", "contract", "both"}
        By which rule accounts churn.
    labels : tuple of str
        Per horizon, at how many of the snapshots learned from the labels are complete.
    intervals : tuple of str
        What the model's intervals held at later cutoffs, in words.
    lacks : tuple of str
        What the book lacks, and what that costs.
    """

    project: str
    currency: str
    measure: str
    as_of: str
    data_until: str
    horizon: str
    model_name: str
    model_version: str
    model_digest: str
    baseline: str = "past_value"
    missing_parts: tuple[str, ...] = ()
    statement: str = ""
    churn_statement: str = ""
    churn_rule: str = "inactivity"
    labels: tuple[str, ...] = ()
    intervals: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    @property
    def risk(self) -> str:
        """What the chance of churn is called."""
        return RISKS[self.churn_rule]

    @property
    def value_words(self) -> str:
        """What a value is, in words; by the bare measure where a run says no more."""
        return self.statement or self.measure

    @property
    def baseline_is_champion(self) -> bool:
        """Whether no model has beaten past value."""
        return self.model_name == self.baseline


@dataclass(frozen=True)
class ReviewTables:
    """Everything on the page.

    Parameters
    ----------
    header : ReviewHeader
        Whose page it is.
    predictions, account_facts, recommendations, importance : DataFrame
        The stored tables of the run.
    comparison, deciles : DataFrame
        Of `valuemodel.evaluation.evidence.Evidence`: models beside past value, out of time, and
        money by tenths of the accounts for each.
    quarantine : DataFrame
        Rows set aside or excluded, by rule: ``rule, reason, rows, money``.
    policy : TierPolicy
        The policy that cut the tiers.
    manifest : mapping
        The run's manifest, for the appendix.
    """

    header: ReviewHeader
    predictions: pd.DataFrame
    account_facts: pd.DataFrame
    recommendations: pd.DataFrame
    importance: pd.DataFrame
    comparison: pd.DataFrame
    deciles: pd.DataFrame
    quarantine: pd.DataFrame
    policy: TierPolicy
    manifest: Mapping[str, Any]

    @classmethod
    def of_run(cls, tables: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any]) -> Self:
        """Gather what the page reads from the stored tables and the manifest of one run.

        Parameters
        ----------
        tables : mapping
            ``predictions, account_facts, recommendations, importance, comparison, deciles``.
        manifest : mapping
            As `valuemodel.io.manifest.describe_run` writes it, with ``as_of``.

        Raises
        ------
        DataRefused
            If a table or a word of the manifest is missing.
        """
        lacking = [f"table {name}" for name in _STORED if name not in tables]
        lacking += [f"{key} in the manifest" for key in _SAID if key not in manifest]
        if lacking:
            problem = "the run does not hold what the review page needs"
            raise DataRefused(problem, received=f"no {', no '.join(lacking)}", hint="score again")
        return cls(
            header=_header(manifest),
            quarantine=_set_aside(manifest["data"]),
            policy=TierPolicy.parse(manifest["policy"], "the policy in the manifest"),
            manifest={key: said for key, said in manifest.items() if key not in _ELSEWHERE},
            **{name: tables[name] for name in _STORED},
        )

    @property
    def judged_model(self) -> str:
        """The champion, or the last challenger where past value stayed champion."""
        if not self.header.baseline_is_champion or self.comparison.empty:
            return self.header.model_name
        return str(self.comparison["model"].max())

    @cached_property
    def judged(self) -> pd.DataFrame:
        """The judged model beside past value on the tier horizon."""
        own = self._of_judged(self.comparison)
        return own[own["horizon"] == self.header.horizon]

    @cached_property
    def tenths(self) -> pd.DataFrame:
        """Money by tenths for the judged model, highest predictions first."""
        return self._of_judged(self.deciles).sort_values("decile")

    def _of_judged(self, evidence: pd.DataFrame) -> pd.DataFrame:
        own = [name == self.judged_model for name in evidence["model"]]
        return evidence.loc[np.array(own, dtype=bool)]

    @cached_property
    def book(self) -> pd.DataFrame:
        """One row per account: its recommendation, its tier horizon's predictions, its profile.

        Columns of the recommendations, and ``value, low, high, past, churn, tags, place,
        place_by_past`` (0 is the highest tier), and ``name, region, owner, arr, renewal_date,
        closeness`` and its parts ``closeness_automatic, closeness_manual`` (missing if unknown).
        """
        label = self.header.horizon
        sources = {
            "value": f"value_{label}",
            "low": f"value_{label}_low",
            "high": f"value_{label}_high",
            "past": f"past_value_{label}",
            "churn": f"churn_{label}",
            "tags": "tags",
        }
        predicted = self.predictions.set_index("account_id")[list(sources.values())]
        predicted.columns = pd.Index(sources)
        profile = ["name", "region", "owner", "arr", "renewal_date", *CLOSENESS]
        facts = self.account_facts.set_index("account_id").reindex(columns=profile)
        book = self.recommendations.join(predicted, on="account_id").join(facts, on="account_id")
        places = {name: place for place, name in enumerate(self.policy.names)}
        return book.assign(
            place=book["tier"].map(places), place_by_past=book["tier_by_past_value"].map(places)
        )


#: Closeness and its parts among the account facts.
CLOSENESS = ("closeness", "closeness_automatic", "closeness_manual")

_STORED = (
    *("predictions", "account_facts", "recommendations", "importance"),
    *("comparison", "deciles"),
)
_SAID = (
    *("project", "currency", "measure", "as_of", "tier_horizon", "policy", "data"),
    *("model_name", "model_version", "model_digest"),
)
#: What the page says in words of its own.
_ELSEWHERE = frozenset({"policy", "missing_parts"})


def _header(manifest: Mapping[str, Any]) -> ReviewHeader:
    ends = [manifest["as_of"], manifest["data"]["complete_until"]]
    missing = manifest.get("missing_parts", {}).get("predictions", [])
    rule = str(manifest.get("churn_rule", "inactivity"))
    return ReviewHeader(
        project=str(manifest["project"]),
        currency=str(manifest["currency"]),
        measure=str(manifest["measure"]),
        as_of=str(manifest["as_of"]),
        data_until=min(map(Cutoff.parse, ends)).text,
        horizon=str(manifest["tier_horizon"]),
        model_name=str(manifest["model_name"]),
        model_version=str(manifest["model_version"]),
        model_digest=str(manifest["model_digest"]),
        missing_parts=tuple(map(str, missing)),
        statement=str(manifest.get("value_statement", "")),
        churn_statement=str(manifest.get("churn_statement", "")),
        churn_rule=rule if rule in RISKS else "both",
        labels=tuple(map(str, manifest.get("model_labels", ()))),
        intervals=tuple(map(str, manifest.get("model_intervals", ()))),
        lacks=tuple(map(str, manifest["data"].get("lacks", ()))),
    )


def _set_aside(data: Mapping[str, Any]) -> pd.DataFrame:
    """List what did not reach the model: rows set aside by rule, and rows left out on purpose."""
    rows = []
    reports = {**data.get("others", {}), **data}
    for name in TABLES:
        table = reports.get(name) or {}
        why = {rule.name: f"{name}: {rule.sentence}" for rule in rules_of(name)}
        rows += [
            (found["rule"], why.get(found["rule"], name), found["rows"], float(found["amount"]))
            for found in table.get("quarantined", [])
        ]
        rows += [
            ("excluded", f"{name}: {reason}", tally["rows"], float(tally["amount"]))
            for reason, tally in table.get("excluded", {}).items()
        ]
    return pd.DataFrame(rows, columns=["rule", "reason", "rows", "money"])
