"""The state folder of a local platform -> its services as they were last started."""

import json
from pathlib import Path

from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_state import read_state
from llmplat.adapters.local_substrate import LocalSubstrate
from llmplat.domain.ports import RunningService
from llmplat.domain.substrate import Role
from llmplat.plan.launch import CONFIG_DIR, MODEL_DIR

_ADDED_HERE = frozenset({"LLMPLAT_LEDGER_URL", "LLMPLAT_REDIS_URL", "PYTHONPATH"})
_MODEL = "--model"


class LocalRunningParts:
    """What runs (or ran) for one platform on this machine."""

    def __init__(self, platform: str, root: Path, cache: Path) -> None:
        self._home = LocalHome(platform, root.absolute())
        self._substrate = LocalSubstrate(platform, root, cache)

    def services(self) -> tuple[RunningService, ...]:
        """Engines and gateway of the inventory; NewerVersionError for a newer llmplat's state."""
        state = read_state(self._home.state_file)
        if state is None:
            return ()
        alive = {one.name for one in self._substrate.status().services if one.pid is not None}
        mine = [entry for entry in state.services if entry.role in {Role.ENGINE, Role.GATEWAY}]
        found = [self._service(entry.name, is_alive=entry.name in alive) for entry in mine]
        return tuple(service for service in found if service is not None)

    def file(self, path: str) -> str | None:
        """A rendered file as the services read it."""
        try:
            return (self._home.config_dir / path).read_text("utf-8")
        except OSError:
            return None

    def _service(self, name: str, *, is_alive: bool) -> RunningService | None:
        try:
            launch = json.loads((self._home.run / f"{name}.json").read_text("utf-8"))
            python, *argv = launch["argv"]
            env = dict(launch["env"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        folder = str(self._home.config_dir)
        model_dir = argv[argv.index(_MODEL) + 1] if _MODEL in argv else None
        return RunningService(
            name=name,
            runtime_dir=str(Path(python).parent.parent),
            model_dir=model_dir,
            argv=tuple(MODEL_DIR if word == model_dir else word for word in argv),
            env=tuple(
                (key, value.replace(folder, CONFIG_DIR))
                for key, value in env.items()
                if key not in _ADDED_HERE
            ),
            is_alive=is_alive,
        )
