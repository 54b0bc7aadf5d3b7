"""Keys that are part of the format but that nothing acts on yet: refused, never silently taken."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from llmplat.domain.errors import Finding
from llmplat.spec.tree import Path, Tree
from llmplat.spec.words import spell

CODE = "spec-not-yet"


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


_LOCAL_ONLY = "this version runs platforms on this machine only"
_CLUSTER_ONLY = "it belongs to a cluster, and this version runs platforms on this machine only"
_USE_LOCAL = "substrate: {local: {}}"


def _remove(key: str) -> str:
    return f"remove {key}"


TABLE: tuple[NotYet, ...] = (
    NotYet("substrate.cluster", _LOCAL_ONLY, _USE_LOCAL, lambda value: value is not None),
    NotYet("substrate.gke", _LOCAL_ONLY, _USE_LOCAL, lambda value: value is not None),
    NotYet("substrate.stateBackend", _CLUSTER_ONLY, _remove("stateBackend"), _given),
    NotYet("substrate.storageClass", _CLUSTER_ONLY, _remove("storageClass"), _given),
    NotYet(
        "substrate.secretBackend",
        "on this machine secrets are files that only you can read",
        "secretBackend: file",
        _other_than("file"),
        "anything but file",
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
        _CLUSTER_ONLY,
        "use an hf://, file://, demo:// or oci:// source",
        _starts("pvc://"),
        "pvc://",
    ),
    NotYet("models.*.loraAdapters", "adapters are not loaded yet", _remove("loraAdapters"), _given),
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
    ),
    NotYet("endUser", "users behind an app are not told apart yet", _remove("endUser"), _given),
    NotYet("gateway.dataPlane", _CLUSTER_ONLY, _remove("dataPlane"), _given),
    NotYet("components", "no component can be switched or given values yet",
           _remove("components"), _given),
    NotYet("gitops", _CLUSTER_ONLY, _remove("gitops"), _given),
    NotYet("mirror", "nothing is fetched through a registry mirror yet", _remove("mirror"), _given),
    NotYet("domain", "the gateway listens on 127.0.0.1 only", _remove("domain"), _given),
    NotYet("dns", "the gateway listens on 127.0.0.1 only", _remove("dns"), _given),
    NotYet(
        "exposure",
        "the gateway listens on 127.0.0.1 only",
        "exposure: internal",
        _other_than("internal"),
        "anything but internal",
    ),
    NotYet("identityProvider", "keys are the only way to sign in yet",
           _remove("identityProvider"), _given),
    NotYet("alertReceiver", "no alerts are sent yet", _remove("alertReceiver"), _given),
    NotYet(
        "tier",
        "this machine is one machine: nothing stands by",
        "tier: economy",
        _other_than("economy"),
        "anything but economy",
    ),
    NotYet("backup", "nothing is copied away yet", _remove("backup"), _given),
)  # fmt: skip


def find_not_yet(tree: Tree) -> list[Finding]:
    """A finding for each value in the file that nothing acts on yet."""
    return [
        Finding(
            code=CODE,
            what=f"{spell(path)}{_value(rule, value)} is not acted on yet",
            why=rule.why,
            fix=(rule.fix,),
            where=tree.where(path),
        )
        for rule in TABLE
        for path, value in _matches(tree.value, rule.path, ())
        if rule.refuses(value)
    ]


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
