"""A Kubernetes control plane as processes: etcd, API server, controllers, scheduler, and kwok for nodes."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.plane.certificates import Authority, Pair, make_rsa_key, write_key
from tests.cluster.plane.client import Client, Object, RefusedError, conditions
from tests.cluster.plane.process import Crew, find_program, free_ports

_STAGES = Path(__file__).parent / "stages.yaml"


@dataclass
class ControlPlane:
    """A running control plane and the ways into it."""

    folder: Path
    crew: Crew
    authority: Authority
    url: str
    admin: Client

    def identity(self, user: str, groups: tuple[str, ...] = ()) -> Client:
        """A client that is `user` of `groups`: by certificate, as the API server sees it."""
        return Client(self.url, self.authority.file, self.authority.issue(user, groups=groups))

    def kubeconfig(self, user: str, groups: tuple[str, ...] = ("system:masters",)) -> Path:
        """A kubeconfig for a program that runs as `user`."""
        return _write_kubeconfig(
            self.folder, self.url, self.authority, user, self.authority.issue(user, groups=groups)
        )

    def add_nodes(
        self,
        count: int,
        *,
        gpus: int = 8,
        labels: dict[str, str] | None = None,
        prefix: str = "gpu",
    ) -> None:
        """Fake nodes with `gpus` GPUs each."""
        for number in range(count):
            self.admin.create(_node(f"{prefix}-{number}", gpus, labels or {}))

    def install(self, things: list[Object]) -> None:
        """Apply CustomResourceDefinitions and wait until each can be used."""
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._apply_patiently, things))
        for thing in things:
            self.admin.wait(thing, lambda it: conditions(it).get("Established") == "True", 60)

    def _apply_patiently(self, thing: Object) -> None:
        """Many large CRDs at once take the API server of a busy machine past its own deadline."""
        for _ in range(3):
            try:
                self.admin.apply(thing)
            except RefusedError as refused:
                if refused.code != 504:
                    raise
            else:
                return
        self.admin.apply(thing)


@contextmanager
def control_plane(folder: Path) -> Iterator[ControlPlane]:
    """A control plane over `folder` until the block ends; skips where its programs are not built."""
    programs = {name: find_program("kubernetes", f"kube-{name}") for name in _KUBE}
    programs |= {"etcd": find_program("etcd", "server"), "kwok": find_program("kwok", "kwok")}
    crew = Crew(folder)
    running: ControlPlane | None = None
    try:
        running = _start(folder, crew, programs)
        yield running
    finally:
        if running is not None:
            running.admin.close()
        crew.stop_all()


_KUBE = ("apiserver", "controller-manager", "scheduler")


def _start(folder: Path, crew: Crew, programs: dict[str, Path]) -> ControlPlane:
    etcd, peer, api, controllers, scheduler, kwok = free_ports(6)
    authority = Authority(folder / "pki")
    url = f"https://127.0.0.1:{api}"
    _start_etcd(crew, programs["etcd"], folder, etcd, peer)
    _start_api(crew, programs["apiserver"], authority, folder, etcd, api)
    admin = Client(url, authority.file, authority.issue("admin", groups=("system:masters",)))
    plane = ControlPlane(folder, crew, authority, url, admin)
    crew.await_ready("apiserver", admin.is_ready)
    config = str(plane.kubeconfig("control-plane"))
    crew.start(
        "controller-manager",
        [
            str(programs["controller-manager"]),
            f"--kubeconfig={config}",
            f"--secure-port={controllers}",
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            # As on a real cluster: pods are made by the replica set controller's own account.
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={folder}/pki/accounts.key",
            f"--root-ca-file={authority.file}",
            "--kube-api-qps=300",
            "--kube-api-burst=600",
            "--concurrent-deployment-syncs=20",
            "--concurrent-replicaset-syncs=20",
            "--horizontal-pod-autoscaler-sync-period=1s",
            "--horizontal-pod-autoscaler-downscale-stabilization=5s",
            "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
        ],
    )
    crew.start(
        "scheduler",
        [
            str(programs["scheduler"]),
            f"--kubeconfig={config}",
            f"--secure-port={scheduler}",
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
        ],
    )
    crew.start(
        "kwok",
        [
            str(programs["kwok"]),
            f"--kubeconfig={config}",
            f"--config={_STAGES}",
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
            f"--server-address=127.0.0.1:{kwok}",
        ],
    )
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    admin.wait(account, lambda _: True, 60)
    return plane


def _start_etcd(crew: Crew, program: Path, folder: Path, port: int, peer: int) -> None:
    here, there = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
    crew.start(
        "etcd",
        [
            str(program),
            f"--data-dir={folder}/etcd",
            f"--listen-client-urls={here}",
            f"--advertise-client-urls={here}",
            f"--listen-peer-urls={there}",
            f"--initial-advertise-peer-urls={there}",
            f"--initial-cluster=default={there}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
    )


def _start_api(
    crew: Crew, program: Path, authority: Authority, folder: Path, etcd: int, port: int
) -> None:
    pki = folder / "pki"
    server = authority.issue("kube-apiserver", hosts=("127.0.0.1", "localhost"))
    proxy = authority.issue("front-proxy-client")
    accounts = write_key(pki / "accounts.key", make_rsa_key())
    crew.start(
        "apiserver",
        [
            str(program),
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--tls-cert-file={server.certificate}",
            f"--tls-private-key-file={server.key}",
            f"--client-ca-file={authority.file}",
            f"--service-account-key-file={accounts}",
            f"--service-account-signing-key-file={accounts}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
            # Otherwise it publishes this machine's address.
            "--endpoint-reconciler-type=none",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            "--max-requests-inflight=800",
            "--max-mutating-requests-inflight=400",
            f"--requestheader-client-ca-file={authority.file}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={proxy.certificate}",
            f"--proxy-client-key-file={proxy.key}",
        ],
    )


def _write_kubeconfig(
    folder: Path, url: str, authority: Authority, user: str, identity: Pair
) -> Path:
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [
            {
                "name": "test",
                "cluster": {"server": url, "certificate-authority": str(authority.file)},
            }
        ],
        "users": [
            {
                "name": "test",
                "user": {
                    "client-certificate": str(identity.certificate),
                    "client-key": str(identity.key),
                },
            }
        ],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    path = folder / f"{user.replace(':', '_')}.kubeconfig"
    path.write_text(json.dumps(document))
    return path


def _node(name: str, gpus: int, labels: dict[str, str]) -> Object:
    room = {"cpu": "256", "memory": "2Ti", "pods": "250", "ephemeral-storage": "4Ti"}
    if gpus:
        room["nvidia.com/gpu"] = str(gpus)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}},
        "status": {"capacity": room, "allocatable": room},
    }


def load_crds(folder: Path, *groups: str) -> list[Object]:
    """The CustomResourceDefinitions under the named folders of the CRD collection."""
    found: list[Object] = []
    for group in groups:
        for file in sorted((folder / group).rglob("*.yaml")):
            found += [
                thing
                for thing in yaml.load_all(file.read_text(), Loader=_Loader)
                if thing and thing.get("kind") == "CustomResourceDefinition"
            ]
    return found


class _Loader(yaml.CSafeLoader):
    """Prometheus' CRDs hold a bare `=`, which YAML 1.1 takes for a value of its own kind."""


_Loader.add_constructor(
    "tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node)
)
