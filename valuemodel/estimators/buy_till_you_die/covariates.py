"""Static covariates: what is known of a customer from the start shifts its rates of buying and leaving.

A covariate multiplies a parameter of the mixing distribution by ``exp(+-gamma z)``, so customers of one
kind still differ among themselves by the same law, around another mean: ``alpha_i = alpha exp(-gamma1' z)``
makes purchase rates ``exp(gamma1' z)`` times as high. What leaving depends on differs between the laws;
each says it.

Why this way: z is counted from the mean of the rows that were learned from, so ``alpha_`` and its likes are
those of an average customer and mean the same with and without covariates. The search works with
standardised covariates and with ``exp(gamma)``, which is positive like any other parameter; gradients
follow from those by row by the chain rule, so a law says nothing of covariates but what they move.

References
----------
Fader and Hardie, Incorporating Time-Invariant Covariates into the Pareto/NBD and BG/NBD Models, 2007
(brucehardie.com/notes/019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd

from valuemodel.estimators.buy_till_you_die.distinct_rows import DistinctRows
from valuemodel.estimators.buy_till_you_die.transaction_model import (
    COLUMNS,
    Parameters,
    TransactionModel,
)
from valuemodel.estimators.maximum_likelihood import Maximum
from valuemodel.estimators.state import Array
from valuemodel.exceptions import DataRefused, UsageError

_FURTHEST = 50.0  # of a logarithm: what a search may try


class _Effect(NamedTuple):
    """One coefficient: the place of the parameter it moves, the sign, and its covariate."""

    place: int
    sign: float
    covariate: str


class CovariateModel(TransactionModel):
    """A law whose parameters may depend on static covariates.

    Parameters
    ----------
    penalty : float
        What the squared logarithms of the parameters, and the squared coefficients per standard
        deviation, take off the average log-likelihood.
    purchase_covariates, dropout_covariates : tuple of str
        Numeric columns of X that the rate of buying, and leaving, depend on; the same column may be
        in both. Categories need columns of 0 and 1, one fewer than there are.

    Attributes
    ----------
    coefficients_, coefficient_errors_ : dict of str to dict of str to float
        By the parameter that is moved and the covariate: gamma per unit of the column, and its
        standard error.
    covariate_means_ : dict of str to float
        What covariates are counted from: parameters are those of a customer with these.

    Examples
    --------
    Those who were won by a partner buy about three times as often:

    >>> from valuemodel.estimators.buy_till_you_die.beta_geometric import BetaGeoNBD
    >>> rng = np.random.default_rng(0)
    >>> partner = rng.integers(0, 2, 4_000)
    >>> x = rng.poisson(365 * rng.gamma(1.0, 0.01, 4_000) * np.where(partner, 3.0, 1.0))
    >>> last = np.where(x > 0, 365 * rng.random(4_000) ** (1 / np.maximum(x, 1)), 0.0)
    >>> X = pd.DataFrame({"frequency": x, "recency": last, "T": 365.0, "partner": partner})
    >>> model = BetaGeoNBD(penalty=1e-3, purchase_covariates=("partner",)).fit(X)
    >>> round(model.coefficients_["alpha"]["partner"], 1)  # log(3) is 1.1
    1.1
    """

    #: The parameters that covariates of buying and of leaving move, with the sign of the exponent.
    buying: ClassVar[Mapping[str, float]] = {"alpha": -1.0}
    leaving: ClassVar[Mapping[str, float]]

    coefficients_: dict[str, dict[str, float]]
    coefficient_errors_: dict[str, dict[str, float]]
    covariate_means_: dict[str, float]

    def __init__(
        self,
        penalty: float = 0.0,
        purchase_covariates: tuple[str, ...] = (),
        dropout_covariates: tuple[str, ...] = (),
    ) -> None:
        super().__init__(penalty)
        self.purchase_covariates = purchase_covariates
        self.dropout_covariates = dropout_covariates

    @property
    def _covariates(self) -> list[str]:
        """The covariates, each once, in the order of the columns behind frequency, recency and T."""
        return list(dict.fromkeys([*self.purchase_covariates, *self.dropout_covariates]))

    @property
    def _effects(self) -> list[_Effect]:
        both = ((self.buying, self.purchase_covariates), (self.leaving, self.dropout_covariates))
        return [
            _Effect(self.names.index(parameter), sign, covariate)
            for moved, covariates in both
            for parameter, sign in moved.items()
            for covariate in covariates
        ]

    def _columns(self, X: pd.DataFrame) -> tuple[Array, ...]:
        return (*super()._columns(X), *(self._covariate(X, name) for name in self._covariates))

    def _covariate(self, X: pd.DataFrame, name: str) -> Array:
        """Return a covariate as floats, or say what it is not."""
        if name not in X or name in COLUMNS:
            problem = (
                f"X lacks the covariate {name}" if name not in X else f"{name} is no covariate"
            )
            hint = "name columns of X that were known from the start"
            raise UsageError(problem, received=", ".join(map(str, X.columns)), hint=hint)
        if not pd.api.types.is_numeric_dtype(X[name]):
            problem = f"the covariate {name} is not numeric"
            hint = "give a category one column of 0 and 1 for each of its values but one"
            raise UsageError(problem, received=str(X[name].dtype), hint=hint)
        values = X[name].to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = ~np.isfinite(values)
        if wrong.any():
            problem = f"the covariate {name} is not known of {int(wrong.sum())} rows"
            hint = "fill it, and say so in a column of its own"
            raise DataRefused(problem, received=f"row {int(wrong.argmax())}", hint=hint)
        return values

    def _begin(self, rows: DistinctRows) -> int:
        """Learn what the covariates are counted from and by; return how many coefficients there are."""
        self._deviations: dict[str, float] = {}
        self.covariate_means_ = {}
        for name, values in zip(self._covariates, rows.columns[len(COLUMNS) :], strict=True):
            mean = float(np.average(values, weights=rows.weights))
            deviation = float(np.sqrt(np.average((values - mean) ** 2, weights=rows.weights)))
            if not deviation > 1e-12 * max(abs(mean), 1e-300):
                problem = f"the covariate {name} is the same in all rows, so it tells nothing"
                raise DataRefused(problem, received=f"{mean:g}", hint="leave it out")
            self.covariate_means_[name], self._deviations[name] = mean, deviation
        return len(self._effects)

    def _searched(self, rows: DistinctRows, searched: Array) -> tuple[Array, Array]:
        """Return likelihoods and gradients by the parameters and by ``exp(gamma)`` per deviation."""
        effects = self._effects
        if not effects:
            return super()._searched(rows, searched)
        own, multipliers = searched[: len(self.names)], searched[len(self.names) :]
        deviations = self._counted(rows.columns)
        standard = {name: values / self._deviations[name] for name, values in deviations.items()}
        by_row = _moved(own, effects, standard, np.log(multipliers))
        values, slopes = self._log_likelihood(rows, by_row)
        relative = [slope * moved for slope, moved in zip(slopes, by_row, strict=True)]
        of_effects = [
            relative[effect.place] * effect.sign * standard[effect.covariate] for effect in effects
        ]
        return values, np.array([*relative, *of_effects]) / searched[:, None]

    def _keep(self, found: Maximum) -> None:
        """Keep coefficients and their errors, per unit of each covariate."""
        self.coefficients_, self.coefficient_errors_ = {}, {}
        learned = found.parameters[len(self.names) :], found.standard_errors[len(self.names) :]
        for effect, multiplier, error in zip(self._effects, *learned, strict=True):
            name, unit = self.names[effect.place], self._deviations[effect.covariate]
            gamma, spread = np.log(multiplier) / unit, error / multiplier / unit
            self.coefficients_.setdefault(name, {})[effect.covariate] = float(gamma)
            self.coefficient_errors_.setdefault(name, {})[effect.covariate] = float(spread)

    def _at(self, columns: tuple[Array, ...]) -> Parameters:
        effects = self._effects
        if not effects:
            return super()._at(columns)
        names = self.names
        gammas = [self.coefficients_[names[effect.place]][effect.covariate] for effect in effects]
        return _moved(self._own, effects, self._counted(columns), np.array(gammas))

    def _counted(self, columns: tuple[Array, ...]) -> dict[str, Array]:
        """Return each covariate, counted from its mean."""
        return {
            name: values - self.covariate_means_[name]
            for name, values in zip(self._covariates, columns[len(COLUMNS) :], strict=True)
        }


def _moved(
    own: Array, effects: Sequence[_Effect], covariates: Mapping[str, Array], gammas: Array
) -> Parameters:
    """Return the parameters of each row; those that nothing moves stay numbers."""
    shifts: dict[int, Array] = {}
    for effect, gamma in zip(effects, gammas, strict=True):
        shift = effect.sign * gamma * covariates[effect.covariate]
        shifts[effect.place] = shifts.get(effect.place, 0.0) + shift
    return [
        value * np.exp(np.clip(shifts[place], -_FURTHEST, _FURTHEST)) if place in shifts else value
        for place, value in enumerate(own)
    ]
