"""A plan and what the last `up` left running -> what `up` would change now."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from llmplat.apply.services import LOOPBACK, make_config_files, replica_names
from llmplat.domain.ports import RunningParts, RunningService
from llmplat.plan.launch import CONFIG_DIR, MODEL_DIR, EngineLaunch, Launch
from llmplat.plan.plan import Plan
from llmplat.render.processes import Process, spell_process


class Act(StrEnum):
    """What `up` would do."""

    START = "start"
    REPLACE = "replace"
    REMOVE = "remove"
    REWRITE = "rewrite"


@dataclass(frozen=True)
class Change:
    """One thing `up` would do, and why."""

    act: Act
    name: str
    """A service or a file."""
    details: tuple[str, ...] = ()
    """Lines with + and -, or a reason in words."""


@dataclass(frozen=True)
class DiffReport:
    """Everything `up` would change."""

    platform: str
    changes: tuple[Change, ...]


def make_diff(plan: Plan, running: RunningParts) -> DiffReport:
    """What `up` would change; nothing is changed. NewerVersionError for a newer llmplat's state."""
    now = {service.name: service for service in running.services()}
    wanted = dict(_wanted(plan))
    changes = [
        change
        for name, launch in wanted.items()
        if (change := _service_change(name, launch, now.get(name), plan)) is not None
    ]
    changes += [Change(Act.REMOVE, name) for name in now if name not in wanted]
    return DiffReport(plan.platform, (*changes, *_file_changes(plan, running)))


def _wanted(plan: Plan) -> Iterator[tuple[str, tuple[Launch, int]]]:
    for engine in plan.engines:
        for replica, name in enumerate(replica_names(engine)):
            yield name, (engine, engine.port + replica)
    if plan.gateway is not None:
        yield plan.gateway.name, (plan.gateway, plan.gateway.port)


def _service_change(
    name: str, wanted: tuple[Launch, int], now: RunningService | None, plan: Plan
) -> Change | None:
    if now is None:
        return Change(Act.START, name)
    launch, port = wanted
    process = spell_process(
        launch, host=LOOPBACK, port=port, model_dir=MODEL_DIR, config_dir=CONFIG_DIR
    )
    details = (*_differences(_lines_of(now), _lines_of(process)), *_content(launch, now, plan))
    if details:
        return Change(Act.REPLACE, name, details)
    return None if now.is_alive else Change(Act.START, name, ("it is not running",))


def _content(launch: Launch, now: RunningService, plan: Plan) -> Iterator[str]:
    """Changes that the command line does not show: another environment, another model."""
    if not PurePath(now.runtime_dir).name.startswith(f"{launch.runtime}-"):
        yield f"runs in {launch.runtime} instead of {PurePath(now.runtime_dir).name}"
    if not isinstance(launch, EngineLaunch) or now.model_dir is None:
        return
    digest = next(model.digest for model in plan.models if model.name == launch.model)
    stored = PurePath(now.model_dir)
    if digest and stored.parent.name == "models" and digest.removeprefix("sha256:") != stored.name:
        yield f"serves the content {digest} instead of {stored.name}"


def _lines_of(spelled: Process | RunningService) -> list[str]:
    """One line an option and one a variable, so that a difference reads well."""
    lines: list[str] = []
    for word in spelled.argv:
        if lines and not word.startswith("-") and lines[-1].startswith("--"):
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines + sorted(f"{name}={value}" for name, value in spelled.env)


def _differences(before: list[str], after: list[str]) -> tuple[str, ...]:
    _, _, *compared = (*difflib.unified_diff(before, after, n=0, lineterm=""), "", "")
    return tuple(line for line in compared if line and not line.startswith("@@ "))


def _file_changes(plan: Plan, running: RunningParts) -> Iterator[Change]:
    for file in make_config_files(plan):
        before = running.file(file.path)
        if before != file.content:
            lines = (before or "").splitlines()
            details = _differences(lines, file.content.splitlines())
            yield Change(Act.REWRITE, file.path, details if before is not None else ("new",))
