"""Pulumi's tool found, refused when too old, fetched after a yes from a server of this machine."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from llmplat.adapters import pulumi_cli
from llmplat.adapters.pulumi_cli import VERSION, find_pulumi, install_pulumi, require_pulumi
from llmplat.domain.errors import DownloadError, PreconditionError
from tests.fakes.recording_progress import RecordingProgress

SCRIPT = "#!/bin/sh\necho v{}\n"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Says nothing."""


@pytest.fixture
def downloads(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """What the publisher would serve, and the folder it is in."""
    folder = tmp_path / "served" / f"v{VERSION}"
    folder.mkdir(parents=True)
    archive = pulumi_cli._archive()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        body = SCRIPT.format(VERSION).encode()
        member = tarfile.TarInfo("pulumi/pulumi")
        member.size, member.mode = len(body), 0o755
        tar.addfile(member, io.BytesIO(body))
    (folder / archive).write_bytes(packed.getvalue())
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    (folder / f"pulumi-{VERSION}-checksums.txt").write_text(f"{digest}  {archive}\n")
    handler = partial(_Quiet, directory=str(tmp_path / "served"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", folder
    server.shutdown()
    server.server_close()


def tool(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCRIPT.format(version))
    path.chmod(0o755)
    return path


def install(cache: Path, url: str, answer: bool | None = True) -> Path:
    consent = None if answer is None else (lambda _question: answer)
    return install_pulumi(cache, RecordingProgress(), consent, downloads=url)


def test_it_is_fetched_after_a_yes_checked_and_runs(
    downloads: tuple[str, Path], tmp_path: Path
) -> None:
    made = install(tmp_path / "cache", downloads[0])
    assert require_pulumi({"PATH": "/usr/bin:/bin"}, tmp_path / "cache") == made
    assert install(tmp_path / "cache", "http://127.0.0.1:9", None) == made


@pytest.mark.parametrize("answer", [False, None])
def test_without_a_yes_nothing_is_fetched(
    downloads: tuple[str, Path], tmp_path: Path, answer: bool | None
) -> None:
    with pytest.raises(PreconditionError, match="was not installed"):
        install(tmp_path / "cache", downloads[0], answer)
    assert find_pulumi({"PATH": ""}, tmp_path / "cache") is None


def test_other_bytes_than_the_sums_say_are_thrown_away(
    downloads: tuple[str, Path], tmp_path: Path
) -> None:
    url, folder = downloads
    packed = folder / pulumi_cli._archive()
    packed.write_bytes(packed.read_bytes() + b"x")
    with pytest.raises(DownloadError, match="not the file that was expected"):
        install(tmp_path / "cache", url)
    assert [one.name for one in (tmp_path / "cache" / "tools").iterdir() if one.is_dir()] == []


def test_a_list_of_sums_without_the_file_and_no_server(
    downloads: tuple[str, Path], tmp_path: Path
) -> None:
    url, folder = downloads
    (folder / f"pulumi-{VERSION}-checksums.txt").write_text("0" * 64 + "  other.tar.gz\n")
    with pytest.raises(DownloadError, match="not the file"):
        install(tmp_path / "cache", url)
    with pytest.raises(DownloadError, match="could not be fetched"):
        install(tmp_path / "cache", f"{url}/nowhere")


def test_a_missing_one_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(PreconditionError, match="is not there") as caught:
        require_pulumi({"PATH": str(tmp_path)}, tmp_path)
    assert caught.value.fix[0] == "llmplat up --install-pulumi"


def test_one_that_is_too_old_or_does_not_run(tmp_path: Path) -> None:
    old = tool(tmp_path / "old" / "pulumi", "3.150.0")
    with pytest.raises(PreconditionError, match="too old") as caught:
        require_pulumi({"PATH": str(old.parent)}, tmp_path)
    assert "3.150.0" in str(caught.value.why)
    broken = tmp_path / "broken"
    broken.write_text("no program")
    with pytest.raises(PreconditionError, match="does not run"):
        require_pulumi({"LLMPLAT_PULUMI": str(broken), "PATH": ""}, tmp_path)
    good = tool(tmp_path / "new" / "pulumi", "3.272.0")
    assert require_pulumi({"LLMPLAT_PULUMI": str(good), "PATH": ""}, tmp_path) == good
