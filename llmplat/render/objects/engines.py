"""One model's engine -> the objects that run it: Deployment, Service, walls, monitor, scaler."""

from dataclasses import replace

from llmplat.catalog.cluster import load_script
from llmplat.plan.cluster.engines import START_PERIOD_S, ClusterEngine
from llmplat.plan.cluster.flavors import GPU_RESOURCE
from llmplat.plan.cluster.workloads import Workloads
from llmplat.render.objects.claims import claim, make_claim_template
from llmplat.render.objects.containers import PORT, make_container, mount
from llmplat.render.objects.delivery import deliver
from llmplat.render.objects.disaggregation import ANSWERS, READS, WHOLE, Part, hand_over
from llmplat.render.objects.engine_network import make_engine_policy
from llmplat.render.objects.inference_service import deployment_of, make_inference_service
from llmplat.render.objects.scaling import make_scaled_object
from llmplat.render.objects.shape import (
    MODEL,
    OWNER,
    PREFIX,
    ROLE,
    Object,
    make_metadata,
    make_object,
    pod_security,
)

ENGINE = "engine"
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
QUEUE_PRIORITY_LABEL = "kueue.x-k8s.io/priority-class"
GPU_TYPE = f"{PREFIX}gpu"
"""Annotation: the kind of GPU that the bytes are meant for."""
SCRIPTS = "/opt/llmplat"
LIFECYCLE = "engine_lifecycle.py"
COMPLETION_TIMEOUT_S = 60
SHARED_MEMORY_BYTES = 8 * 1024 * 1024 * 1024
"""Most that several GPUs of one engine exchange through main memory; it counts as the pod's."""


def make_model_objects(platform: str, engine: ClusterEngine, plan: Workloads) -> tuple[Object, ...]:
    """Everything of the Application model-<name>."""
    found = [
        _scripts(platform, engine),
        _workload(platform, engine, plan),
        _service(platform, engine),
        make_engine_policy(platform, engine, plan),
        _monitor(platform, engine),
    ]
    if engine.prefill is not None:
        found.append(make_engine_deployment(platform, engine, READS))
    if engine.is_claimed:
        found.append(make_claim_template(platform, engine))
    if engine.least > 1:
        found.append(_disruption(platform, engine))
    if engine.scaling is not None:
        target = deployment_of(engine) if plan.has_kserve else engine.name
        found.append(make_scaled_object(platform, engine, engine.scaling, target))
    return tuple(found)


def _workload(platform: str, engine: ClusterEngine, plan: Workloads) -> Object:
    deployment = make_engine_deployment(platform, engine)
    if not plan.has_kserve:
        return deployment
    canary = None
    if engine.canary is not None:
        tried = replace(engine, delivery=engine.canary.delivery)
        canary = make_engine_deployment(platform, tried)
    return make_inference_service(engine, deployment, canary)


def make_engine_deployment(
    platform: str, engine: ClusterEngine, part: Part | None = None
) -> Object:
    """The engine as an expert runs it; without replicas where something scales them."""
    part = part or answering_part(engine)
    is_scaled = engine.scaling is not None and part is not READS
    most = engine.prefill.replicas if engine.prefill and part is READS else engine.most
    spec: Object = {} if is_scaled else {"replicas": most}
    spec |= {
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": engine.progress_s,
        "strategy": _strategy(most),
        "selector": {"matchLabels": selector_of(engine, part)},
        "template": {"metadata": _pod_metadata(platform, engine, part), "spec": _pod(engine, part)},
    }
    labels = {**labels_of(engine), ROLE: ENGINE, **part.labels, **_queue_labels(engine)}
    metadata = make_metadata(platform, engine.name + part.suffix, engine.namespace, labels)
    return make_object("apps/v1", "Deployment", metadata, spec=spec)


def answering_part(engine: ClusterEngine) -> Part:
    """The engines that answer: all there are, unless others read the prompts."""
    return WHOLE if engine.prefill is None else ANSWERS


def selector_of(engine: ClusterEngine, part: Part) -> dict[str, str]:
    """Labels of the pods of one part of the engine, and of nothing else."""
    return {MODEL: engine.launch.model, ROLE: ENGINE, **part.labels}


def labels_of(engine: ClusterEngine) -> dict[str, str]:
    """Labels of everything that belongs to the model."""
    return {MODEL: engine.launch.model, OWNER: engine.owner}


def _strategy(most: int) -> Object:
    """Never one more than there is room for: the last GPU is free only when its engine is gone."""
    if most == 1:
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def _queue_labels(engine: ClusterEngine) -> dict[str, str]:
    if engine.queue is None:
        return {}
    return {QUEUE_LABEL: engine.queue, QUEUE_PRIORITY_LABEL: engine.priority}


