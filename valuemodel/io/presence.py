"""Which files that the settings name are not there.

Why this way: whoever compares many books wants those whose data are at hand, and to be told of the
others; opening a book whose file is missing is refused, rightly, and that is another question.
"""

from __future__ import annotations

import glob
from pathlib import Path

from valuemodel.settings import Settings, fill_environment


def missing_files(settings: Settings, root: Path) -> list[str]:
    """Return the declared files and patterns that nothing matches; databases are not asked.

    Parameters
    ----------
    settings : Settings
        The project's.
    root : Path
        Where relative paths start.

    Examples
    --------
    >>> tables = {
    ...     "transactions": {"source": "no/such.csv"},
    ...     "costs": {"source": "duckdb:///a?table=b"},
    ... }
    >>> told = {"project": {"name": "a"}, "tables": tables, "value": {"horizons": ["1 year"]}}
    >>> missing_files(Settings.parse(told), Path())
    ['no/such.csv']
    """
    declared = [
        source for section in settings.tables.declared.values() for source in section.sources
    ]
    files = [source for source in declared if "://" not in source]
    return [source for source in files if not _there(root / fill_environment(source))]


def _there(path: Path) -> bool:
    return path.is_file() or bool(glob.glob(str(path)))  # noqa: PTH207 - a whole path as a pattern
