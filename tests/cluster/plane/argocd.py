"""Argo CD as processes (Redis, repository server, application controller), and what it says of Applications."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from llmplat.apply.gitops_syncs import is_older
from tests.cluster.plane.client import Client, Object
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.crds import load_crds
from tests.cluster.plane.process import find_program, wait_until
from tests.fakes.ports import free_ports

NAMESPACE = "argocd"
API = "argoproj.io/v1alpha1"
REFRESH = "argocd.argoproj.io/refresh"
"""Argo CD takes this annotation away when it has looked."""


def start_argocd(
    plane: ControlPlane, crds: Path, settings: dict[str, str], wave_delay_s: int = 0
) -> None:
    """Install Argo CD's CRDs and objects and run it; `settings` is the data of argocd-cm.

    Argo CD's own delay between waves is 2 s. Without one health alone keeps the order.
    """
    redis_server = shutil.which("redis-server")
    if redis_server is None:
        pytest.skip("no redis-server here (apt-get install redis-server)")
    argocd, helm = find_program("argo-cd", "cmd"), find_program("helm", "helm")
    plane.install(load_crds(crds, "argo-cd"))
    for thing in argocd_objects(settings):
        plane.admin.apply(thing)
    bin_folder = plane.folder / "argocd-bin"
    bin_folder.mkdir()
    # One program that behaves by its name.
    for name in ("argocd-repo-server", "argocd-application-controller"):
        (bin_folder / name).symlink_to(argocd)
    (bin_folder / "helm").symlink_to(helm)
    redis, repo, repo_metrics, metrics = free_ports(4)
    plane.crew.start(
        "argocd-redis",
        [redis_server, "--port", str(redis), "--bind", "127.0.0.1", "--save", ""],
    )
    env = _environment(plane, bin_folder) | {"ARGOCD_SYNC_WAVE_DELAY": str(wave_delay_s)}
    plane.crew.start(
        "argocd-repo-server",
        [
            str(bin_folder / "argocd-repo-server"),
            "--address=127.0.0.1",
            f"--port={repo}",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={repo_metrics}",
            "--disable-tls",
            f"--redis=127.0.0.1:{redis}",
            # New commits would hide behind the cache for three minutes.
            "--revision-cache-expiration=1s",
            "--loglevel=warn",
        ],
        env,
    )
    plane.crew.start(
        "argocd-application-controller",
        [
            str(bin_folder / "argocd-application-controller"),
            f"--kubeconfig={plane.kubeconfig('argocd')}",
            f"--namespace={NAMESPACE}",
            f"--repo-server=127.0.0.1:{repo}",
            "--repo-server-plaintext",
            f"--redis=127.0.0.1:{redis}",
            f"--metrics-port={metrics}",
            "--app-resync=60",
            "--app-resync-jitter=0",
            "--self-heal-timeout-seconds=1",
            "--loglevel=warn",
        ],
        env,
    )


def _environment(plane: ControlPlane, bin_folder: Path) -> dict[str, str]:
    folders = {}
    for name in ("tls", "ssh", "gpg"):
        folders[name] = plane.folder / f"argocd-{name}"
        folders[name].mkdir()
    return {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "KUBECONFIG": str(plane.kubeconfig("argocd")),
        # The kubeconfig stands for "in cluster".
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_CONTROLLER_SHARD": "0",
        "ARGOCD_TLS_DATA_PATH": str(folders["tls"]),
        "ARGOCD_SSH_DATA_PATH": str(folders["ssh"]),
        "ARGOCD_GNUPGHOME": str(folders["gpg"]),
        "TMPDIR": tempfile.mkdtemp(dir=plane.folder),
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }


def argocd_objects(settings: dict[str, str]) -> list[Object]:
    """What an installation has beside its workloads: its namespace, settings and default project."""
    labels = {"app.kubernetes.io/part-of": "argocd"}

    def make(kind: str, name: str, **rest: object) -> Object:
        meta = {"name": name, "namespace": NAMESPACE, "labels": labels}
        return {"apiVersion": "v1", "kind": kind, "metadata": meta, **rest}

    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        make("ConfigMap", "argocd-cm", data=settings),
        make("ConfigMap", "argocd-rbac-cm", data={}),
        make("ConfigMap", "argocd-cmd-params-cm", data={}),
        make("Secret", "argocd-secret", stringData={"server.secretkey": "for-tests-only"}),
        {
            "apiVersion": API,
            "kind": "AppProject",
            "metadata": {"name": "default", "namespace": NAMESPACE},
            "spec": {
                "sourceRepos": ["*"],
                "destinations": [{"namespace": "*", "server": "*"}],
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
            },
        },
    ]


def oci_secret(name: str, url: str, *, is_chart: bool = False) -> Object:
    """A repository of a plain-HTTP registry of loopback: of artifacts (oci://...) or of charts."""
    data = {"type": "oci", "url": url, "insecureOCIForceHttp": "true"}
    if is_chart:
        data |= {"type": "helm", "enableOCI": "true", "name": name}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {"argocd.argoproj.io/secret-type": "repository"},
        },
        "stringData": data,
    }


