"""Inputs -> a namespace and one Helm release of Argo CD, of which later changes are not Pulumi's."""

import pulumi
import pulumi_kubernetes as kubernetes

from llmplat.domain.bootstrap import BootstrapInputs

OWNED_BY_ARGOCD = ["chart", "version", "values", "repositoryOpts", "manifest", "resourceNames"]
"""What Argo CD changes as soon as it keeps itself."""


def make_argocd(inputs: BootstrapInputs) -> None:
    """Declare both and export where Argo CD is."""
    provider = kubernetes.Provider(
        inputs.platform,
        kubeconfig=inputs.kubeconfig or None,
        context=inputs.context,
        enable_server_side_apply=True,
        # A namespace that is there already, from a run that was killed or by hand, will do.
        upsert_existing_objects=True,
    )
    namespace = _namespace(inputs, pulumi.ResourceOptions(provider=provider))
    release = kubernetes.helm.v3.Release(
        "argo-cd",
        name="argo-cd",
        namespace=inputs.namespace,
        chart=f"{inputs.repository}/{inputs.chart}",
        version=inputs.version,
        values=dict(inputs.values),
        create_namespace=False,
        atomic=False,
        # `up` makes the secret that its pods wait for, then waits itself and says which one is late.
        skip_await=True,
        # Its own chart hooks and CRDs stay when the release goes: `down` removes them by name.
        opts=pulumi.ResourceOptions(
            provider=provider, depends_on=[namespace], ignore_changes=OWNED_BY_ARGOCD
        ),
    )
    pulumi.export("namespace", inputs.namespace)
    pulumi.export("release", release.name)


def _namespace(
    inputs: BootstrapInputs, opts: pulumi.ResourceOptions
) -> kubernetes.core.v1.Namespace:
    """The namespace with its Pod Security level; Argo CD adds its own labels later."""
    opts.ignore_changes = ["metadata"]
    level = {"pod-security.kubernetes.io/enforce": inputs.pod_security}
    return kubernetes.core.v1.Namespace(
        inputs.namespace,
        metadata={"name": inputs.namespace, "labels": {**inputs.labels, **level}},
        opts=opts,
    )
