"""The roles of a deployment as its services are told of them, for a database that is not ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from shared.config import ConfigError
from shared.postgres.provision import SERVICES, provision, role_of
from shared.setting_types import Mode

ADMINISTRATOR = "TOUCHPOINT_POSTGRES_URL"
_MODE = "TOUCHPOINT_MODE"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Who may make roles and schemas, and which password each service brings."""

    administrator_url: str = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)
    """Service to the password in its own URL."""
    development: bool

    @classmethod
    def told(cls, environ: Mapping[str, str]) -> Deployment:
        """Read what the services read; raises ConfigError with all mistakes, and no password."""
        mistakes = []
        if not environ.get(ADMINISTRATOR):
            mistakes.append(f"{ADMINISTRATOR} is not set (of somebody who may make roles)")
        passwords = {}
        for service in SERVICES:
            key = f"TOUCHPOINT_{service.upper()}_POSTGRES_URL"
            try:
                passwords[service] = _password(environ.get(key, ""), service)
            except ValueError as error:
                mistakes.append(f"{key} {error}")
        mode = environ.get(_MODE) or Mode.DEVELOPMENT.value
        if mode not in {known.value for known in Mode}:
            mistakes.append(f"{_MODE} is {mode!r}: must be development or production")
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        return cls(environ[ADMINISTRATOR], passwords, mode == Mode.DEVELOPMENT.value)

    async def provision(self) -> None:
        """Make what is missing and set what differs; may be repeated. Raises Unavailable."""
        await provision(
            self.administrator_url, self.passwords.__getitem__, development=self.development
        )


def _password(url: str, service: str) -> str:
    if not url:
        raise ValueError("is not set")
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
    except ValueError:
        raise ValueError("is no URL") from None
    if user != role_of(service):
        raise ValueError(f"must be of the role {role_of(service)}")
    if not password:
        raise ValueError("has no password")
    return unquote(password)
