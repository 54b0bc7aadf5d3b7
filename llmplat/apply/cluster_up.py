"""A plan and a cluster -> the platform running on it: one re-runnable step after another."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from llmplat.apply.cluster_claim import SYSTEM, Claimant, Held, claim
from llmplat.apply.cluster_inventory import InventoryBook, open_book, read_inventory, refuse_other
from llmplat.apply.cluster_wait import Patience, Wanted, applications_of, await_waves
from llmplat.apply.narrow import Narrowing, find_narrowing, narrow, refuse_narrowing
from llmplat.apply.needs import refuse_missing
from llmplat.apply.pause import refuse_paused
from llmplat.apply.proof import Proof
from llmplat.catalog.entries import Catalog
from llmplat.domain.cluster import Cluster, ClusterIdentity, Object, ref_of
from llmplat.domain.errors import Finding, Severity
from llmplat.domain.inventory import Inventory
from llmplat.domain.ports import Progress, StepProgress
from llmplat.plan.plan import Plan
from llmplat.render.argocd import CONTENT_HASH
from llmplat.render.tree import Tree, make_tree

STEPS = ("claim", "secrets", "argocd", "narrow", "push", "root", "waves", "verify", "proof", "done")
"""In their order; the inventory names the last one that a run reached."""
_STARTS_BESIDE_S = 1800.0
"""For everything that is not a model: images, volumes, certificates."""


@dataclass(frozen=True)
class Delivered:
    """A tree where Argo CD finds it."""

    revision: str
    """What the root follows: the digest of its artifact, or the commit."""
    sent: int
    """Artifacts or files that were not there before."""
    kept: int


class Deliver(Protocol):
    """Brings a tree to the registry or the git repository that the plan names."""

    def __call__(self, plan: Plan, tree: Tree, progress: Progress) -> Delivered:
        """Push it; RegistryError, PreconditionError."""
        ...


@dataclass(frozen=True)
class ClusterTools:
    """What `up` on a cluster needs of the world."""

    cluster: Cluster
    catalog: Catalog
    who: Claimant
    deliver: Deliver
    preflight: Callable[[Plan, Inventory | None], tuple[Finding, ...]]
    """Everything that is in the way, and what is only worth knowing; nothing is changed."""
    missing_secrets: Callable[[Plan], tuple[Finding, ...]]
    ensure_argocd: Callable[[Plan, InventoryBook, Progress], None]
    """Have an Argo CD there: adopt, or install."""
    verify: Callable[[Plan], tuple[Finding, ...]]
    """Controls that do not hold."""
    prove: Callable[[Plan], tuple[Proof, ...]]
    load_yaml: Callable[[str], list[Object]]
    """Several documents of a text that we rendered."""
    agree: Callable[[Narrowing], None] = refuse_narrowing
    """Shows what the file leaves out of the cluster; InputError where nobody agrees to remove it."""
    on_step: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class ClusterWish:
    """How far to go and what was agreed to."""

    file_digest: str
    project: str = ""
    timeout_s: float | None = None
    """For all waves; None: as long as the models are given, and half an hour for the rest."""
    is_proving: bool = True


@dataclass(frozen=True)
class ClusterUpReport:
    """What `up` did on a cluster."""

    platform: str
    profile: str
    identity: ClusterIdentity
    applications: tuple[str, ...]
    changed: tuple[str, ...]
    """Applications that were made or follow something else now."""
    removed: tuple[str, ...]
    sent: int
    kept: int
    revision: str
    proofs: tuple[Proof, ...]
    not_run: tuple[str, ...]
    """What was left out, and why."""
    warnings: tuple[Finding, ...]
    took_s: float


@dataclass(frozen=True)
class ClusterUpPreview:
    """What `up` would do; nothing was changed."""

    platform: str
    profile: str
    identity: ClusterIdentity
    missing: tuple[Finding, ...]
    add: tuple[str, ...]
    change: tuple[str, ...]
    remove: tuple[str, ...]
    keep: tuple[str, ...]
    delivery: str


@dataclass
class _Run:
    """One run's state, handed from step to step."""

    plan: Plan
    wish: ClusterWish
    tools: ClusterTools
    progress: Progress
    held: Held
    book: InventoryBook
    tree: Tree
    before: Mapping[str, Object]
    revision: str = ""
    delivered: Delivered | None = None
    proofs: tuple[Proof, ...] = ()
    not_run: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, text: str) -> Iterator[StepProgress]:
        """On record in the cluster before it begins."""
        self.held.check()
        self.book.step(name)
        self.tools.on_step(name)
        with self.progress.step(text) as step:
            yield step


