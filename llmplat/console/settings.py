"""The process's environment -> where the gateway is and by which names this page may be asked for."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What the console is told at its start; no secret is among it."""

    gateway_url: str
    hosts: frozenset[str]
    """Host headers that are answered; any other may be a name that somebody else controls."""
    is_tls: bool = False
    """Browsers come by https, by an edge in front, so the cookie is never sent without.

    Said at the start alone: a header such as X-Forwarded-Proto is believed of nobody.
    """


def read_settings() -> Settings:
    """From LLMPLAT_GATEWAY_URL, LLMPLAT_CONSOLE_HOSTS and LLMPLAT_CONSOLE_TLS; KeyError."""
    return Settings(
        gateway_url=os.environ["LLMPLAT_GATEWAY_URL"],
        hosts=frozenset(os.environ["LLMPLAT_CONSOLE_HOSTS"].split()),
        is_tls=os.environ.get("LLMPLAT_CONSOLE_TLS") == "1",
    )
