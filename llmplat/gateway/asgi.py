"""Turns the process's environment into the guarded LiteLLM app that uvicorn serves."""

import importlib
import os
from pathlib import Path

from llmplat.gateway.drain import Drain
from llmplat.gateway.guard import Guard
from llmplat.gateway.lanes import get_prefix
from llmplat.gateway.ledger import Ledger
from llmplat.gateway.records import Records
from llmplat.gateway.settings import Settings
from llmplat.gateway.store import make_store
from llmplat.gateway.upstream import App


class GatewayStartError(Exception):
    """The gateway cannot start, and why."""


def _load_litellm() -> App:
    try:
        module = importlib.import_module("litellm.proxy.proxy_server")
    except ImportError as error:
        msg = "LiteLLM's proxy is not installed in this Python: start the gateway with the locked `litellm` runtime"
        raise GatewayStartError(msg) from error
    app: App = module.app
    return app


def _read(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        msg = f"{name} is not set"
        raise GatewayStartError(msg)
    return value


def _make_guard() -> Guard:
    folder = Path(_read("LLMPLAT_GATEWAY_CONFIG_DIR"))
    settings = Settings(folder, os.environ.get("LLMPLAT_SYSTEM_KEY"))
    settings.refresh()
    if settings.policy is None:
        msg = "policy.json is missing or broken"
        raise GatewayStartError(msg)
    prefix = get_prefix(settings.policy.platform)
    url, password = _read("LLMPLAT_REDIS_URL"), os.environ.get("LLMPLAT_REDIS_PASSWORD")
    records = None
    if settings.policy.ledger_backlog:
        records = Records(_read("LLMPLAT_LEDGER_URL"))
        store = make_store(_read("LLMPLAT_LEDGER_URL"))
        Drain(url, password, prefix, store, settings.policy.ledger_keep_s).start()
    return Guard(_load_litellm, settings, lambda: Ledger(url, password, prefix), records)


app = _make_guard()
