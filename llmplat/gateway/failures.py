"""Turns what LiteLLM says of a failed call into one of our causes, without LiteLLM's or the engine's internals."""

import json
import re

from llmplat.gateway.flight import Flight
from llmplat.gateway.refusals import RefusedError

_NOT_CONNECTED = frozenset(
    {"ConnectError", "ConnectTimeout", "ClientConnectorError", "ConnectionRefusedError", "gaierror"}
)
_CUT = frozenset(
    {
        "ReadError",
        "RemoteProtocolError",
        "WriteError",
        "CloseError",
        "ServerDisconnectedError",
        "ClientOSError",
        "ConnectionResetError",
        "BrokenPipeError",
        "ClientPayloadError",
    }
)
_ADDRESS = re.compile(r"https?://\S+|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\blocalhost(?::\d+)?\b")
_MESSAGE = re.compile(r"""["']message["']\s*:\s*("(?:[^"\\]|\\.)*")""")
_LONGEST = 600


def classify(flight: Flight, status: int) -> str:
    """The cause behind LiteLLM's answer `status`; connect and cut mean no byte of an answer came."""
    names = _name_chain(flight.error)
    if names & _NOT_CONNECTED:
        return "connect"
    if names & _CUT:
        return "cut"
    if status in {408, 504} or "Timeout" in names:
        return "timeout"
    return {400: "engine_refused", 413: "engine_refused", 422: "engine_refused"}.get(
        status, "engine_busy" if status in {429, 503} else "engine_error"
    )


def make_refusal(cause: str, body: bytes) -> RefusedError:
    """The refusal the client gets for `cause`; only an engine's 400 passes its message on."""
    if cause in {"connect", "cut"}:
        return RefusedError("engine_unreachable", retry_after_s=2)
    if cause == "engine_busy":
        return RefusedError(cause, retry_after_s=2)
    if cause == "engine_refused":
        return RefusedError(cause, _read_message(body))
    return RefusedError(cause)


def _name_chain(error: BaseException | None) -> set[str]:
    names: set[str] = set()
    seen = 0
    while error is not None and seen < 16:
        names.add(type(error).__name__)
        error = error.__cause__ or error.__context__
        seen += 1
    return names


def _read_message(body: bytes) -> str:
    try:
        told = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        told = ""
    inner = _MESSAGE.search(str(told))
    if inner is None:
        return "The engine refused this request."
    try:
        words = str(json.loads(inner.group(1)))
    except ValueError:
        words = inner.group(1)
    return _ADDRESS.sub("(address)", words)[:_LONGEST]
