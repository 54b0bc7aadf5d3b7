"""A door in front of each page: oauth2-proxy, which lets in people whose address was verified.

One proxy for each page, with cookies sealed by a key of its own: what one app sees of its users'
cookies opens no other door. It replaces every identity header that a browser sends.
"""

import json

from llmplat.plan.cluster.experience import DEX_PORT, PROXY, SIGN_IN, Experience, Page, SignIn
from llmplat.plan.cluster.gateway import EDGE
from llmplat.plan.cluster.routing import Routing
from llmplat.plan.cluster.secrets import VALUE
from llmplat.render.objects.apps import door_labels
from llmplat.render.objects.edge import Health, make_host_way
from llmplat.render.objects.network import (
    addresses,
    come_from,
    go_to,
    make_policy,
    make_walls,
    pods_here,
    pods_in,
)
from llmplat.render.objects.shape import (
    NAME,
    ROLE,
    Object,
    container_security,
    digest_of,
    make_metadata,
    make_object,
    pod_security,
)

PORT = 4180
DEX_LABELS = {ROLE: "dex"}
_FILE = "oauth2-proxy.cfg"
_VERIFIED = "email_verified"


def make_sign_in_objects(
    platform: str, experience: Experience, sign_in: SignIn, routing: Routing
) -> tuple[Object, ...]:
    """Everything of the Application oauth2-proxy: the walls of its namespace and a door a page."""
    found = list(make_walls(platform, SIGN_IN))
    for page in experience.pages:
        found += _door(platform, page, sign_in, str(experience.domain), routing)
    return tuple(found)


def make_settings(page: Page, sign_in: SignIn, domain: str) -> dict[str, object]:
    """oauth2-proxy's own settings for one door; secrets come by environment.

    An address that the provider says nothing about is refused like one it calls unverified:
    oauth2-proxy itself refuses the latter only, so the claim is read as the one group it allows.
    """
    host = f"{page.place.host}.{domain}"
    settings: dict[str, object] = {
        "http_address": f"0.0.0.0:{PORT}",
        "reverse_proxy": True,
        "upstreams": [f"http://{page.name}.{page.namespace}.svc/"],
        "provider": "oidc",
        "oidc_issuer_url": sign_in.issuer,
        "client_id": sign_in.client_id,
        "redirect_url": f"https://{host}/oauth2/callback",
        "scope": "openid email profile",
        "code_challenge_method": "S256",
        "skip_provider_button": True,
        "email_domains": list(sign_in.email_domains),
        "insecure_oidc_allow_unverified_email": False,
        # Off by default: a token of another sign-in would do.
        "insecure_oidc_skip_nonce": False,
        "oidc_groups_claim": _VERIFIED,
        "allowed_groups": ["true"],
        "pass_user_headers": True,
        "pass_basic_auth": False,
        "pass_access_token": False,
        "skip_auth_strip_headers": True,
        "cookie_name": f"__Host-{page.name}",
        "cookie_secure": True,
        "cookie_httponly": True,
        "cookie_samesite": "lax",
        "cookie_expire": "12h",
        "whitelist_domains": [host],
        "silence_ping_logging": True,
        "request_logging": False,
    }
    if page.place.free_paths:
        settings["skip_auth_routes"] = list(page.place.free_paths)
    if sign_in.dex is not None:
        # Browsers go by the name; the door asks Dex inside, past the certificate of the edge.
        inside = f"http://dex.{SIGN_IN}.svc:{DEX_PORT}"
        settings |= {
            "skip_oidc_discovery": True,
            "login_url": f"{sign_in.issuer}/auth",
            "redeem_url": f"{inside}/token",
            "oidc_jwks_url": f"{inside}/keys",
            "profile_url": f"{inside}/userinfo",
        }
    return settings


def write_settings(settings: dict[str, object]) -> str:
    """As TOML: what is in use here is spelled like JSON."""
    lines = (f"{key} = {json.dumps(value)}" for key, value in settings.items())
    return "\n".join(lines) + "\n"


def _door(
    platform: str, page: Page, sign_in: SignIn, domain: str, routing: Routing
) -> list[Object]:
    settings = write_settings(make_settings(page, sign_in, domain))
    metadata = _metadata(platform, page)
    ports = [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
    service = {"selector": door_labels(page), "ports": ports}
    return [
        make_object("v1", "ConfigMap", metadata, data={_FILE: settings}),
        make_object("v1", "Service", metadata, spec=service),
        _deployment(platform, page, sign_in, settings),
        _walls(platform, page, sign_in, routing),
        *make_host_way(
            platform,
            f"{page.place.host}.{domain}",
            SIGN_IN,
            page.name,
            routing,
            Health("/ready", PORT),
        ),
    ]


def _metadata(platform: str, page: Page) -> Object:
    return make_metadata(platform, page.name, SIGN_IN, {NAME: PROXY, **door_labels(page)})


def _deployment(platform: str, page: Page, sign_in: SignIn, settings: str) -> Object:
    metadata = _metadata(platform, page)
    labels = door_labels(page)
    template = {
        "metadata": {
            "labels": metadata["labels"],
            "annotations": {"llmplat.dev/config-hash": digest_of(settings)},
        },
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": pod_security(),
            "containers": [_container(page, sign_in)],
            "volumes": [{"name": "config", "configMap": {"name": page.name}}],
        },
    }
    spec = {"replicas": sign_in.replicas, "selector": {"matchLabels": labels}, "template": template}
    return make_object("apps/v1", "Deployment", metadata, spec=spec)


def _container(page: Page, sign_in: SignIn) -> Object:
    secrets = {
        "OAUTH2_PROXY_CLIENT_SECRET": sign_in.secret,
        "OAUTH2_PROXY_COOKIE_SECRET": page.cookie_key,
    }
    return {
        "name": PROXY,
        "image": sign_in.image,
        "imagePullPolicy": "IfNotPresent",
        "args": [f"--config=/etc/{PROXY}/{_FILE}"],
        "env": [
            {"name": env, "valueFrom": {"secretKeyRef": {"name": name, "key": VALUE}}}
            for env, name in secrets.items()
        ],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
        "livenessProbe": {"httpGet": {"path": "/ping", "port": "http"}, "periodSeconds": 10},
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": container_security(),
        "volumeMounts": [{"name": "config", "mountPath": f"/etc/{PROXY}", "readOnly": True}],
    }


def _walls(platform: str, page: Page, sign_in: SignIn, routing: Routing) -> Object:
    labels = {ROLE: page.place.role} if page.place.role is not None else None
    issuer = go_to([pods_here(DEX_LABELS)], DEX_PORT) if sign_in.dex is not None else go_to((), 443)
    return make_policy(
        platform,
        page.name,
        SIGN_IN,
        door_labels(page),
        ingress=[come_from(from_edge(routing), PORT)],
        egress=[go_to([pods_in(page.namespace, labels)], page.place.port), issuer],
    )


def from_edge(routing: Routing) -> list[Object]:
    """Who carries people's requests in: the edge's own proxies, or Google's by address."""
    if routing.proxy_ranges:
        return addresses(routing.proxy_ranges)
    return [pods_in(EDGE, {"gateway.networking.k8s.io/gateway-name": EDGE})]
