"""Who vouches for the platform's names: a public authority where DNS can be written, else its own."""

from llmplat.plan.cluster.gateway import COMPONENT, EDGE, Entry, Zone
from llmplat.plan.cluster.secrets import VALUE
from llmplat.render.objects.shape import NAME, Object, make_metadata, make_object

CERT_API = "cert-manager.io/v1"
AUTHORITY = "llmplat-authority"
ACME = "llmplat-acme"
ACME_SERVER = "https://acme-v02.api.letsencrypt.org/directory"
"""Let's Encrypt; it is told the names and nothing else."""
_AMBIENT = ("cloud-dns", "route53")
"""Written with the rights of cert-manager's own account, which cert-manager lends to
cluster-wide issuers only (its --issuer-ambient-credentials is off)."""


def make_issuers(platform: str, entry: Entry) -> list[Object]:
    """The issuer that issuer_reference names, and what it needs."""
    if entry.zone is None:
        return _own_authority(platform)
    spec = {
        "acme": {
            "server": ACME_SERVER,
            "privateKeySecretRef": {"name": ACME},
            "solvers": [
                {"dns01": _solver(entry.zone), "selector": {"dnsZones": [str(entry.domain)]}}
            ],
        }
    }
    if entry.zone.provider in _AMBIENT:
        metadata = make_metadata(platform, ACME, None, {NAME: COMPONENT})
        return [make_object(CERT_API, "ClusterIssuer", metadata, spec=spec)]
    return [make_object(CERT_API, "Issuer", _metadata(platform, ACME), spec=spec)]


def issuer_reference(entry: Entry) -> Object:
    """Who signs the certificate of the edge."""
    if entry.zone is None:
        return {"name": AUTHORITY, "kind": "Issuer", "group": "cert-manager.io"}
    kind = "ClusterIssuer" if entry.zone.provider in _AMBIENT else "Issuer"
    return {"name": ACME, "kind": kind, "group": "cert-manager.io"}


def _solver(zone: Zone) -> Object:
    if zone.provider == "cloud-dns":
        return {"cloudDNS": {"project": zone.project, "hostedZoneName": zone.name}}
    if zone.provider == "route53":
        return {"route53": {"hostedZoneID": zone.name}}
    return {"cloudflare": {"apiTokenSecretRef": {"name": zone.token, "key": VALUE}}}


def _own_authority(platform: str) -> list[Object]:
    """An authority of the platform's own: an internal name is proven to nobody outside."""
    root = {
        "isCA": True,
        "commonName": f"{platform} authority",
        "secretName": AUTHORITY,
        "duration": "87600h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
        "issuerRef": {"name": "self-signed", "kind": "Issuer", "group": "cert-manager.io"},
    }
    signs = {"ca": {"secretName": AUTHORITY}}
    return [
        make_object(
            CERT_API, "Issuer", _metadata(platform, "self-signed"), spec={"selfSigned": {}}
        ),
        make_object(CERT_API, "Certificate", _metadata(platform, AUTHORITY), spec=root),
        make_object(CERT_API, "Issuer", _metadata(platform, AUTHORITY), spec=signs),
    ]


def _metadata(platform: str, name: str) -> Object:
    return make_metadata(platform, name, EDGE, {NAME: COMPONENT})
