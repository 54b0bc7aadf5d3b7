"""A registry's host and the environment -> whom a TLS connection to it trusts, and as whom it comes."""

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from llmplat.domain.errors import PreconditionError

CA_NAME = "LLMPLAT_CA_FILE"


def tls_context(host: str, env: Mapping[str, str]) -> ssl.SSLContext:
    """The system's authorities (or those of SSL_CERT_FILE), and for this `host` more of them.

    These are the file of LLMPLAT_CA_FILE and, where docker and podman look as well, `*.crt` of
    certs.d/HOST; a pair NAME.cert and NAME.key there is shown to the registry.

    Raises:
        PreconditionError: a file that is named or lies there cannot be used.
    """
    context = ssl.create_default_context()
    if env.get(CA_NAME):
        _trust(context, Path(env[CA_NAME]))
    for folder in _folders(host, env):
        for authority in sorted(folder.glob("*.crt")):
            _trust(context, authority)
        for own in sorted(folder.glob("*.cert")):
            _show(context, own)
    return context


def _folders(host: str, env: Mapping[str, str]) -> Iterator[Path]:
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    config = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    for parent in (config / "containers", Path("/etc/containers"), Path("/etc/docker")):
        yield parent / "certs.d" / host


def _trust(context: ssl.SSLContext, file: Path) -> None:
    try:
        context.load_verify_locations(file)
    except OSError as exc:
        raise _unusable(file, exc, "it should hold certificates in PEM") from exc


def _show(context: ssl.SSLContext, file: Path) -> None:
    try:
        context.load_cert_chain(file, file.with_suffix(".key"))
    except OSError as exc:
        raise _unusable(file, exc, f"it needs its key beside it as {file.stem}.key") from exc


def _unusable(file: Path, exc: OSError, wanted: str) -> PreconditionError:
    why = exc.strerror if not isinstance(exc, ssl.SSLError) else wanted
    return PreconditionError(
        f"The certificate file {file} cannot be used.",
        why=why or str(exc),
        fix=(f"openssl x509 -noout -subject -in {file}", f"or correct {CA_NAME}"),
    )
