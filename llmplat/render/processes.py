"""Turns a launch into one process: its argv and environment with the placeholders filled in."""

import re
from dataclasses import dataclass

from llmplat.plan.launch import CONFIG_DIR, HOST, MODEL_DIR, PORT, Launch, SecretEnv

_PLACEHOLDER = re.compile("|".join(map(re.escape, (HOST, PORT, MODEL_DIR, CONFIG_DIR))))


@dataclass(frozen=True)
class Process:
    """One process, fully spelled; secrets are named, never held."""

    argv: tuple[str, ...]
    """Behind the interpreter."""
    env: tuple[tuple[str, str], ...]
    secret_env: tuple[SecretEnv, ...]


def spell_process(
    launch: Launch, *, host: str, port: int, model_dir: str, config_dir: str
) -> Process:
    """`launch` with its four placeholders filled in; everything else as it was decided."""
    values = {HOST: host, PORT: str(port), MODEL_DIR: model_dir, CONFIG_DIR: config_dir}
    return Process(
        argv=tuple(_fill(word, values) for word in launch.argv),
        env=tuple((name, _fill(value, values)) for name, value in launch.env),
        secret_env=launch.secret_env,
    )


def _fill(text: str, values: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values[found.group()], text)
