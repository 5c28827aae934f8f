"""What was known of an account at a cutoff, as Ibis expressions written once for every engine.

For a feature of one's own, `feature` and the words in which features divide::

    from valuemodel.features import feature, growth, ratio, share
"""

from valuemodel.features.orders import growth, ratio, share
from valuemodel.features.own import feature

__all__ = ["feature", "growth", "ratio", "share"]
