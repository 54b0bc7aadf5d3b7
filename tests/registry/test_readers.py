"""What llmplat pushes, others read: crane, skopeo, umoci, containerd, podman and our own pull."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmplat.adapters.oci_registry import open_registry
from llmplat.domain.oci import Digest, Reference
from llmplat.pack.attached import read_attached
from tests.fakes.containerd import running_containerd
from tests.fakes.real_registry import RealRegistry, find_crane
from tests.fakes.signing import write_keys
from tests.fakes.small_model import small_model, write_model

LONG = "deep/" + "n" * 110 + "/w.json"


@dataclass(frozen=True)
class Place:
    """A model, a registry and the image of the one in the other."""

    root: Path
    model: Path
    repository: str
    digest: str

    def llmplat(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return run_llmplat(self.root, *words)


def run_llmplat(root: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ,
        "LLMPLAT_STATE_HOME": str(root / "state"),
        "LLMPLAT_CACHE_HOME": str(root / "cache"),
        "CI": "true",
    }
    done = subprocess.run(
        [sys.executable, "-m", "llmplat", *map(str, words)],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done


def run(*words: str | Path) -> str:
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def need(tool: str) -> str:
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"no {tool} here (apt-get install {tool})")
    return found


@pytest.fixture
def place(real: RealRegistry, tmp_path: Path) -> Place:
    files = {
        **{path: data for path, data in small_model(9_000_000).items() if "/" not in path},
        "1_Pooling/config.json": b"{}",
        "empty.txt": b"",
        "naïve-ünïcode-名.txt": "ü".encode(),
        LONG: b"[]",
    }
    del files["pytorch_model.bin"]
    model = write_model(tmp_path / "model", files)
    done = run_llmplat(tmp_path, "package-model", str(model), f"{real.address}/team/model:v1")
    reference = done.stdout.strip()
    repository, _, digest = reference.partition("@")
    return Place(tmp_path, model, repository, digest)


def hashes(folder: Path) -> dict[str, str]:
    """Path -> sha256 of every file that is not hidden."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_stdout_is_the_digest_reference_and_nothing_else(place: Place) -> None:
    assert place.repository.endswith("/team/model")
    assert place.digest.startswith("sha256:")
    assert len(place.digest) == 71


def test_our_own_pull(place: Place) -> None:
    place.llmplat("model", "pull", f"{place.repository}@{place.digest}", "pulled")
    assert hashes(place.root / "pulled") == hashes(place.model)
    place.llmplat("model", "verify", f"{place.repository}:v1")


def test_crane(place: Place) -> None:
    crane = find_crane()
    if crane is None:
        pytest.skip("no crane here and no Go to build it")
    reference = f"{place.repository}@{place.digest}"
    assert run(crane, "digest", f"{place.repository}:v1").strip() == place.digest
    # Not without --fast: it takes every layer for gzip (v0.20.6). The export reads them all.
    run(crane, "validate", "--fast", "--remote", reference)
    run(crane, "export", reference, place.root / "all.tar")
    with tarfile.open(place.root / "all.tar") as tar:
        tar.extractall(place.root / "crane", filter="data")
    assert hashes(place.root / "crane" / "models") == hashes(place.model)


def test_skopeo_and_umoci(place: Place) -> None:
    skopeo, umoci = need("skopeo"), need("umoci")
    layout = place.root / "copied"
    run(
        skopeo, "copy", "-q", "--src-tls-verify=false", "--dest-oci-accept-uncompressed-layers",
        "--preserve-digests", f"docker://{place.repository}@{place.digest}", f"oci:{layout}:v1",
    )  # fmt: skip
    assert place.digest.removeprefix("sha256:") in {p.name for p in layout.rglob("*")}
    run(umoci, "unpack", "--rootless", "--image", f"{layout}:v1", place.root / "bundle")
    assert hashes(place.root / "bundle" / "rootfs" / "models") == hashes(place.model)


def test_containerd(place: Place) -> None:
    """What nodes pull with: unpacked by its snapshotter and mounted, as an image volume is."""
    reference, mounted = f"{place.repository}@{place.digest}", place.root / "mounted"
    mounted.mkdir()
    with running_containerd(place.root / "containerd") as ctr:
        run(*ctr, "images", "pull", "--plain-http", reference)
        run(*ctr, "images", "mount", reference, mounted)
        try:
            assert hashes(mounted / "models") == hashes(place.model)
        finally:
            run("umount", mounted)


def test_podman(place: Place) -> None:
    """containers/storage, which CRI-O keeps images in as well."""
    program, reference = need("podman"), f"{place.repository}@{place.digest}"
    # podman refuses a run root of more than 50 characters.
    with tempfile.TemporaryDirectory(prefix="pod-", dir="/tmp") as short:
        places = ("--root", f"{short}/root", "--runroot", f"{short}/run")
        podman = (program, *places, "--storage-driver", "vfs")
        run(*podman, "pull", "-q", "--tls-verify=false", reference)
        container = run(*podman, "create", reference, "/never-run").strip()
        run(*podman, "export", "-o", place.root / "all.tar", container)
    with tarfile.open(place.root / "all.tar") as tar:
        tar.extractall(place.root / "podman", filter="data")
    assert hashes(place.root / "podman" / "models") == hashes(place.model)


