"""A registry of Google's -> a short-lived token that opens it, of an account that can do little else."""

from llmplat.adapters.google_rest import GoogleRest
from llmplat.domain.errors import CloudRefusedError

_SCOPE = "https://www.googleapis.com/auth/cloud-platform.read-only"
"""One of the two that Artifact Registry takes (its discovery document, auth.oauth2.scopes)."""
_GOOD_FOR = "3600s"


def reader_token(rest: GoogleRest, account: str) -> str | None:
    """A token of the service account `account`, good for an hour; None where nobody may mint one.

    Raises CredentialsError, CloudError.
    """
    body = {"scope": [_SCOPE], "lifetime": _GOOD_FOR}
    path = f"v1/projects/-/serviceAccounts/{account}:generateAccessToken"
    try:
        return str(rest.post("iamcredentials", path, body)["accessToken"])
    except CloudRefusedError:
        return None
