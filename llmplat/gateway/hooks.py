"""What LiteLLM calls: lets in only what the guard admitted, and shows the guard the engine's own stream."""

from typing import Any

from litellm.integrations.custom_logger import CustomLogger
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
    """Keeps LiteLLM's stream wrapper and its failures where the guard finds them."""

    def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Foreign, response: Foreign, request_data: Foreign
    ) -> Foreign:
        """Notes the wrapper and hands the stream on as it is."""
        del user_api_key_dict, request_data
        flight = FLIGHT.get()
        if flight is not None:
            flight.tap = response
        return response

    async def async_post_call_failure_hook(
        self,
        request_data: Foreign,
        original_exception: Exception,
        user_api_key_dict: Foreign,
        traceback_str: str | None = None,
    ) -> None:
        """Notes what the call ended in."""
        del request_data, user_api_key_dict, traceback_str
        flight = FLIGHT.get()
        if flight is not None:
            flight.error = original_exception


stream_tap = StreamTap()
