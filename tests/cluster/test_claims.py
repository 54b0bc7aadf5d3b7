"""GPUs by claim: the scheduler itself hands out the devices that we ask for, Kueue counts them.

The driver is played: a ResourceSlice says which GPUs a node has, as NVIDIA's would.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.attacks.case import GROUP, SPACE, USER, fresh
from tests.cluster.attacks.gpus import L4_NODES, QUEUED, fit
from tests.cluster.plane.client import Client, Object, RefusedError, conditions
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.furnish import all_objects, open_queues, remove
from tests.cluster.plane.kueue import start_kueue
from tests.cluster.plane.process import wait_until
from tests.cluster.plane.rendered import kueue_settings, render
from tests.cluster.plane.samples import container, pod
from tests.cluster.plane.variants import VARIANTS, render_variant

DRIVER, NODE, API = "gpu.nvidia.com", "l4-0", "resource.k8s.io/v1"
_KINDS = {
    "ClusterQueue",
    "Cohort",
    "DeviceClass",
    "LocalQueue",
    "Namespace",
    "PriorityClass",
    "ResourceClaimTemplate",
    "ResourceFlavor",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "ServiceAccount",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "WorkloadPriorityClass",
}
CODER, SPACE_B = "engine-coder", "models-team-b"


@pytest.fixture(scope="module")
def claims(kueue: ControlPlane, crds: Path) -> Iterator[ControlPlane]:
    """Two teams whose engines claim: 8 GPUs l4 with 24 GiB on one node, and one that is too small."""
    rendered = render_variant(VARIANTS[0])
    things = [it for it in all_objects(rendered) if it["kind"] in _KINDS]
    things += [_slice(), _class_of_driver()]
    kueue.crew.stop("kueue")
    start_kueue(kueue, crds, kueue_settings(rendered))
    open_queues(kueue, things)
    yield kueue
    remove(kueue, things)
    kueue.crew.stop("kueue")
    start_kueue(kueue, crds, kueue_settings(render("cluster-two-teams", "llm-gateway")))


@pytest.fixture
def tenant(claims: ControlPlane) -> Iterator[Client]:
    """Somebody of team-a with the role that we render."""
    client = claims.identity(USER, (GROUP,))
    yield client
    client.close()


@pytest.fixture
def made(claims: ControlPlane) -> Iterator[list[Object]]:
    things: list[Object] = []
    yield things
    for thing in things:
        claims.admin.delete(thing)


def _slice() -> Object:
    devices = [_device(f"gpu-{number}", "24Gi") for number in range(8)]
    spec = {
        "driver": DRIVER,
        "nodeName": NODE,
        "pool": {"name": NODE, "generation": 1, "resourceSliceCount": 1},
        "devices": [_device("small", "2Gi"), *devices],
    }
    return {"apiVersion": API, "kind": "ResourceSlice", "metadata": {"name": NODE}, "spec": spec}


def _device(name: str, memory: str) -> Object:
    kind = {"type": {"string": "gpu"}, "productName": {"string": "NVIDIA L4"}}
    return {"name": name, "attributes": kind, "capacity": {"memory": {"value": memory}}}


def _class_of_driver() -> Object:
    """The one that NVIDIA's chart makes."""
    rule = {"cel": {"expression": f"device.driver == '{DRIVER}'"}}
    metadata = {"name": DRIVER}
    return {
        "apiVersion": API,
        "kind": "DeviceClass",
        "metadata": metadata,
        "spec": {"selectors": [rule]},
    }


def _engine(name: str) -> Object:
    """An engine's Deployment, as rendered."""
    (found,) = (
        it
        for it in render_variant(VARIANTS[0]).of_kind("Deployment")
        if it["metadata"]["name"] == name
    )
    return found


