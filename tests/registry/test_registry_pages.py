"""The how-to page on registries: its commands run as they stand, its limits are the catalogue's.

The public registries are played by the fault registry's dialects, under their own names and with
TLS; the one of one's own is Debian's docker-registry.
"""

import base64
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from llmplat.catalog.registries import find_registry
from tests.fakes.certificates import make_certificates
from tests.fakes.connect_proxy import connect_proxy
from tests.fakes.oci_registry import fake_registry
from tests.fakes.real_registry import find_debian, free_port, running
from tests.fakes.small_model import small_model, write_model

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "push-to-your-registry.md").read_text()
PLAYED = {
    "Google Artifact Registry": "gar",
    "GitHub Container Registry": "ghcr",
    "Amazon ECR": "ecr",
    "Harbor": "v2",
}


def block(title: str, kind: str = "sh") -> str:
    """The first code block of that kind under a heading."""
    section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    return re.search(rf"```{kind}\n(.*?)```", section, re.DOTALL)[1]


def package_words(title: str) -> list[str]:
    (line,) = [line for line in block(title).splitlines() if line.startswith("llmplat")]
    return shlex.split(line)


def run(root: Path, words: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    assert words[0] == "llmplat"
    write_model(root / "my-model", small_model(9_000_000))
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=root, env={"PATH": os.environ["PATH"], "HOME": str(root), "CI": "true", **env},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("title", PLAYED)
def test_the_command_works_as_it_stands(tmp_path: Path, title: str) -> None:
    words = package_words(title)
    host, _, rest = words[-1].partition("/")
    assert host in block(title).replace(words[-1], "")  # it is what one has logged in to
    files = make_certificates(tmp_path, f"DNS:{host}")
    (tmp_path / ".docker").mkdir()
    auth = {"auth": base64.b64encode(b"me:right").decode()}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"auths": {host: auth}}))
    with (
        fake_registry(PLAYED[title], files.server) as registry,
        connect_proxy({f"{host}:443": registry.address}) as proxy,
    ):
        registry.password = "right"
        network = {
            "HTTPS_PROXY": f"http://{proxy.address}",
            "LLMPLAT_CA_FILE": str(files.authority),
        }
        for more in (["--dry-run"], []):
            done = run(tmp_path, [*words, *more], **network)
            assert done.returncode == 0, done.stderr
        repository, _, tag = rest.partition(":")
        assert registry.tag(repository, tag)
        assert done.stdout.startswith(f"{host}/{repository}@sha256:")
        sent = {method for method, path in registry.requests if "/blobs/uploads/" in path}
        assert ("PATCH" in sent) == (PLAYED[title] not in {"gar", "ecr"})


def test_a_registry_of_ones_own(tmp_path: Path) -> None:
    program = find_debian()
    if program is None:
        pytest.skip("no docker-registry here (apt-get install docker-registry)")
    port = str(free_port())
    title = "A registry of your own"
    (tmp_path / "config.yml").write_text(block(title, "yaml").replace("5000", port))
    serve = block(title).splitlines()[0].removesuffix(" &").split()
    with running([str(program), *serve[1:]], f"127.0.0.1:{port}", tmp_path):
        words = [word.replace("5000", port) for word in package_words(title)]
        done = run(tmp_path, words)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "registry-data").is_dir()


def test_the_limits_are_those_of_the_catalogue() -> None:
    rows = re.findall(r"^\| ([\w ]+) \| `(\S+)` \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 6
    for name, host, layer, layers in rows:
        facts = find_registry(host)
        said = "none known" if facts.layer_bytes is None else f"{facts.layer_bytes / 1e9:.1f} GB"
        assert (layer, layers) == (said, str(facts.layers or "none known")), name
