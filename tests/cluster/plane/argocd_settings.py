"""argocd-cm as an installation has it: what Argo CD's own chart (10.1.1) sets, and what we render."""

import json

from llmplat.render.health import health_scripts

_IGNORE = "resource.customizations.ignoreResourceUpdates"
_NEVER_IN_A_TREE = {
    ("", "discovery.k8s.io"): ("Endpoints", "EndpointSlice"),
    ("coordination.k8s.io",): ("Lease",),
    ("authentication.k8s.io", "authorization.k8s.io"): (
        "SelfSubjectReview",
        "TokenReview",
        "LocalSubjectAccessReview",
        "SelfSubjectAccessReview",
        "SelfSubjectRulesReview",
        "SubjectAccessReview",
    ),
    ("certificates.k8s.io",): ("CertificateSigningRequest",),
    ("cert-manager.io",): ("CertificateRequest",),
}
"""API groups -> kinds that nobody declares: Argo CD does not watch them."""


def installed_settings() -> dict[str, str]:
    """Data of argocd-cm; a changed status alone has no Application compared anew."""
    exclusions = [
        {"apiGroups": list(groups), "kinds": list(kinds)}
        for groups, kinds in _NEVER_IN_A_TREE.items()
    ]
    return {
        f"{_IGNORE}.all": json.dumps({"jsonPointers": ["/status"]}),
        "resource.exclusions": json.dumps(exclusions),
        **health_scripts(),
    }
