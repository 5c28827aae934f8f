"""Estimators that learn value and churn from a dataset; scikit-learn conventions."""

from valuemodel.estimators.baselines import AverageRetentionRegressor, PastValueRegressor
from valuemodel.estimators.buy_till_you_die.beta_geometric import BetaGeoNBD, ModifiedBetaGeoNBD
from valuemodel.estimators.buy_till_you_die.beta_geometric_beta_binomial import (
    BetaGeoBetaBinomial,
)
from valuemodel.estimators.buy_till_you_die.gamma_gamma import GammaGamma
from valuemodel.estimators.buy_till_you_die.pareto_nbd import ParetoNBD
from valuemodel.estimators.churn import ChurnClassifier
from valuemodel.estimators.future_value import FutureValueRegressor
from valuemodel.estimators.lapse import LapseClassifier
from valuemodel.estimators.renewal import RenewalClockClassifier
from valuemodel.estimators.retention.beta_survival import (
    BetaDiscreteWeibull,
    ShiftedBetaGeometric,
)
from valuemodel.estimators.silence import RecencySilenceClassifier

__all__ = [
    "AverageRetentionRegressor",
    "BetaDiscreteWeibull",
    "BetaGeoBetaBinomial",
    "BetaGeoNBD",
    "ChurnClassifier",
    "FutureValueRegressor",
    "GammaGamma",
    "LapseClassifier",
    "ModifiedBetaGeoNBD",
    "ParetoNBD",
    "PastValueRegressor",
    "RecencySilenceClassifier",
    "RenewalClockClassifier",
    "ShiftedBetaGeometric",
]
