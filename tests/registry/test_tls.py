"""The same upload through TLS, which is how every registry that is not this machine is reached."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmplat.adapters.oci_client import RegistryClient
from llmplat.adapters.oci_dialect import Spoken
from llmplat.adapters.oci_journal import Journal
from llmplat.adapters.oci_place import Place
from llmplat.adapters.oci_registry import OciRegistry
from llmplat.adapters.pack_members import list_folder
from llmplat.adapters.tls_trust import tls_context
from llmplat.catalog.registries import RegistryFacts
from llmplat.domain.errors import RegistryError, RegistryRefusedError
from llmplat.pack.package import package
from llmplat.pack.request import PackRequest
from tests.fakes.oci_registry import FakeRegistry, Fault, fake_registry
from tests.fakes.recording_progress import RecordingProgress
from tests.registry.packing import MIB, QUICK, make_packing


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1 with its key, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl here to make a certificate")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["openssl", *words.split(), *names, "-keyout", file, "-out", file.with_suffix(".crt")],
        check=True,
        capture_output=True,
    )
    file.write_bytes(file.read_bytes() + file.with_suffix(".crt").read_bytes())
    return file


@pytest.fixture
def registry(certificate: Path) -> Iterator[FakeRegistry]:
    with fake_registry("v3", certificate) as registry:
        yield registry


def over_tls(fake: FakeRegistry, cache: Path, dialect: str | None = None) -> OciRegistry:
    """A registry client, which finds out itself that TLS is spoken."""
    client = RegistryClient(fake.address, None, patience=QUICK)
    place = Place(client, "team/model", Journal(cache, "x"), Spoken(RegistryFacts("x", dialect)))
    return OciRegistry(place, 2)


@pytest.mark.parametrize("dialect", ["pieces", "stream", "put"])
@pytest.mark.parametrize("is_known", [False, True])
def test_an_image_arrives(
    registry: FakeRegistry,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dialect: str,
    *,
    is_known: bool,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    packing = make_packing(tmp_path, shards=1, shard_bytes=9 * MIB)
    request = PackRequest(list_folder(packing.model), "m")
    for _ in range(2 if is_known else 1):
        registry.blobs.clear()
        target = over_tls(registry, tmp_path / "cache", dialect)
        report = package(request, target, RegistryFacts("x"), "v1", RecordingProgress())
    expected = {str(layer.descriptor.digest) for layer in report.layers}
    assert expected < {digest for _, digest in registry.blobs}


def test_a_certificate_nobody_vouches_for(registry: FakeRegistry, tmp_path: Path) -> None:
    target = over_tls(registry, tmp_path)
    with pytest.raises(RegistryError, match="cannot be trusted") as caught:
        target.try_push()
    assert "certificate is not trusted" in str(caught.value.why)
    assert "LLMPLAT_CA_FILE" in caught.value.fix[0]
    assert not registry.requests


def test_an_upload_is_never_moved_to_plain_http(
    registry: FakeRegistry,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    registry.faults = [
        Fault("begin", 202, headers={"Location": "http://other.example/upload"}, times=9)
    ]
    with pytest.raises(RegistryRefusedError, match="without TLS"):
        over_tls(registry, tmp_path).try_push()


def test_the_context_checks_names_and_certificates() -> None:
    context = tls_context("registry.example.com", {"HOME": "/nowhere"})
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