def up_cluster(
    plan: Plan, wish: ClusterWish, tools: ClusterTools, progress: Progress
) -> ClusterUpReport:
    """Bring the platform up on a cluster; a killed run is gone on with by the next.

    Raises:
        PreconditionError: something is missing or in the way (all findings); nothing was changed.
        BusyError: another run holds the cluster.
        TimedOutError: a wave is not done in time; names the object.
        ClusterError, RegistryError, GatewayError: a step was refused.
    """
    began = time.monotonic()
    tree = make_tree(plan, tools.catalog)
    identity = tools.cluster.identity()
    warnings = _preflight(plan, wish, tools, progress)
    with claim(tools.cluster, plan.platform, "up", tools.who) as held:
        book = open_book(tools.cluster, plan.platform, wish.project)
        before = applications_of(tools.cluster, plan.platform)
        run = _Run(plan, wish, tools, progress, held, book, tree, before)
        book.about_to_make(SYSTEM)
        for act in (_secrets, _argocd, _narrow, _push, _root, _waves, _verify, _prove):
            act(run)
        held.check()
        book.note(step="done", file_digest=wish.file_digest, profile=plan.profile)
    return _report(run, identity, warnings, time.monotonic() - began)


def preview_cluster_up(plan: Plan, wish: ClusterWish, tools: ClusterTools) -> ClusterUpPreview:
    """What `up` would do on the cluster; nothing is changed anywhere."""
    tree = make_tree(plan, tools.catalog)
    inventory = read_inventory(tools.cluster)
    refuse_other(inventory, plan.platform, wish.project)
    hashes = hashes_of(tree, tools.load_yaml)
    now = {name: _hash(one) for name, one in applications_of(tools.cluster, plan.platform).items()}
    now.pop("root", None)
    found = (*tools.preflight(plan, inventory), *tools.missing_secrets(plan))
    return ClusterUpPreview(
        platform=plan.platform,
        profile=plan.profile,
        identity=tools.cluster.identity(),
        missing=found,
        add=tuple(sorted(set(hashes) - set(now))),
        change=tuple(sorted(n for n in set(hashes) & set(now) if hashes[n] != now[n])),
        remove=tuple(sorted(set(now) - set(hashes))),
        keep=tuple(sorted(n for n in set(hashes) & set(now) if hashes[n] == now[n])),
        delivery=_delivery(plan),
    )


def hashes_of(tree: Tree, load_yaml: Callable[[str], list[Object]]) -> dict[str, str]:
    """Application -> hash of what it follows, as rendered."""
    files = (file for file in tree.files if file.path.startswith("root/applications/"))
    made = (thing for file in files for thing in load_yaml(file.content))
    return {one["metadata"]["name"]: _hash(one) for one in made}


def file_digest(*texts: str) -> str:
    """What the inventory knows the applied files by."""
    whole = "\0".join(texts).encode()
    return f"sha256:{hashlib.sha256(whole).hexdigest()}"


