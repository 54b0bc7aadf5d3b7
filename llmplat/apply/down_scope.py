"""What `down` finds in a cluster: what goes step by step, what stays, and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from llmplat.apply.contents import contents
from llmplat.apply.down_ways import Ways, find_ways
from llmplat.apply.owned import (
    APPLICATION_API,
    Application,
    Owned,
    annotation_of,
    find_owned,
    has_owner,
)
from llmplat.domain.cluster import Cluster, Object, ObjectRef, group_of, ref_of
from llmplat.domain.inventory import NAMESPACE as SYSTEM
from llmplat.domain.inventory import REF, Inventory
from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.plan.cluster.secrets import BACKEND_NAMESPACE

COMPONENT = "llmplat.dev/component"
_MADE_BY_KUBERNETES = {
    ("ServiceAccount", "default"),
    ("ConfigMap", "kube-root-ca.crt"),
    # What these make for themselves, without an owner.
    ("Secret", "cert-manager-webhook-ca"),
    ("Secret", "kedaorg-certs"),
    ("Secret", "argocd-initial-admin-secret"),
    # What Helm writes down of the one release that llmplat makes.
    ("Secret", "sh.helm.release.v1.argo-cd.v1"),
}


@dataclass(frozen=True)
class Volume:
    """A PersistentVolumeClaim of the platform."""

    live: Object = field(repr=False)
    is_wanted_gone: bool = False
    of: ObjectRef | None = None
    """The StatefulSet whose template it was made from."""

    @property
    def ref(self) -> ObjectRef:
        """What names it."""
        return ref_of(self.live)

    @property
    def size(self) -> str:
        """As Kubernetes spells it, such as 10Gi."""
        spec = self.live.get("spec") or {}
        has = (self.live.get("status") or {}).get("capacity") or {}
        asked = (spec.get("resources") or {}).get("requests") or {}
        return str(has.get("storage") or asked.get("storage") or "")

    @property
    def storage_class(self) -> str:
        """Empty where it names none."""
        return str((self.live.get("spec") or {}).get("storageClassName") or "")


@dataclass(frozen=True)
class KeptNamespace:
    """A namespace of the platform that outlives it, and what it holds."""

    name: str
    reason: str


@dataclass(frozen=True)
class Scope:
    """Everything of the platform in the cluster, in the order in which it goes."""

    owned: Owned = field(repr=False)
    inventory: Inventory | None
    ways: Ways
    volumes: tuple[Volume, ...]
    kept: tuple[KeptNamespace, ...]
    crds: tuple[str, ...]
    """Names of CustomResourceDefinitions that its charts brought."""
    secrets: tuple[ObjectRef, ...]
    """Secret values that the cluster keeps."""
    others: tuple[str, ...]
    """Applications that are not the platform's, as "namespace/name"."""

    @property
    def applications(self) -> tuple[Application, ...]:
        """All but the root and Argo CD's own, the last wave first."""
        found = (one for one in self.owned.children if not is_argo_cd(one))
        return tuple(sorted(found, key=lambda one: (-one.wave, one.name)))

    @property
    def argo_cd(self) -> Application | None:
        """Argo CD's own Application; None where it was there before llmplat."""
        return next((one for one in self.owned.children if is_argo_cd(one)), None)


def is_argo_cd(application: Application) -> bool:
    """Whether it is the one by which Argo CD keeps itself."""
    labels = application.live["metadata"].get("labels") or {}
    return bool(labels.get(COMPONENT) == "argo-cd" and ref_of(application.live).name == "argo-cd")


def find_scope(
    cluster: Cluster,
    platform: str,
    inventory: Inventory | None,
    delete_volumes: frozenset[str] = frozenset(),
    *,
    is_purge: bool = False,
) -> Scope:
    """All of `platform` in `cluster`; `delete_volumes` are claims as "namespace/name"."""
    owned = find_owned(cluster, platform)
    secrets = tuple(_secret_values(owned))
    volumes = tuple(find_volumes(owned, delete_volumes))
    return Scope(
        owned=owned,
        inventory=inventory,
        ways=find_ways(owned),
        volumes=volumes,
        kept=tuple(_kept(owned, volumes, () if is_purge else secrets)),
        crds=tuple(sorted(_crds(owned))),
        secrets=secrets,
        others=tuple(_others(owned)),
    )


def our_namespaces(owned: Owned) -> tuple[Object, ...]:
    """Namespaces that the platform made, but for those of llmplat itself."""
    found = cluster_objects(owned, "v1", "Namespace")
    return tuple(it for it in found if it["metadata"]["name"] != SYSTEM)


def cluster_objects(owned: Owned, api_version: str, kind: str) -> Iterator[Object]:
    """All of a kind that the platform owns itself."""
    return (it for it in owned.cluster.list(api_version, kind) if owned.has_directly(it))


def find_volumes(owned: Owned, delete_volumes: frozenset[str] = frozenset()) -> Iterator[Volume]:
    """Claims of the platform; `delete_volumes` as "namespace/name"."""
    templates = list(_claim_templates(owned))
    for it in owned.cluster.list("v1", "PersistentVolumeClaim"):
        of = next((one.of for one in templates if one.has_made(it)), None)
        if of is not None or owned.has(it):
            name = f"{it['metadata']['namespace']}/{it['metadata']['name']}"
            yield Volume(it, name in delete_volumes, of)


