"""The layer of each class: its play, team, incentive and rule for resources, as the company says (S54)."""

from __future__ import annotations

import pandas as pd

from valuemodel.tiers.policy.labels import LabelsSection, Layer

LAYER_COLUMNS = tuple(f"layer_{name}" for name in Layer.model_fields)


def layers(classes: pd.Series[str], section: LabelsSection) -> pd.DataFrame:
    """Return how the class of each account is worked.

    Parameters
    ----------
    classes : pandas.Series of str
        From `valuemodel.tiers.labels.classes.classify`.
    section : LabelsSection
        ``[labels]`` of the policy.

    Returns
    -------
    pandas.DataFrame
        `LAYER_COLUMNS`, missing where the company says nothing.

    Examples
    --------
    >>> section = LabelsSection.model_validate({"layers": {"serve": {"team": "key accounts"}}})
    >>> layers(pd.Series(["serve", "not now"]), section)["layer_team"].tolist()
    ['key accounts', nan]
    """
    found = {}
    for column, name in zip(LAYER_COLUMNS, Layer.model_fields, strict=True):
        said = {one: getattr(layer, name) for one, layer in section.layers.items()}
        found[column] = classes.map(said).astype("str")
    return pd.DataFrame(found, index=classes.index)
