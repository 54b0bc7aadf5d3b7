"""The golden cases: a platform file (and lock) each, planned and rendered."""

import json
from pathlib import Path

from llmplat.catalog.load import load_catalog
from llmplat.output.as_json import document, dump
from llmplat.plan.launch import Backend
from llmplat.plan.make import make_plan
from llmplat.plan.plan import Plan
from llmplat.render.gateway_files import make_gateway_files
from llmplat.spec.load import load_platform
from llmplat.spec.lock import parse_lock

HOME = Path(__file__).parents[2]
CASES = Path(__file__).parent / "cases"
NAMES = sorted(file.parent.name for file in CASES.glob("*/platform.yaml"))


def plan_case(name: str) -> Plan:
    """The plan of one case."""
    folder = CASES / name
    lock_file = folder / "platform.lock.yaml"
    lock = parse_lock(lock_file.read_text("utf-8"), lock_file.name) if lock_file.exists() else None
    platform = load_platform(folder / "platform.yaml").platform
    return make_plan(platform, lock, load_catalog(HOME))


def render_case(plan: Plan) -> dict[str, str]:
    """File name -> text of everything a plan turns into."""
    files = {"plan.json": dump(document("Plan", plan))}
    if plan.gateway is not None:
        files |= {f.path: f.content for f in make_gateway_files(plan.gateway, engine_url(plan))}
    return files


def engine_url(plan: Plan):
    """Where a replica listens on this machine."""
    ports = {engine.name: engine.port for engine in plan.engines}

    def url(backend: Backend) -> str:
        return f"http://127.0.0.1:{ports[backend.engine or ''] + backend.replica}/v1"

    return url


def parsed(text: str) -> object:
    """JSON text as data."""
    return json.loads(text)
