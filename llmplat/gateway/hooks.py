"""What LiteLLM calls: lets in only what the guard admitted, and shows the guard the engine's own stream.

LiteLLM takes the engine's per-chunk usage out of the chunks it passes on and keeps it in its stream
wrapper's `chunks`. That is an internal: the version is pinned and a test reads a cut stream's usage.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.litellm_core_utils.streaming_handler import CustomStreamWrapper
from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler
from litellm.proxy._types import UserAPIKeyAuth

from llmplat.gateway.flight import FLIGHT, SCOPE_KEY, Flight

Foreign = Any
"""A value of LiteLLM's."""

_IDENTITY = UserAPIKeyAuth(api_key="llmplat", user_id="llmplat")


class NotAdmittedError(Exception):
    """A request reached LiteLLM without passing the guard."""


async def admit_marked(request: Foreign, api_key: str) -> UserAPIKeyAuth:
    """LiteLLM's custom_auth: the guard's mark in the scope, or NotAdmittedError (401)."""
    del api_key
    if not isinstance(request.scope.get(SCOPE_KEY), Flight):
        msg = "not admitted"
        raise NotAdmittedError(msg)
    return _IDENTITY.model_copy()


class StreamTap(CustomLogger):  # type: ignore[misc]  # LiteLLM ships no types here
    """Keeps what a call ended in where the guard finds it."""

    async def async_post_call_failure_hook(
        self,
        request_data: Foreign,
        original_exception: Exception,
        user_api_key_dict: Foreign,
        traceback_str: str | None = None,
    ) -> None:
        """Notes the exception; the guard tells from it whether the engine was reached."""
        del request_data, user_api_key_dict, traceback_str
        flight = FLIGHT.get()
        if flight is not None:
            flight.error = original_exception


def _note_wrapper(make: Callable[..., None]) -> Callable[..., None]:
    @wraps(make)
    def note(self: Foreign, *args: Foreign, **words: Foreign) -> None:
        make(self, *args, **words)
        flight = FLIGHT.get()
        if flight is not None:
            flight.tap = self

    return note


stream_tap = StreamTap()
# Else /v1/completions makes a new client, TLS context and connection for every request.
litellm.aclient_session = AsyncHTTPHandler().client
CustomStreamWrapper.__init__ = _note_wrapper(CustomStreamWrapper.__init__)
