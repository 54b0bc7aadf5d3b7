"""The composition root of Argo CD: adopted or installed, and the login that it reads the tree with."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from llmplat.cli.wiring import Opened, catalog
from llmplat.domain.errors import Finding, PreconditionError

if TYPE_CHECKING:
    from llmplat.apply.argocd_install import InstallTools
    from llmplat.apply.cluster_inventory import InventoryBook
    from llmplat.apply.repository_login import Login
    from llmplat.cli.run import Run
    from llmplat.domain.bootstrap import BootstrapInputs
    from llmplat.domain.cluster import Cluster
    from llmplat.domain.ports import Progress
    from llmplat.domain.provision import Provisioner
    from llmplat.plan.plan import Plan

EnsureArgoCd = Callable[["Plan", "InventoryBook", "Progress"], None]


def ensure_argocd(
    run: "Run", opened: Opened, cluster: "Cluster", *, is_repair: bool = False
) -> EnsureArgoCd:
    """What has an Argo CD there that can read the tree."""
    from llmplat.apply.argocd_adopt import adopt
    from llmplat.apply.argocd_install import install
    from llmplat.apply.repository_login import seed_login

    def ensure(plan: "Plan", book: "InventoryBook", progress: "Progress") -> None:
        inputs = bootstrap_inputs(opened, cluster, plan)
        if inputs is None:
            adopt(cluster, book, progress)
        else:
            tools = _install_tools(run, opened, inputs)
            install(cluster, book, replace(tools, is_repair=is_repair), progress)
        seed_login(cluster, book, plan, lambda it: _login(run, opened, it, cluster), progress)

    return ensure


def bootstrap_inputs(opened: Opened, cluster: "Cluster", plan: "Plan") -> "BootstrapInputs | None":
    """What infra/bootstrap is told; None where the Argo CD that is there is adopted."""
    from llmplat.adapters.gke_kubeconfig import FILE
    from llmplat.render.bootstrap import make_bootstrap

    is_own = opened.loaded.platform.substrate.gke is not None
    kubeconfig = str(opened.state / FILE) if is_own else ""
    context = cluster.identity().context
    return make_bootstrap(plan, catalog(), kubeconfig=kubeconfig, context=context)


def missing_for_argocd(
    run: "Run", opened: Opened, cluster: "Cluster", plan: "Plan"
) -> "tuple[Finding, ...]":
    """What is missing on this machine to install Argo CD; nothing where that is not to be done."""
    from llmplat.apply.argocd_adopt import NO_ARGO_CD, find_argocd

    if bootstrap_inputs(opened, cluster, plan) is None or find_argocd(cluster) is not None:
        return ()
    try:
        _provisioner(run, opened)
    except PreconditionError as error:
        what = "Argo CD cannot be installed from here, and there is none in the cluster."
        why = f"{error.what} {error.why or ''}".strip()
        return (Finding("need-missing", what, why, (*error.fix, f"or {NO_ARGO_CD[0]}")),)
    return ()


def _install_tools(run: "Run", opened: Opened, inputs: "BootstrapInputs") -> "InstallTools":
    from llmplat.apply.argocd_install import InstallTools
    from llmplat.output.as_json import to_data

    return InstallTools(lambda: _provisioner(run, opened), to_data(inputs))


def _provisioner(run: "Run", opened: Opened) -> "Provisioner":
    """Pulumi's side of infra/bootstrap; PreconditionError where its packages or tool are missing."""
    from llmplat.cli.wiring_gke import provisioner

    return provisioner(run, opened, "bootstrap")


def _login(run: "Run", opened: Opened, plan: "Plan", cluster: "Cluster") -> "Login":
    from llmplat.apply.repository_login import Login, stored_login
    from llmplat.cli.wiring_secrets import backend_of

    assert plan.cluster is not None  # noqa: S101 (only called for clusters)
    google = plan.cluster.gitops.google
    if google is None:
        login = stored_login(plan, backend_of(run, opened, plan, cluster))
    else:
        login = Login(*_token(run, google.project, f"{google.cluster}-nodes"))
    run.emitter.masker.add(login.value, login.value.partition(":")[2])
    return login


def _token(run: "Run", project: str, account: str) -> tuple[str, bool]:
    """A token, and whether it is that of whoever runs llmplat."""
    from llmplat.adapters.google_token import reader_token
    from llmplat.cli.wiring_google import google_rest

    rest = google_rest(run, project)
    narrow = reader_token(rest, f"{account}@{project}.iam.gserviceaccount.com")
    return (rest.tokens.token(), True) if narrow is None else (narrow, False)
