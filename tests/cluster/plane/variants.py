"""Platforms that no committed example is: examples changed in all ways that do not disagree with one another."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from llmplat.domain.mirror import MirrorPlace
from llmplat.plan.make import make_plan
from llmplat.render.tree import make_tree
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import Lock
from tests.cluster.plane.client import Object
from tests.cluster.plane.rendered import Rendered
from tests.fakes.cluster_platform import catalog, example, example_lock, model
from tests.fakes.experience import EMBEDDER, with_dex, with_googles_gateway, with_sign_in

MIRROR = "mirror.example.com/all"
_OWN_IMAGE = f"registry.example.com/team/models/coder@sha256:{'c' * 64}"


@dataclass(frozen=True)
class Variant:
    """One row: an example with its widest profile after `change`."""

    name: str
    example: str
    change: Callable[[Object], None] = lambda _: None


def claimed(document: Object) -> None:
    """GPUs by claim, prompts read apart, models in each way of delivery, a mirror, services outside."""
    cluster = document["substrate"]["cluster"]
    cluster |= {"gpuAllocation": "dra", "kubernetes": "1.36"}
    cluster["gpus"][0]["count"] = 8
    _switch_on(document, "llm-d")
    model(document, "coder").update({"delivery": "fetch", "prefill": {"replicas": 2}})
    model(document, "writer")["delivery"] = "sidecar"
    overflow = [_service("burst")]
    model(document, "assistant").update({"delivery": "image-volume", "overflow": overflow})
    document["models"].append(dict(EMBEDDER))
    document["tenants"][1]["gpuQuota"] = 5
    document["mirror"] = {"registry": MIRROR}
    document["gateway"] = {"workers": 3, "cache": {"enabled": True}}
    document["traces"] = {"url": "https://otlp.example.com", "keySecret": "otlp"}


def by_kserve(document: Object) -> None:
    """Engines and a canary by KServe on shared GPUs, one of them for vectors, and every opt-in component."""
    cluster = document["substrate"]["cluster"]
    cluster |= {"gpuStack": "none", "abilities": {"loadBalancer": False}}
    cluster["gpus"][0] |= {"labels": {"kind": "l4"}, "sharing": {"mode": "time-slicing"}}
    # It needs more than half a GPU.
    document["models"].remove(model(document, "writer"))
    _switch_on(document, *_OPT_IN)
    canary = {"source": f"oci://{_OWN_IMAGE}", "trafficPercent": 20}
    model(document, "coder").update({"kind": "embedding", "canary": canary})
    model(document, "assistant")["overflow"] = [_service("fallback")]
    document["tier"] = "high-availability"
    document["gitops"]["git"]["keySecret"] = "deploy-key"


def by_operator(document: Object) -> None:
    """GPUs shared by NVIDIA's operator, an old Kubernetes, sign-in, names at Cloudflare."""
    with_sign_in(document)
    cluster = document["substrate"]["cluster"]
    product = {"nvidia.com/gpu.product": "NVIDIA-L4-SHARED"}
    cluster |= {"gpuStack": "operator", "kubernetes": "1.33"}
    cluster["gpus"] = [
        {"name": "l4", "count": 6, "labels": product, "sharing": {"mode": "time-slicing"}}
    ]
    document["models"] = [model(document, "coder"), model(document, "embed")]
    document["models"][0]["aliases"] = ["assistant"]
    document["gitops"] = {"oci": {"repository": "registry.example.com/p", "keySecret": "reader"}}
    document["dns"] = {"provider": "cloudflare", "zone": "example.com", "tokenSecret": "cloudflare"}


def by_google(document: Object) -> None:
    """Google's load balancer in front of models, spot machines shared by MPS, apps behind Dex."""
    with_dex(document)
    with_googles_gateway(document)
    for pool in document["substrate"]["gke"]["pools"]:
        if pool["name"] == "l4":
            pool |= {"spot": True, "sharing": {"mode": "mps"}}
    document["models"].remove(model(document, "writer"))


_OPT_IN = (
    "capsule",
    "cloudnative-pg",
    "console",
    "keda-http-add-on",
    "kserve",
    "kserve-crd",
    "kyverno",
    "leader-worker-set",
    "mlflow",
    "opencost",
    "usage-ledger",
)
VARIANTS = (
    Variant("claimed", "cluster-two-teams", claimed),
    Variant("by KServe", "cluster-two-teams", by_kserve),
    Variant("by the operator", "cluster-two-teams", by_operator),
    Variant("GKE, smallest", "gke-smallest"),
    Variant("GKE, production", "gke-production"),
    Variant("by Google", "gke-two-teams", by_google),
)


@cache
def render_variant(variant: Variant) -> Rendered:
    """The variant's plan and tree, with the lock that `llmplat lock` would have written for it."""
    document: dict[str, Any] = yaml.safe_load(yaml.safe_dump(example(variant.example)))
    document["profile"] = "full"
    variant.change(document)
    text = yaml.safe_dump(document, sort_keys=False)
    platform = parse_platform(text, f"{variant.name}.yaml").platform
    lock = example_lock(variant.example)
    if platform.mirror is not None:
        lock = _mirrored(lock, MirrorPlace.parse(str(platform.mirror.registry)))
    plan = make_plan(platform, lock, catalog())
    return Rendered(plan, make_tree(plan, catalog()))


def variant_kinds() -> frozenset[tuple[str, str]]:
    """(group, kind) of all own objects of the variants."""
    trees = map(render_variant, VARIANTS)
    own = (it for tree in trees for things in tree.objects.values() for it in things)
    return frozenset((it["apiVersion"].rpartition("/")[0], it["kind"]) for it in own)


def _mirrored(lock: Lock, mirror: MirrorPlace) -> Lock:
    """The same digests, where the mirror keeps them."""
    images = [
        one.model_copy(update={"reference": mirror.image(one.reference)}) for one in lock.images
    ]
    models = [one.model_copy(update={"image": mirror.image(str(one.image))}) for one in lock.models]
    return lock.model_copy(update={"images": tuple(images), "models": tuple(models)})


def _switch_on(document: Object, *components: str) -> None:
    parts = document.setdefault("components", {})
    for name in components:
        parts.setdefault(name, {})["enabled"] = True


def _service(use: str) -> Object:
    price = {"inputUsdPerMillionTokens": 1, "outputUsdPerMillionTokens": 2}
    return {
        "url": "https://outside.example.com/v1",
        "model": "large",
        "keySecret": "outside-key",
        "dataClass": "internal",
        "use": use,
        "price": price,
    }
