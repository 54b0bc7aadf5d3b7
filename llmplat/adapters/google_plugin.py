"""A credential plug-in of kubectl and llmplat: prints a token of the application default credentials."""

import json
import sys

from llmplat.adapters.google_credentials import GoogleCredentials
from llmplat.domain.errors import LlmplatError

_API = "client.authentication.k8s.io/v1"


def main() -> int:
    """One ExecCredential on stdout; what is wrong on stderr, and 1."""
    try:
        token = GoogleCredentials().token()
    except LlmplatError as error:
        said = " ".join([error.what, error.why or "", *(f"Fix: {fix}" for fix in error.fix)])
        sys.stderr.write(f"{said}\n")
        return 1
    status = {"token": token}
    sys.stdout.write(json.dumps({"apiVersion": _API, "kind": "ExecCredential", "status": status}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
