"""What each customer account will be worth, how likely it is to leave, and which tier it deserves.

Examples
--------
>>> from valuemodel import TierPolicy
>>> TierPolicy.parse({"version": "2026-1"}).names
['A', 'B', 'C', 'D']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from valuemodel.version import __version__

if TYPE_CHECKING:
    from valuemodel.evaluation.backtest import run_backtest
    from valuemodel.project import Project
    from valuemodel.tiers.policy import TierPolicy
    from valuemodel.tiers.recommendations import assign_tiers

__all__ = ["Project", "TierPolicy", "__version__", "assign_tiers", "run_backtest"]

_HOMES = {
    "Project": "valuemodel.project",
    "TierPolicy": "valuemodel.tiers.policy",
    "assign_tiers": "valuemodel.tiers.recommendations",
    "run_backtest": "valuemodel.evaluation.backtest",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for, so that help answers at once."""
    if name not in _HOMES:
        problem = f"module 'valuemodel' has no attribute {name!r}"
        raise AttributeError(problem)
    return getattr(importlib.import_module(_HOMES[name]), name)
