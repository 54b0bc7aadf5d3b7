"""The gateway's list of key changes that tenants asked for, over HTTP (a ChangeBook)."""

import json
from collections.abc import Sequence
from typing import Any

from llmplat.adapters.gateway_errors import refused
from llmplat.adapters.local_http import ask
from llmplat.domain.errors import GatewayError
from llmplat.domain.foreign_text import parse_json
from llmplat.domain.key_change import KeyChange

_TIMEOUT_S = 15.0
_FIELDS = tuple(KeyChange.__dataclass_fields__)


class GatewayChanges:
    """Speaks to `url` (without /v1) with the platform's own key."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key

    def open(self) -> Sequence[KeyChange]:
        """See ChangeBook."""
        told = self._ask("GET", "key-changes", None)
        waiting = [one for one in told["changes"] if one["state"] == "open"]
        return tuple(KeyChange(**{name: one[name] for name in _FIELDS}) for one in waiting[::-1])

    def settle(self, change_id: str, state: str, why: str) -> None:
        """See ChangeBook."""
        self._ask("POST", "key-verdicts", {"change": change_id, "state": state, "why": why})

    def _ask(self, method: str, path: str, wish: dict[str, str] | None) -> Any:  # noqa: ANN401 (JSON)
        headers = {"Authorization": f"Bearer {self._key}"}
        body = None
        if wish is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(wish).encode()
        try:
            answer = ask(
                method, f"{self._url}/llmplat/v1/{path}", headers=headers, body=body,
                timeout_s=_TIMEOUT_S,
            )  # fmt: skip
        except OSError as error:
            raise GatewayError(
                f"Nothing answers at {self._url}.", str(error), ("llmplat up", "llmplat status")
            ) from error
        if answer.status != 200:
            raise refused(answer.status, answer.body, answer.headers)
        return parse_json(answer.body)
