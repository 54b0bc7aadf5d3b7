"""Turns an explanation into a tree of what, why and which line decided it."""

from collections.abc import Iterator, Mapping, Sequence

from llmplat.output.theme import Theme
from llmplat.output.tree import Node, tree_lines
from llmplat.output.view import View
from llmplat.render.dump import dump_yaml
from llmplat.render.explain import ComponentExplanation, ExplainedApplication
from llmplat.render.explain_model import ModelExplanation
from llmplat.render.reasons import Reason


def _component(report: ComponentExplanation, theme: Theme) -> Iterator[str]:
    state = "runs" if report.is_running else "does not run"
    version = f" {report.version}" if report.version else ""
    nodes = [
        Node(theme.title("why"), [Node(_reason(reason, theme)) for reason in report.reasons]),
        *_listed("required by", report.required_by, theme),
        *_listed("pinned by", (report.source,) if report.source else (), theme),
    ]
    applications = [_application(one, theme) for one in report.applications]
    if applications:
        nodes.append(Node(theme.title("Applications"), applications))
    if report.values:
        lines = dump_yaml(report.values).splitlines()
        nodes.append(Node(theme.title("values"), [Node(line) for line in lines]))
    head = f"{theme.title(report.name)}{version}  {state} in the layer {report.layer}"
    yield from tree_lines(Node(f"{head}  {theme.dim(report.purpose)}", nodes), theme)


def _application(one: ExplainedApplication, theme: Theme) -> Node:
    lines = [one.follows]
    if one.requires:
        lines.append("after " + ", ".join(one.requires))
    head = f"{one.name}  wave {one.wave}, namespace {one.namespace}"
    return Node(head, [Node(theme.dim(line)) for line in lines])


def _listed(title: str, items: Sequence[str], theme: Theme) -> list[Node]:
    return [Node(theme.title(title), [Node(", ".join(items))])] if items else []


def _reason(reason: Reason, theme: Theme, unsaid: str = "default") -> str:
    place = str(reason.where) if reason.where else unsaid
    return f"{reason.what}  {theme.dim(place)}".rstrip()


def _component_plain(report: ComponentExplanation) -> Iterator[Sequence[object]]:
    yield "component", report.name, report.layer, report.is_running, report.version
    for reason in report.reasons:
        yield "why", reason.what, reason.where or "default"
    for one in report.applications:
        yield "application", one.name, one.wave, one.namespace, one.follows, ",".join(one.requires)
    for path, value in _flat(report.values):
        yield "value", path, value


def _flat(values: Mapping[str, object], path: str = "") -> Iterator[tuple[str, object]]:
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and value:
            yield from _flat(value, here)
        else:
            yield here, value


def _model(report: ModelExplanation, theme: Theme) -> Iterator[str]:
    nodes = [
        Node(theme.title(link.part), [Node(_reason(reason, theme, "")) for reason in link.told])
        for link in report.links
    ]
    yield from tree_lines(Node(theme.title(report.name), nodes), theme)


def _model_plain(report: ModelExplanation) -> Iterator[Sequence[object]]:
    for link in report.links:
        for reason in link.told:
            yield link.part, reason.what, reason.where or ""


COMPONENT: View[ComponentExplanation] = View("Component", _component, _component_plain)
MODEL: View[ModelExplanation] = View("ModelChain", _model, _model_plain)
