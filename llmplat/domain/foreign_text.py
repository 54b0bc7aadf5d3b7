"""JSON and YAML that somebody else wrote: a value, or an error that can be caught.

A hundred thousand brackets end Python's own readers otherwise: `json` with a RecursionError, which
is no ValueError, libyaml's composer with the whole process.
"""

import json
from typing import Any

import yaml

MAX_DEPTH = 100
"""Levels of nesting; no file of the field needs half as many."""


class TooDeepError(yaml.YAMLError):
    """YAML nested deeper than `MAX_DEPTH`."""


class ForeignLoader(yaml.CSafeLoader):
    """libyaml's safe loader, which stops before the C stack is in danger."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 (as PyYAML's)
        super().__init__(stream)
        self._depth = 0

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:  # noqa: ANN401 (as PyYAML's)
        """One level deeper."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            msg = f"values are nested deeper than {MAX_DEPTH} levels"
            raise TooDeepError(msg)
        super().descend_resolver(current_node, current_index)

    def ascend_resolver(self) -> None:
        """One level up."""
        self._depth -= 1
        super().ascend_resolver()


def parse_yaml(text: str | bytes) -> Any:  # noqa: ANN401 (whatever it holds)
    """The one document of `text`, None for an empty one; yaml.YAMLError for what is no YAML."""
    return yaml.load(text, Loader=ForeignLoader)  # noqa: S506 (a safe loader)


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401 (whatever it holds)
    """The value of `text`; ValueError for what is no JSON, or is nested absurdly deep."""
    try:
        return json.loads(text)
    except RecursionError as exc:
        msg = "it is nested too deep"
        raise ValueError(msg) from exc
