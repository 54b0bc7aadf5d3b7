"""The login that Argo CD reads the tree with -> the Secret it wants, and what keeps that fresh.

`up` makes the Secret once, as nothing can be synced before; from an early wave on External Secrets
renews it, by Google Cloud's short-lived tokens or from the secret that the file names.
"""

import base64
from collections.abc import Mapping

from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.plan.cluster.gitops import REGISTRY_READER, REPOSITORY, GitopsPlan, GoogleReader
from llmplat.plan.cluster.secrets import STORE, VALUE, PlannedSecret, SecretStore
from llmplat.render.objects.secrets import API, REFRESH, remote_of
from llmplat.render.objects.shape import Object, make_metadata, make_object

TOKEN_USER = "oauth2accesstoken"  # noqa: S105 (https://cloud.google.com/artifact-registry/docs/docker/authentication#token)
_GENERATOR = "generators.external-secrets.io/v1alpha1"
_TOKEN_REFRESH = "30m0s"  # noqa: S105 (a token of Google Cloud is good for an hour)
_LABELS = {"argocd.argoproj.io/secret-type": "repository"}


def make_repository_secret(platform: str, gitops: GitopsPlan, value: str) -> Object:
    """The Secret itself; `value` is a token of Google Cloud, USER:PASSWORD, or a private key."""
    if gitops.google is not None:
        data = {"username": TOKEN_USER, "password": value}
    elif gitops.is_ssh:
        data = {"sshPrivateKey": f"{value}\n"}
    else:
        user, _, password = value.partition(":")
        data = {"username": user, "password": password}
    held = {key: _encoded(text) for key, text in {**_where(gitops), **data}.items()}
    return make_object("v1", "Secret", _metadata(platform), type="Opaque", data=held)


def make_repository_objects(
    platform: str, gitops: GitopsPlan, store: SecretStore, secrets: tuple[PlannedSecret, ...]
) -> tuple[Object, ...]:
    """What renews that Secret; nothing for a repository that anyone may read."""
    if gitops.google is not None:
        return _by_tokens(platform, gitops, gitops.google)
    if gitops.key_secret is None:
        return ()
    secret = next(one for one in secrets if one.namespace == ARGO_CD)
    data = [{"secretKey": VALUE, "remoteRef": remote_of(store, secret)}]
    source: Object = {
        "refreshInterval": REFRESH,
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": STORE},
        "data": data,
    }
    return (_external_secret(platform, gitops, source, _login(gitops)),)


def _by_tokens(platform: str, gitops: GitopsPlan, google: GoogleReader) -> tuple[Object, ...]:
    """A generator looks for its account in its own namespace, so the account stands there."""
    metadata = make_metadata(platform, REGISTRY_READER, ARGO_CD)
    identity = {
        "clusterProjectID": google.project,
        "clusterLocation": google.location,
        "clusterName": google.cluster,
        "serviceAccountRef": {"name": REGISTRY_READER},
    }
    spec = {"projectID": google.project, "auth": {"workloadIdentity": identity}}
    ref = {"apiVersion": _GENERATOR, "kind": "GCRAccessToken", "name": REPOSITORY}
    source: Object = {
        "refreshInterval": _TOKEN_REFRESH,
        "dataFrom": [{"sourceRef": {"generatorRef": ref}}],
    }
    login = {"username": "{{ .username }}", "password": "{{ .password }}"}
    generator = make_metadata(platform, REPOSITORY, ARGO_CD)
    return (
        make_object("v1", "ServiceAccount", metadata, automountServiceAccountToken=False),
        make_object(_GENERATOR, "GCRAccessToken", generator, spec=spec),
        _external_secret(platform, gitops, source, login),
    )


def _external_secret(
    platform: str, gitops: GitopsPlan, source: Object, login: Mapping[str, str]
) -> Object:
    """Nobody owns the Secret: it is there before, and goes when the platform is taken down."""
    template = {"metadata": {"labels": _labels(platform)}, "data": {**_where(gitops), **login}}
    target = {
        "name": REPOSITORY,
        "creationPolicy": "Orphan",
        "deletionPolicy": "Retain",
        "template": template,
    }
    metadata = make_metadata(platform, REPOSITORY, ARGO_CD)
    return make_object(API, "ExternalSecret", metadata, spec={**source, "target": target})


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _where(gitops: GitopsPlan) -> dict[str, str]:
    """https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#repositories."""
    return {"type": "oci" if gitops.is_oci else "git", "url": gitops.url}


def _login(gitops: GitopsPlan) -> dict[str, str]:
    """Templates of External Secrets, with sprig's functions."""
    if gitops.is_ssh:
        return {"sshPrivateKey": f"{{{{ .{VALUE} }}}}\n"}
    parts = f'(splitn ":" 2 .{VALUE})'
    return {"username": f"{{{{ {parts}._0 }}}}", "password": f"{{{{ {parts}._1 }}}}"}


def _labels(platform: str) -> dict[str, str]:
    labels: dict[str, str] = _metadata(platform)["labels"]
    return labels


def _metadata(platform: str) -> Object:
    return make_metadata(platform, REPOSITORY, ARGO_CD, labels=_LABELS)
