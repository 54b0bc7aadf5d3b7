"""A bad and a good example for each rule."""

from pathlib import Path

HOME = Path(__file__).parents[4]

HEAD = """apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: {name}
substrate:
  gke:
    project: my-project
    region: europe-west4
    zones: [europe-west4-a]
{keys}    pools:
      - {{name: system, machine: e2-standard-4, min: 1, max: 3}}
"""
TAIL = """  {state}
gitops:
  oci: {{repository: {registry}/my-project/platform/demo}}
models:
  - {{name: m, source: "hf://a/b@main", package: {{repository: europe-west4-docker.pkg.dev/my-project/m}}}}
"""
STATE = "stateBackend: gs://bucket/state"
REGISTRY = "europe-west4-docker.pkg.dev"


def platform(pools, *, name="demo", keys="", state=STATE, registry=REGISTRY):
    """A platform file; `keys` are lines of the gke block."""
    lines = "".join(f"    {line}\n" for line in keys.splitlines())
    head = HEAD.format(name=name, keys=lines)
    return f"{head}{pools}{TAIL.format(state=state, registry=registry)}"


def file_of(changes):
    """A platform file whose GPU pool, in line 12 behind a comment, has `changes` in place of its own."""
    own = {"machine": "g2-standard-8", "gpu": "l4", "count": "1", "name": "l4"}
    given = dict(part.split(": ", 1) for part in _parts(changes))
    if not {"nodes", "maxPerZone", "minPerZone", "max"} & set(given) or "min" in given:
        own["max"] = "2"
    if "WITH_LIMITS" in given:
        own |= {"min": "0", "max": "2"}
        del given["WITH_LIMITS"]
    keys = {key: value for key, value in {**own, **given}.items() if value != "NONE"}
    pool = ", ".join(f"{key}: {value}" for key, value in keys.items())
    return platform(f"      # the pool in question\n      - {{{pool}}}\n")


def _parts(text):
    """Top-level parts of "a: 1, b: {c: 2, d: 3}"."""
    depth, start, found = 0, 0, []
    for at, sign in enumerate(text):
        depth += (sign in "{[") - (sign in "}]")
        if sign == "," and depth == 0:
            found.append(text[start:at].strip())
            start = at + 1
    return [part for part in (*found, text[start:].strip()) if part]


POOL_CASES = {
    "flex-start-repair": ("flexStart: true, autoRepair: true", "flexStart: true"),
    "flex-start-fixed": ("flexStart: true, nodes: 2", "flexStart: true"),
    "flex-start-reservation": ("flexStart: true, reservation: r", "reservation: r"),
    "flex-start-spot": ("flexStart: true, spot: true", "spot: true"),
    "flex-start-lifetime": (
        "flexStart: true, maxRunDuration: 8d",
        "flexStart: true, maxRunDuration: 7d",
    ),
    "lifetime-without-flex-start": ("maxRunDuration: 1d", "flexStart: true, maxRunDuration: 1d"),
    "queued-minimum": ("queued: true, min: 1, max: 2", "queued: true, min: 0, max: 2"),
    "queued-reservation": ("queued: true, reservation: r", "queued: true"),
    "queued-spot": ("queued: true, spot: true", "queued: true"),
    "queued-compact": ("queued: true, placement: compact", "placement: compact"),
    "spot-reservation": ("spot: true, reservation: r", "spot: true"),
    "compact-zones": (
        "placement: compact, zones: [europe-west4-a, europe-west4-b]",
        "placement: compact",
    ),
    "compact-blue-green": (
        "placement: compact, upgrade: {strategy: blue-green}",
        "placement: compact, upgrade: {strategy: surge}",
    ),
    "two-kinds-of-limits": ("max: 2, maxPerZone: 2", "maxPerZone: 2"),
    "zone-minimum-alone": ("minPerZone: 1", "minPerZone: 1, maxPerZone: 2"),
    "limits-crossed": ("min: 3, max: 2", "min: 2, max: 2"),
    "fixed-and-limits": ("nodes: 1, WITH_LIMITS: 1", "nodes: 1"),
    "fixed-and-initial": ("nodes: 1, initial: 1", "nodes: 1"),
    "initial-outside": ("min: 1, max: 2, initial: 3", "min: 1, max: 2, initial: 2"),
    "initial-replaces": ("initial: 1", "min: 1, max: 2, initial: 1"),
    "no-upgrade": (
        "upgrade: {maxSurge: 0, maxUnavailable: 0}",
        "upgrade: {maxSurge: 0, maxUnavailable: 1}",
    ),
    "two-kinds-of-ssd": ("localSsd: {ephemeral: 1, nvme: 1}", "localSsd: {nvme: 2}"),
    "gpu-not-said": ("gpu: NONE, count: NONE", ""),
    "gpu-count": ("count: 2", "count: 1"),
    "gpu-attached": ("machine: n1-standard-8", "machine: n1-standard-8, gpu: t4-16gb"),
    "gpu-without-count": ("machine: n1-standard-8, gpu: t4-16gb, count: 0", "gpu: l4"),
    "machine-unknown": ("machine: g9-standard-1", ""),
    "not-on-demand": (
        "machine: a3-highgpu-2g, gpu: h100-80gb, count: 2",
        "machine: a3-highgpu-2g, gpu: h100-80gb, count: 2, spot: true",
    ),
    "zone-elsewhere": ("zones: [us-central1-a]", "zones: [europe-west4-b]"),
    "managed-label": ("labels: {cloud.google.com/gke-spot: x}", "labels: {team: a}"),
    "shared-not-divided": (
        "sharing: {mode: time-slicing, clients: 2}",
        "sharing: {mode: mps, clients: 2}",
    ),
    "sharing-without-gpu": (
        "machine: e2-standard-4, gpu: NONE, count: NONE, sharing: {mode: mps, clients: 2}",
        "sharing: {mode: mps, clients: 2}",
    ),
}
_POOL = "      - {name: l4, machine: g2-standard-8, gpu: l4, count: 1, max: 2}\n"
_GOOD = platform(_POOL)


