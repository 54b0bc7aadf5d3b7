"""Secret Manager of one project as a SecretBackend; values go out in request bodies only."""

import base64
from collections.abc import Mapping

from llmplat.adapters.google_rest import GoogleRest, Json
from llmplat.domain.errors import CloudError, PreconditionError
from llmplat.domain.secrets import StoredSecret

_API = "secretmanager"


class GoogleSecrets:
    """Secrets of one project. Room for them is made by infra/gke, or here where `labels` are given."""

    def __init__(self, rest: GoogleRest, labels: Mapping[str, str] | None = None) -> None:
        self._rest = rest
        self._labels = labels
        self._root = f"v1/projects/{rest.project}/secrets"

    @property
    def place(self) -> str:
        """For people."""
        return f"Secret Manager of {self._rest.project}"

    def stored(self, names: tuple[str, ...]) -> tuple[StoredSecret, ...]:
        """Those that have an enabled version."""
        found = []
        for name in sorted(set(names)):
            versions = self._versions(name)
            if versions:
                newest = max(versions, key=_number)
                found.append(StoredSecret(name, len(versions), str(newest.get("createTime", ""))))
        return tuple(found)

    def read(self, name: str) -> str | None:
        """The newest enabled version's value."""
        versions = self._versions(name)
        if not versions:
            return None
        number = max(map(_number, versions))
        found = self._rest.get(_API, f"{self._root}/{name}/versions/{number}:access") or {}
        data = found.get("payload", {}).get("data")
        return base64.b64decode(data).decode() if data else None

    def create(self, name: str, value: str) -> bool:
        """Add the first version; False when there is one."""
        self._make_room(name)
        if self._versions(name):
            return False
        self._add(name, value)
        return True

    def replace(self, name: str, value: str) -> int:
        """Add a version; readers of `latest` get it from then on."""
        return _number(self._add(name, value))

    def _versions(self, name: str) -> list[Json]:
        wanted = {"filter": "state:ENABLED", "pageSize": 100}
        return list(self._rest.pages(_API, f"{self._root}/{name}/versions", "versions", wanted))

    def _add(self, name: str, value: str) -> Json:
        data = base64.b64encode(value.encode()).decode()
        return self._rest.post(_API, f"{self._root}/{name}:addVersion", {"payload": {"data": data}})

    def _make_room(self, name: str) -> None:
        if self._rest.get(_API, f"{self._root}/{name}") is not None:
            return
        if self._labels is None:
            raise PreconditionError(
                f"There is no room for the secret {name} in {self.place} yet.",
                why="it is made together with the cluster, so that one place owns it",
                fix=("llmplat up",),
            )
        body = {"replication": {"automatic": {}}, "labels": dict(self._labels)}
        try:
            self._rest.post(_API, self._root, body, {"secretId": name})
        except CloudError as exc:
            if exc.details != "ALREADY_EXISTS":
                raise


def _number(version: Json) -> int:
    return int(str(version["name"]).rpartition("/")[2])
