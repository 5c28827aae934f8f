"""Model definitions: ``models/*.toml``, strict, and the estimators that are built from them.

Why this way: what is tried is declared in a file that a person can review and a run can record; how
it works is code. A misspelt key is an error with the nearest name, and all mistakes come at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from valuemodel.estimators.baselines.arr import ArrRegressor
from valuemodel.estimators.baselines.law import (
    BuyTillYouDieRegressor,
    BuyTillYouDieSilenceClassifier,
)
from valuemodel.estimators.baselines.past import (
    AverageRetentionRegressor,
    PastValueRegressor,
)
from valuemodel.estimators.baselines.recency import RecencySilenceClassifier
from valuemodel.estimators.baselines.renewal_clock import RenewalClockClassifier
from valuemodel.estimators.baselines.rfm import RfmRegressor
from valuemodel.estimators.boosting import TreeSettings
from valuemodel.estimators.churn.classifier import ChurnClassifier
from valuemodel.estimators.future_value.members import MEMBERS, MemberName
from valuemodel.estimators.future_value.regressor import SCALE_FEATURES, FutureValueRegressor
from valuemodel.estimators.horizon_estimator import HorizonEstimator
from valuemodel.estimators.lapse.classifier import LapseClassifier
from valuemodel.estimators.lapse.renewal_law_classifier import RenewalLawClassifier
from valuemodel.estimators.outlook.wallet import ALIKE, SIZES, WalletRegressor
from valuemodel.estimators.outlook.winnability import WinnabilityClassifier
from valuemodel.estimators.state import State
from valuemodel.exceptions import ModelRefused, UsageError, nearest
from valuemodel.sections import Section, load_toml, parse_section

Level = Annotated[float, Field(gt=0.0, lt=1.0)]

EstimatorName = Literal[
    "past_value",
    "average_retention",
    "rfm",
    "arr_rank",
    "buy_till_you_die",
    "buy_till_you_die_silence",
    "recency_silence",
    "renewal_clock",
    "renewal_law",
    "future_value",
    "churn_risk",
    "lapse_risk",
    "winnability",
    "wallet",
]

#: The options of each estimator beside its name.
_OPTIONS: dict[str, frozenset[str]] = {
    "past_value": frozenset(),
    "average_retention": frozenset(),
    "rfm": frozenset(),
    "arr_rank": frozenset(),
    "buy_till_you_die": frozenset(),
    "buy_till_you_die_silence": frozenset(),
    "recency_silence": frozenset({"bins"}),
    "renewal_clock": frozenset(),
    "renewal_law": frozenset(),
    "future_value": frozenset({"trees", "members", "scale_features", "seed"}),
    "churn_risk": frozenset({"trees", "seed"}),
    "lapse_risk": frozenset({"trees", "seed"}),
    "winnability": frozenset({"trees", "seed"}),
    "wallet": frozenset({"quantiles", "quantile", "alike", "sizes", "seed"}),
}

#: Every estimator that may be read back from a stored model, by its class name.
KINDS: Mapping[str, Callable[[State], HorizonEstimator]] = {
    "PastValueRegressor": PastValueRegressor.from_state,
    "AverageRetentionRegressor": AverageRetentionRegressor.from_state,
    "RfmRegressor": RfmRegressor.from_state,
    "ArrRegressor": ArrRegressor.from_state,
    "BuyTillYouDieRegressor": BuyTillYouDieRegressor.from_state,
    "BuyTillYouDieSilenceClassifier": BuyTillYouDieSilenceClassifier.from_state,
    "RecencySilenceClassifier": RecencySilenceClassifier.from_state,
    "RenewalClockClassifier": RenewalClockClassifier.from_state,
    "RenewalLawClassifier": RenewalLawClassifier.from_state,
    "FutureValueRegressor": FutureValueRegressor.from_state,
    "ChurnClassifier": ChurnClassifier.from_state,
    "LapseClassifier": LapseClassifier.from_state,
    "WinnabilityClassifier": WinnabilityClassifier.from_state,
    "WalletRegressor": WalletRegressor.from_state,
}


class EstimatorSection(Section):
    """One estimator and its options; an option that it does not have is an error."""

    estimator: EstimatorName
    bins: int = Field(default=20, ge=2, le=1_000)
    members: list[MemberName] = Field(default=list(MEMBERS), min_length=1)
    scale_features: list[str] = Field(default=list(SCALE_FEATURES), min_length=1)
    quantiles: list[Level] = Field(default=[0.5, 0.8, 0.9], min_length=1)
    quantile: Level = 0.9
    alike: list[str] = Field(default=list(ALIKE), min_length=1)
    sizes: list[str] = Field(default=list(SIZES), min_length=1)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    trees: TreeSettings = TreeSettings()

    @model_validator(mode="after")
    def _only_its_options(self) -> Self:
        given = self.model_fields_set & frozenset.union(*_OPTIONS.values())
        foreign = sorted(given - _OPTIONS[self.estimator])
        if foreign:
            problem = f"{self.estimator} has no {', '.join(foreign)}"
            raise ValueError(problem)
        return self

    def as_document(self) -> dict[str, Any]:
        """Return the estimator and all its options as JSON values, defaults written out."""
        return self.model_dump(mode="json", include={"estimator", *_OPTIONS[self.estimator]})

    def build(self, *, n_jobs: int | None = None) -> HorizonEstimator:
        """Return the estimator, not fitted; the number of threads changes no result."""
        builders: dict[str, Callable[[], HorizonEstimator]] = {
            "past_value": PastValueRegressor,
            "average_retention": AverageRetentionRegressor,
            "rfm": RfmRegressor,
            "arr_rank": ArrRegressor,
            "buy_till_you_die": BuyTillYouDieRegressor,
            "buy_till_you_die_silence": BuyTillYouDieSilenceClassifier,
            "recency_silence": lambda: RecencySilenceClassifier(bins=self.bins),
            "renewal_clock": RenewalClockClassifier,
            "renewal_law": RenewalLawClassifier,
            "future_value": lambda: FutureValueRegressor(
                trees=self.trees,
                members=tuple(self.members),
                scale_features=tuple(self.scale_features),
                random_state=self.seed,
                n_jobs=n_jobs,
            ),
            "churn_risk": lambda: ChurnClassifier(
                trees=self.trees, random_state=self.seed, n_jobs=n_jobs
            ),
            "lapse_risk": lambda: LapseClassifier(
                trees=self.trees, random_state=self.seed, n_jobs=n_jobs
            ),
            "winnability": lambda: WinnabilityClassifier(
                trees=self.trees if "trees" in self.model_fields_set else None,
                random_state=self.seed,
                n_jobs=n_jobs,
            ),
            "wallet": lambda: WalletRegressor(
                quantiles=tuple(self.quantiles),
                wallet_quantile=self.quantile,
                features=tuple(self.alike),
                size_features=tuple(self.sizes),
                random_state=self.seed,
                n_jobs=n_jobs,
            ),
        }
        return builders[self.estimator]()


class Definition(EstimatorSection):
    """One file of ``models/``: an estimator, and what goes with it.

    ``[silence]``, ``[renewal]`` and ``[rival]`` of ``baseline.toml`` are the baselines of churn by
    inactivity and by contract, and a second value baseline; ``[lapse]`` of ``churn_risk.toml`` is the
    head of churn by contract, ``[winnability]`` of ``wallet.toml`` that of growth. ``[gate]`` says what
    must be shown before promotion, read by `evaluation.gate`; ``[search]`` what may be changed to find
    a better one, read by `evaluation.search_space`.

    Examples
    --------
    >>> Definition.parse({"estimator": "future_value", "trees": {"rounds": 80}}).trees.rounds
    80
    >>> Definition.parse({"estimator": "past_value", "seed": 1, "bin": 3}, "baseline.toml")
    Traceback (most recent call last):
        ...
    valuemodel.exceptions.SettingsError: baseline.toml has 1 mistake
      - bin: unknown key; did you mean 'bins'?
      ...
    """

    silence: EstimatorSection | None = None
    renewal: EstimatorSection | None = None
    lapse: EstimatorSection | None = None
    rival: EstimatorSection | None = None
    winnability: EstimatorSection | None = None
    gate: dict[str, Any] = Field(default_factory=dict)
    search: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def parse(cls, document: Mapping[str, Any], origin: str = "the definition") -> Definition:
        """Validate a document; raise one SettingsError that lists every mistake."""
        return parse_section(cls, document, origin)

    @classmethod
    def load(cls, path: Path) -> Definition:
        """Read a definition file."""
        return cls.parse(load_toml(path), str(path))


@dataclass(frozen=True)
class Recipe:
    """An account model that can be fitted: its name, its heads, and what stands in for them.

    Parameters
    ----------
    name : str
        What the model is called in backtests and in the registry.
    value, churn, lapse : EstimatorSection
        The heads: future value, silence, and for accounts under contract the end of all contracts.
    fallback_value, fallback_churn, fallback_lapse : EstimatorSection
        What is used for horizons that the heads cannot learn.
    winnability, wallet : EstimatorSection, optional
        The outlook; see `valuemodel.estimators.outlook_heads`.
    """

    name: str
    value: EstimatorSection
    churn: EstimatorSection
    lapse: EstimatorSection
    fallback_value: EstimatorSection
    fallback_churn: EstimatorSection
    fallback_lapse: EstimatorSection
    winnability: EstimatorSection | None = None
    wallet: EstimatorSection | None = None


def recipes(
    baseline: Definition,
    future_value: Definition,
    churn_risk: Definition,
    wallet: Definition | None = None,
) -> dict[str, Recipe]:
    """Return what can be fitted: the baselines, and "lightgbm".

    Without a definition of the wallet there is no outlook: neither wallet nor winnability.

    Examples
    --------
    >>> names = ("past_value", "future_value", "churn_risk")
    >>> list(recipes(*(Definition.parse({"estimator": name}) for name in names)))
    ['past_value', 'average_retention', 'rfm', 'arr_rank', 'buy_till_you_die', 'lightgbm']
    """
    silence = baseline.silence or EstimatorSection(estimator="recency_silence")
    renewal = baseline.renewal or EstimatorSection(estimator="renewal_clock")
    rival = baseline.rival or EstimatorSection(estimator="average_retention")
    lapse = churn_risk.lapse or EstimatorSection(
        estimator="lapse_risk", seed=churn_risk.seed, trees=churn_risk.trees
    )
    heads: dict[str, tuple[EstimatorSection, EstimatorSection, EstimatorSection]] = {
        "past_value": (baseline, silence, renewal),
        "average_retention": (rival, silence, renewal),
        "rfm": (EstimatorSection(estimator="rfm"), silence, renewal),
        "arr_rank": (
            EstimatorSection(estimator="arr_rank"),
            silence,
            EstimatorSection(estimator="renewal_law"),
        ),
        "buy_till_you_die": (
            EstimatorSection(estimator="buy_till_you_die"),
            EstimatorSection(estimator="buy_till_you_die_silence"),
            renewal,
        ),
        "lightgbm": (future_value, churn_risk, lapse),
    }
    stand_ins = {
        "fallback_value": baseline,
        "fallback_churn": silence,
        "fallback_lapse": renewal,
    }
    known = {name: Recipe(name, *own, **stand_ins) for name, own in heads.items()}
    if wallet is not None:
        counted = EstimatorSection(estimator="recency_silence")
        known = {name: replace(one, winnability=counted) for name, one in known.items()}
        grown = wallet.winnability or EstimatorSection(estimator="winnability", seed=wallet.seed)
        known["lightgbm"] = replace(known["lightgbm"], winnability=grown, wallet=wallet)
    return known


def recipe_named(known: Mapping[str, Recipe], name: str) -> Recipe:
    """Return a recipe, or say which there are."""
    if name not in known:
        problem = f"there is no model {name!r}"
        hint = nearest(name, known) or f"there are {', '.join(known)}"
        raise UsageError(problem, received=name, hint=hint)
    return known[name]


def estimator_from_state(state: State) -> HorizonEstimator:
    """Rebuild any known estimator; a class that is not in `KINDS` is refused."""
    if state["kind"] not in KINDS:
        problem = "the model holds an estimator that this version does not know"
        raise ModelRefused(problem, received=repr(state["kind"]), hint="train a new model")
    return KINDS[state["kind"]](state)
