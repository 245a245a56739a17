"""How the plant proves to the broker who it is: by certificate where the environment has them, else by user name."""

from __future__ import annotations

from dataclasses import dataclass

from acme_lib.identity import Certificate, Principal, mqtt_certificate
from acme_lib.runtime import secret
from acme_lib.settings import Settings

__all__ = ["Proof", "proof"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Proof:
    """Neither: a user name alone, which is enough on loopback."""

    password: str | None = None
    certificate: Certificate | None = None

    def refused(self, error: OSError) -> str | None:
        """What to change where the certificate is the reason; None where another try may succeed."""
        why = self.certificate.explain(error) if self.certificate else str(error)
        return why if why != str(error) else None


def proof(who: Principal, settings: Settings) -> Proof:
    """A certificate `<identity>.pem`, or off loopback the secret `mqtt-<identity>`. Raises Stop where either is absent."""
    certificate = mqtt_certificate(who.identity, settings)
    if certificate is not None:
        certificate.context()  # a file that can't be read is named before anything is published
    plain = certificate is None and settings.broker.host not in LOOPBACK
    return Proof(secret(f"mqtt-{who.identity}") if plain else None, certificate)
