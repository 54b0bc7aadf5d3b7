"""A short-lived token for Argo CD: of the machines' account, else none; asked for in Google's terms."""

from collections.abc import Callable

from llmplat.adapters.google_token import reader_token
from tests.cloud.conftest import rest_of
from tests.fakes.google import FakeProject

Serve = Callable[[FakeProject], FakeProject]
NODES = "demo-nodes@my-project.iam.gserviceaccount.com"


def test_a_token_of_the_machines_account(serve: Serve) -> None:
    project = serve(FakeProject(mintable={NODES}))
    assert reader_token(rest_of(project), NODES) == "token-of-demo-nodes"
    assert project.writes == []


def test_none_where_the_caller_may_not_mint_one(serve: Serve) -> None:
    project = serve(FakeProject())
    assert reader_token(rest_of(project), NODES) is None
