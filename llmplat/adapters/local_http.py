"""One HTTP request to a loopback address -> its answer; the standard library, quick to import."""

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit

from llmplat.domain.ports import HttpAnswer


def ask(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout_s: float,
) -> HttpAnswer:
    """Send one request and read the whole answer.

    Raises:
        OSError: nobody answered in time, or what came was not HTTP.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        connection.request(method, parts.path or "/", body, dict(headers or {}))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return HttpAnswer(response.status, found, response.read())
    except http.client.HTTPException as error:
        raise ConnectionError(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def is_well(host: str, port: int, path: str, timeout_s: float) -> bool:
    """Whether a probe of `path` is answered with 200."""
    try:
        return ask("GET", f"http://{host}:{port}{path}", timeout_s=timeout_s).status == 200
    except OSError:
        return False
