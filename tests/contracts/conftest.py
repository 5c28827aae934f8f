"""How the contracts come to a ledger: every way is put through every contract."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contracts.harness import LedgerFactory, in_memory
from tests.contracts.raw_files import FromFiles


def from_tables(folder: Path) -> LedgerFactory:
    """Hand the rows over as validated tables."""
    del folder
    return in_memory


def from_files(folder: Path) -> LedgerFactory:
    """Write the rows to files and read these."""
    return FromFiles(folder)


FACTORIES: list[Callable[[Path], LedgerFactory]] = [from_tables, from_files]


@pytest.fixture(scope="session", params=FACTORIES, ids=lambda factory: factory.__name__)
def make_ledger(request, tmp_path_factory) -> Iterator[LedgerFactory]:
    """A way from a book to an engine and a ledger."""
    folder = tmp_path_factory.mktemp("books")
    yield request.param(folder)
    shutil.rmtree(folder)