def _states(plane: ControlPlane) -> tuple[int, int]:
    """Ready pods of the coder's answering engines, and those that their queue holds."""
    pods = [
        it
        for it in plane.admin.list("v1", "Pod", SPACE_B)
        if it["metadata"]["name"].startswith(f"{CODER}-")
        and "deletionTimestamp" not in it["metadata"]
    ]
    held = sum(1 for it in pods if it["spec"].get("schedulingGates"))
    return sum(1 for it in pods if conditions(it).get("Ready") == "True"), held


def test_an_engine_gets_a_device_that_is_large_enough_and_the_rest_waits_for_quota(
    claims: ControlPlane, made: list[Object]
) -> None:
    engine = _engine(CODER)
    claims.admin.apply(engine)
    made.append(engine)
    wait_until("the engine runs", lambda: _states(claims) == (1, 0))
    claims.admin.patch(engine, {"spec": {"replicas": 10}})
    # 8 GPUs in all: 5 of one's own and 3 borrowed.
    wait_until("8 run and 2 wait", lambda: _states(claims) == (8, 2))
    used = [_device_of(it) for it in claims.admin.list(API, "ResourceClaim", SPACE_B)]
    assert sorted(filter(None, used)) == [f"gpu-{number}" for number in range(8)]


def _device_of(claim: Object) -> str | None:
    allocation = (claim.get("status") or {}).get("allocation")
    if allocation is None:
        return None
    (result,) = allocation["devices"]["results"]
    assert (result["driver"], result["pool"]) == (DRIVER, NODE)
    return str(result["device"])


def test_a_tenant_writes_no_wishes_of_its_own(tenant: Client) -> None:
    with pytest.raises(RefusedError, match="cannot create resource"):
        tenant.create(_template())


def test_a_tenant_s_pod_gets_past_no_queue_by_a_template_that_is_there(
    claims: ControlPlane, tenant: Client, made: list[Object]
) -> None:
    (template,) = (
        it
        for it in claims.admin.list(API, "ResourceClaimTemplate", SPACE)
        if it["metadata"]["name"].startswith("engine-writer-")
    )
    wait_until("the policy is in force", lambda: "queue-name: models" in _said(tenant, template))
    with pytest.raises(RefusedError, match="queue-name: models"):
        tenant.create(_claiming_pod(template, {}))
    claiming = _claiming_pod(template, QUEUED)
    tenant.create(claiming)
    made.append(claiming)
    claims.admin.wait(claiming, lambda it: conditions(it).get("Ready") == "True")


def _said(tenant: Client, template: Object) -> str:
    """What is said against a pod that asks no queue, made on trial."""
    try:
        tenant.apply(_claiming_pod(template, {}), dry_run=True)
    except RefusedError as refused:
        return refused.message
    return ""


def test_a_class_that_no_queue_counts_is_not_let_through(
    claims: ControlPlane, tenant: Client, made: list[Object]
) -> None:
    """The driver brings a class of its own, and an administrator may have written a template with it."""
    template = _template()
    claims.admin.create(template)
    made.append(template)
    claiming = _claiming_pod(template, QUEUED)
    tenant.create(claiming)
    made.append(claiming)
    with pytest.raises(TimeoutError):
        claims.admin.wait(claiming, lambda it: not it["spec"].get("schedulingGates"), 4)


def _template() -> Object:
    exactly = {"deviceClassName": DRIVER, "allocationMode": "ExactCount", "count": 1}
    return {
        "apiVersion": API,
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": fresh("mine"), "namespace": SPACE},
        "spec": {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}},
    }


def _claiming_pod(template: Object, labels: dict[str, str]) -> Object:
    thing = pod(fresh("claims"), SPACE, container(), labels=labels, annotations=fit())
    thing["spec"]["nodeSelector"] = dict(L4_NODES)
    thing["spec"]["resourceClaims"] = [
        {"name": "gpu", "resourceClaimTemplateName": template["metadata"]["name"]}
    ]
    thing["spec"]["containers"][0]["resources"]["claims"] = [{"name": "gpu"}]
    return thing