def _pod_metadata(platform: str, engine: ClusterEngine, part: Part) -> Object:
    labels = {**labels_of(engine), ROLE: ENGINE, **part.labels, **_queue_labels(engine)}
    found = make_metadata(platform, engine.name, None, labels)
    del found["name"]
    annotations = dict(engine.launch.annotations)
    if engine.gpu is not None:
        annotations[GPU_TYPE] = engine.gpu
    if annotations:
        found["annotations"] = annotations
    return found


def _pod(engine: ClusterEngine, part: Part) -> Object:
    behind = (("LLMPLAT_ENGINE_URL", f"http://127.0.0.1:{part.port}"),) if part is ANSWERS else ()
    container = make_container(
        engine.launch,
        engine.image,
        cpu_cores=engine.cpu_cores,
        extra_env=(
            ("LLMPLAT_MODEL", engine.launch.served_name),
            ("LLMPLAT_KIND", engine.kind),
            ("LLMPLAT_DRAIN_S", str(engine.drain_s)),
            *behind,
        ),
        port=part.port,
    )
    container["startupProbe"] = _startup(engine)
    script = ["python3", f"{SCRIPTS}/{LIFECYCLE}"]
    container["lifecycle"] = {"preStop": {"exec": {"command": [*script, "drain"]}}}
    pod: Object = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": engine.priority,
        "terminationGracePeriodSeconds": round(engine.launch.stop_grace_s),
        "securityContext": pod_security(),
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    mount(pod, "scripts", SCRIPTS, {"configMap": {"name": f"{engine.name}-scripts"}})
    deliver(pod, engine)
    _give_gpus(pod, engine)
    hand_over(pod, part, engine.prefill)
    return pod


def _startup(engine: ClusterEngine) -> Object:
    """Ready to be asked only after one real answer; afterwards no probe depends on load."""
    return {
        "exec": {"command": ["python3", f"{SCRIPTS}/{LIFECYCLE}", "start"]},
        "periodSeconds": START_PERIOD_S,
        "timeoutSeconds": COMPLETION_TIMEOUT_S,
        "failureThreshold": engine.start_s // START_PERIOD_S,
    }


def _give_gpus(pod: Object, engine: ClusterEngine) -> None:
    if not engine.launch.gpus:
        return
    resources = pod["containers"][0]["resources"]
    if engine.is_claimed:
        claim(pod, engine)
    else:
        for part in ("requests", "limits"):
            resources[part][GPU_RESOURCE] = str(engine.launch.gpus)
    if engine.flavor is not None:
        if engine.flavor.selector:
            pod["nodeSelector"] = dict(engine.flavor.selector)
        pod["tolerations"] = [
            {"key": key, "operator": "Exists", "effect": "NoSchedule"}
            for key in engine.flavor.tolerations
        ]
    if engine.is_split:
        memory = int(resources["limits"]["memory"]) + SHARED_MEMORY_BYTES
        resources["limits"]["memory"] = resources["requests"]["memory"] = str(memory)
        shared = {"emptyDir": {"medium": "Memory", "sizeLimit": str(SHARED_MEMORY_BYTES)}}
        mount(pod, "shm", "/dev/shm", shared, is_read_only=False)  # noqa: S108 (a volume of the pod's own)


def _scripts(platform: str, engine: ClusterEngine) -> Object:
    files = {LIFECYCLE: load_script(LIFECYCLE)}
    if engine.delivery.mode == "fetch":
        files["fetch_model.py"] = load_script("fetch_model.py")
    metadata = make_metadata(
        platform, f"{engine.name}-scripts", engine.namespace, labels_of(engine)
    )
    return make_object("v1", "ConfigMap", metadata, data=files)


def _service(platform: str, engine: ClusterEngine) -> Object:
    spec = {
        "selector": selector_of(engine, answering_part(engine)),
        "ports": [{"name": "http", "port": PORT, "targetPort": "http", "protocol": "TCP"}],
    }
    metadata = make_metadata(platform, engine.name, engine.namespace, labels_of(engine))
    return make_object("v1", "Service", metadata, spec=spec)


def _monitor(platform: str, engine: ClusterEngine) -> Object:
    spec = {
        "selector": {"matchLabels": selector_of(engine, WHOLE)},
        "podMetricsEndpoints": [{"port": "http", "path": "/metrics", "interval": "15s"}],
    }
    metadata = make_metadata(platform, engine.name, engine.namespace, labels_of(engine))
    return make_object("monitoring.coreos.com/v1", "PodMonitor", metadata, spec=spec)


def _disruption(platform: str, engine: ClusterEngine) -> Object:
    selector = selector_of(engine, answering_part(engine))
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": selector}}
    metadata = make_metadata(platform, engine.name, engine.namespace, labels_of(engine))
    return make_object("policy/v1", "PodDisruptionBudget", metadata, spec=spec)