def test_a_layout_is_the_same_image(place: Place) -> None:
    skopeo, umoci = need("skopeo"), need("umoci")
    done = place.llmplat("package-model", str(place.model), "--to-layout", "layout")
    layout = place.root / "layout"
    assert done.stdout.strip() == f"layout@{place.digest}"
    run(skopeo, "copy", "-q", f"oci:{layout}:latest", f"dir:{place.root / 'dir'}")
    run(umoci, "unpack", "--rootless", "--image", f"{layout}:latest", place.root / "bundle")
    assert hashes(place.root / "bundle" / "rootfs" / "models") == hashes(place.model)


def test_a_copy_and_a_new_tag_keep_the_digest_and_what_is_attached(
    place: Place, real: RealRegistry
) -> None:
    source = f"oci://{place.repository}@{place.digest}"
    copied = place.llmplat("package-model", source, f"{real.address}/other/name:v2", "-o", "json")
    assert f'"digest": "{place.digest}"' in copied.stdout
    assert '"sentBytes": 0' in copied.stdout
    assert "bill of materials" in place.llmplat(
        "model", "verify", f"{real.address}/other/name:v2"
    ).stdout  # fmt: skip
    tagged = place.llmplat("package-model", source, f"{place.repository}:stable")
    assert tagged.stdout.strip() == f"{place.repository}@{place.digest}"
    assert place.digest in place.llmplat("model", "inspect", f"{place.repository}:stable").stdout


def find_cosign() -> str:
    """cosign 3, from the path or beside the tools that tests have built."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache / "llmplat-test-tools" / "bin" / "cosign"
    found = shutil.which("cosign") or (str(built) if built.is_file() else None)
    if found is None:
        pytest.skip("no cosign here (.ci/setup-tests builds it with Go, three minutes a run)")
    return found


def test_cosign_agrees_with_our_signatures(place: Place) -> None:
    """An independent judge of bundle, envelope, signature and attachment; it says no as well."""
    cosign = find_cosign()
    private, public = write_keys(place.root)
    reference = f"{place.repository}@{place.digest}"
    place.llmplat("package-model", str(place.model), f"{place.repository}:v2", "--sign", private)
    checks = ["--insecure-ignore-tlog", "--allow-http-registry", "--key"]
    run(cosign, "verify", *checks, public, reference)
    for kind in ("slsaprovenance1", "cyclonedx"):
        run(cosign, "verify-attestation", "--type", kind, *checks, public, reference)
    other = place.root / "other"
    other.mkdir()
    _, wrong = write_keys(other)
    done = subprocess.run(
        [cosign, "verify", *checks, wrong, reference], capture_output=True, check=False
    )
    assert done.returncode != 0


def test_openssl_agrees_with_our_signatures(place: Place) -> None:
    """A judge that is everywhere: the envelope's text put together here, checked by openssl."""
    openssl = need("openssl")
    private, public = write_keys(place.root)
    place.llmplat("package-model", str(place.model), f"{place.repository}:v2", "--sign", private)
    host, _, name = place.repository.partition("/")
    registry = open_registry(
        Reference.parse(f"{host}/{name}:v2"), place.root / "cache", {"HOME": str(place.root)}
    )
    bundles = [
        one.content
        for one in read_attached(registry, Digest.parse(place.digest))
        if one.media_type == "application/vnd.dev.sigstore.bundle.v0.3+json"
    ]
    assert len(bundles) == 3
    for content in bundles:
        envelope = json.loads(content)["dsseEnvelope"]
        kind, payload = envelope["payloadType"].encode(), base64.b64decode(envelope["payload"])
        assert place.digest.removeprefix("sha256:").encode() in payload
        text, signature = place.root / "text", place.root / "signature"
        text.write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
        signature.write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
        check = (openssl, "dgst", "-sha256", "-verify", public, "-signature", signature, text)
        assert "Verified OK" in run(*check)
        text.write_bytes(text.read_bytes().replace(b"sha256", b"sha255", 1))
        done = subprocess.run(list(map(str, check)), capture_output=True, check=False)
        assert done.returncode != 0


def test_the_sidecar_base_lies_below_the_model_on_both_platforms(place: Place) -> None:
    """The base comes from the package index; its program is what KServe starts."""
    umoci, skopeo = need("umoci"), need("skopeo")
    words = [sys.executable, "-m", "llmplat", "package-model", str(place.model), "--kserve-sidecar"]
    env = {**os.environ, "LLMPLAT_CACHE_HOME": str(place.root / "cache")}
    done = subprocess.run(
        [*words, f"{place.repository}:side"], env=env, capture_output=True, text=True, check=False
    )
    if "fetch-failed" in done.stderr:
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    for arch in ("amd64", "arm64"):
        layout, bundle = place.root / f"side-{arch}", place.root / f"bundle-{arch}"
        run(
            skopeo, "copy", "-q", "--src-tls-verify=false", f"--override-arch={arch}",
            "--dest-oci-accept-uncompressed-layers",
            f"docker://{done.stdout.strip()}", f"oci:{layout}:v1",
        )  # fmt: skip
        run(umoci, "unpack", "--rootless", "--image", f"{layout}:v1", bundle)
        assert hashes(bundle / "rootfs" / "models") == hashes(place.model)
        program = bundle / "rootfs" / "bin" / "link-model-and-wait"
        assert program.read_bytes()[:4] == b"\x7fELF"
