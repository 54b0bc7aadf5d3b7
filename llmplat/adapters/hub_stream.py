"""A file of a hub -> its bytes from any place, by the standard library's client.

Streaming a gigabyte costs it about a quarter of the CPU that httpx needs, and packaging a model
straight from a hub is bound by that.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from urllib.parse import urljoin, urlsplit

from llmplat.adapters.oci_wire import Answer, Wire, WireError

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 10


@contextmanager
def open_stream(
    address: str, headers: Mapping[str, str], context: ssl.SSLContext, timeout_s: float
) -> Iterator[tuple[Answer, Iterator[bytes]]]:
    """GET `address`, redirects followed: the last answer and its body. Raises WireError.

    The Authorization header goes to the first host only: the hub's storage is another one.
    """
    sent = dict(headers)
    for _ in range(_MOST_REDIRECTS):
        parts = urlsplit(address)
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        is_tls = parts.scheme == "https"
        with closing(
            Wire(parts.scheme, parts.netloc, context if is_tls else None, timeout_s)
        ) as wire:
            answer, chunks = wire.stream(target, sent)
            if answer.status not in _REDIRECTS or "location" not in answer.headers:
                yield answer, chunks
                return
        address = urljoin(address, answer.headers["location"])
        if urlsplit(address).netloc != parts.netloc:
            sent.pop("Authorization", None)
    raise WireError(f"it redirected more than {_MOST_REDIRECTS} times")
