"""Turns a request's id into the W3C trace context that LiteLLM's and the engine's spans share.

The client's own context is never taken: a stranger could choose what is traced. Form: the header
traceparent of W3C's recommendation Trace Context.
"""

import hashlib

_ALL = 1 << 32


def make_traceparent(request_id: str, share: float) -> str:
    """The header of one request, sampled for a `share` of all ids; "" where nothing is traced."""
    if share <= 0:
        return ""
    digest = hashlib.sha256(request_id.encode()).hexdigest()
    is_sampled = int(digest[48:56], 16) < share * _ALL
    return f"00-{digest[:32]}-{digest[32:48]}-{'01' if is_sampled else '00'}"
