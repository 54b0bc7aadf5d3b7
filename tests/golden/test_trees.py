"""The trees of two examples against the expected ones, file by file; long files by their hash."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from llmplat.catalog.load import load_catalog
from llmplat.plan.make import make_plan
from llmplat.render.tree import make_tree
from llmplat.spec.load import load_platform
from llmplat.spec.lock import parse_lock

HOME = Path(__file__).parents[2]
EXAMPLES = HOME / "docs" / "examples"
TREES = Path(__file__).parent / "trees"
NAMES = ("smallest", "production")
KEPT_MOST_BYTES = 20_000
"""A longer file (a maker's resource types, the gateway's code) stands in the marker by its hash."""
CATALOG = load_catalog(HOME)


def rendered(name):
    platform = load_platform(EXAMPLES / f"cluster-{name}.yaml").platform
    lock = parse_lock((EXAMPLES / f"cluster-{name}.lock.yaml").read_text("utf-8"), "lock")
    return make_tree(make_plan(platform, lock, CATALOG), CATALOG)


def kept(tree):
    return {
        f.path: f.content
        for f in tree.files
        if len(f.content) <= KEPT_MOST_BYTES or "/" not in f.path
    }


@pytest.mark.parametrize("name", NAMES)
def test_tree_is_as_expected(name, is_updating):
    files = kept(rendered(name))
    folder = TREES / name
    if is_updating:
        shutil.rmtree(folder, ignore_errors=True)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8")
    expected = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert sorted(files) == sorted(expected)
    for path, text in files.items():
        assert text == (folder / path).read_text("utf-8"), f"{name}/{path}"


@pytest.mark.parametrize("name", NAMES)
def test_rendering_twice_is_identical(name):
    assert rendered(name) == rendered(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_parses_back(name):
    for file in rendered(name).files:
        if file.path.endswith(".yaml"):
            assert all(
                isinstance(d, dict) for d in yaml.load_all(file.content, yaml.CSafeLoader)
            ), file.path


def test_the_expected_trees_stay_small():
    assert sum(p.stat().st_size for p in TREES.rglob("*") if p.is_file()) < 1_500_000


def test_the_seed_of_hashes_changes_nothing(tmp_path):
    def stream(seed):
        env = {**os.environ, "PYTHONHASHSEED": seed, "LLMPLAT_STATE_HOME": str(tmp_path)}
        words = ["-m", "llmplat", "render", "-f", str(EXAMPLES / "cluster-production.yaml")]
        return subprocess.run(
            [sys.executable, *words], env=env, cwd=HOME, capture_output=True, check=True
        ).stdout

    assert stream("1") == stream("2")
