"""What a fitted estimator is made of, as data: JSON, arrays and LightGBM text.

Why this way: a model that is data can be vetted before anything of it is parsed, compared byte by
byte, and read in ten years; a pickle can do none of this and runs code when it is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class State(TypedDict):
    """The data of one fitted estimator: its class, plain values, arrays and LightGBM texts."""

    kind: str
    json: dict[str, Any]
    arrays: dict[str, Array]
    texts: dict[str, str]


def nested(parts: Mapping[str, State], kind: str, json: Mapping[str, Any]) -> State:
    """Join the states of several parts into one; names of arrays and texts get the part's prefix.

    Examples
    --------
    >>> inner = State(kind="Mean", json={"mean": 2.0}, arrays={}, texts={"tree": "..."})
    >>> outer = nested({"value": inner}, "AccountModel", {"name": "a"})
    >>> outer["texts"]
    {'value.tree': '...'}
    >>> part(outer, "value") == inner
    True
    """
    described = {name: {"kind": each["kind"], "json": each["json"]} for name, each in parts.items()}
    arrays = {
        f"{name}.{key}": a for name, each in parts.items() for key, a in each["arrays"].items()
    }
    texts = {f"{name}.{key}": t for name, each in parts.items() for key, t in each["texts"].items()}
    return State(kind=kind, json={**json, "parts": described}, arrays=arrays, texts=texts)


def part(state: State, name: str) -> State:
    """Take one part out of a joined state; the reverse of `nested`."""
    described = state["json"]["parts"][name]
    prefix = f"{name}."
    return State(
        kind=described["kind"],
        json=described["json"],
        arrays={
            k.removeprefix(prefix): a for k, a in state["arrays"].items() if k.startswith(prefix)
        },
        texts={
            k.removeprefix(prefix): t for k, t in state["texts"].items() if k.startswith(prefix)
        },
    )
