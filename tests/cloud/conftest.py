"""A cloud that is a process of this machine, and clients that are signed in to it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from llmplat.adapters.google_cloud import GoogleCloud
from llmplat.adapters.google_rest import GoogleRest
from tests.fakes.google import GOOD_TOKEN, FakeProject, fake_google


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
