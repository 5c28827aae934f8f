"""The gate where there is no signal: how often it promotes when the labels are anybody's.

Two trials. On the stored table each account is given the whole future of another one, at every fold,
horizon and target, and the gate decides on every forecast as it stands; repeated many times. And once the
labels are permuted before anything is learned, so that every step from the fit to the decision takes part.
What the gate promotes there is promoted by luck; the bound says how often that may happen at the most.

Why this way: accounts are set in a circle by lot, and each is given the labels of the next one that was
judged at the same fold by the same rule. So truths keep their distribution, value and churn still belong
together, and an account's truths at neighbouring cutoffs stay those of one other account, which is what
makes figures of several folds move together. Before a fit each snapshot is permuted by itself instead:
else every account would keep the future of the same other one, and a model that recognises accounts could
learn that.

References
----------
Clopper and Pearson, The Use of Confidence or Fiducial Limits, Biometrika 26(4), 1934: the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from valuemodel.dataset import Dataset
from valuemodel.evaluation.candidates import Builder
from valuemodel.evaluation.gate.gate import GateRule, could_pass, decide
from valuemodel.exceptions import UsageError
from valuemodel.periods import Cutoff

_SURE = 0.95


@dataclass(frozen=True)
class NullTrials:
    """How often the gate promoted where there was nothing to find.

    Examples
    --------
    >>> NullTrials(200, 2).bound.__round__(3)
    0.031
    >>> print(NullTrials(200, 2).words)
    with labels of other accounts the gate promoted 2 of 200 times: at most 3.1% (95 % sure)
    """

    trials: int
    promotions: int

    @property
    def bound(self) -> float:
        """The one-sided 95 % Clopper-Pearson bound of the rate of false promotions."""
        if self.promotions >= self.trials:
            return 1.0
        rest = self.trials - self.promotions
        return float(betaincinv(self.promotions + 1, rest, _SURE))

    @property
    def words(self) -> str:
        """The finding in one sentence."""
        found = f"{self.promotions} of {self.trials} times"
        bound = f"at most {self.bound:.1%} (95 % sure)"
        return f"with labels of other accounts the gate promoted {found}: {bound}"

    def as_document(self) -> dict[str, float]:
        """Return it as JSON values."""
        return {"trials": self.trials, "promotions": self.promotions, "bound": self.bound}


def permuted(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Give every account of a tidy table the whole future of another one.

    Parameters
    ----------
    table : pandas.DataFrame
        The tidy backtest table.
    seed : int
        Another seed, another circle.

    Examples
    --------
    >>> one = {"fold": 0, "target": "value", "horizon": "6m", "rule": "", "model": "m"}
    >>> table = pd.DataFrame({"account_id": list("abc"), "y_true": [1.0, 2.0, 3.0]}).assign(**one)
    >>> permuted(table, seed=0)["y_true"].tolist()
    [2.0, 3.0, 1.0]
    """
    accounts = np.sort(table["account_id"].unique())
    place = np.random.default_rng(seed).permutation(len(accounts))
    circle = pd.Series(place, index=accounts)
    order = table["account_id"].map(circle)
    names = ["fold", "target", "horizon", "rule", "model"]
    sorted_rows = table.assign(_place=order).sort_values([*names, "_place"])
    truths = sorted_rows.groupby(names, sort=False)["y_true"]
    following = truths.shift(-1).fillna(truths.transform("first"))
    return table.assign(y_true=following.reindex(table.index))


def null_trials(
    table: pd.DataFrame,
    challenger: str,
    against: Sequence[str],
    *,
    horizon: str,
    rule: GateRule,
    trials: int,
) -> NullTrials:
    """Count promotions by the gate over permutations of the stored table.

    A permutation in which the figures themselves fall short needs no interval to be refused: an end of
    an interval never counts for more than its figure. So the count is that of full decisions.

    Parameters
    ----------
    table, challenger, against, horizon, rule
        As `valuemodel.evaluation.gate.gate.decide` takes them. Slices are not looked at: they could only
        keep a challenger out.
    trials : int
        How many permutations; seeds 0, 1, 2 and so on.

    Raises
    ------
    UsageError
        If there is nothing to permute.
    """
    chosen = table[(table["horizon"] == horizon) & table["model"].isin([challenger, *against])]
    if trials < 1 or chosen.empty:
        problem = "there is nothing to permute"
        received = f"{trials} trials of {len(chosen)} rows over {horizon}"
        raise UsageError(problem, received=received, hint="judge at cutoffs that are complete")
    promotions = 0
    for seed in range(trials):
        trial = permuted(chosen, seed)
        if could_pass(trial, challenger, against, rule):
            decision = decide(trial, challenger, against, horizon=horizon, rule=rule, seed=seed)
            promotions += decision.passed
    return NullTrials(trials, promotions)


@dataclass(frozen=True)
class PermutedLabels:
    """A builder whose labels are those of other accounts of the same snapshot.

    Parameters
    ----------
    builder : Builder
        What builds the features and the true labels.
    seed : int
        Another seed, another permutation.
    """

    builder: Builder
    seed: int = 0

    def at(self, cutoff: Cutoff, *, labels_until: Cutoff | None = None) -> Dataset:
        """Return one snapshot with permuted labels."""
        return self._permuted(self.builder.at(cutoff, labels_until=labels_until))

    def stack(self, cutoffs: Sequence[Cutoff], *, labels_until: Cutoff) -> Dataset:
        """Return several snapshots, each permuted by itself, one under the other."""
        built = self.builder.stack(cutoffs, labels_until=labels_until)  # noqa: PD013 - not pandas
        return self._permuted(built)

    def _permuted(self, dataset: Dataset) -> Dataset:
        """Permute whole rows of labels within a cutoff, and within those of one rule of churn."""
        if dataset.y is None:
            return dataset
        held = dataset.X.get("under_contract", pd.Series(0.0, index=dataset.X.index))
        strata = [dataset.keys["cutoff"].to_numpy(), held.fillna(0.0).to_numpy()]
        source = np.arange(len(dataset.y))
        for (cutoff, _), rows in pd.Series(source).groupby(strata):
            second = int(pd.Timestamp(str(cutoff)).timestamp())
            generator = np.random.default_rng([self.seed, second])
            source[rows.to_numpy()] = generator.permutation(rows.to_numpy())
        y = dataset.y.iloc[source].set_axis(dataset.y.index, axis=0)
        return replace(dataset, y=y)
