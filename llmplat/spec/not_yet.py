"""Keys that are part of the format but that nothing acts on yet: refused, never silently taken.

What a substrate does not act on may well be acted on by another, so most rules name theirs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from llmplat.domain.errors import Finding
from llmplat.spec.tree import Path, Tree
from llmplat.spec.words import spell

CODE = "spec-not-yet"
LOCAL = ("local",)
CLUSTERS = ("cluster", "gke")
ANYWHERE = (*LOCAL, *CLUSTERS)


@dataclass(frozen=True)
class NotYet:
    """One key, and the values of it that are refused."""

    key: str
    """The path in the file; * stands for each item of a list or each key of a mapping."""
    why: str
    fix: str
    refuses: Callable[[object], bool]
    told: str = ""
    """Which values are refused, for people; "" is all of them."""

    on: tuple[str, ...] = ANYWHERE
    """Substrates that do not act on it."""

    @property
    def path(self) -> tuple[str, ...]:
        """`key` as steps."""
        return tuple(self.key.split("."))


def _given(value: object) -> bool:
    return value not in (None, (), {})


def _other_than(*accepted: object) -> Callable[[object], bool]:
    return lambda value: value is not None and value not in accepted


def _starts(prefix: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value.startswith(prefix)


_CLUSTER_ONLY = "it belongs to a cluster, and this platform runs on this machine"
_INTERNAL = "the gateway listens on 127.0.0.1 only"


def _remove(key: str) -> str:
    return f"remove {key}"


TABLE: tuple[NotYet, ...] = (
    NotYet("substrate.stateBackend", "only a GKE cluster made by llmplat has state to keep",
           _remove("stateBackend"), _given, on=("local", "cluster")),
    NotYet("substrate.storageClass", _CLUSTER_ONLY, _remove("storageClass"), _given, on=LOCAL),
    NotYet(
        "substrate.secretBackend",
        "on this machine secrets are files that only you can read",
        "secretBackend: file",
        _other_than("file"),
        "anything but file",
        on=LOCAL,
    ),
    NotYet(
        "substrate.secretBackend",
        "Secret Manager is a project's, which substrate.gke alone names; nothing reads Vault yet",
        "secretBackend: kubernetes",
        _other_than("kubernetes"),
        "anything but kubernetes",
        on=("cluster",),
    ),
    NotYet(
        "substrate.secretBackend",
        "a cluster on GKE reads its secrets from one of these two",
        "secretBackend: kubernetes, or gcp-secret-manager",
        _other_than("kubernetes", "gcp-secret-manager"),
        "anything but kubernetes and gcp-secret-manager",
        on=("gke",),
    ),
    NotYet(
        "models.*.source",
        "models cannot be fetched from plain web addresses yet",
        "download it, then use source: file:///folder",
        _starts("https://"),
        "https://",
    ),
    NotYet(
        "models.*.source",
        "nothing serves a model from a volume claim yet",
        "use an hf://, file://, demo:// or oci:// source",
        _starts("pvc://"),
        "pvc://",
    ),
    NotYet("models.*.loraAdapters", "adapters are not loaded yet", _remove("loraAdapters"), _given),
    NotYet("models.*.canary", _CLUSTER_ONLY, _remove("canary"), _given, on=LOCAL),
    NotYet("models.*.prefill", _CLUSTER_ONLY, _remove("prefill"), _given, on=LOCAL),
    NotYet("models.*.slo", "alerts need Prometheus, which runs in a cluster only", _remove("slo"),
           _given, on=LOCAL),
    NotYet("models.*.delivery", _CLUSTER_ONLY, "delivery: auto", _other_than("auto"),
           "anything but auto", on=LOCAL),
    NotYet(
        "models.*.quantization",
        "weights are served as they are stored; the memory figures know nothing else",
        "quantization: none, with a source that is stored quantized",
        _other_than("none"),
        "anything but none",
    ),
    NotYet(
        "models.*.cold",
        "no model is switched off while the platform runs",
        "cold: false, with replicas: {min: 1, max: 1}",
        _other_than(False),  # noqa: FBT003 (the value itself)
        "true",
    ),
    NotYet(
        "tenants.*.gpuQuota",
        "GPUs are not divided between tenants on this machine",
        "gpuQuota: 0",
        _other_than(0),
        "anything but 0",
        on=LOCAL,
    ),
    NotYet("endUser", "users behind an app are not told apart yet", _remove("endUser"), _given),
    NotYet("gateway.dataPlane", _CLUSTER_ONLY, _remove("dataPlane"), _given, on=LOCAL),
    NotYet(
        "gateway.dataPlane",
        "kgateway removed routes to pools of models in 2.2 (kgateway-dev/kgateway pull 12689)",
        "dataPlane: agentgateway",
        lambda value: value == "kgateway",
        "kgateway",
        on=CLUSTERS,
    ),
    NotYet("components", "no component can be switched or given values on this machine",
           _remove("components"), _given, on=LOCAL),
    NotYet("gitops", _CLUSTER_ONLY, _remove("gitops"), _given, on=LOCAL),
    NotYet("mirror.folder", "the nodes of a cluster do not see a folder of this machine",
           "registry: registry.example.com/mirror", _given, on=CLUSTERS),
    NotYet("mirror.keySecret", "nothing opens a registry with a secret yet; nodes and Argo CD need "
           "the registry's account in their own configuration", _remove("keySecret"), _given),
    NotYet("domain", _INTERNAL, _remove("domain"), _given, on=LOCAL),
    NotYet("dns", _INTERNAL, _remove("dns"), _given, on=LOCAL),
    NotYet("traces", _CLUSTER_ONLY, _remove("traces"), _given, on=LOCAL),
    NotYet(
        "exposure",
        "no gateway is opened to the internet yet",
        "exposure: internal",
        _other_than("internal"),
        "anything but internal",
    ),
    NotYet("identityProvider", "on this machine keys are the only way to sign in",
           _remove("identityProvider"), _given, on=LOCAL),
    NotYet("alertReceiver", "alerts need Prometheus, which runs in a cluster only",
           _remove("alertReceiver"), _given, on=LOCAL),
    NotYet(
        "tier",
        "this machine is one machine: nothing stands by",
        "tier: economy",
        _other_than("economy"),
        "anything but economy",
        on=LOCAL,
    ),
    NotYet("backup", "nothing is copied away yet", _remove("backup"), _given),
)  # fmt: skip


def find_not_yet(tree: Tree) -> list[Finding]:
    """A finding for each value in the file that nothing acts on yet."""
    chosen = _substrates(tree)
    return [
        Finding(
            code=CODE,
            what=f"{spell(path)}{_value(rule, value)} is not acted on yet",
            why=rule.why,
            fix=(rule.fix,),
            where=tree.where(path),
        )
        for rule in TABLE
        if chosen & set(rule.on)
        for path, value in _matches(tree.value, rule.path, ())
        if rule.refuses(value)
    ]


def _substrates(tree: Tree) -> set[str]:
    """Those the file names; this machine when it names none."""
    given = tree.value.get("substrate") if isinstance(tree.value, dict) else None
    named = set(given) & set(ANYWHERE) if isinstance(given, dict) else set()
    return named or set(LOCAL)


def _value(rule: NotYet, value: object) -> str:
    if not rule.told or not isinstance(value, (str, int)):
        return ""
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f": {shown if len(shown) <= 60 else shown[:57] + '...'}"


def _matches(value: object, pattern: tuple[str, ...], path: Path) -> Iterator[tuple[Path, object]]:
    if not pattern:
        yield path, value
    elif pattern[0] == "*" and isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _matches(item, pattern[1:], (*path, index))
    elif isinstance(value, dict) and pattern[0] in value:
        yield from _matches(value[pattern[0]], pattern[1:], (*path, pattern[0]))
