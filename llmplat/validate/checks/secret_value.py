"""No secret stands in a manifest.

Manifests are read by everybody who reads the repository, and stay in its history. Secrets are named
there and kept elsewhere; a value that was committed once must be replaced.
"""

import re
from collections.abc import Iterator
from typing import Any

from llmplat.validate.faults import Path
from llmplat.validate.objects import Object, Objects, PodSpec, dict_or_empty, list_or_empty
from llmplat.validate.smell import Smell

_KNOWN = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|s(?<!\ws)k-[A-Za-z0-9_-]{20,}|h(?<!\wh)f_[A-Za-z0-9]{30,}"
    r"|A(?<!\wA)KIA[0-9A-Z]{16}\b|g(?<!\wg)h[pousr]_[A-Za-z0-9]{36,}|A(?<!\wA)Iza[0-9A-Za-z_-]{35}\b"
    r"|x(?<!\wx)ox[abp]-[0-9A-Za-z-]{20,}"
)
"""What the makers of keys begin them with, at the beginning of a word.

That is asked after the first letter, so that a search skips to the letters there are.
"""
_ENV = re.compile(r"(PASSWORD|PASSWD|TOKEN|SECRET|API_?KEY|PRIVATE_KEY|ACCESS_KEY|MASTER_KEY)$")
_KEY = re.compile(
    r"(password|passwd|api_?key|master_?key|(?:^|[_.-])secret_?key|access_?token|private_?key)$",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"os\.environ/.*|\$[({].*|none|null|dummy|changeme-not-used|", re.IGNORECASE
)
_FIX = "name it in an ExternalSecret, and replace the value: it has been seen"


def find(objects: Objects) -> Iterator[Smell]:
    """Secrets with values, variables and settings that hold one, texts that look like a key."""
    for pod in objects.pods:
        yield from _variables(pod)
    for one in objects.of("Secret", "ConfigMap"):
        yield from _data(one)
    for config in objects.configs:
        for path in _literal(config.value, ()):
            what = f"{path[-1]} is written out"
            yield Smell(config.owner, config.at(*path), what, _FIX)


def _data(one: Object) -> Iterator[Smell]:
    for part in ("data", "stringData"):
        for key, value in dict_or_empty(one.value.get(part)).items():
            if one.kind == "Secret" and value:
                yield Smell(one, (part, key), f"{part}.{key} holds a value", _FIX)
            elif isinstance(value, str) and _KNOWN.search(value):
                yield Smell(one, (part, key), f"{key} holds what looks like a key", _FIX)


def _variables(pod: PodSpec) -> Iterator[Smell]:
    for path, container in pod.containers():
        for index, variable in enumerate(list_or_empty(container.get("env"))):
            facts = dict_or_empty(variable)
            name, value = str(facts.get("name", "")), facts.get("value")
            if isinstance(value, str) and _is_secret(_ENV, name, value):
                what = f"the variable {name} is written out"
                yield Smell(pod.owner, (*path, "env", index, "value"), what, _FIX)
        for part in ("command", "args"):
            for index, word in enumerate(list_or_empty(container.get(part))):
                if isinstance(word, str) and _KNOWN.search(word):
                    yield Smell(
                        pod.owner, (*path, part, index), "an argument looks like a key", _FIX
                    )


def _is_secret(names: re.Pattern[str], name: str, value: str) -> bool:
    if _KNOWN.search(value):
        return True
    return bool(names.search(name)) and not _NOT_SECRET.fullmatch(value)


def _literal(value: Any, path: Path) -> Iterator[Path]:  # noqa: ANN401 (a value of a manifest)
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) and _is_secret(_KEY, str(key), item):
                yield (*path, key)
            else:
                yield from _literal(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _literal(item, (*path, index))
