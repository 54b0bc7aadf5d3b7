"""What an attack is: what a tenant tries, its legitimate twin, and the controls that refuse it."""

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.cluster.plane.client import Client, Object, RefusedError

SPACE, OTHER_SPACE = "models-team-a", "models-team-b"
USER, GROUP = "mallory", "llmplat:tenant:team-a"
_numbers = itertools.count()


@dataclass
class Attacker:
    """Somebody of team-a: `edit` in its own namespace, as the platform renders it, and nothing else."""

    client: Client
    admin: Client
    made: list[Object] = field(default_factory=list)

    def make(self, thing: Object) -> Object:
        """Create `thing`; it is removed after the test, by the administrator."""
        made = self.client.create(thing)
        self.made.append({**thing, "metadata": {**thing["metadata"], **_place(made)}})
        return made

    def change(self, thing: Object, change: Object, subresource: str = "") -> Object:
        """A merge patch."""
        return self.client.patch(thing, change, subresource)

    def read(self, api: str, kind: str, name: str = "", space: str | None = SPACE) -> Any:
        """One object, or all of a kind where no name is given."""
        return (
            self.client.get(api, kind, name, space) if name else self.client.list(api, kind, space)
        )

    def clean(self) -> None:
        """Remove what was made."""
        while self.made:
            thing = self.made.pop()
            with suppress(RefusedError):
                self.admin.patch(thing, {"metadata": {"finalizers": None}})
            self.admin.delete(thing)


@dataclass(frozen=True)
class Attack:
    """One row of the list."""

    name: str
    act: Callable[[Attacker], Any]
    """Raises RefusedError as long as a control is there."""
    twin: Callable[[Attacker], Any]
    """The nearest thing that a tenant may do."""
    controls: tuple[str, ...]
    """Which refuse it, one behind the other: each comes to light when those before it are gone."""


def fresh(stem: str) -> str:
    """A name nobody has used."""
    return f"{stem}-{next(_numbers)}"


def _place(made: Object) -> Object:
    return {key: made["metadata"][key] for key in ("name", "namespace") if key in made["metadata"]}
