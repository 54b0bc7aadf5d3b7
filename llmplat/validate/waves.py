"""Which Application an object belongs to, and the wave that makes it."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from llmplat.validate.objects import Object, Objects, chart_of, sources_of

WAVE = "argocd.argoproj.io/sync-wave"
CHART_GROUPS: dict[str, tuple[str, ...]] = {
    "agentgateway-crds": ("agentgateway.dev",),
    "argo-cd": ("argoproj.io",),
    "cert-manager": ("cert-manager.io", "acme.cert-manager.io"),
    "cloudnative-pg": ("postgresql.cnpg.io",),
    "external-secrets": ("external-secrets.io", "generators.external-secrets.io"),
    "gpu-operator": ("nvidia.com",),
    "jobset": ("jobset.x-k8s.io",),
    "keda": ("keda.sh", "eventing.keda.sh"),
    "kserve-crd": ("serving.kserve.io",),
    "kueue": ("kueue.x-k8s.io",),
    "kyverno": ("kyverno.io", "policies.kyverno.io"),
    "lws": ("leaderworkerset.x-k8s.io",),
    "prometheus-operator-crds": ("monitoring.coreos.com",),
}
"""API groups whose CRDs a chart brings (the charts' own files, see the sources of the schemas)."""

_HASHED = re.compile(r"-[0-9a-f]{12}$")


@dataclass(frozen=True)
class Layout:
    """Applications of a tree and the objects that lie in their folders."""

    objects: Objects

    @cached_property
    def by_name(self) -> dict[str, Object]:
        """Applications by name."""
        return {one.name: one for one in self.objects.applications}

    def application_of(self, one: Object) -> Object | None:
        """The Application whose folder holds `one`; None where no folder is an Application's."""
        above = self._above(one.document.file.rpartition("/")[0])
        return next((found for found in above if found is not one), None)

    def _above(self, folder: str) -> list[Object]:
        """Applications whose folder `folder` is or lies below, the outermost first."""
        if folder not in self._of_folder:
            parts = PurePosixPath(folder).parts
            found = [self.by_name.get(_HASHED.sub("", p)) or self.by_name.get(p) for p in parts]
            self._of_folder[folder] = [one for one in found if one is not None]
        return self._of_folder[folder]

    def wave(self, one: Object) -> tuple[int, int]:
        """The wave of its Application, then its own within it."""
        application = self.application_of(one)
        return (wave_of(application) if application else 0, wave_of(one))

    @cached_property
    def _of_folder(self) -> dict[str, list[Object]]:
        return {}

    @cached_property
    def chart_of_group(self) -> dict[str, Object]:
        """The Application whose chart brings an API group's CRDs."""
        found: dict[str, Object] = {}
        for application in self.objects.applications:
            for _, source in sources_of(application):
                for group in CHART_GROUPS.get(chart_of(source) or "", ()):
                    found[group] = application
        return found


def wave_of(one: Object) -> int:
    """The sync wave annotated on an object, 0 without one."""
    text = str(one.annotations.get(WAVE, "0"))
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else 0
