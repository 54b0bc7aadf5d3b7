"""A port of loopback that leads to a pod behind a Service, through the API server's port-forward."""

import base64
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Protocol
from urllib.parse import urlsplit

from llmplat.adapters.kube_http import KubeHttp
from llmplat.adapters.web_socket import WebSocket, shake_hands
from llmplat.domain.cluster import Object, ObjectRef
from llmplat.domain.errors import ClusterError, ClusterUnreachableError

_PROTOCOL = "v4.channel.k8s.io"
"""Channel 0 is the data of the one port, channel 1 its errors; each begins with the port's number."""
_DATA, _ERROR = 0, 1
_CHUNK = 32 * 1024


class _Reads(Protocol):
    def get(self, ref: ObjectRef) -> Object | None: ...

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Iterator[Object]: ...


@contextmanager
def forward(
    cluster: _Reads, http: KubeHttp, namespace: str, service: str, port: int
) -> Iterator[str]:
    """http://127.0.0.1:PORT that leads to a ready pod of `service`, until the block ends.

    Raises ClusterError when there is no such Service or no pod of it is ready.
    """
    pod, target = _pod_of(cluster, namespace, service, port)
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/portforward?ports={target}"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, http, path), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _pod_of(cluster: _Reads, namespace: str, service: str, port: int) -> tuple[str, int]:
    found = cluster.get(ObjectRef("v1", "Service", namespace, service))
    if found is None:
        raise ClusterError(f"There is no Service {namespace}/{service}.", fix=("llmplat status",))
    spec = found["spec"]
    one = next((it for it in spec.get("ports") or () if it.get("port") == port), None)
    pods = list(cluster.list("v1", "Pod", namespace, spec.get("selector") or {}))
    ready = [pod for pod in pods if _is_ready(pod)]
    if one is None or not ready:
        why = f"it has no port {port}" if one is None else f"{len(pods)} pods, none of them ready"
        raise ClusterError(
            f"The Service {namespace}/{service} leads nowhere.", why, ("llmplat status",)
        )
    return ready[0]["metadata"]["name"], _target(one, ready[0])


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any((it["type"], it["status"]) == ("Ready", "True") for it in conditions)


def _target(port: Object, pod: Object) -> int:
    """The number of the pod's port, which a Service may give by name."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    named = (it for c in pod["spec"]["containers"] for it in c.get("ports") or ())
    return next(int(it["containerPort"]) for it in named if it.get("name") == target)


def _serve(listener: socket.socket, http: KubeHttp, path: str) -> None:
    with suppress(OSError):  # the block has ended
        while True:
            local, _ = listener.accept()
            threading.Thread(target=_carry, args=(local, http, path), daemon=True).start()


def _carry(local: socket.socket, http: KubeHttp, path: str) -> None:
    """Both directions of one connection, until either side ends."""
    with local, suppress(OSError, ClusterError):
        remote = _open(http, path)
        back = threading.Thread(target=_back, args=(local, remote), daemon=True)
        back.start()
        while chunk := local.recv(_CHUNK):
            remote.send(bytes([_DATA]) + chunk)
        back.join()
        remote.close()


def _back(local: socket.socket, remote: WebSocket) -> None:
    seen: set[int] = set()
    with suppress(OSError):
        for message in remote.messages():
            channel, body = message[0], message[1:]
            if channel not in seen:
                seen.add(channel)  # its first message is the port's number
                body = body[2:]
            if channel == _ERROR and body:
                break
            if channel == _DATA and body:
                local.sendall(body)
        local.shutdown(socket.SHUT_WR)


def _open(http: KubeHttp, path: str) -> WebSocket:
    address = urlsplit(http.access.server)
    host, port = address.hostname or "", address.port or 443
    try:
        raw = socket.create_connection((host, port), timeout=10)
        name = http.access.tls_server_name or host
        stream = http.tls().wrap_socket(raw, server_hostname=name)
    except OSError as error:
        raise ClusterUnreachableError(
            f"The cluster {http.access.context} does not answer.", str(error)
        ) from error
    headers = {
        "Host": f"{host}:{port}",
        "Sec-WebSocket-Protocol": _PROTOCOL,
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    if http.authorization is not None:
        headers["Authorization"] = http.authorization
    return shake_hands(stream, f"{address.path.rstrip('/')}{path}", headers)
