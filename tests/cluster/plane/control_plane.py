"""A Kubernetes control plane as processes: etcd, API server, controllers, scheduler, and kwok for nodes."""

import copy
import functools
import json
import shutil
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster.plane.certificates import Authority, Pair, make_rsa_key, write_key
from tests.cluster.plane.client import Client, Object, RefusedError, conditions
from tests.cluster.plane.process import Crew, find_program, wait_until
from tests.cluster.plane.snapshot import discard, key_of, restore
from tests.fakes.ports import free_ports

_STAGES = Path(__file__).parent / "stages.yaml"


@dataclass
class ControlPlane:
    """A running control plane and the ways into it."""

    folder: Path
    crew: Crew
    authority: Authority
    url: str
    admin: Client
    forward_port: int = 0
    """Where kwok, as the kubelet, leads every port-forward: this port of loopback, whatever the pod."""
    _installed: dict[str, Object] = field(default_factory=dict, repr=False)

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

    def install(self, things: Sequence[Object]) -> None:
        """Apply CustomResourceDefinitions that are not there as they are; wait until each can be used."""
        new = [it for it in things if self._installed.get(it["metadata"]["name"]) != it]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._apply_patiently, new))
        for thing in new:
            self.admin.wait(thing, lambda it: conditions(it).get("Established") == "True", 300)
        self._note(new)

    def take(self, crds: Sequence[Object]) -> None:
        """Take CRDs that are established; wait until every kind of theirs is in discovery."""
        for thing in crds:
            spec = thing["spec"]
            version = next(it["name"] for it in spec["versions"] if it["served"])
            api = f"{spec['group']}/{version}"
            kind = spec["names"]["kind"]
            wait_until(f"{api} {kind} is served", functools.partial(self.admin.serves, api, kind))
        self._note(crds)

    def _note(self, things: Sequence[Object]) -> None:
        self._installed |= {it["metadata"]["name"]: copy.deepcopy(it) for it in things}

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
def control_plane(folder: Path, crds: Sequence[Object] = ()) -> Iterator[ControlPlane]:
    """A control plane over `folder` until the block ends; skips where its programs are not built.

    `crds` (CustomResourceDefinitions) are established: made once, from a saved state afterwards.
    """
    programs = {name: find_program("kubernetes", f"kube-{name}") for name in _KUBE}
    programs |= {"etcd": find_program("etcd", "server"), "kwok": find_program("kwok", "kwok")}
    is_restored = bool(crds) and _restore(folder, programs, crds)
    with ExitStack() as stack:
        try:
            plane = stack.enter_context(_running(folder, programs))
            plane.take(crds) if is_restored else plane.install(crds)
        except (TimeoutError, RuntimeError):
            # The next run makes the state anew.
            discard(key_of(programs.values(), crds))
            raise
        yield plane


def _restore(folder: Path, programs: dict[str, Path], crds: Sequence[Object]) -> bool:
    """Whether etcd's data with `crds` is there now; where it cannot be kept, a warning says why."""

    def make(work: Path) -> Path:
        with _running(work, programs) as plane:
            plane.install(crds)
            plane.crew.stop("etcd", gently=True)
        return work / "etcd"

    try:
        restore(key_of(programs.values(), crds), folder / "etcd", make)
    except (OSError, TimeoutError) as error:
        warnings.warn(f"no saved state, CRDs are installed anew: {error}", stacklevel=2)
        shutil.rmtree(folder / "etcd", ignore_errors=True)
        return False
    return True


@contextmanager
def _running(folder: Path, programs: dict[str, Path]) -> Iterator[ControlPlane]:
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
    etcd, peer, api, controllers, scheduler, kwok, pods = free_ports(7)
    authority = Authority(folder / "pki")
    url = f"https://127.0.0.1:{api}"
    _start_etcd(crew, programs["etcd"], folder, etcd, peer)
    _start_api(crew, programs["apiserver"], authority, folder, etcd, api)
    admin = Client(url, authority.file, authority.issue("admin", groups=("system:masters",)))
    plane = ControlPlane(folder, crew, authority, url, admin, pods)
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
            # A starved machine must not make its pods unready for good: kwok sets that once.
            "--node-monitor-grace-period=30m",
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
    _start_kwok(plane, programs["kwok"], config, kwok)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    admin.wait(account, lambda _: True)
    return plane


def _start_kwok(plane: ControlPlane, program: Path, config: str, port: int) -> None:
    """Nodes and kubelets; the API server reaches their port-forward by TLS."""
    kubelet = plane.authority.issue("kubelet", hosts=("127.0.0.1",))
    forwards = plane.folder / "forwards.json"
    target = {"address": "127.0.0.1", "port": plane.forward_port}
    forward = {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterPortForward",
        "metadata": {"name": "every-pod"},
        "spec": {"forwards": [{"target": target}]},
    }
    forwards.write_text(json.dumps(forward))
    plane.crew.start(
        "kwok",
        [
            str(program),
            f"--kubeconfig={config}",
            f"--config={_STAGES}",
            f"--config={forwards}",
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
            f"--server-address=127.0.0.1:{port}",
            "--node-ip=127.0.0.1",
            f"--node-port={port}",
            f"--tls-cert-file={kubelet.certificate}",
            f"--tls-private-key-file={kubelet.key}",
        ],
    )


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
