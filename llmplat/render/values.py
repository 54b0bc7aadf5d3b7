"""A component's values.yaml.j2 and what the file lays over it -> the values of its chart."""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, Template, TemplateError

from llmplat.catalog.component_entries import Component
from llmplat.domain.errors import RenderError
from llmplat.plan.cluster.applications import PlannedApplication
from llmplat.plan.cluster.settings import ChartSettings
from llmplat.render.alertmanager import make_alertmanager
from llmplat.render.health import health_scripts

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def chart_values(
    component: Component, planned: PlannedApplication, settings: ChartSettings
) -> dict[str, Any]:
    """What the chart of `planned` gets: our own values, its images in the mirror, the file's on top."""
    return make_values(component, settings, merge(planned.images, planned.values))


def make_values(
    component: Component, settings: ChartSettings, laid_over: Mapping[str, Any]
) -> dict[str, Any]:
    """The component's own values with `laid_over` on top, mapping by mapping.

    Raises RenderError, naming the component and the line, for a template that is wrong: a bug.
    """
    own = _own(component, settings) if component.values_template is not None else {}
    return merge(own, laid_over)


def merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`under` with `over` on top: mappings are merged, anything else (lists too) is replaced."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(below, value) if both else value  # type: ignore[arg-type]  # `both` says so
    return merged


def _own(component: Component, settings: ChartSettings) -> dict[str, Any]:
    context = {item.name: getattr(settings, item.name) for item in fields(settings)}
    context |= {"wait_for_pods": settings.wait_for_pods, "health_scripts": health_scripts()}
    context |= {"alertmanager_config": make_alertmanager(settings.alerting)}
    try:
        text = _compiled(component.values_template or "").render(context)
    except TemplateError as error:
        raise _wrong(component.name, _line_of(error), str(error.message or error)) from error
    try:
        values = yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise _wrong(component.name, line, f"not YAML: {error}") from error
    if not isinstance(values, dict):
        raise _wrong(component.name, 1, "it does not hold a mapping")
    return values


@cache
def _compiled(template: str) -> Template:
    return _environment().from_string(template)


@cache
def _environment() -> Environment:
    return Environment(  # noqa: S701 (YAML, no HTML; what goes in is ours and quoted by tojson)
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )


def _line_of(error: TemplateError) -> int:
    """Line of the template: a syntax error knows it, else the deepest frame of the template."""
    line = int(getattr(error, "lineno", 0) or 0)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _wrong(component: str, line: int, why: str) -> RenderError:
    return RenderError(
        f"The values of the component {component} cannot be rendered.",
        why=f"templates/components/{component}/values.yaml.j2:{line}: {why}",
        fix=("report this as a bug; it is a template that llmplat ships",),
    )
