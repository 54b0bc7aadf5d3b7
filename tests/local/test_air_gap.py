"""The real gateway from a directory mirror, in a network namespace where there is nothing but loopback."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.local.conftest import free_ports

HOME = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("air_gap.sh")
STUB = HOME / "tests" / "fakes" / "stub_engine.py"
NAMESPACES = (["unshare", "--map-root-user", "--net"], ["unshare", "--net"])
"""By anybody, where users may make them; else by root."""


@pytest.fixture
def work() -> Iterator[Path]:
    # Not pytest's own folder: unix sockets need a short path.
    folder = Path(tempfile.mkdtemp(prefix="llmplat-gap-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def namespace() -> list[str]:
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("no unshare or no ip here: the network cannot be cut")
    said = ""
    for words in NAMESPACES:
        command = [*words, "ip", "link", "set", "lo", "up"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return words
        said = done.stderr.strip()
    pytest.skip(f"network namespaces are not allowed here: {said}")


def write_platform(folder: Path, mirror: Path, port: int) -> None:
    """The gateway in front of a service on this machine: all of `up` but an engine of its own."""
    document = {
        "apiVersion": "llmplat.dev/v1alpha1",
        "kind": "Platform",
        "name": "gap",
        "substrate": {"local": {"port": port}},
        "mirror": {"folder": str(mirror)},
        "models": [
            {
                "name": "large",
                "aliases": ["default"],
                "backend": {"url": f"http://127.0.0.1:{port + 3}/v1", "model": "big"},
                "context": 4096,
                "price": {"inputUsdPerMillionTokens": 1, "outputUsdPerMillionTokens": 2},
                "dataClass": "public",
            }
        ],
        "tenants": [{"name": "team", "dataClass": "public", "apps": [{"name": "app"}]}],
    }
    (folder / "platform.yaml").write_text(yaml.safe_dump(document))


def env_of(work: Path) -> dict[str, str]:
    """Empty caches: nothing that this machine has from before can help."""
    places = {
        "LLMPLAT_CACHE_HOME": "cache",
        "LLMPLAT_STATE_HOME": "s",
        "UV_CACHE_DIR": "uv",
        "XDG_CACHE_HOME": "xdg",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LLMPLAT")}
    return {**kept, **{name: str(work / folder) for name, folder in places.items()}}


def copy(work: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`mirror` with this machine's own caches and its way out."""
    env = {**os.environ, "LLMPLAT_STATE_HOME": str(work / "s")}
    command = [sys.executable, "-m", "llmplat", "mirror", *words, "-f", str(work / "platform.yaml")]
    return subprocess.run(command, env=env, cwd=HOME, capture_output=True, text=True, check=False)


@pytest.mark.timeout(2400)
def test_up_with_the_network_cut(work: Path, namespace: list[str]) -> None:
    mirror = work / "mirror"
    port = free_ports()
    write_platform(work, mirror, port)
    assert copy(work, "verify").returncode == 6
    done = copy(work, "copy", "-o", "json")
    if done.returncode and "could not be reached" in done.stdout + done.stderr:
        pytest.skip("no package index can be reached from here, so no mirror can be filled")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert [thing["origin"] for thing in report["things"]] == ["litellm"]
    assert json.loads(copy(work, "copy", "-o", "json").stdout)["sentBytes"] == 0
    assert copy(work, "verify").returncode == 0

    words = [*namespace, "sh", str(SCRIPT), str(work), sys.executable, str(STUB), str(port + 3)]
    done = subprocess.run(
        words, env=env_of(work), cwd=HOME, capture_output=True, text=True, check=False, timeout=1500
    )
    print(done.stdout[-3000:], done.stderr[-3000:])
    assert done.returncode == 0
    assert done.stdout.count("cut: ") == 2
    assert "answer: 8 tokens" in done.stdout
    status = json.loads((work / "status.json").read_text())
    assert status["kind"] == "Status"
    assert list((work / "cache" / "environments").glob("litellm-*/bin/python"))


def test_a_mirror_that_lacks_a_package_is_named_before_anything_is_made(
    work: Path, namespace: list[str]
) -> None:
    write_platform(work, work / "mirror", free_ports())
    words = [*namespace, sys.executable, "-m", "llmplat", "up", "-f", str(work / "platform.yaml")]
    done = subprocess.run(
        words, env=env_of(work), cwd=HOME, capture_output=True, text=True, check=False
    )
    assert done.returncode == 5, done.stderr
    assert "The mirror lacks" in done.stderr
    assert "litellm" in done.stderr
    assert not (work / "cache" / "environments").exists()
