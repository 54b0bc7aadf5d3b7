"""One server answers for an API group.

Only one APIService can exist for a group. KEDA and the metric adapters all claim
external.metrics.k8s.io: the second one installed takes the metrics from the first.
"""

from collections.abc import Iterator

from llmplat.validate.faults import Path
from llmplat.validate.objects import Object, Objects, chart_of, get, sources_of
from llmplat.validate.smell import Smell

_EXTERNAL = "v1beta1.external.metrics.k8s.io"
_CHARTS = ("keda", "prometheus-adapter", "custom-metrics-stackdriver-adapter")


def find(objects: Objects) -> Iterator[Smell]:
    """The second owner of any APIService."""
    owners: dict[str, tuple[str, str]] = {}
    for one, path, group, service in _claims(objects):
        owner = owners.setdefault(group, (service, f"{one.kind.rpartition('/')[2]} {one.name}"))
        if owner[0] != service:
            what = f"{group.partition('.')[2]} already belongs to {owner[1]}"
            yield Smell(one, path, what, "install one of the two")


def _claims(objects: Objects) -> Iterator[tuple[Object, Path, str, str]]:
    """Claimant, place, APIService and the service that answers."""
    for one in objects.applications:
        for path, source in sources_of(one):
            chart = chart_of(source)
            if chart in _CHARTS:
                yield one, path, _EXTERNAL, chart
    for one in objects.of("apiregistration.k8s.io/APIService"):
        namespace = get(one.spec, "service", "namespace")
        name = get(one.spec, "service", "name")
        service = "keda" if namespace == "keda" else f"{namespace}/{name}"
        yield one, ("spec", "service"), one.name, service
