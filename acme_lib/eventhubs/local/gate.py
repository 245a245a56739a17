"""Who may send where: judges the tokens of put-token as the service does. Signature, end, resource, and the identity's role."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["DATA_SENDER", "SAS", "Gate", "Grant", "Refused"]

DATA_SENDER = "Azure Event Hubs Data Sender"
SAS = "servicebus.windows.net:sastoken"


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that was accepted: whose, for which hubs ("" for all), until when (seconds since 1970)."""

    identity: str
    hub: str
    expires_s: float
    signed: bool  # a shared access signature carries its right itself; an identity's role is looked up


class Refused(Exception):
    """A token that was not accepted. `status` and the text are what the service answers."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Gate:
    """Shared access keys by rule name, the public key of the local issuer, and role assignments per hub."""

    def __init__(
        self,
        keys: Mapping[str, str],
        issuer_key: Any,
        roles: Callable[[], Mapping[str, Mapping[str, str]]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`roles()` is {hub: {identity: role}}, read anew at each attach: an assignment may be withdrawn."""
        self._keys, self._issuer_key, self._roles, self.clock = dict(keys), issuer_key, roles, clock

    def judge(self, token_type: str, token: str, audience: str) -> Grant:
        """The grant a token gives. Raises Refused."""
        if token_type == SAS:
            return self._signature(token, audience)
        if token_type == "jwt":
            return self._identity(token)
        raise Refused(400, f"InvalidTokenType: The token type '{token_type}' is not known.")

    def may_send(self, grant: Grant, hub: str) -> bool:
        if grant.signed:
            return grant.hub in ("", hub)
        return self._roles().get(hub, {}).get(grant.identity) == DATA_SENDER

    def _signature(self, token: str, audience: str) -> Grant:
        """SharedAccessSignature sr=<resource>&sig=<HMAC-SHA256 of "sr\\nse">&se=<seconds>&skn=<rule>."""
        scheme, _, query = token.partition(" ")
        fields = {name: values[0] for name, values in parse_qs(query, strict_parsing=False).items()}
        if (
            scheme != "SharedAccessSignature"
            or not {"sr", "sig", "se", "skn"} <= fields.keys()
            or not fields["se"].isdigit()
        ):
            raise Refused(401, "MalformedToken: The shared access signature lacks sr, sig, se or skn.")
        raw = {part.partition("=")[0]: part.partition("=")[2] for part in query.split("&")}
        key = self._keys.get(fields["skn"])
        wanted = _sign(key or "", f"{raw['sr']}\n{fields['se']}")
        if key is None or not hmac.compare_digest(wanted, fields["sig"]):
            raise Refused(401, "InvalidSignature: The token has an invalid signature.")
        if int(fields["se"]) < self.clock():
            raise Refused(401, "ExpiredToken: The token is expired.")
        granted, asked = _path(unquote(raw["sr"])), _path(audience)
        if granted and granted != asked and not asked.startswith(granted + "/"):
            raise Refused(401, f"InvalidAudience: The token is for '{granted}', not for '{asked}'.")
        return Grant(fields["skn"], granted.partition("/")[0], float(fields["se"]), True)

    def _identity(self, token: str) -> Grant:
        import jwt

        from acme_lib.eventhubs.local.keys import AUDIENCE, ISSUER

        checks = {"require": ["exp", "sub", "iss", "aud"], "verify_exp": False, "verify_nbf": False}
        try:
            claims = jwt.decode(
                token, self._issuer_key, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER, options=checks
            )
        except jwt.InvalidTokenError as e:
            raise Refused(401, f"InvalidToken: {e}.") from e
        if float(claims["exp"]) < self.clock():
            raise Refused(401, "ExpiredToken: The token is expired.")
        return Grant(str(claims["sub"]), "", float(claims["exp"]), False)


def _sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def _path(resource: str) -> str:
    """The path of sb://host/hub, lower case, without slashes at its ends."""
    return (urlsplit(resource).path if "://" in resource else resource.partition("/")[2]).strip("/").lower()
