"""A cloud that is a process of this machine, and clients that are signed in to it."""

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from llmplat.adapters.google_cloud import GoogleCloud
from llmplat.adapters.google_rest import GoogleRest
from tests.cli.conftest import Llmplat, llmplat  # noqa: F401 (a fixture)
from tests.cloud.gke_world import GkeWorld, environment_of
from tests.fakes.api_server import api_server
from tests.fakes.certificates import make_certificates
from tests.fakes.google import GOOD_TOKEN, FakeProject, fake_google
from tests.fakes.oci_registry import fake_registry


class Signed:
    """Signed in as ci@."""

    account = "ci@my-project.iam.gserviceaccount.com"

    def __init__(self, token: str = GOOD_TOKEN) -> None:
        self._token = token

    def token(self) -> str:
        """Always the same one."""
        return self._token


_OPEN: list[GoogleRest] = []


def rest_of(project: FakeProject, token: str = GOOD_TOKEN) -> GoogleRest:
    """Requests to that project; closed when the test ends."""
    rest = GoogleRest(project.id, Signed(token), base=project.address, sleep=lambda _seconds: None)
    _OPEN.append(rest)
    return rest


def client(project: FakeProject, token: str = GOOD_TOKEN) -> GoogleCloud:
    """A cloud of that project."""
    return GoogleCloud(rest_of(project, token))


@pytest.fixture
def serve() -> Iterator[Callable[[FakeProject], FakeProject]]:
    """Serves projects until the test ends; every request must have obeyed the discovery documents."""
    served: list[FakeProject] = []
    with ExitStack() as stack:

        def start(project: FakeProject) -> FakeProject:
            served.append(project)
            return stack.enter_context(fake_google(project))

        yield start
        while _OPEN:
            _OPEN.pop().close()
    wrong = [fault for project in served for fault in project.wrong]
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.fixture(scope="session")
def private_key() -> str:
    """Of a service account that only the fake knows."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(*kinds, serialization.NoEncryption()).decode()


@pytest.fixture
def world(
    serve: Callable[[FakeProject], FakeProject],
    llmplat: Llmplat,  # noqa: F811 (the fixture; it is in its folder from now on)
    private_key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[GkeWorld]:
    """A platform on GKE whose cloud, tools, cluster and registry are processes of this machine."""
    del llmplat
    signed = make_certificates(tmp_path, "IP:127.0.0.1")
    with fake_registry("gar") as registry:
        made = GkeWorld(tmp_path, f"{registry.address}/team/platform")
        serve(made.project)
        with api_server(made.cluster, signed.server, made.tick, GOOD_TOKEN) as address:
            made.address = address
            made.play(address)
            for name, value in environment_of(made, private_key).items():
                monkeypatch.setenv(name, value)
            monkeypatch.setenv("SSL_CERT_FILE", str(signed.authority))
            yield made
    # A process that ends closes its connections; here one process runs many commands.
    gc.collect()
