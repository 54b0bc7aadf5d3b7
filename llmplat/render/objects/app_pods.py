"""Apps without a chart that we would run: Tabby and n8n, each one pod with a disk."""

import json

from llmplat.plan.cluster.experience import TABBY, App, Experience
from llmplat.plan.cluster.gateway import NAMESPACE as GATEWAY_NAMESPACE
from llmplat.plan.cluster.secrets import VALUE
from llmplat.render.objects.shape import (
    ROLE,
    Object,
    container_security,
    digest_of,
    make_metadata,
    make_object,
    pod_security,
)

_DATA = "/data"
_GATEWAY = f"http://gateway.{GATEWAY_NAMESPACE}.svc/v1"
_KEY_MARK = "@KEY@"
_KEEP = {"argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm"}


def make_app(platform: str, app: App, experience: Experience) -> tuple[Object, ...]:
    """Its pod, disk and Service; nothing for one that has a chart."""
    if app.image is None:
        return ()
    metadata = make_metadata(platform, app.name, app.name, {ROLE: "app"})
    port = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}
    service = {"selector": {ROLE: "app"}, "ports": [port]}
    found = [make_object("v1", "Service", metadata, spec=service)]
    if app.name == TABBY:
        found.append(
            make_object("v1", "ConfigMap", metadata, data={"config.toml": tabby_config(app)})
        )
    return (*found, _stateful_set(metadata, app, experience))


def tabby_config(app: App) -> str:
    """Models behind the gateway; the key is put in when the pod starts, never into this text."""
    lines = []
    for kind, model in (("chat", app.models[0]), ("embedding", app.embedding_model)):
        lines += [
            f"[model.{kind}.http]",
            f'kind = "openai/{kind}"',
            f'model_name = "{model}"',
            f'api_endpoint = "{_GATEWAY}"',
            f'api_key = "{_KEY_MARK}"',
            "",
        ]
    return "\n".join(lines)


def _stateful_set(metadata: Object, app: App, experience: Experience) -> Object:
    claim: Object = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "10Gi"}},
    }
    if experience.storage_class is not None:
        claim["storageClassName"] = experience.storage_class
    pod = _pod(app, experience)
    template: Object = {"metadata": {"labels": metadata["labels"]}, "spec": pod}
    if app.name == TABBY:
        template["metadata"]["annotations"] = {
            "llmplat.dev/config-hash": digest_of(tabby_config(app))
        }
    spec = {
        "serviceName": app.name,
        "replicas": 1,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "selector": {"matchLabels": {ROLE: "app"}},
        "template": template,
        "volumeClaimTemplates": [
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "data"},
                "spec": claim,
            }
        ],
    }
    return make_object("apps/v1", "StatefulSet", {**metadata, "annotations": _KEEP}, spec=spec)


def _pod(app: App, experience: Experience) -> Object:
    is_tabby = app.name == TABBY
    pod: Object = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [_tabby(app) if is_tabby else _n8n(app, experience)],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    if is_tabby:
        pod["initContainers"] = [_write_key(app)]
        pod["volumes"].append({"name": "config", "configMap": {"name": app.name}})
    return pod


def _tabby(app: App) -> Object:
    return {
        **_container(app, "1", "2Gi"),
        "args": ["serve", "--host", "0.0.0.0", "--port", str(app.place.port)],  # noqa: S104 (a pod's own)
        "env": [
            {"name": "TABBY_ROOT", "value": _DATA},
            {"name": "HOME", "value": _DATA},
            {"name": "TABBY_DISABLE_USAGE_COLLECTION", "value": "1"},
        ],
        # Its own health page wants a token.
        "readinessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 10},
    }


def _write_key(app: App) -> Object:
    """The key goes from the secret into the file that Tabby reads, on the app's own disk."""
    text = f'sed "s|{_KEY_MARK}|$LLMPLAT_KEY|" /etc/tabby/config.toml > {_DATA}/config.toml'
    made = _container(app, "50m", "64Mi")
    del made["ports"]
    made |= {"name": "write-key", "command": ["sh", "-c", f"umask 077; {text}"], "env": [_key(app)]}
    made["volumeMounts"].append({"name": "config", "mountPath": "/etc/tabby", "readOnly": True})
    return made


def _n8n(app: App, experience: Experience) -> Object:
    sealed = {"name": "n8n-encryption-key", "key": VALUE}
    given = {"openAiApi": {"apiKey": "$(LLMPLAT_KEY)", "url": _GATEWAY}}
    plain = {
        "HOME": _DATA,
        "N8N_USER_FOLDER": _DATA,
        "N8N_PORT": str(app.place.port),
        "N8N_DIAGNOSTICS_ENABLED": "false",
        "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
        "N8N_TEMPLATES_ENABLED": "false",
        "N8N_BLOCK_ENV_ACCESS_IN_NODE": "true",
        "NODES_EXCLUDE": json.dumps(
            ["n8n-nodes-base.executeCommand", "n8n-nodes-base.readWriteFile"]
        ),
        # Kubernetes puts the key in; a credential of this kind needs nothing filled in by people.
        "CREDENTIALS_OVERWRITE_DATA": json.dumps(given),
    }
    if experience.sign_in is not None:
        home = f"https://{app.place.host}.{experience.domain}/"
        plain |= {"N8N_EDITOR_BASE_URL": home, "WEBHOOK_URL": home, "N8N_PROXY_HOPS": "2"}
    env = [{"name": name, "value": value} for name, value in plain.items()]
    return {
        **_container(app, "250m", "1Gi"),
        "env": [
            _key(app),
            {"name": "N8N_ENCRYPTION_KEY", "valueFrom": {"secretKeyRef": sealed}},
            *env,
        ],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10},
    }


def _key(app: App) -> Object:
    reference = {"name": app.key, "key": VALUE}
    return {"name": "LLMPLAT_KEY", "valueFrom": {"secretKeyRef": reference}}


def _container(app: App, cpu: str, memory: str) -> Object:
    return {
        "name": app.name,
        "image": app.image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": app.place.port, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}},
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "data", "mountPath": _DATA},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 (an emptyDir of the pod's own)
        ],
    }
