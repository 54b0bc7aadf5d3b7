"""Engine options against the names, kinds and choices of that engine version."""

from collections.abc import Iterator

from llmplat.domain.errors import Finding
from llmplat.spec.checks.places import conflict
from llmplat.spec.engine_options import REFUSED_VALUES, RESERVED, EngineOptions, load_options
from llmplat.spec.platform import Platform
from llmplat.spec.tree import Path, Tree
from llmplat.spec.words import clip, describe, nearest

CODE = "spec-engine-option"

_TAKES = {
    "flags": "true or false",
    "switches": "true",
    "integers": "a whole number",
    "numbers": "a number",
    "texts": "a text or a number",
}


def check_engine_options(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Findings about options that are unknown, not the file's to set, or of the wrong kind."""
    for index, model in enumerate(platform.models):
        for name, value in model.engine.options.items():
            path = ("models", index, "engine", "options", name)
            finding = _check(name, value, path, tree)
            if finding is not None:
                yield finding


def _check(name: str, value: object, path: Path, tree: Tree) -> Finding | None:
    known = load_options()
    if name not in known.kinds:
        return _unknown(name, path, tree, known)
    refused = RESERVED.get(name) or REFUSED_VALUES.get((name, str(value)))
    if refused is not None:
        what = f"the engine option {name} is not for the file to set"
        return conflict(tree, what, refused, f"remove {name}", path, code=CODE)
    kind = known.kinds[name]
    if not _fits(kind, value):
        what = f"the engine option {name} takes {_TAKES.get(kind, 'a list')}"
        fix = f"correct {name}"
        return conflict(tree, what, f"found {describe(value)}", fix, path, code=CODE)
    choices = known.choices.get(name)
    if choices and str(value) not in choices:
        meant = nearest(str(value), choices)
        what = f"the engine option {name} must be one of {', '.join(choices)}"
        fix = f"write {meant or choices[0]}"
        return conflict(tree, what, f"found {describe(value)}", fix, path, code=CODE)
    return None


def _unknown(name: str, path: Path, tree: Tree, known: EngineOptions) -> Finding:
    free = tuple(item for item in known.kinds if item not in RESERVED)
    exact = name.lstrip("-").removeprefix("no-").replace("_", "-")
    meant = exact if exact in known.kinds else nearest(name, free)
    return conflict(
        tree,
        f"the engine has no option {clip(name)}",
        f"did you mean {meant}?" if meant else f"vLLM {known.version} knows no such option",
        f"write {meant}" if meant else "see the option names of vllm serve --help=all",
        path,
        code=CODE,
    )


def _fits(kind: str, value: object) -> bool:
    if kind == "flags":
        return isinstance(value, bool)
    if kind == "switches":
        return value is True
    if isinstance(value, bool):
        return False
    if kind == "integers":
        return isinstance(value, int)
    if kind == "numbers":
        return isinstance(value, (int, float))
    return kind == "lists" or not isinstance(value, tuple)
