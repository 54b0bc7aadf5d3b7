"""Dex: another way of signing in, told to the doors as OpenID Connect; it keeps nothing on a disk."""

from llmplat.plan.cluster.experience import AUTH_HOST, DEX, DEX_PORT, SIGN_IN, Experience, SignIn
from llmplat.plan.cluster.experience import Dex as DexPlan
from llmplat.plan.cluster.routing import Routing
from llmplat.plan.cluster.secrets import VALUE
from llmplat.render.dump import dump_json
from llmplat.render.objects.edge import Health, make_host_way
from llmplat.render.objects.network import come_from, go_to, make_policy, pods_here
from llmplat.render.objects.shape import (
    ROLE,
    Object,
    container_security,
    digest_of,
    make_metadata,
    make_object,
    pod_security,
)
from llmplat.render.objects.sign_in import DEX_LABELS, from_edge

_FILE = "config.json"
_HEALTH = "/.well-known/openid-configuration"
_LOOKS_OUT = {"ldap": (389, 636)}
"""Ports of a directory; every other kind is asked over https."""


def make_dex_objects(
    platform: str, experience: Experience, sign_in: SignIn, dex: DexPlan, routing: Routing
) -> tuple[Object, ...]:
    """Everything of the Application dex."""
    domain = str(experience.domain)
    config = dump_json(make_config(experience, sign_in, dex))
    metadata = make_metadata(platform, DEX, SIGN_IN, DEX_LABELS)
    ports = [{"name": "http", "port": DEX_PORT, "targetPort": "http", "protocol": "TCP"}]
    service = {"selector": DEX_LABELS, "ports": ports}
    return (
        make_object("v1", "ConfigMap", metadata, data={_FILE: config}),
        make_object("v1", "Service", metadata, spec=service),
        _deployment(metadata, sign_in, dex, config),
        make_policy(
            platform,
            DEX,
            SIGN_IN,
            DEX_LABELS,
            ingress=[
                come_from([*from_edge(routing), pods_here({ROLE: "door"})], DEX_PORT),
            ],
            egress=[go_to((), *_LOOKS_OUT.get(dex.type, (443,)))],
        ),
        *make_host_way(
            platform,
            f"{AUTH_HOST}.{domain}",
            SIGN_IN,
            DEX,
            routing,
            Health(_HEALTH, DEX_PORT),
            port=DEX_PORT,
        ),
    )


def make_config(experience: Experience, sign_in: SignIn, dex: DexPlan) -> dict[str, object]:
    """Its own format; a name with $ is taken from the environment.

    Memory is enough: doors keep their own sessions, and a restart only makes who is in the
    middle of signing in begin again.
    """
    homes = [f"https://{page.place.host}.{experience.domain}" for page in experience.pages]
    callback = {"redirectURI": f"{sign_in.issuer}/callback", "clientSecret": "$CLIENT_SECRET"}
    return {
        "issuer": sign_in.issuer,
        "storage": {"type": "memory"},
        "web": {"http": f"0.0.0.0:{DEX_PORT}"},
        "oauth2": {"skipApprovalScreen": True, "responseTypes": ["code"]},
        "expiry": {"idTokens": "1h"},
        "enablePasswordDB": False,
        "connectors": [
            {
                "type": dex.type,
                "id": dex.type,
                "name": dex.type,
                "config": {**callback, **dex.config},
            }
            if dex.type != "ldap"
            else {"type": dex.type, "id": dex.type, "name": dex.type, "config": dex.config}
        ],
        "staticClients": [
            {
                "id": sign_in.client_id,
                "name": "llmplat",
                "secretEnv": "DEX_CLIENT_SECRET",
                "redirectURIs": [f"{home}/oauth2/callback" for home in homes],
            }
        ],
    }


def _deployment(metadata: Object, sign_in: SignIn, dex: DexPlan, config: str) -> Object:
    secrets = {"DEX_CLIENT_SECRET": sign_in.secret}
    if "$CLIENT_SECRET" in config:
        secrets["CLIENT_SECRET"] = dex.secret
    container = {
        "name": DEX,
        "image": dex.image,
        "imagePullPolicy": "IfNotPresent",
        # Past the image's own entry point, which would fill in templates of its own.
        "command": ["/usr/local/bin/dex"],
        "args": ["serve", f"/etc/{DEX}/{_FILE}"],
        "env": [
            {"name": env, "valueFrom": {"secretKeyRef": {"name": name, "key": VALUE}}}
            for env, name in secrets.items()
        ],
        "ports": [{"name": "http", "containerPort": DEX_PORT, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": _HEALTH, "port": "http"}},
        "livenessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 10},
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "config", "mountPath": f"/etc/{DEX}", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 (an emptyDir of the pod's own)
        ],
    }
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [container],
        "volumes": [
            {"name": "config", "configMap": {"name": DEX}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }
    annotations = {"llmplat.dev/config-hash": digest_of(config)}
    template = {
        "metadata": {"labels": metadata["labels"], "annotations": annotations},
        "spec": pod,
    }
    spec = {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": DEX_LABELS},
        "template": template,
    }
    return make_object("apps/v1", "Deployment", metadata, spec=spec)
