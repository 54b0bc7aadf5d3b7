"""Whom a TLS connection of ours to the web trusts: read once, not for each client."""

import os
import ssl
from functools import cache

import httpx


def web_trust() -> ssl.SSLContext:
    """The authorities of SSL_CERT_FILE or SSL_CERT_DIR, otherwise those that httpx comes with."""
    return _read(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _read(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context()


def trust_for(url: str) -> ssl.SSLContext:
    """web_trust for https; nobody for plain HTTP, which asks no one, so that no time goes into it."""
    return web_trust() if url.lower().startswith("https:") else _nobody()


@cache
def _nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
