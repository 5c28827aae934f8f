"""Estimators that learn value and churn from a dataset; scikit-learn conventions."""

from valuemodel.estimators.baselines import AverageRetentionRegressor, PastValueRegressor
from valuemodel.estimators.churn import ChurnClassifier
from valuemodel.estimators.future_value import FutureValueRegressor
from valuemodel.estimators.silence import RecencySilenceClassifier

__all__ = [
    "AverageRetentionRegressor",
    "ChurnClassifier",
    "FutureValueRegressor",
    "PastValueRegressor",
    "RecencySilenceClassifier",
]
