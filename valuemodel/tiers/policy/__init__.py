"""What a tier policy says, section by section: ``models/tiers.toml``."""

from valuemodel.tiers.policy.ladder import Tier, Touch
from valuemodel.tiers.policy.tier_policy import TierPolicy

__all__ = ["Tier", "TierPolicy", "Touch"]
