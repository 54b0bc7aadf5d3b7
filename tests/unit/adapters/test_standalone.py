"""Programs that another Python runs: that one has no llmplat."""

import ast
from pathlib import Path

import pytest

from llmplat.adapters import gguf_to_safetensors


@pytest.mark.parametrize("module", [gguf_to_safetensors], ids=lambda it: it.__name__)
def test_it_imports_nothing_of_ours(module: object) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))  # type: ignore[attr-defined]  # modules have one
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in (
            [ast.alias(node.module or "")] if isinstance(node, ast.ImportFrom) else node.names
        )
    }
    assert names
    assert not [name for name in names if name.split(".")[0] == "llmplat"]
