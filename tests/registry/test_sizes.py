"""Models of unusual sizes: thousands of files, members beyond 8 GiB, files that no registry takes."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.fakes.connect_proxy import connect_proxy
from tests.fakes.oci_registry import FakeRegistry
from tests.fakes.real_registry import real_registry
from tests.fakes.small_model import safetensors, small_model, write_model
from tests.registry.conftest import real_program
from tests.registry.packing import Packing

GB = 1000**3


def model_of(folder: Path, size_bytes: int) -> Path:
    """A model whose weights are a hole of that size with a header before it."""
    files = small_model()
    model = write_model(folder, {path: files[path] for path in ("config.json", "tokenizer.json")})
    empty = safetensors({"w": ("U8", [size_bytes], b"")})
    header = empty[8:].replace(b"[0, 0]", f"[0, {size_bytes}]".encode())
    weights = model / "model.safetensors"
    weights.write_bytes(len(header).to_bytes(8, "little") + header)
    os.truncate(weights, 8 + len(header) + size_bytes)
    return model


def llmplat(root: Path, *words: str, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    home = {"LLMPLAT_CACHE_HOME": str(root / "cache"), "HOME": str(root), "CI": "true"}
    done = subprocess.run(
        [sys.executable, "-m", "llmplat", *words],
        cwd=root, env={**os.environ, **home, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done


@pytest.mark.parametrize(
    ("host", "size_bytes", "most"),
    [
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", 60 * GB, "50.8 GiB"),
        ("public.ecr.aws", 12 * GB, "9.8 GiB"),
        ("ghcr.io", 11 * GB, "9.3 GiB"),
    ],
)
def test_a_file_beyond_the_largest_layer_is_refused_before_anybody_is_asked(
    tmp_path: Path, host: str, size_bytes: int, most: str
) -> None:
    model = model_of(tmp_path / "model", size_bytes)
    with connect_proxy({}) as proxy:
        words = ("package-model", str(model), f"{host}/team/model:v1")
        for more in ((), ("--dry-run",)):
            done = llmplat(
                tmp_path, *words, *more, code=5, HTTPS_PROXY=f"http://{proxy.address}", NO_PROXY=""
            )
            assert f"model.safetensors is {size_bytes / 2**30:.1f} GiB" in done.stderr
            assert f"a layer may have {most}" in done.stderr
            assert "cannot be split over layers" in done.stderr
            assert "max_shard_size" in done.stderr
        assert proxy.asked == []


@pytest.mark.timeout(1800)
def test_a_nine_gigabyte_file_arrives(tmp_path: Path) -> None:
    """In a real registry, which checks the digest; GNU tar then reads what it stored."""
    if shutil.disk_usage(tmp_path).free < 15 * GB:
        pytest.skip("too little disk for a registry with 9 GB")
    model, marks = model_of(tmp_path / "model", 9 * GB), (2**32 - 1, 2**33 - 1, 9 * GB)
    weights = model / "model.safetensors"
    with weights.open("r+b") as file:
        for place in marks:
            os.pwrite(file.fileno(), b"marked", place)
    folder = tmp_path / "registry"
    folder.mkdir()
    try:
        with real_registry(real_program("v3"), folder) as registry:
            llmplat(tmp_path, "package-model", str(model), f"{registry.address}/team/model:v1")
        layer = max((folder / "data").rglob("data"), key=lambda path: path.stat().st_size)
        listed = subprocess.run(["tar", "-tvf", layer], capture_output=True, text=True, check=True)
        assert f" {weights.stat().st_size} " in listed.stdout
        with tarfile.open(layer) as tar:
            found = tar.extractfile("models/model.safetensors")
            assert found is not None
            for place in marks:
                found.seek(place)
                assert found.read(6) == b"marked"
    finally:
        shutil.rmtree(folder)  # pytest would keep it for three runs


def test_five_thousand_small_files(v3: FakeRegistry, tmp_path: Path) -> None:
    files = {f"parts/{number % 50}/{number}.json": b"%d" % number for number in range(5000)}
    chosen = ("config.json", "tokenizer.json", "model.safetensors")
    model = write_model(tmp_path / "m", files | {p: small_model()[p] for p in chosen})
    report = Packing(model, tmp_path / "cache").push(v3.address)
    assert [len(layer.files) for layer in report.layers] == [5003]
    llmplat(tmp_path, "model", "pull", f"{v3.address}/team/model:v1", "pulled")
    for path, content in files.items():
        assert (tmp_path / "pulled" / path).read_bytes() == content
