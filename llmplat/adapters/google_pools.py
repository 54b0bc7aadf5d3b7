"""The node pools of one GKE cluster (NodePools): limits and sizes by the Container API."""

import time
from collections.abc import Callable

from llmplat.adapters.google_rest import GoogleRest, Json
from llmplat.domain.errors import CloudError, TimedOutError
from llmplat.domain.node_pools import Limits
from llmplat.domain.units import format_duration

_API = "container"
_EVERY_S = 3.0


class GooglePools:
    """One cluster; GKE does one thing at a time to it, so each is waited for."""

    def __init__(
        self,
        rest: GoogleRest,
        location: str,
        cluster: str,
        *,
        timeout_s: float = 600.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rest = rest
        self._place = f"v1/projects/{rest.project}/locations/{location}"
        self._cluster = cluster
        self._timeout_s = timeout_s
        self._sleep = sleep

    def limits(self, pool: str) -> Limits | None:
        """As GKE has them."""
        found = self._rest.get(_API, self._path(pool))
        if found is None:
            return None
        limits: Json = found.get("autoscaling") or {}
        return limits if limits.get("enabled") else {}

    def set_limits(self, pool: str, limits: Limits) -> None:
        """All of them at once: what is left out is zero."""
        body = {"autoscaling": dict(limits)}
        self._await(self._rest.post(_API, f"{self._path(pool)}:setAutoscaling", body))

    def resize(self, pool: str, nodes: int) -> None:
        """Machines in each zone."""
        self._await(self._rest.post(_API, f"{self._path(pool)}:setSize", {"nodeCount": nodes}))

    def _path(self, pool: str) -> str:
        return f"{self._place}/clusters/{self._cluster}/nodePools/{pool}"

    def _await(self, operation: Json) -> None:
        name, waited_s = str(operation.get("name", "")), 0.0
        while operation.get("status") != "DONE":
            if waited_s >= self._timeout_s:
                raise TimedOutError(
                    f"GKE's operation {name} is not done.",
                    f"after {format_duration(self._timeout_s)} it is {operation.get('status')}",
                    ("run the same command again: it goes on from there",),
                )
            self._sleep(_EVERY_S)
            waited_s += _EVERY_S
            operation = self._rest.get(_API, f"{self._place}/operations/{name}") or operation
        error = operation.get("error")
        if error:
            raise CloudError(f"GKE's operation {name} failed.", str(error.get("message", error)))
