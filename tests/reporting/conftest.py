"""The made-up run that review tests look at."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def example():
    """The module that makes stored tables of a made-up run."""
    path = Path(__file__).with_name("example.py")
    spec = importlib.util.spec_from_file_location("review_example", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