def applications(admin: Client) -> dict[str, Object]:
    """All Applications by name."""
    return {it["metadata"]["name"]: it for it in admin.list(API, "Application", NAMESPACE)}


def state(application: Object) -> tuple[str, str]:
    """(sync status, health status)."""
    status = application.get("status") or {}
    return (
        (status.get("sync") or {}).get("status", ""),
        (status.get("health") or {}).get("status", ""),
    )


def is_done(application: Object) -> bool:
    """Synced and Healthy, and that with the source it has now."""
    sync = (application.get("status") or {}).get("sync") or {}
    compared = (sync.get("comparedTo") or {}).get("source")
    return state(application) == ("Synced", "Healthy") and compared == application["spec"]["source"]


def await_all_done(
    admin: Client,
    names: set[str],
    timeout_s: float = 180,
    on_look: Callable[[dict[str, Object]], None] = lambda _: None,
) -> dict[str, Object]:
    """Wait until all named Applications are Synced and Healthy; `on_look` sees every look."""
    found: dict[str, Object] = {}

    def poll() -> bool:
        found.clear()
        found.update(applications(admin))
        on_look(found)
        return names <= set(found) and all(is_done(found[name]) for name in names)

    try:
        wait_until("Applications done", poll, timeout_s, every_s=0.4)
    except TimeoutError as late:
        words = "; ".join(describe(it) for name, it in sorted(found.items()) if not is_done(it))
        missing = sorted(names - set(found))
        raise TimeoutError(f"{late}: {words}; not there: {missing}") from None
    return found


def end_older_syncs(admin: Client, found: dict[str, Object]) -> None:
    """End syncs that run for something older than what is wanted now, as `up` does."""
    for application in found.values():
        if is_older(application):
            admin.patch(application, {"status": {"operationState": {"phase": "Terminating"}}})


def pause_healing(admin: Client, *names: str) -> None:
    """End the automatic sync of these Applications, in this order, and wait until Argo CD has seen it.

    It learns of Applications and of what they hold in two ways, of which either may be late.
    """
    for name in names:
        change = {
            "metadata": {"annotations": {REFRESH: "normal"}},
            "spec": {"syncPolicy": {"automated": None}},
        }
        thing = {"apiVersion": API, "kind": "Application", **_named(name)}
        admin.patch(thing, change)
        admin.wait(thing, lambda it: REFRESH not in it["metadata"].get("annotations", {}))


def _named(name: str) -> Object:
    return {"metadata": {"name": name, "namespace": NAMESPACE}}


def describe(application: Object) -> str:
    """One line of an Application that is not done: its state and what it says."""
    status = application.get("status") or {}
    words = [one.get("message", "") for one in status.get("conditions") or []]
    words.append((status.get("operationState") or {}).get("message", ""))
    bad = [
        f"{one['kind']}/{one['name']} {one.get('status')} {one.get('health')}"
        for one in status.get("resources") or []
        if one.get("status") != "Synced"
        or (one.get("health") or {}).get("status", "Healthy") != "Healthy"
    ]
    text = " | ".join(word for word in words if word)
    return f"{application['metadata']['name']} {state(application)} {text[:600]} {bad[:6]}"
