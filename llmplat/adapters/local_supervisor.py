"""Orders to supervisord over its unix socket; its process is started and found here."""

import http.client
import os
import socket
import subprocess
import sys
import time
import xmlrpc.client
from dataclasses import dataclass
from typing import Any, cast

from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_sweep import MARKER, SUPERVISOR, end, marked
from llmplat.domain.errors import SubstrateError

_RPC_TIMEOUT_S = 20.0
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 120.0
_POLL_S = 0.05
_PASSED_ON = (
    "HOME", "PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
    "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
"""What of the user's shell reaches the services: a token or a debug switch set there must not
change what runs, and Python's "write no bytecode" would cost a minute at every start."""

ALIVE_STATES = frozenset({"STARTING", "RUNNING", "STOPPING"})
DEAD_STATES = frozenset({"BACKOFF", "FATAL", "EXITED", "UNKNOWN"})


@dataclass(frozen=True)
class ProcessInfo:
    """What supervisord knows of one process."""

    name: str
    state: str
    pid: int
    started_s: int
    exit_status: int
    error: str


class Supervisor:
    """One platform's supervisord."""

    def __init__(self, home: LocalHome) -> None:
        self._home = home

    def is_alive(self) -> bool:
        """Whether it answers; one that lives but does not answer counts as dead."""
        try:
            state = self._call("getState")
        except (OSError, SubstrateError):
            return False
        return bool(state["statename"] == "RUNNING")

    def start(self) -> None:
        """Start it with the configuration on disk, in a session of its own.

        Raises:
            SubstrateError: it would not start.
        """
        environment = {k: os.environ[k] for k in _PASSED_ON if k in os.environ}
        environment[MARKER] = f"{self._home.state_id}/{SUPERVISOR}"
        command = [sys.executable, "-P", "-W", "ignore", "-m", "supervisor.supervisord"]
        # supervisord daemonises once its socket listens, so its return means it takes orders.
        done = subprocess.run(
            [*command, "-c", str(self._home.supervisor_config)],
            env=environment,
            cwd=self._home.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_START_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            raise SubstrateError(
                "The process supervisor would not start.",
                (done.stderr or done.stdout).strip(),
                ("llmplat doctor",),
                details=done.stdout + done.stderr,
            )

    def sweep(self, grace_s: float) -> tuple[str, ...]:
        """End every process of this platform, the supervisor first; returns their services."""
        state_id = self._home.state_id
        supervisors, _ = end(lambda: marked(state_id, SUPERVISOR), grace_s)
        rest, _ = end(lambda: marked(state_id), grace_s)
        return tuple(sorted({one.service for one in (*supervisors, *rest)}))

    def processes(self) -> dict[str, ProcessInfo]:
        """All processes by name; empty when the supervisor is not there."""
        try:
            answer = self._call("getAllProcessInfo")
        except (OSError, SubstrateError):
            return {}
        return {info["name"]: _info(info) for info in answer}

    def pid(self) -> int | None:
        """Its process id; None when it is not there."""
        try:
            return int(self._call("getPID"))
        except (OSError, SubstrateError):
            return None

    def reload(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Take over the configuration on disk; returns names (added, changed, removed)."""
        added, changed, removed = self._call("reloadConfig")[0]
        for name in (*changed, *removed):
            self.stop(name)
            self._call("removeProcessGroup", name)
        for name in (*changed, *added):
            self._call("addProcessGroup", name)
        return tuple(added), tuple(changed), tuple(removed)

    def restart(self, name: str) -> None:
        """Start `name` afresh, whatever state it is in."""
        self.stop(name)
        self._tolerate("startProcess", name, False)  # noqa: FBT003 (XML-RPC has no keywords)

    def stop(self, name: str) -> None:
        """Stop `name` and wait for its end; supervisord kills it when its grace is over."""
        self._tolerate("stopProcess", name, False)  # noqa: FBT003 (XML-RPC has no keywords)
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while time.monotonic() < deadline:
            info = self.processes().get(name)
            if info is None or info.state not in ALIVE_STATES:
                return
            time.sleep(_POLL_S)

    def shutdown(self) -> None:
        """Ask it to stop everything and go; does not wait."""
        self._tolerate("shutdown")

    def _tolerate(self, method: str, *arguments: str | bool) -> None:
        """An order whose refusal means that it is carried out already."""
        try:
            self._call(method, *arguments)
        except _RefusedError:
            return

    def _call(self, method: str, *arguments: str | bool) -> Any:  # noqa: ANN401 (XML-RPC is untyped)
        proxy = xmlrpc.client.ServerProxy(
            "http://127.0.0.1/RPC2", transport=_UnixTransport(str(self._home.supervisor_socket))
        )
        with proxy:
            try:
                return cast("Any", getattr(proxy.supervisor, method))(*arguments)
            except xmlrpc.client.Fault as fault:
                raise _RefusedError(
                    f"The process supervisor refused {method}.", fault.faultString
                ) from fault
            except (xmlrpc.client.ProtocolError, http.client.HTTPException) as error:
                raise SubstrateError(
                    "The process supervisor does not answer.", str(error), ("llmplat up",)
                ) from error


class _RefusedError(SubstrateError):
    """The supervisor understood and said no."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_RPC_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.settimeout(_RPC_TIMEOUT_S)
            self.sock.connect(self._path)
        except OSError:
            self.close()
            raise


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ANN401 (as in the base)
        connection = _UnixConnection(self._path)
        # Kept where the base class looks for what it is to close.
        self._connection = host, connection
        return connection


def _info(info: dict[str, Any]) -> ProcessInfo:
    return ProcessInfo(
        name=info["name"],
        state=info["statename"],
        pid=info["pid"],
        started_s=info["start"],
        exit_status=info["exitstatus"],
        error=info["spawnerr"],
    )
