"""Hands the planning helpers to the tests of this folder."""

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("planning", Path(__file__).with_name("planning.py"))
_planning = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_planning)


@pytest.fixture
def planning():
    return _planning
