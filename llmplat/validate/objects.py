"""The objects of a tree, by kind: what the checks look at."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from llmplat.domain.foreign_text import parse_json
from llmplat.domain.manifest import Manifest
from llmplat.validate.documents import Document, Unreadable, read_documents
from llmplat.validate.faults import Path

_MOST = 1e15
_TEMPLATED = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Job",
    "ReplicationController",
)


@dataclass(frozen=True)
class Object:
    """One Kubernetes object and where it stands."""

    document: Document

    @property
    def value(self) -> dict[str, Any]:
        """The object itself."""
        return dict_or_empty(self.document.value)

    @cached_property
    def kind(self) -> str:
        """The kind with its group in front: apps/Deployment, Pod."""
        group, _, _ = str(self.value.get("apiVersion")).rpartition("/")
        kind = str(self.value.get("kind"))
        return f"{group}/{kind}" if group else kind

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """The object's metadata."""
        return dict_or_empty(self.value.get("metadata"))

    @cached_property
    def name(self) -> str:
        """metadata.name."""
        return str(self.metadata.get("name", ""))

    @cached_property
    def namespace(self) -> str:
        """metadata.namespace; empty for what has none."""
        return str(self.metadata.get("namespace", ""))

    @cached_property
    def labels(self) -> dict[str, Any]:
        """metadata.labels."""
        return dict_or_empty(self.metadata.get("labels"))

    @cached_property
    def annotations(self) -> dict[str, Any]:
        """metadata.annotations."""
        return dict_or_empty(self.metadata.get("annotations"))

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The object's spec."""
        return dict_or_empty(self.value.get("spec"))

    def get(self, *path: str | int) -> Any:  # noqa: ANN401 (a value of a manifest)
        """The value at `path`, or None."""
        return get(self.value, *path)


@dataclass(frozen=True)
class PodSpec:
    """A pod, or what makes pods."""

    owner: Object
    path: Path
    """Where the pod's spec stands in its owner."""
    value: dict[str, Any]
    metadata: dict[str, Any]
    """Of the pods."""

    def containers(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Every container, init and ephemeral ones too, with its place in the owner."""
        for group in ("initContainers", "containers", "ephemeralContainers"):
            for index, container in enumerate(list_or_empty(self.value.get(group))):
                if isinstance(container, dict):
                    yield (*self.path, group, index), container


@dataclass(frozen=True)
class Config:
    """A configuration file inside a ConfigMap, or the values of a chart."""

    owner: Object
    path: Path
    file: str
    value: dict[str, Any]
    is_nested: bool
    """Whether it is a text inside the object: then its parts have no line of their own."""

    def at(self, *below: str | int) -> Path:
        """Where a part of it stands, as exactly as positions are known."""
        return self.path if self.is_nested else (*self.path, *below)


class Objects:
    """Every object of a tree."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.all = tuple(Object(one) for one in documents if isinstance(one.value, dict))
        self._by_kind: dict[str, list[Object]] = defaultdict(list)
        for one in self.all:
            self._by_kind[one.kind].append(one)

    def of(self, *kinds: str) -> tuple[Object, ...]:
        """The objects of `kinds` (with their group in front), in the order of the tree."""
        return tuple(one for kind in kinds for one in self._by_kind.get(kind, ()))

    def kinds(self) -> tuple[str, ...]:
        """Every kind there is."""
        return tuple(self._by_kind)

    def of_name(self, kind: str) -> tuple[Object, ...]:
        """The objects of a kind by its bare name, whatever its group."""
        return self.of(*(one for one in self._by_kind if one.rpartition("/")[2] == kind))

    @cached_property
    def pods(self) -> tuple[PodSpec, ...]:
        """Pods and everything that makes them."""
        return tuple(pod for one in self.all for pod in _pods_of(one))

    @cached_property
    def configs(self) -> tuple[Config, ...]:
        """YAML and JSON files in ConfigMaps, and the values of charts with what they embed."""
        return tuple(config for one in self.all for config in _configs_of(one))

    @cached_property
    def applications(self) -> tuple[Object, ...]:
        """Argo CD's Applications."""
        return self.of("argoproj.io/Application")


def get(value: Any, *path: str | int) -> Any:  # noqa: ANN401 (a value of a manifest)
    """The value at `path` below `value`, or None."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def dict_or_empty(value: object) -> dict[str, Any]:
    """`value` when it is a mapping."""
    return value if isinstance(value, dict) else {}


def list_or_empty(value: object) -> list[Any]:
    """`value` when it is a list."""
    return value if isinstance(value, list) else []


def number_or(value: object, otherwise: float) -> float:
    """`value` when it is a number, the API's default when it is not there (or wrong, or absurd)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    if -_MOST < value < _MOST:
        return value
    return otherwise


def sources_of(application: Object) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The source or sources of an Application, each with its place."""
    single = application.spec.get("source")
    if isinstance(single, dict):
        yield ("spec", "source"), single
    for index, source in enumerate(list_or_empty(application.spec.get("sources"))):
        if isinstance(source, dict):
            yield ("spec", "sources", index), source


def chart_of(source: dict[str, Any]) -> str | None:
    """The name of the chart that a source names: `chart`, or the end of an OCI address."""
    if isinstance(source.get("chart"), str):
        return str(source["chart"])
    address = str(source.get("repoURL", ""))
    is_oci_chart = address.startswith("oci://") and isinstance(source.get("helm"), dict)
    return address.rstrip("/").rpartition("/")[2] if is_oci_chart else None


def _pods_of(one: Object) -> Iterator[PodSpec]:
    bare = one.kind.rpartition("/")[2]
    path: Path | None = None
    if one.kind == "Pod":
        path = ()
    elif bare == "CronJob":
        path = ("spec", "jobTemplate", "spec", "template")
    elif bare in _TEMPLATED:
        path = ("spec", "template")
    elif one.kind == "leaderworkerset.x-k8s.io/LeaderWorkerSet":
        path = ("spec", "leaderWorkerTemplate", "workerTemplate")
    if path is not None:
        template = dict_or_empty(one.get(*path))
        spec = dict_or_empty(template.get("spec"))
        yield PodSpec(one, (*path, "spec"), spec, dict_or_empty(template.get("metadata")))


def _configs_of(one: Object) -> Iterator[Config]:
    if one.kind == "ConfigMap":
        for name, text in dict_or_empty(one.value.get("data")).items():
            if isinstance(text, str) and name.endswith((".yaml", ".yml", ".json")):
                yield from _parsed(one, ("data", name), name, text)
    elif one.kind == "argoproj.io/Application":
        for path, source in sources_of(one):
            yield from _chart_configs(one, path, source)


def _chart_configs(one: Object, path: Path, source: dict[str, Any]) -> Iterator[Config]:
    chart = chart_of(source) or ""
    helm = dict_or_empty(source.get("helm"))
    if isinstance(helm.get("valuesObject"), dict):
        yield Config(one, (*path, "helm", "valuesObject"), chart, helm["valuesObject"], False)  # noqa: FBT003 (positions are known)
    if isinstance(helm.get("values"), str):
        yield from _parsed(one, (*path, "helm", "values"), chart, helm["values"])


def _parsed(one: Object, path: Path, file: str, text: str) -> Iterator[Config]:
    """The mapping that `text` holds; a text that is none is not this stage's business."""
    value: object = None
    try:
        if file.endswith(".json"):
            value = parse_json(text)
        else:
            value = next((d.value for d in read_documents(Manifest(file or "values", text))), None)
    except (Unreadable, ValueError):
        return
    if isinstance(value, dict):
        yield Config(one, path, file, value, is_nested=True)
