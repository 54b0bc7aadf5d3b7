"""The reference pages of the file formats, made from the shapes themselves."""

from collections.abc import Iterator
from typing import Any

from llmplat.spec.engine_options import RESERVED, VERSION
from llmplat.spec.load import default_text
from llmplat.spec.not_yet import TABLE
from llmplat.spec.schema import SHAPES, dump_schema, make_schema, schema_file
from llmplat.spec.tenant import DEFAULT_BUDGET_USD

_INTRO = """# The platform file

What a platform is asked to be: `platform.yaml`. Every key, its type, what holds without it, and
what it means. Unknown keys are refused, all faults are told at once with file, line and column,
and llmplat never rewrites the file.

`llmplat init` writes a short one; `llmplat validate` checks it; `llmplat schema platform` prints
the [JSON Schema](schemas/platform-v1alpha1.json) that editors use through the first line:

```yaml
# yaml-language-server: $schema=https://llmplat.dev/schemas/platform-v1alpha1.json
```

Sizes carry a unit (`512MiB`, `1GiB`), durations too (`30s`, `5m`); money is in USD. Texts that look
like numbers are quoted. YAML anchors may be used; tags and merge keys may not.

A key marked *not acted on yet* is part of the format and refused with that reason, so that a later
version adds what it does without breaking a file.

Without a file, `llmplat up` uses this one:

```yaml
{default}```

"""


def make_pages() -> dict[str, str]:
    """Path under docs/ -> text of every page generated from the formats."""
    pages = {f"reference/schemas/{schema_file(kind)}": dump_schema(kind) for kind in SHAPES}
    pages["reference/platform-file.md"] = _platform_page()
    pages["reference/lock-file.md"] = _small_page("lock", "The lock file", _LOCK)
    pages["reference/keys-file.md"] = _small_page("keys", "The keys file", _KEYS)
    return pages


_LOCK = (
    "`platform.lock.yaml`, written by `llmplat lock` (which `llmplat up` runs): what planning must "
    "know of the world. Keep it beside the platform file and under version control."
)
_KEYS = (
    "`keys.yaml`, written by `llmplat keys`: who may call, known by hashes only. It stands beside "
    "the platform file, or in the state folder when there is none."
)


def _platform_page() -> str:
    tables = "\n".join(_sections(make_schema("platform")))
    text = _INTRO.replace("{default}", default_text())
    return f"{text}{tables}\n{_budgets()}\n{_engine()}\n{_not_yet()}"


def _small_page(kind: str, title: str, intro: str) -> str:
    tables = "\n".join(_sections(make_schema(kind)))
    return f"# {title}\n\n{intro} Its [JSON Schema](schemas/{schema_file(kind)}).\n\n{tables}"


def _sections(schema: dict[str, Any]) -> Iterator[str]:
    """One table for each shape, outermost first; a shape used twice has one table."""
    paths: dict[str, list[str]] = {"": ["The file"]}
    queue = [("", schema, "")]
    order: dict[str, dict[str, Any]] = {}
    while queue:
        name, shape, at = queue.pop(0)
        order.setdefault(name, shape)
        for key, entry in shape.get("properties", {}).items():
            for child, suffix in _children(entry):
                path = f"{at}.{key}{suffix}".lstrip(".")
                if child not in paths:
                    queue.append((child, schema["$defs"][child], path))
                paths.setdefault(child, []).append(path)
    for name, shape in order.items():
        title = ", ".join(path if not name else f"`{path}`" for path in paths[name])
        yield f"## {title}\n\n{shape.get('description', '')}\n\n{_table(shape, schema)}"


def _children(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The shapes an entry leads to and what the path gains by it."""
    for candidate, suffix in (
        (entry, ""),
        (entry.get("items", {}), "[]"),
        (entry.get("additionalProperties", {}), ".*"),
        *((choice, "") for choice in entry.get("anyOf", ())),
    ):
        if isinstance(candidate, dict) and "$ref" in candidate:
            yield candidate["$ref"].rpartition("/")[2], suffix


def _table(shape: dict[str, Any], schema: dict[str, Any]) -> str:
    needed = shape.get("required", ())
    rows = ["| Key | Type | Without it | Meaning |", "|---|---|---|---|"]
    for key, entry in shape.get("properties", {}).items():
        without = "needed" if key in needed else _default(entry)
        cells = (f"`{key}`", _type(entry), without, _meaning(entry, schema))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _default(entry: dict[str, Any]) -> str:
    default = entry.get("default")
    if default is None or default == []:
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else _flat(default)}`"


def _flat(value: object) -> str:
    return f"[{', '.join(map(_flat, value))}]" if isinstance(value, list) else str(value)


def _type(entry: dict[str, Any]) -> str:
    if "anyOf" in entry:
        return " or ".join(_type(choice) for choice in entry["anyOf"])
    if "const" in entry or "enum" in entry:
        return ", ".join(f"`{item}`" for item in entry.get("enum", [entry.get("const")]))
    kind = "object" if "$ref" in entry else str(entry.get("type"))
    if kind == "array":
        return f"list of {_type(entry.get('items', {}))}"
    if kind == "string":
        return _text_type(entry)
    names = {"integer": "whole number", "boolean": "`true`, `false`", "object": "keys"}
    return f"{names.get(kind, 'number')}{_bounds(entry)}"


def _text_type(entry: dict[str, Any]) -> str:
    examples = entry.get("examples")
    return f"text such as `{examples[0]}`" if examples else "text"


def _bounds(entry: dict[str, Any]) -> str:
    least, above = entry.get("minimum"), entry.get("exclusiveMinimum")
    most = entry.get("maximum")
    low = f"from {least}" if least is not None else f"above {above}" if above is not None else ""
    high = f"to {most}" if most is not None else ""
    return f" {low} {high}".rstrip() if low or high else ""


def _meaning(entry: dict[str, Any], schema: dict[str, Any]) -> str:
    """The key's own description, else that of the shape behind it."""
    text = entry.get("description")
    if text is None and "$ref" in entry:
        text = schema["$defs"][entry["$ref"].rpartition("/")[2]]["description"]
    return str(text or "").replace("|", "\\|")


def _budgets() -> str:
    return (
        "## Budgets nobody wrote down\n\n"
        f"A tenant without a budget has {DEFAULT_BUDGET_USD:g} USD a month; an app without one has "
        "what its tenant has. So every key has a budget.\n"
    )


def _engine() -> str:
    rows = "\n".join(f"| `{name}` | {why} |" for name, why in sorted(RESERVED.items()))
    return (
        f"## Engine options\n\n`models[].engine.options` takes the options of vLLM {VERSION} "
        "under their own names, without the leading dashes; `false` for a flag spells "
        "`--no-...`. Names, kinds and choices are checked. These are not for the file to set:\n\n"
        f"| Option | Because |\n|---|---|\n{rows}\n"
    )


def _not_yet() -> str:
    rows = "\n".join(
        f"| `{rule.key.replace('.*', '[]')}` | {rule.told or 'any value'} | {rule.why} |"
        for rule in TABLE
    )
    return (
        "## Not acted on yet\n\nA changing number of replicas (`min` below `max`) is refused too. "
        f"\n\n| Key | Refused | Because |\n|---|---|---|\n{rows}\n"
    )
