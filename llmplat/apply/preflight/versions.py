"""The live Kubernetes against what the file says and what each component is made for."""

from collections.abc import Iterator

from llmplat.apply.preflight.look import Look, missing, warning
from llmplat.catalog.versions import numbers_of
from llmplat.domain.errors import Finding


def check_versions(look: Look) -> Iterator[Finding]:
    """An error for a cluster that is too old, a warning where it differs otherwise."""
    live, said = look.identity.minor, look.wanted.kubernetes
    if numbers_of(live) < numbers_of(said):
        yield missing(
            f"The cluster runs Kubernetes {live}; the file says {said}.",
            "what was rendered uses what only the newer one has",
            f'substrate.cluster.kubernetes: "{live}"',
            "or update the cluster",
        )
    elif live != said:
        yield warning(
            f"The cluster runs Kubernetes {live}; the file says {said}.",
            "it is planned as the older one: newer ways to bring models are not used",
            f'substrate.cluster.kubernetes: "{live}"',
        )
    for one in look.plan.components:
        pin = look.catalog.components[one.name].version
        if pin is None or pin.kubernetes is None:
            continue
        oldest, newest = pin.kubernetes
        if numbers_of(live) < numbers_of(oldest):
            yield missing(
                f"The component {one.name} cannot run on Kubernetes {live}.",
                f"{one.name} {pin.pinned} is made for {oldest} to {newest}",
                f"update the cluster to Kubernetes {oldest} or newer",
            )
        elif numbers_of(live) > numbers_of(newest):
            yield warning(
                f"The component {one.name} is not known to run on Kubernetes {live}.",
                f"{one.name} {pin.pinned} is made for {oldest} to {newest}",
            )
