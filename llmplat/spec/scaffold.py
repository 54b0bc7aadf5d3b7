"""Answers into the text of a first platform file: short, commented, and without a fault."""

import json
import re
from dataclasses import dataclass

from llmplat.domain.units import GIB, format_size
from llmplat.spec.tenant import DEFAULT_BUDGET_USD
from llmplat.spec.tree import resolve

DEMO_SOURCE = "demo://smollm2-135m-instruct"
SCHEMA_URL = "https://llmplat.dev/schemas/platform-v1alpha1.json"

_DEMO_NAME = "smollm2-135m"
_DEMO_CONTEXT = 2048
_NAME_LENGTH = 40
_PLAIN = re.compile(r"[A-Za-z0-9][\w./:@-]*")


@dataclass(frozen=True)
class Answers:
    """What a first platform file is made from."""

    name: str
    sources: tuple[str, ...] = (DEMO_SOURCE,)
    tenants: tuple[str, ...] = ("demo",)
    profile: str = "llm-gateway"
    port: int = 4000
    budget_usd: float = DEFAULT_BUDGET_USD
    free_memory_bytes: int | None = None
    """Memory free on this machine, where known."""


def make_platform_text(answers: Answers) -> str:
    """The text of the file; whether its values are allowed is for the reader to say."""
    names = model_names(answers.sources)
    pairs = zip(names, answers.sources, strict=True)
    models = [_model(name, source, answers, is_first=source is answers.sources[0] and not at)
              for at, (name, source) in enumerate(pairs)]  # fmt: skip
    tenants = [_tenant(name, answers.budget_usd) for name in answers.tenants]
    return "\n".join((_head(answers), *models, _TENANTS, *tenants, _TAIL))


def model_names(sources: tuple[str, ...]) -> tuple[str, ...]:
    """A name for each source, taken from its last part; unique among them."""
    names: list[str] = []
    for source in sources:
        wish = _DEMO_NAME if source == DEMO_SOURCE else make_label(_last_part(source))
        taken = sum(name == wish or name.startswith(f"{wish}-v") for name in names)
        names.append(f"{wish[: _NAME_LENGTH - 4]}-v{taken + 1}" if taken else wish)
    return tuple(names)


def make_label(text: str) -> str:
    """`text` as a DNS label of at most 40 characters: My_Team 2 -> my-team-2."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    lettered = plain if plain[:1].isalpha() else f"m-{plain}".rstrip("-")
    return lettered[:_NAME_LENGTH].rstrip("-")


def suggest_concurrency(free_memory_bytes: int | None) -> int:
    """Requests at once that a machine with so much free memory should not regret."""
    if free_memory_bytes is None:
        return 8
    return 4 if free_memory_bytes < 6 * GIB else 8 if free_memory_bytes < 32 * GIB else 16


def _last_part(source: str) -> str:
    path = source.partition("://")[2].partition("@")[0].rstrip("/")
    return re.sub(r"(?i)-(instruct|chat|it)$", "", path.rpartition("/")[2])


def _head(answers: Answers) -> str:
    return f"""\
# yaml-language-server: $schema={SCHEMA_URL}
# What this platform is asked to be. `llmplat plan` shows what it leads to, `llmplat up` starts it.
apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: {_text(answers.name)}

# serving: engines only; llm-gateway: keys, budgets and limits in front; full: everything there is.
profile: {_text(answers.profile)}

# This machine. The gateway listens on 127.0.0.1 at this port, engines on the ports behind it.
substrate:
  local: {{port: {answers.port}}}

# Sources: hf://org/name@revision, file:///folder or demo://name.
models:"""


def _model(name: str, source: str, answers: Answers, *, is_first: bool) -> str:
    lines = [f"  - name: {_text(name)}"]
    if is_first:
        lines.append("    aliases: [default]  # clients may say this in place of the name")
    lines.append(f"    source: {_text(source)}")
    if source == DEMO_SOURCE:
        lines.append(f"    context: {_DEMO_CONTEXT}  # tokens of prompt and answer together")
    free = answers.free_memory_bytes
    seen = f"; {format_size(free)} of memory were free" if free is not None else ""
    requests = suggest_concurrency(free)
    lines.append(f"    concurrency: {requests}  # requests the engine runs at once{seen}")
    if is_first:
        lines.append("    # price: {inputUsdPerMillionTokens: 0.5, outputUsdPerMillionTokens: 1.5}")
    return "\n".join(lines)


_TENANTS = """
# Who may use it. A key belongs to an app: `llmplat keys create TENANT/APP`.
tenants:"""


def _tenant(name: str, budget_usd: float) -> str:
    return f"""\
  - name: {_text(name)}
    budget: {{usd: {budget_usd:g}, period: month}}  # all its apps together
    limits: {{requestsPerMinute: 60}}
    apps:
      - name: app"""


_TAIL = """
# More keys: docs/reference/platform-file.md, or completion in an editor that knows the first line.
"""


def _text(text: str) -> str:
    """`text` as YAML, quoted where it would read as something else."""
    is_plain = _PLAIN.fullmatch(text) is not None and not text.endswith(":")
    return text if is_plain and isinstance(resolve(text), str) else json.dumps(text)
