"""The composition root of Google Cloud: requests as whoever the environment is signed in as."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmplat.adapters.google_rest import GoogleRest
    from llmplat.cli.run import Run

ENDPOINT_NAME = "LLMPLAT_GOOGLE_ENDPOINT"
"""Stands in for Google on this machine; only tests set it."""


def google_rest(run: "Run", project: str) -> "GoogleRest":
    """Requests to one project; InputError for an endpoint that is not on this machine."""
    from llmplat.adapters.google_credentials import GoogleCredentials
    from llmplat.adapters.google_rest import GoogleRest, endpoint_of

    base = run.env.get(ENDPOINT_NAME)
    endpoint_of("compute", base)
    return GoogleRest(project, GoogleCredentials(), base=base)
