"""Keys of the local namespace, made here once: the shared access key, and the key that signs local tokens of identities."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any, NamedTuple

from acme_lib.errors import Stop
from acme_lib.eventhubs.local.tls import write_private
from acme_lib.settings import Settings

__all__ = [
    "AUDIENCE",
    "ISSUER",
    "RULE",
    "AccessToken",
    "LocalCredential",
    "local_connection_string",
    "make_keys",
    "shared_key",
    "signing_key",
]

RULE = "acme-send"
ISSUER = "urn:acme:local"
AUDIENCE = "https://eventhubs.azure.net"


def _read(settings: Settings, name: str) -> bytes:
    path = settings.folder("eventhubs") / "keys" / name
    if not path.exists():
        raise Stop(f"no {path}: start the local hubs once (`acme eventhubs serve`), or set eventhubs.namespace")
    return path.read_bytes()


def make_keys(settings: Settings) -> None:
    """Makes both keys where absent."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    folder = settings.folder("eventhubs") / "keys"
    if not (folder / "shared.key").exists():
        write_private(folder / "shared.key", base64.b64encode(secrets.token_bytes(32)))
    if not (folder / "signing.pem").exists():
        signing = Ed25519PrivateKey.generate()
        write_private(folder / "signing.pem", signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def shared_key(settings: Settings) -> str:
    """The key of rule `acme-send`. Raises Stop where the door has never run here."""
    return _read(settings, "shared.key").decode()


def signing_key(settings: Settings) -> Any:
    """Ed25519 private key of the local issuer. Raises Stop where the door has never run here."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(_read(settings, "signing.pem"), None)


def local_connection_string(settings: Settings) -> str:
    found = settings.eventhubs
    host = "localhost" if found.tls else f"localhost:{found.amqp_port}"
    return f"Endpoint=sb://{host}/;SharedAccessKeyName={RULE};SharedAccessKey={shared_key(settings)}"


class AccessToken(NamedTuple):
    token: str
    expires_on: int


class LocalCredential:
    """A TokenCredential of the local issuer: says who one is, as Entra ID does. What one may do is the door's to know."""

    def __init__(self, identity: str, settings: Settings, lasts_s: float = 3600.0) -> None:
        self.identity, self.settings, self.lasts_s = identity, settings, lasts_s

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        import jwt

        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": self.identity, "nbf": now - 5, "exp": int(now + self.lasts_s)}
        return AccessToken(jwt.encode(claims, signing_key(self.settings), algorithm="EdDSA"), int(now + self.lasts_s))