@dataclass(frozen=True)
class _ClaimTemplate:
    of: ObjectRef
    prefix: str
    """What the names of its claims begin with; an ordinal follows."""
    labels: Mapping[str, str]

    def has_made(self, claim: Object) -> bool:
        """Whether `claim` has the name and the labels that Kubernetes gives those of the template."""
        metadata = claim["metadata"]
        ordinal = metadata["name"].removeprefix(self.prefix)
        is_named = metadata["name"].startswith(self.prefix) and ordinal.isdigit()
        is_there = metadata["namespace"] == self.of.namespace
        return (
            is_there and is_named and self.labels.items() <= (metadata.get("labels") or {}).items()
        )


def _claim_templates(owned: Owned) -> Iterator[_ClaimTemplate]:
    for it in owned.cluster.list("apps/v1", "StatefulSet"):
        if owned.has(it):
            spec, ref = it.get("spec") or {}, ref_of(it)
            labels = (spec.get("selector") or {}).get("matchLabels") or {}
            for template in spec.get("volumeClaimTemplates") or ():
                yield _ClaimTemplate(ref, f"{template['metadata']['name']}-{ref.name}-", labels)


def _secret_values(owned: Owned) -> Iterator[ObjectRef]:
    """What `secrets seed` put where the cluster itself keeps values."""
    for it in owned.cluster.list("v1", "Secret", BACKEND_NAMESPACE):
        if owned.has_directly(it):
            yield ref_of(it)


def _others(owned: Owned) -> Iterator[str]:
    ours = {one.ref for one in owned.applications}
    for it in owned.cluster.list(APPLICATION_API, "Application"):
        if ref_of(it) not in ours:
            yield f"{it['metadata']['namespace']}/{it['metadata']['name']}"


def _kept(
    owned: Owned, volumes: Iterable[Volume], secrets: Sequence[ObjectRef]
) -> Iterator[KeptNamespace]:
    names = frozenset(it["metadata"]["name"] for it in our_namespaces(owned))
    return find_kept(owned, names, volumes, secrets)


def find_kept(
    owned: Owned,
    names: frozenset[str],
    volumes: Iterable[Volume],
    secrets: Sequence[ObjectRef] = (),
) -> Iterator[KeptNamespace]:
    """Which of our namespaces `names` cannot go with what is in them."""
    volumes = tuple(volumes)
    holding: dict[str, list[str]] = {name: [] for name in names}
    for volume in volumes:
        if volume.ref.namespace in holding and not volume.is_wanted_gone:
            holding[volume.ref.namespace].append(f"the volume {volume.ref.name}")
    if secrets and BACKEND_NAMESPACE in holding:
        holding[BACKEND_NAMESPACE].append(f"{len(secrets)} secret values")
    for ref in _strangers(owned, names, {volume.ref for volume in volumes}):
        holding[ref.namespace or ""].append(f"{ref.kind} {ref.name}, which llmplat did not make")
    for name, held in sorted(holding.items()):
        if held:
            more = f" and {len(held) - 3} more" if len(held) > 3 else ""
            yield KeptNamespace(name, f"holds {'; '.join(held[:3])}{more}")


def _strangers(
    owned: Owned, namespaces: frozenset[str], known: set[ObjectRef]
) -> Iterator[ObjectRef]:
    """What others keep in our namespaces."""
    for it in contents(owned.cluster, namespaces):
        if ref_of(it) not in known and _is_strange(owned, it):
            yield ref_of(it)


def _is_strange(owned: Owned, thing: Object) -> bool:
    if (thing["kind"], thing["metadata"]["name"]) in _MADE_BY_KUBERNETES:
        return False
    if has_owner(thing) or owned.has(thing):
        return False  # what has an owner is judged by it
    certificate = annotation_of(thing, "cert-manager.io/certificate-name")
    if thing["kind"] == "Secret" and certificate:
        ref = ObjectRef(
            "cert-manager.io/v1", "Certificate", thing["metadata"]["namespace"], certificate
        )
        issued = owned.cluster.get(ref)
        return issued is None or not owned.has(issued)
    return not _is_ours_beside(thing)


def _is_ours_beside(thing: Object) -> bool:
    """The Applications and projects in Argo CD's namespace are nobody's reason to keep it."""
    is_argo = group_of(thing["apiVersion"]) == "argoproj.io"
    return is_argo and thing["metadata"].get("namespace") == ARGO_CD and _is_default(thing)


def _is_default(thing: Object) -> bool:
    return bool(thing["kind"] == "AppProject" and thing["metadata"]["name"] == "default")


def _crds(owned: Owned) -> set[str]:
    refs = (ref for one in owned.applications for ref in one.held)
    return {ref.name for ref in refs if ref.kind == "CustomResourceDefinition"}


def is_beside(ref: ObjectRef) -> bool:
    """Whether it is the inventory or the namespace that holds it: they go last."""
    return ref == REF or (ref.kind == "Namespace" and ref.name == SYSTEM)
