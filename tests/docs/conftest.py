"""What the tests of CI templates share."""

from pathlib import Path

import pytest

from tests.docs.ci_folder import run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = run("llmplat init --file platform.yaml", tmp_path)
    assert made.returncode == 0, made.stderr
    return tmp_path
