"""A dashboard's rows and panels -> the JSON that Grafana reads, the same bytes each time."""

from collections.abc import Iterator
from itertools import count

from llmplat.catalog.observability import Dashboard, Panel
from llmplat.render.objects.shape import Object

SCHEMA = 39
"""Version of Grafana's dashboard format; newer ones are upgraded from it when they are read."""
WIDTH, HEIGHT, COLUMNS = 8, 8, 3
"""Of a panel, in Grafana's grid of 24 columns."""
SOURCE = {"type": "prometheus", "uid": "${source}"}


def make_dashboard(dashboard: Dashboard) -> Object:
    """The dashboard: its data source and every choice are variables, so that it fits any Grafana."""
    return {
        "uid": f"llmplat-{dashboard.name}",
        "title": dashboard.title,
        "description": dashboard.purpose,
        "tags": ["llmplat"],
        "schemaVersion": SCHEMA,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_source(), *(_variable(*one) for one in dashboard.variables)]},
        "panels": list(_panels(dashboard)),
    }


def _source() -> Object:
    return {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _variable(name: str, query: str) -> Object:
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _panels(dashboard: Dashboard) -> Iterator[Object]:
    numbers, top = count(1), 0
    for title, panels in dashboard.rows:
        place = {"h": 1, "w": 24, "x": 0, "y": top}
        yield {"id": next(numbers), "type": "row", "title": title, "gridPos": place, "panels": []}
        for at, panel in enumerate(panels):
            line, column = divmod(at, COLUMNS)
            place = {"h": HEIGHT, "w": WIDTH, "x": column * WIDTH, "y": top + 1 + line * HEIGHT}
            yield _panel(panel, next(numbers), place)
        top += 1 + HEIGHT * -(-len(panels) // COLUMNS)


def _panel(panel: Panel, number: int, place: Object) -> Object:
    made: Object = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "gridPos": place,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "expr": expr,
                "legendFormat": legend,
                "datasource": SOURCE,
            }
            for at, (legend, expr) in enumerate(panel.queries)
        ],
    }
    if panel.kind == "table":
        for target in made["targets"]:
            target |= {"format": "table", "instant": True}
    return made
