"""Turns the process's environment into the console that uvicorn serves."""

from llmplat.console.gateway import HttpGateway
from llmplat.console.pages import make_app
from llmplat.console.settings import read_settings

_settings = read_settings()
app = make_app(_settings, HttpGateway(_settings.gateway_url))
