"""A private authority and what it signed, made by openssl."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"


@dataclass(frozen=True)
class Certificates:
    """Files in PEM."""

    authority: Path
    server: Path
    """Certificate and key of a registry in one file."""
    client: Path
    """NAME.cert of a client, its key beside it as NAME.key."""


def make_certificates(folder: Path, names: str) -> Certificates:
    """An authority in `folder`, and certificates of a server with `names` and of a client."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl here to make certificates")
    authority, key = folder / "ca.crt", folder / "ca.key"
    _openssl(f"req -x509 {_KEY} -days 2 -subj /CN=tests -keyout {key} -out {authority}")
    (folder / "names").write_text(f"subjectAltName={names}\n")
    for name in ("server", "client"):
        made = folder / name
        _openssl(f"req -new {_KEY} -subj /CN={name} -keyout {made}.key -out {made}.csr")
        _openssl(
            f"x509 -req -in {made}.csr -CA {authority} -CAkey {key} -CAcreateserial -days 2 "
            f"-extfile {folder / 'names'} -out {made}.cert"
        )
    both = folder / "server.pem"
    both.write_bytes((folder / "server.key").read_bytes() + (folder / "server.cert").read_bytes())
    return Certificates(authority, both, folder / "client.cert")


def _openssl(words: str) -> None:
    subprocess.run(["openssl", *words.split()], check=True, capture_output=True)
