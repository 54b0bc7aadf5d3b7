"""Turns what an app says of its own user into a name for the record, from apps that may say so."""

import re

from llmplat.gateway.policy import Bounds
from llmplat.gateway.upstream import Scope

HEADER = b"x-openwebui-user-id"
"""Sent by Open WebUI for whoever signed in; an id, not an address."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


def find_user(scope: Scope, app: Bounds) -> str:
    """The one well-formed id that a trusted app names; "" for all else, which nobody is charged for."""
    if not app.forwards_users:
        return ""
    named = [value for name, value in scope["headers"] if name == HEADER]
    if len(named) != 1:
        return ""
    text: str = named[0].decode("latin-1")
    return text if _ID.fullmatch(text) else ""
