"""Read the file in which people write their overrides: a CSV, every cell as text.

Why this way: the file is written by hand or exported from a CRM, so an id must stay as it was typed; and a
file that is named and not there is a mistake, never a night without overrides.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pyarrow as pa

from valuemodel.exceptions import SettingsError
from valuemodel.io.sinks import read_csv
from valuemodel.periods import Cutoff
from valuemodel.tiers.overrides import OVERRIDE_COLUMNS, Overrides, overrides_from
from valuemodel.tiers.policy import TierPolicy


def read_overrides(policy: TierPolicy, root: Path, as_of: Cutoff) -> Overrides:
    """Return the overrides that a policy names, as they stand at a cutoff.

    Parameters
    ----------
    policy : TierPolicy
        Its ``overrides`` is a path relative to the project root; without one there are none.
    root : pathlib.Path
        The project root.
    as_of : Cutoff
        The cutoff.

    Raises
    ------
    SettingsError
        If the file is not there, is no table, or has mistakes; all of them, with their lines.
    """
    if policy.overrides is None:
        return Overrides.none()
    path = root / policy.overrides
    if not path.is_file():
        problem = "the overrides that the tier policy names are not there"
        hint = f"make the file with the columns {', '.join(OVERRIDE_COLUMNS)}, or take the key out"
        raise SettingsError(problem, received=str(path), hint=hint)
    try:
        rows = read_csv(path)
    except (pa.ArrowInvalid, UnicodeDecodeError, OSError) as error:
        problem = f"{path} is not a CSV table"
        raise SettingsError(
            problem, received=str(error).splitlines()[0], hint="save it as CSV, UTF-8"
        ) from None
    # An apostrophe that a spreadsheet was shown stands before the id in its cell, not in the id.
    return overrides_from(
        pd.DataFrame(rows), policy.names, as_of, origin=f"the overrides in {path.name}"
    )


def overrides_digest(policy: TierPolicy, root: Path) -> str:
    """Return the SHA-256 of the file, empty where there is none: other overrides are another run."""
    path = root / policy.overrides if policy.overrides else None
    if path is None or not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()
