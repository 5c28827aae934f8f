"""Estimators that learn value and churn from a dataset; scikit-learn conventions."""

from valuemodel.estimators.baselines.arr import ArrRegressor
from valuemodel.estimators.baselines.law import (
    BuyTillYouDieRegressor,
    BuyTillYouDieSilenceClassifier,
)
from valuemodel.estimators.baselines.past import AverageRetentionRegressor, PastValueRegressor
from valuemodel.estimators.baselines.recency import RecencySilenceClassifier
from valuemodel.estimators.baselines.renewal_clock import RenewalClockClassifier
from valuemodel.estimators.baselines.rfm import RfmRegressor
from valuemodel.estimators.buy_till_you_die.beta_geometric import BetaGeoNBD, ModifiedBetaGeoNBD
from valuemodel.estimators.buy_till_you_die.beta_geometric_beta_binomial import (
    BetaGeoBetaBinomial,
)
from valuemodel.estimators.buy_till_you_die.gamma_gamma import GammaGamma
from valuemodel.estimators.buy_till_you_die.pareto_nbd import ParetoNBD
from valuemodel.estimators.churn.classifier import ChurnClassifier
from valuemodel.estimators.future_value.regressor import FutureValueRegressor
from valuemodel.estimators.lapse.classifier import LapseClassifier
from valuemodel.estimators.lapse.renewal_law_classifier import RenewalLawClassifier
from valuemodel.estimators.outlook.wallet import WalletRegressor
from valuemodel.estimators.outlook.winnability import WinnabilityClassifier
from valuemodel.estimators.retention.beta_survival import (
    BetaDiscreteWeibull,
    ShiftedBetaGeometric,
)

__all__ = [
    "ArrRegressor",
    "AverageRetentionRegressor",
    "BetaDiscreteWeibull",
    "BetaGeoBetaBinomial",
    "BetaGeoNBD",
    "BuyTillYouDieRegressor",
    "BuyTillYouDieSilenceClassifier",
    "ChurnClassifier",
    "FutureValueRegressor",
    "GammaGamma",
    "LapseClassifier",
    "ModifiedBetaGeoNBD",
    "ParetoNBD",
    "PastValueRegressor",
    "RecencySilenceClassifier",
    "RenewalClockClassifier",
    "RenewalLawClassifier",
    "RfmRegressor",
    "ShiftedBetaGeometric",
    "WalletRegressor",
    "WinnabilityClassifier",
]
