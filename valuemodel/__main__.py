"""``python -m valuemodel`` and the ``valuemodel`` command."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    # Threads that wait must not spin: on a shared host that makes training many times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from valuemodel.cli import run  # noqa: PLC0415 - nothing is imported before it is needed

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
