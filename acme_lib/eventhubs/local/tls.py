"""TLS of the local door: a certificate authority of this machine's own and a certificate for localhost, made once, never committed."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from acme_lib.errors import Stop
from acme_lib.settings import Settings

__all__ = ["ca_file", "make_certificates", "server_context"]

VALID = timedelta(days=825)


def _folder(settings: Settings) -> Path:
    return settings.folder("eventhubs") / "tls"


def ca_file(settings: Settings) -> Path:
    """The authority that clients trust. Raises Stop where the door has never run here."""
    path = _folder(settings) / "ca.pem"
    if not path.exists():
        raise Stop(f"no {path}: start the local hubs once (`acme eventhubs serve`), or set eventhubs.namespace")
    return path


def write_private(path: Path, content: bytes) -> None:
    """For this user's eyes only; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
        f.write(content)
    part.replace(path)


def _certificate(
    name: str, key: Any, issuer: str, issuer_key: Any, extensions: list[tuple[Any, bool]], now: datetime
) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def make_certificates(settings: Settings, now: datetime | None = None) -> None:
    """Makes authority and server certificate where absent or about to end."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    now, folder = now or datetime.now(UTC), _folder(settings)
    if _still_good(folder / "server.pem", now):
        return
    authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = "Acme local authority"
    sign = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    ca = _certificate(
        ca_name, authority, ca_name, authority, [(x509.BasicConstraints(True, 0), True), (sign, True)], now
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    purpose = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    mine = _certificate("localhost", server, ca_name, authority, [(names, False), (purpose, False)], now)
    secret = server.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(folder / "ca.pem", ca.public_bytes(Encoding.PEM))
    write_private(folder / "server.pem", secret + mine.public_bytes(Encoding.PEM))


def _still_good(path: Path, now: datetime) -> bool:
    from cryptography import x509

    if not path.exists() or not path.with_name("ca.pem").exists():
        return False
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc > now + timedelta(days=7)


def server_context(settings: Settings) -> ssl.SSLContext:
    """TLS 1.2 or later, as the service."""
    make_certificates(settings)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(_folder(settings) / "server.pem")
    return context
