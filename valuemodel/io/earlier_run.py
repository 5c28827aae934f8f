"""The run before, as far as tiers ask for it: its recommendations, predictions, facts and policy.

Why this way: a move is told against the run that people have in their hands, so the tables come from its
folder and the policy from its manifest. A policy that a later version can no longer read is left out: then
what the policy changed cannot be told apart, and everything else can.
"""

from __future__ import annotations

from pathlib import Path

from valuemodel.exceptions import SettingsError
from valuemodel.io.stored import MANIFEST, StoredRun, published, read_run, run_before
from valuemodel.periods import Cutoff, Horizon
from valuemodel.tiers.earlier import EarlierRun
from valuemodel.tiers.policy import TierPolicy

_TABLES = ("recommendations", "predictions", "account_facts")


def earlier_run(output: Path, as_of: Cutoff) -> EarlierRun | None:
    """Return the champion's latest run of an earlier cutoff; None where there is none.

    Parameters
    ----------
    output : pathlib.Path
        The output folder.
    as_of : Cutoff
        Runs of this cutoff and of later ones do not count.
    """
    stored = run_before(output, as_of, _TABLES)
    if stored is None:
        return None
    recommendations, predictions, facts = (stored.tables[name] for name in _TABLES)
    return EarlierRun(recommendations, predictions, facts, stored_policy(stored))


def closed_run(output: Path, as_of: Cutoff, horizon: Horizon) -> StoredRun | None:
    """Return the champion's run whose tier horizon ends at a cutoff; None where there is none.

    What came in its horizon is the past value of the facts at the cutoff.

    Parameters
    ----------
    output : pathlib.Path
        The output folder.
    as_of : Cutoff
        The cutoff that has been reached.
    horizon : Horizon
        The tier horizon of the project; a run that was tiered on another one does not count.
    """
    began = horizon.before(as_of)
    if horizon.after(began) != as_of or not (output / began.text / MANIFEST).is_file():
        return None
    stored = read_run(published(output, began), ["recommendations", "predictions"])
    return stored if stored.manifest.get("tier_horizon") == horizon.label else None


def stored_policy(stored: StoredRun) -> TierPolicy | None:
    """Return the policy that a run was cut by; None where it is written in a way no longer read."""
    try:
        return TierPolicy.parse(stored.manifest["policy"], "the policy in the manifest")
    except (KeyError, SettingsError):
        return None
