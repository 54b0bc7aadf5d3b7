"""keys.yaml as a value: who may call, known by hashes only."""

from typing import Annotated, Literal

from pydantic import Field

from llmplat.domain.errors import Finding
from llmplat.spec.dump import dump_shape
from llmplat.spec.platform import Platform
from llmplat.spec.read import fail, parse_tree, validate
from llmplat.spec.repeated import repeated
from llmplat.spec.scalars import Label, Matches, Moment, Sha256
from llmplat.spec.shape import API_VERSION, Shape
from llmplat.spec.tenant import App, Tenant
from llmplat.spec.tree import Tree

_HEADER = "Written by `llmplat keys`: hashes only, never a key."

KeyId = Annotated[
    str,
    Matches(
        r"^[A-Za-z0-9][A-Za-z0-9_-]*$", "letters, digits, dashes and underscores such as k-7f3a", 40
    ),
]


class Key(Shape):
    """One key, by its hash."""

    id: Annotated[KeyId, Field(description="Name of the key; tells nothing about it.")]
    tenant: Annotated[Label, Field(description="Tenant it belongs to.")]
    app: Annotated[Label, Field(description="App of that tenant.")]
    sha256: Annotated[Sha256, Field(description="SHA-256 of the whole key, in hex.")]
    created: Annotated[Moment, Field(description="When it was made (UTC).")]
    expires: Annotated[Moment | None, Field(description="When it ends (UTC); none: never.")] = None
    revoked: Annotated[Moment | None, Field(description="When it was taken back (UTC).")] = None


class KeysTenant(Shape):
    """A tenant made by `llmplat keys create --create-tenant`, with every default of a tenant."""

    name: Annotated[Label, Field(description="Name, unique in the platform.")]
    apps: Annotated[
        tuple[Label, ...], Field(description="Its apps, or more apps of a tenant.")
    ] = ()


class KeysFile(Shape):
    """The keys of a platform."""

    api_version: Annotated[
        Literal["llmplat.dev/v1alpha1"], Field(description="Version of this format.")
    ] = API_VERSION
    kind: Annotated[Literal["Keys"], Field(description="What this file describes.")] = "Keys"
    tenants: Annotated[
        tuple[KeysTenant, ...],
        Field(description="Tenants and apps beside those of the platform file."),
    ] = ()
    keys: Annotated[tuple[Key, ...], Field(description="All keys, revoked ones too.")] = ()


def parse_keys(text: str, name: str) -> KeysFile:
    """The keys of `text`; `name` is shown with positions. Raises SpecError with every fault."""
    return parse_placed_keys(text, name)[0]


def parse_placed_keys(text: str, name: str) -> tuple[KeysFile, Tree]:
    """As parse_keys, with the tree that knows where each entry stands: ("keys", 0, "tenant")."""
    tree = parse_tree(text, name, "Keys")
    keys, findings = validate(KeysFile, tree, tree.value)
    if keys is not None:
        findings = [*repeated(tree, "keys", "id"), *repeated(tree, "keys", "sha256")]
        findings += repeated(tree, "tenants", "name")
        findings += _ends_before_start(keys, tree)
    if keys is None or findings:
        fail(findings, name)
    return keys, tree


def dump_keys(keys: KeysFile) -> str:
    """`keys` as text, in their order."""
    return dump_shape(keys, _HEADER)


def with_declared(platform: Platform, keys: KeysFile) -> Platform:
    """`platform` with the tenants and apps that `keys` declares beside it; nothing is replaced."""
    tenants = {tenant.name: tenant for tenant in platform.tenants}
    for declared in keys.tenants:
        tenant = tenants.get(declared.name) or Tenant(name=declared.name)
        known = {app.name for app in tenant.apps}
        more = tuple(App(name=name) for name in declared.apps if name not in known)
        tenants[declared.name] = tenant.model_copy(update={"apps": (*tenant.apps, *more)})
    return platform.model_copy(update={"tenants": tuple(tenants.values())})


def _ends_before_start(keys: KeysFile, tree: Tree) -> list[Finding]:
    return [
        Finding(
            code="spec-key-times",
            what=f"key {key.id} ends before it starts",
            why="expires must be later than created",
            where=tree.where_value(("keys", index, "expires")),
            also=(tree.where_value(("keys", index, "created")),),
        )
        for index, key in enumerate(keys.keys)
        if key.expires is not None and key.expires <= key.created
    ]
