"""The identity port: who connects, in which role, and what an SDK needs to prove it. Kinds change by settings, not by code."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acme_lib.contracts import contracts
from acme_lib.errors import AcmeError, Retry, Stop, WrongUse
from acme_lib.settings import Settings

__all__ = ["Certificate", "GuardedCredential", "Principal", "eventhubs_credential", "mqtt_certificate", "principal"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who (a user name on loopback, a certificate's common name, an Entra ID object) and in which role of contracts/roles.yaml."""

    identity: str
    role: str


def principal(identity: str) -> Principal:
    """The declared principal of this identity. Raises WrongUse where none is declared."""
    for declared in contracts().roles.principals:
        if declared.identity == identity:
            return Principal(declared.identity, declared.role)
    raise WrongUse(f"no principal {identity!r}; declare it with a role in contracts/roles.yaml")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate with its key (`own`, PEM), and the authority that the other end must be of (`ca`)."""

    own: Path
    ca: Path

    def context(self) -> ssl.SSLContext:
        """Read anew for each connection, so that a renewed certificate needs no restart. Raises Stop naming the file."""
        for path in (self.own, self.ca):
            if not path.is_file():
                raise Stop(f"no certificate {path}; put it there, or set broker.certificates to the folder that has it")
        try:
            context = ssl.create_default_context(cafile=str(self.ca))
            context.load_cert_chain(self.own)
        except (ssl.SSLError, OSError) as e:
            raise Stop(
                f"certificate {self.own} or {self.ca.name} can't be read ({e}); issue it again, as PEM with its key"
            ) from e
        return context

    def ends(self) -> datetime:
        """When the own certificate's validity ends."""
        from cryptography.x509 import load_pem_x509_certificate

        return load_pem_x509_certificate(self.own.read_bytes()).not_valid_after_utc

    def explain(self, error: OSError) -> str:
        """What to change, where a connection failed for the sake of a certificate; else the error itself."""
        text = str(error).upper()
        if "VERIFY_FAILED" in text:
            return f"the broker's certificate is not of {self.ca}, has expired, or names another host: renew it, or correct ca.pem or broker.host"
        refused = "ALERT" in text and ("CERTIFICATE" in text or "CA" in text)
        if refused and self.ends() < datetime.now(UTC):  # the broker's alert need not say so
            return f"the broker refuses {self.own}: it has expired; issue a new one in its place"
        if refused:
            return f"the broker refuses {self.own}: it is not of the plant's authority, or was revoked; issue a new one in its place"
        return str(error)


def mqtt_certificate(identity: str, settings: Settings) -> Certificate | None:
    """The certificate this identity shows the broker; None where the environment's identities are user names."""
    kind = next(e.identity for e in contracts().environments.environments if e.name == settings.environment)
    if kind == "user_name":
        return None
    folder = settings.broker.certificates or settings.home.resolve() / "broker" / "tls"
    return Certificate(folder / f"{identity}.pem", folder / "ca.pem")


class GuardedCredential:
    """A TokenCredential whose failures say what to change, or that only the line is down."""

    def __init__(self, inner: Any, kind: str) -> None:
        self._inner, self._kind = inner, kind

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """Raises Stop where the identity is refused or absent, Retry where its issuer was not reached."""
        try:
            return self._inner.get_token(*scopes, **options)
        except AcmeError:
            raise
        except Exception as e:
            raise _judged(e, self._kind) from e


def _judged(error: Exception, kind: str) -> AcmeError:
    """Only an answer of the issuer is final: without one the plant may just be offline, and must go on trying."""
    first = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    status = getattr(getattr(error, "response", None), "status_code", 0) or 0
    if status in (400, 401, 403) or "AADSTS" in str(error):
        return Stop(
            f"{kind} was refused by Entra ID: {first}; renew its secret or certificate, or correct eventhubs.client_id and tenant_id"
        )
    if type(error).__name__ == "CredentialUnavailableError":
        return Retry(
            f"{kind} is not available here yet: {first}; on-premises, see that the Azure Arc agent runs (azcmagent show)"
        )
    return Retry(f"{kind}: no token was fetched: {first}")


def _service_principal(settings: Settings) -> Any:
    from azure.identity import ClientSecretCredential

    from acme_lib import runtime

    found = settings.eventhubs
    if not (found.tenant_id and found.client_id):
        raise WrongUse("eventhubs.identity is service_principal: set eventhubs.tenant_id and eventhubs.client_id")
    return ClientSecretCredential(found.tenant_id, found.client_id, runtime.secret(found.client_secret_secret))


def _managed_identity(settings: Settings) -> Any:
    """Azure's own on Azure; on-premises that of the Arc agent, which azure-identity finds by IDENTITY_ENDPOINT and IMDS_ENDPOINT."""
    from azure.identity import ManagedIdentityCredential

    client_id = settings.eventhubs.client_id
    return ManagedIdentityCredential(client_id=client_id) if client_id else ManagedIdentityCredential()


def eventhubs_credential(settings: Settings) -> Any:
    """A connection string (str) or a TokenCredential for a real namespace, by `eventhubs.identity`.

    Raises WrongUse where settings are missing, Stop where the secret is.
    """
    from acme_lib import runtime

    kind = settings.eventhubs.identity
    if kind == "connection_string":
        return runtime.secret(settings.eventhubs.connection_string_secret)
    if kind == "service_principal":
        return GuardedCredential(_service_principal(settings), "service principal")
    if kind == "managed_identity":
        return GuardedCredential(_managed_identity(settings), "managed identity")
    raise WrongUse(
        "eventhubs.identity local is for the local hubs only; set managed_identity, service_principal or connection_string"
    )
