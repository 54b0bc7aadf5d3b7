"""How wrong catalogue files are refused."""

import shutil
from pathlib import Path

import pytest

from llmplat.catalog.load import DATA, load_catalog
from llmplat.domain.errors import CatalogError

HOME = Path(__file__).parents[3]


@pytest.fixture
def home(tmp_path):
    for folder in ("profiles", "templates", "infra"):
        shutil.copytree(HOME / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture
def data(tmp_path):
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def test_the_copy_loads(home, data):
    assert load_catalog(home, data=data) == load_catalog(HOME)


def test_a_name_used_twice_is_refused(home):
    folder = home / "templates" / "components"
    shutil.copytree(folder / "keda", folder / "keda-again")
    with pytest.raises(CatalogError) as caught:
        load_catalog(home)
    assert "used by two files" in caught.value.why


@pytest.mark.parametrize(
    ("file", "before", "after", "why"),
    [
        ("profiles/full.yaml", "upTo: experience", "upTo: nowhere", "names nowhere"),
        ("templates/components/keda/component.yaml", "layer: platform", "layer: x", "names x"),
        ("templates/components/keda/component.yaml", "[kubernetes]", "[magic]", "names magic"),
        ("templates/components/kueue/component.yaml", "cert-manager, ", "litellm, ", "higher"),
        ("templates/components/keda/component.yaml", "purpose:", "porpoise:", "purpose"),
        ("templates/components/keda/component.yaml", "name:", "extra: 1\nname:", "extra: no such"),
        ("infra/local/substrate.yaml", "abilities: [", "abilities: [magic, ", "names magic"),
        ("profiles/full.yaml", "name: full", "name: [", "profiles/full.yaml"),
    ],
)
def test_wrong_files_are_refused(home, file, before, after, why):
    path = home / file
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(CatalogError) as caught:
        load_catalog(home)
    assert why in f"{caught.value.what} {caught.value.why}"


@pytest.mark.parametrize("key", ["source", "as_of", "memory_bytes", "memory_source"])
def test_a_fact_without_source_or_figure_is_refused(data, key):
    path = data / "gpus" / "l4.yaml"
    lines = path.read_text("utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(f"{key}:")]
    assert len(kept) == len(lines) - 1
    path.write_text("\n".join(kept), "utf-8")
    with pytest.raises(CatalogError) as caught:
        load_catalog(HOME, data=data)
    assert key in caught.value.why


def test_a_missing_folder_is_a_plain_error(tmp_path):
    with pytest.raises(CatalogError):
        load_catalog(HOME, data=tmp_path)
