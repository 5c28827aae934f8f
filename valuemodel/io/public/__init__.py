"""Public data: downloaded from the original sources, checked, and laid down as Parquet.

Why this way: the project ships no data, since licences differ and originals are large. What a loader
writes has the layout that ``VALUEMODEL_DATA`` folders have too, so one settings file serves both.
"""

from __future__ import annotations

from valuemodel.io.public.registry import PUBLIC, get_public, provide
from valuemodel.io.public.specification import Expected, PublicSet

__all__ = ["PUBLIC", "Expected", "PublicSet", "get_public", "provide"]
