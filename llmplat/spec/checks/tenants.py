"""Rules of tenants, apps and organisation that contradict each other."""

from collections.abc import Iterator

from llmplat.domain.errors import Finding, Severity
from llmplat.spec.checks.places import conflict
from llmplat.spec.data_class import DATA_CLASSES
from llmplat.spec.platform import Platform
from llmplat.spec.tenant import App, Budget, Tenant
from llmplat.spec.tree import Path, Tree

_LIMITS = (
    ("requestsPerMinute", "requests_per_minute"),
    ("tokensPerMinute", "tokens_per_minute"),
    ("parallelRequests", "parallel_requests"),
)


def check_tenants(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Findings about tenants; what is only odd is a warning."""
    for index, tenant in enumerate(platform.tenants):
        path: Path = ("tenants", index)
        yield from _data_class(tenant, path, platform, tree)
        yield from _within_organisation(tenant, path, platform, tree)
        yield from _tokens(tenant, path, platform, tree)
        for at, app in enumerate(tenant.apps):
            yield from _app(app, (*path, "apps", at), tenant, path, tree)
            yield from _app_models(app, (*path, "apps", at), tenant, path, platform, tree)


def _data_class(tenant: Tenant, path: Path, platform: Platform, tree: Tree) -> Iterator[Finding]:
    for at, name in enumerate(tenant.models):
        model = platform.model(name)
        if model is None:
            continue
        if DATA_CLASSES.index(model.data_class) > DATA_CLASSES.index(tenant.data_class):
            yield conflict(
                tree,
                f"{tenant.name} may not call {name}",
                f"the model is {model.data_class}, the tenant is cleared for {tenant.data_class}",
                f"dataClass: {model.data_class} for {tenant.name}, or remove {name} from models",
                (*path, "models", at),
                ("models", platform.models.index(model), "dataClass"),
            )


def _within_organisation(
    tenant: Tenant, path: Path, platform: Platform, tree: Tree
) -> Iterator[Finding]:
    whole = platform.organisation.budget if platform.organisation else None
    if _is_more(tenant.budget, whole):
        what = f"the budget of {tenant.name} is more than the organisation's"
        at, also = (*path, "budget"), ("organisation", "budget")
        yield _odd(tree, what, "the organisation's ends first", at, also)


def _tokens(tenant: Tenant, path: Path, platform: Platform, tree: Tree) -> Iterator[Finding]:
    """A request reserves its answer beforehand, so a limit below one answer lets nothing through."""
    limit = tenant.limits.tokens_per_minute
    for index, model in enumerate(platform.models):
        answer = model.default_max_tokens
        is_theirs = {"*", model.name, *model.aliases} & set(tenant.models)
        if limit is not None and answer is not None and is_theirs and limit < answer:
            what = f"tokensPerMinute of {tenant.name} is less than one answer of {model.name}"
            at, also = (*path, "limits", "tokensPerMinute"), ("models", index, "defaultMaxTokens")
            yield _odd(tree, what, f"{limit} a minute, {answer} an answer", at, also)


def _app(app: App, path: Path, tenant: Tenant, owner: Path, tree: Tree) -> Iterator[Finding]:
    name = f"{tenant.name}/{app.name}"
    if _is_more(app.budget, tenant.budget):
        what = f"the budget of {name} is more than that of {tenant.name}"
        at, also = (*path, "budget"), (*owner, "budget")
        yield _odd(tree, what, "the tenant's ends first", at, also)
    for key, field in _LIMITS:
        own, whole = getattr(app.limits, field), getattr(tenant.limits, field)
        if own is not None and whole is not None and own > whole:
            what = f"{key} of {name} is more than that of {tenant.name}"
            at, also = (*path, "limits", key), (*owner, "limits", key)
            yield _odd(tree, what, "the tenant's limit acts first", at, also)


def _app_models(
    app: App, path: Path, tenant: Tenant, owner: Path, platform: Platform, tree: Tree
) -> Iterator[Finding]:
    if "*" in tenant.models:
        return
    allowed = [platform.model(name) for name in tenant.models]
    for at, name in enumerate(app.models or ()):
        model = platform.model(name)
        if model is not None and model not in allowed:
            yield conflict(
                tree,
                f"{tenant.name}/{app.name} may use {name} but {tenant.name} may not",
                "an app can have less than its tenant, never more",
                f"add {name} to the models of {tenant.name}",
                (*path, "models", at),
                (*owner, "models"),
            )


def _is_more(part: Budget | None, whole: Budget | None) -> bool:
    if part is None or whole is None or part.period != whole.period:
        return False
    return part.usd > whole.usd


def _odd(tree: Tree, what: str, why: str, at: Path, also: Path) -> Finding:
    fix = "lower the inner one or raise the outer one"
    return conflict(tree, what, why, fix, at, also, severity=Severity.WARNING)
