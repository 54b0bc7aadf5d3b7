"""A host's name -> whether it is this machine, where TLS and proxies are no must."""

import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

_ASK_S = 2.0
"""A registry of this machine says at once what it speaks."""


def is_loopback(host: str) -> bool:
    """Whether `host` (with or without a port) is this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def speaks_tls(host: str) -> bool:
    """Whether `host` answers in TLS; nothing is sent, and nobody is trusted by asking."""
    place = urlsplit(f"//{host}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((place.hostname or "", place.port or 443), _ASK_S) as plain,
            context.wrap_socket(plain),
        ):
            return True
    except OSError:
        return False
