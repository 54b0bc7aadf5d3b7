"""Short ways to a platform and its plan."""

from functools import lru_cache
from pathlib import Path

from llmplat.catalog.load import load_catalog
from llmplat.plan.make import make_plan
from llmplat.spec.load import parse_platform

HOME = Path(__file__).parents[3]
MODEL = "{name: m, source: 'demo://smollm2-135m-instruct', context: 2048}"


@lru_cache(maxsize=1)
def catalog():
    """The shipped catalogue."""
    return load_catalog(HOME)


def platform(models=MODEL, **parts):
    """A platform of YAML fragments: models in flow style, further top-level keys by name."""
    lines = [
        "apiVersion: llmplat.dev/v1alpha1",
        "kind: Platform",
        "name: demo",
        f"models: [{models}]",
        *(f"{key}: {value}" for key, value in {"substrate": "{local: {}}", **parts}.items()),
    ]
    return parse_platform("\n".join(lines) + "\n", "platform.yaml")


def plan(models=MODEL, lock=None, **parts):
    """The plan of such a platform."""
    return make_plan(platform(models, **parts).platform, lock, catalog())


def model(extra):
    """The demo model with further keys."""
    return MODEL.removesuffix("}") + ", " + extra + "}"


def option(engine, name):
    """The value behind --name in an engine's argv."""
    return engine.argv[engine.argv.index(f"--{name}") + 1]
