"""Makes the certificates of a control plane of a test: one authority, servers and clients under it."""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_USAGES = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


@dataclass(frozen=True)
class Pair:
    """A certificate and its key as files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority over a folder; elliptic keys, because they are made in no time."""

    def __init__(self, folder: Path, name: str = "test-ca", *, rsa_key: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key: Key = make_rsa_key() if rsa_key else ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(self._name, self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        builder = builder.add_extension(_names((name,)), critical=False)
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.pair = _write(folder / "ca", self._certificate, self._key)

    @property
    def file(self) -> Path:
        """The authority's certificate."""
        return self.pair.certificate

    def issue(
        self, name: str, *, groups: tuple[str, ...] = (), hosts: tuple[str, ...] = ()
    ) -> Pair:
        """A certificate for both server and client; Kubernetes reads groups from O, the user from CN."""
        key = ec.generate_private_key(ec.SECP256R1())
        parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
        builder = _builder(x509.Name(parts), self._name, key)
        builder = builder.add_extension(x509.ExtendedKeyUsage(_USAGES), critical=False)
        if hosts:
            builder = builder.add_extension(_names(hosts), critical=False)
        file = name.replace(":", "_").replace("/", "_")
        return _write(self._folder / file, builder.sign(self._key, hashes.SHA256()), key)


def make_rsa_key() -> rsa.RSAPrivateKey:
    """For those who take no other: service account tokens, Kueue's own authority."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def write_key(path: Path, key: Key) -> Path:
    """The key in the traditional form (PKCS#1 for RSA), which every program reads."""
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return path


def _builder(subject: x509.Name, issuer: x509.Name, key: Key) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        # Those who renew by themselves (Kueue) would renew anything shorter.
        .not_valid_after(now + dt.timedelta(days=3650))
    )


def _names(hosts: tuple[str, ...]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_name(host) for host in hosts])


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(stem: Path, certificate: x509.Certificate, key: Key) -> Pair:
    path = stem.with_name(f"{stem.name}.crt")
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Pair(path, write_key(stem.with_name(f"{stem.name}.key"), key))