def _without_zones(text):
    return text.replace("    zones: [europe-west4-a]\n", "")


CLUSTER_CASES = {
    "machine-not-in-region": (_GOOD.replace("europe-west4", "africa-south1"), _GOOD),
    "gpu-zones-open": (_without_zones(_GOOD), _GOOD),
    "no-pools": (
        _GOOD.replace(_POOL, "").replace(
            "    pools:\n      - {name: system, machine: e2-standard-4, min: 1, max: 3}\n", ""
        ),
        _GOOD,
    ),
    "no-system-pool": (
        _GOOD.replace("      - {name: system, machine: e2-standard-4, min: 1, max: 3}\n", ""),
        _GOOD,
    ),
    "zonal-without-zone": (
        _without_zones(platform(_POOL, keys="controlPlane: zonal")),
        platform(_POOL, keys="controlPlane: zonal"),
    ),
    "cluster-zone-elsewhere": (_GOOD.replace("[europe-west4-a]", "[europe-west3-a]"), _GOOD),
    "ranges-overlap": (
        platform(_POOL, keys="network: {pods: 10.128.0.0/14}"),
        platform(_POOL, keys="network: {pods: 10.136.0.0/14}"),
    ),
    "range-broken": (
        platform(_POOL, keys="network: {nodes: 10.128.0.1/20}"),
        platform(_POOL, keys="network: {nodes: 10.140.0.0/20}"),
    ),
    "range-too-small": (
        platform(_POOL, keys="network: {nodes: 10.140.0.0/30}"),
        platform(_POOL, keys="network: {nodes: 10.140.0.0/29}"),
    ),
    "control-plane-size": (
        platform(_POOL, keys="network: {controlPlane: 172.16.0.0/24}"),
        platform(_POOL, keys="network: {controlPlane: 172.16.0.0/28}"),
    ),
    "name-too-long": (platform(_POOL, name="n" * 25), platform(_POOL, name="n" * 24)),
    "registry-elsewhere": (platform(_POOL, registry="us-docker.pkg.dev"), _GOOD),
    "state-is-local": (platform(_POOL, state="storageClass: standard-rwo"), _GOOD),
    "state-elsewhere": (platform(_POOL, state="stateBackend: s3://bucket"), _GOOD),
}


def resource(kind, name="one", *, ignores=(), depends=("api",), **inputs):
    """One recorded resource."""
    return {
        "urn": name,
        "type": kind,
        "name": name,
        "inputs": inputs,
        "dependsOn": list(depends),
        "ignoreChanges": list(ignores),
    }


_API = resource("gcp:projects/service:Service", "api", depends=(), disableOnDestroy=False)
_CLUSTER = "gcp:container/cluster:Cluster"
_POOL_KIND = "gcp:container/nodePool:NodePool"
_KEPT = {"deletionProtection": True, "removeDefaultNodePool": True, "networkingMode": "VPC_NATIVE"}
_GOOD_CLUSTER = resource(_CLUSTER, ignores=("nodeConfig", "initialNodeCount"), **_KEPT)
_GOOD_POOL = resource(_POOL_KIND, ignores=("initialNodeCount",), maxPodsPerNode=64, nodeConfig={})
_FINE = [_API, _GOOD_CLUSTER, _GOOD_POOL]


def _bad(*found):
    return [_API, *found]


RESOURCE_CASES = {
    "pods-without-vpc": (_bad(_GOOD_POOL), _FINE),
    "protection-unsaid": (
        _bad(resource(_CLUSTER, ignores=("nodeConfig",), removeDefaultNodePool=True)),
        _FINE,
    ),
    "default-pool-configured": (
        _bad(resource(_CLUSTER, ignores=("nodeConfig",), nodeConfig={"spot": True}, **_KEPT)),
        _FINE,
    ),
    "default-pool-watched": (_bad(resource(_CLUSTER, **_KEPT)), _FINE),
    "initial-watched": (_bad(resource(_POOL_KIND, nodeConfig={})), _FINE),
    "api-switched-off": ([resource("gcp:projects/service:Service", "api")], _FINE),
    "api-race": (_bad(resource("gcp:compute/network:Network", depends=())), _FINE),
    "made-by-controllers": (_bad(resource("gcp:compute/forwardingRule:ForwardingRule")), _FINE),
    "kubernetes-here": (_bad(resource("kubernetes:core/v1:Namespace")), _FINE),
    "secret-value": (_bad(resource("gcp:secretmanager/secretVersion:SecretVersion")), _FINE),
    "broad-access": (
        _bad(
            resource("gcp:projects/iAMMember:IAMMember", role="roles/secretmanager.secretAccessor")
        ),
        _bad(
            resource(
                "gcp:projects/iAMMember:IAMMember", role="roles/container.defaultNodeServiceAccount"
            )
        ),
    ),
    "broad-scope": (
        _bad(
            resource(
                _POOL_KIND,
                ignores=("initialNodeCount",),
                nodeConfig={"oauthScopes": ["https://www.googleapis.com/auth/cloud-platform"]},
            )
        ),
        _FINE,
    ),
}
