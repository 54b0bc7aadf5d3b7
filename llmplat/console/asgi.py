"""Turns the process's environment into the console that uvicorn serves."""

from llmplat.console.gateway import HttpGateway
from llmplat.console.settings import read_settings
from llmplat.console.site import make_app

_settings = read_settings()
app = make_app(_settings, HttpGateway(_settings.gateway_url))
