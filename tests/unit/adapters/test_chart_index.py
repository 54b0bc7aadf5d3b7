"""The digest of a chart in a repository on a plain web server."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from llmplat.adapters.chart_index import find_chart_digest
from llmplat.domain.errors import DownloadError, InputError

INDEX = f"""apiVersion: v1
entries:
  keda:
    - {{version: 2.20.2, digest: {"a" * 64}}}
    - {{version: 2.19.0, digest: {"b" * 64}}}
"""


@pytest.fixture
def repository():
    """Serves INDEX under /charts and nonsense under /broken."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            texts = {"/charts/index.yaml": INDEX, "/broken/index.yaml": "[]"}
            text = texts.get(self.path)
            self.send_response(200 if text else 404)
            self.end_headers()
            self.wfile.write((text or "").encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_digest_of_just_that_version(repository):
    assert find_chart_digest(f"{repository}/charts/", "keda", "2.20.2") == f"sha256:{'a' * 64}"


@pytest.mark.parametrize(("name", "version"), [("keda", "2.18.0"), ("kedda", "2.20.2")])
def test_a_version_that_is_not_there(repository, name, version):
    with pytest.raises(InputError, match="does not have the chart"):
        find_chart_digest(f"{repository}/charts", name, version)


@pytest.mark.parametrize("path", ["broken", "nowhere"])
def test_an_index_that_is_none(repository, path):
    with pytest.raises(DownloadError, match="cannot be read"):
        find_chart_digest(f"{repository}/{path}", "keda", "2.20.2")


def test_a_server_that_is_not_there():
    with pytest.raises(DownloadError):
        find_chart_digest("http://127.0.0.1:9", "keda", "2.20.2")
