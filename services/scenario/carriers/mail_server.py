"""The mail server of the house, as it is set up: `smtps://user@smtp.example.com`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote, urlsplit

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Security(Enum):
    """How what is said to a server is kept from others."""

    TLS = "smtps"
    STARTTLS = "smtp"
    """Demanded: a server without it is sent nothing."""
    NONE = "smtp+plain"


_PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mails are handed over."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = ""
    envelope_from: str = ""
    """Where servers send what cannot be delivered; empty: to the sender."""
    timeout_s: float = 20.0
    """Of each thing said to it."""

    def __repr__(self) -> str:
        """Say all but the password."""
        return f"MailServer({self.security.value}://{self.host}:{self.port})"

    @property
    def is_open_to_others(self) -> bool:
        """Whether whoever is on the way can read what is sent."""
        return self.security is Security.NONE and self.host not in _LOOPBACK

    @property
    def longest_s(self) -> float:
        """How long handing over one message takes at most."""
        return 4 * self.timeout_s + 5.0


def read_mail_server(text: str) -> MailServer:
    """Read `smtp://user@host:587`; raises ValueError with a sentence."""
    known = {each.value: each for each in Security}
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is no URL such as smtp://user@smtp.example.com:587") from None
    if parts.scheme not in known:
        raise ValueError(f"must begin with {', '.join(f'{each}://' for each in known)}")
    if parts.password is not None:
        raise ValueError("must not hold a password: name a file with it beside")
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must be a host and a port, such as smtp://smtp.example.com:587")
    security = known[parts.scheme]
    user = unquote(parts.username or "")
    return MailServer(parts.hostname, port or _PORTS[security], security, user)