def errors_of(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that are in the way."""
    return tuple(one for one in findings if one.severity is Severity.ERROR)


def _preflight(
    plan: Plan, wish: ClusterWish, tools: ClusterTools, progress: Progress
) -> tuple[Finding, ...]:
    with progress.step("Check the cluster") as step:
        inventory = read_inventory(tools.cluster)
        refuse_other(inventory, plan.platform, wish.project)
        refuse_paused(tools.cluster)
        found = (*tools.preflight(plan, inventory), *tools.missing_secrets(plan))
        refuse_missing(errors_of(found))
        step.detail("ready")
    for one in found:
        progress.warn(f"{one.what} {one.why or ''}".strip())
    return found


def _secrets(run: _Run) -> None:
    """Again under the claim: a run beside this one may have taken them down."""
    with run.step("secrets", "Look for the secrets") as step:
        refuse_missing(errors_of(run.tools.missing_secrets(run.plan)))
        step.detail("all there")


def _argocd(run: _Run) -> None:
    with run.step("argocd", "Argo CD"):
        run.tools.ensure_argocd(run.plan, run.book, run.progress)


def _narrow(run: _Run) -> None:
    """Before the new tree: Argo CD alone would wait for a yes, or take what others put there."""
    found = find_narrowing(run.tools.cluster, run.plan.platform, run.tree)
    if found:
        run.tools.agree(found)
        with run.step("narrow", "Remove what the file leaves out"):
            narrow(found, run.progress)


def _push(run: _Run) -> None:
    with run.step("push", "Push the tree") as step:
        done = run.tools.deliver(run.plan, run.tree, run.progress)
        step.detail(f"{done.sent} new, {done.kept} there already")
    run.delivered, run.revision = done, done.revision
    run.book.note(delivery=_delivery(run.plan), root_revision=done.revision)


def _root(run: _Run) -> None:
    things = run.tools.load_yaml(run.tree.text("root/root.yaml"))
    with run.step("root", "Root Application") as step:
        run.book.about_to_make(*(ref_of(thing) for thing in things))
        for thing in things:
            run.tools.cluster.apply(_refreshed(thing))
        step.detail(run.revision[:19])


def _waves(run: _Run) -> None:
    cluster = run.plan.cluster
    assert cluster is not None  # noqa: S101 (only called for clusters)
    run.held.check()
    run.book.step("waves")
    run.tools.on_step("waves")
    timeout_s = run.wish.timeout_s
    if timeout_s is None:
        timeout_s = _STARTS_BESIDE_S + cluster.workloads.longest_start_s
    wanted = Wanted(run.plan.platform, hashes_of(run.tree, run.tools.load_yaml), run.revision)
    patience = Patience(timeout_s)
    await_waves(run.tools.cluster, cluster.applications, wanted, patience, run.progress, run.held)


def _verify(run: _Run) -> None:
    with run.step("verify", "Try the controls") as step:
        found = run.tools.verify(run.plan)
        refuse_missing(errors_of(found))
        step.detail("they hold")


def _prove(run: _Run) -> None:
    if run.plan.gateway is None:
        run.not_run.append("a completion: the profile serving has no gateway")
    elif not run.wish.is_proving:
        run.not_run.append("a completion through the gateway: --no-proof")
    else:
        with run.step("proof", "Ask for a first answer") as step:
            run.proofs = run.tools.prove(run.plan)
            words = (f"{one.model}: {one.tokens} tokens in {one.took_s} s" for one in run.proofs)
            step.detail("; ".join(words))
    for one in run.not_run:
        run.progress.warn(f"not run: {one}")


def _refreshed(thing: Object) -> Object:
    """A root that is looked at now: a new commit would hide behind a cache for minutes."""
    if thing["kind"] != "Application":
        return thing
    annotations = {**(thing["metadata"].get("annotations") or {})}
    annotations["argocd.argoproj.io/refresh"] = "normal"
    return {**thing, "metadata": {**thing["metadata"], "annotations": annotations}}


def _hash(application: Object) -> str:
    return str((application["metadata"].get("annotations") or {}).get(CONTENT_HASH, ""))


def _delivery(plan: Plan) -> str:
    assert plan.cluster is not None  # noqa: S101 (only called for clusters)
    return plan.cluster.gitops.url


def _report(
    run: _Run, identity: ClusterIdentity, warnings: tuple[Finding, ...], took_s: float
) -> ClusterUpReport:
    hashes = hashes_of(run.tree, run.tools.load_yaml)
    now = {name: _hash(one) for name, one in run.before.items() if name != "root"}
    delivered: Any = run.delivered
    return ClusterUpReport(
        platform=run.plan.platform,
        profile=run.plan.profile,
        identity=identity,
        applications=tuple(sorted(hashes)),
        changed=tuple(sorted(name for name, wanted in hashes.items() if now.get(name) != wanted)),
        removed=tuple(sorted(set(now) - set(hashes))),
        sent=delivered.sent,
        kept=delivered.kept,
        revision=run.revision,
        proofs=run.proofs,
        not_run=tuple(run.not_run),
        warnings=warnings,
        took_s=round(took_s, 3),
    )
