"""An estimator that is asked before it has learned.

Why this way: a caller of this package catches its errors and a scheduler reads their exit code, while
scikit-learn's tools look for its own `NotFittedError`. So it is both.
"""

from __future__ import annotations

from sklearn.exceptions import NotFittedError

from valuemodel.exceptions import UsageError


class NotFitted(UsageError, NotFittedError):
    """The estimator must learn before it can be asked.

    Examples
    --------
    >>> error = NotFitted.of("BetaGeoNBD")
    >>> print(error)
    this BetaGeoNBD is not fitted
      hint: call fit first
    >>> isinstance(error, NotFittedError), error.exit_code
    (True, 2)
    """

    @classmethod
    def of(cls, name: str) -> NotFitted:
        """Return the error for an estimator of a class."""
        return cls(f"this {name} is not fitted", hint="call fit first")
