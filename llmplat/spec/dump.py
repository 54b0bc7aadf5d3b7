"""A shape into YAML text: the same value always gives the same bytes, and reads back as it was."""

from pydantic import BaseModel
from yaml import CSafeDumper, ScalarNode, dump

from llmplat.spec.tree import resolve


class _Dumper(CSafeDumper):
    """Quotes every text that would read back as something else."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 (the base class asks per value)
        """Write equal values out each time: no anchors."""
        return True


def _text(dumper: CSafeDumper, text: str) -> ScalarNode:
    style = None if isinstance(resolve(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump_shape(shape: BaseModel, header: str) -> str:
    """`shape` as YAML behind the comment lines of `header`."""
    value = shape.model_dump(mode="json", by_alias=True, exclude_none=True)
    body = dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    comments = "".join(f"# {line}\n" for line in header.splitlines())
    return f"{comments}{body}"
