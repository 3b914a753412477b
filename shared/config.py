"""What services are told, read once from the environment, refused with every mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from shared.declaring import MASK, as_text, declared_of, is_required, parsed, setting
from shared.setting_types import (
    Listen,
    Mode,
    key_bytes,
    listen,
    names,
    targets,
    url,
)
from shared.transport.connections import most_of_one_peer

WELL_KNOWN_PORTS: Mapping[str, int] = {
    "aggregator": 7400,
    "profile": 7401,
    "retrieval": 7402,
    "rules": 7403,
    "ranker": 7404,
    "scenario": 7405,
}
WEB_PORT = 7480


class ConfigError(Exception):
    """Settings are wrong; the message names every key with its bad value."""


T = TypeVar("T")


def _target_setting(service: str) -> Any:
    return setting(
        env=f"TOUCHPOINT_{service.upper()}_TARGETS",
        default=(f"127.0.0.1:{WELL_KNOWN_PORTS[service]}",),
        help=f"addresses of {service}, comma separated",
        parse=targets,
    )


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What every service is told; a service adds its own fields in a subclass."""

    service: ClassVar[str] = ""
    """The service's name, set by each subclass."""

    listen: Listen | None = setting(
        env="TOUCHPOINT_{SERVICE}_LISTEN",
        default=None,
        help="host:port of the gRPC server; the well-known port, or the next free one, if unset",
        parse=listen,
    )
    postgres_url: str = setting(
        env=("TOUCHPOINT_{SERVICE}_POSTGRES_URL", "TOUCHPOINT_POSTGRES_URL"),
        secret=True,
        help="PostgreSQL of this service's role",
        parse=url("postgresql", "postgres"),
    )
    nats_url: str = setting(
        env="TOUCHPOINT_NATS_URL",
        default="nats://127.0.0.1:4222",
        secret=True,
        help="NATS with JetStream",
        parse=url("nats", "tls"),
    )
    home: Path = setting(
        env="TOUCHPOINT_HOME", default=Path(".touchpoint"), help="folder of all local data"
    )
    mode: Mode = setting(
        env="TOUCHPOINT_MODE", default=Mode.DEVELOPMENT, help="development or production"
    )
    deployment_key: bytes = setting(
        env="TOUCHPOINT_DEPLOYMENT_KEY",
        secret=True,
        help="root of identity keys and of key wrapping, hexadecimal",
        parse=key_bytes,
    )
    may_link: frozenset[str] = setting(
        env="TOUCHPOINT_MAY_LINK",
        default=frozenset({"*"}),
        help="callers whose login events link identities; * for all",
        parse=names,
    )
    may_export: frozenset[str] = setting(
        env="TOUCHPOINT_MAY_EXPORT",
        default=frozenset({"cli"}),
        help="callers that may export or list persons and read the audit trail; * for all",
        parse=names,
    )
    may_reach: frozenset[str] = setting(
        env="TOUCHPOINT_MAY_REACH",
        default=frozenset({"scenario"}),
        help="callers that may decide for persons by their id and have their addresses; * for all",
        parse=names,
    )
    keys: Path | None = setting(
        env="TOUCHPOINT_KEYS",
        default=None,
        help="file of who may call; else keys.yaml in the home; without one it is open to all",
        parse=Path,
    )
    tls_certificate: Path | None = setting(
        env="TOUCHPOINT_TLS_CERTIFICATE",
        default=None,
        help="certificates that are served with, PEM, our own first; read anew when they change",
        parse=Path,
    )
    tls_key: Path | None = setting(
        env="TOUCHPOINT_TLS_KEY", default=None, help="the key of the certificate, PEM", parse=Path
    )
    tls_authority: Path | None = setting(
        env="TOUCHPOINT_TLS_AUTHORITY",
        default=None,
        help="certificates that peers are believed by, PEM; services behind the edge then demand "
        "one of whoever calls; the system's if unset",
        parse=Path,
    )
    max_in_flight: int = setting(
        env="TOUCHPOINT_{SERVICE}_MAX_IN_FLIGHT",
        default=64,
        help="calls handled at once at the most; fewer when they take long for their deadlines",
    )
    max_streams: int = setting(
        env="TOUCHPOINT_{SERVICE}_MAX_STREAMS",
        default=1000,
        help="streams open at once before more are refused; half of them for any one caller",
    )
    max_request_bytes: int = setting(
        env="TOUCHPOINT_{SERVICE}_MAX_REQUEST_BYTES",
        default=4 * 1024 * 1024,
        help="size of the largest request that is taken",
    )
    log_level: str = setting(
        env="TOUCHPOINT_LOG_LEVEL", default="info", help="debug, info, warning or error"
    )
    aggregator_targets: tuple[str, ...] = _target_setting("aggregator")
    profile_targets: tuple[str, ...] = _target_setting("profile")
    retrieval_targets: tuple[str, ...] = _target_setting("retrieval")
    rules_targets: tuple[str, ...] = _target_setting("rules")
    ranker_targets: tuple[str, ...] = _target_setting("ranker")
    scenario_targets: tuple[str, ...] = _target_setting("scenario")

    def targets(self, service: str) -> tuple[str, ...]:
        """Return the addresses of another service; KeyError when there is no such service."""
        if service not in WELL_KNOWN_PORTS:
            raise KeyError(service)
        found: tuple[str, ...] = getattr(self, f"{service}_targets")
        return found

    def address(self) -> Listen:
        """Return where to listen: as told, else the well-known port."""
        if self.listen is not None:
            return self.listen
        return Listen("127.0.0.1", WELL_KNOWN_PORTS.get(self.service, 0), is_default=True)

    def listens(self) -> dict[str, Listen]:
        """Return every address that is listened on, by the key that sets it."""
        return {f"TOUCHPOINT_{self.service.upper()}_LISTEN": self.address()}

    def calls_of_a_connection(self) -> int:
        """Return how many calls one connection may have under way, streams among them.

        A service behind the edge is called over one by all that the edge has to ask: the streams of
        everybody who watches must leave room there for the calls.
        """
        return self.max_streams + 2 * self.max_in_flight

    def meets_strangers(self) -> bool:
        """Say whether peers of the gRPC port are held to account one by one.

        Behind the edge only our own services call, each over few connections that carry everything:
        there it would find nothing, and cut much where it erred.
        """
        return False

    def connections_of_one_address(self) -> int:
        """Return how many connections one address may have to the gRPC port."""
        return most_of_one_peer()

    def reflects(self) -> bool:
        """Say whether callers may ask for descriptors: in development, on this machine."""
        return self.mode is Mode.DEVELOPMENT and self.address().is_loopback()

    def keys_file(self) -> Path | None:
        """Return the file of who may call; None: there is none, and everybody may."""
        if self.keys is not None:
            return self.keys
        found = self.home / "keys.yaml"
        return found if found.exists() else None

    def mistakes(self) -> list[str]:
        """Return what does not go together, as sentences that begin with a key."""
        found = []
        if (self.tls_certificate is None) != (self.tls_key is None):
            found.append(
                "TOUCHPOINT_TLS_CERTIFICATE and TOUCHPOINT_TLS_KEY go together: set both or neither"
            )
        is_closed = self.keys_file() is not None and self.tls_certificate is not None
        found.extend(
            f"{key} is {str(address)!r}: listens beyond this machine only with both keys "
            "(TOUCHPOINT_KEYS, which `touchpoint keys new` makes) and TLS "
            "(TOUCHPOINT_TLS_CERTIFICATE, TOUCHPOINT_TLS_KEY)"
            for key, address in self.listens().items()
            if not is_closed and not address.is_loopback()
        )
        return found


C = TypeVar("C", bound=ServiceSettings)


def load(settings_type: type[C], environ: Mapping[str, str]) -> C:
    """Read settings from an environment; raise ConfigError with all mistakes at once."""
    values: dict[str, Any] = {}
    mistakes: list[str] = []
    for field, declared, keys in declared_of(settings_type, settings_type.service):
        key = next((key for key in keys if environ.get(key)), keys[-1])
        text = environ.get(key, "")
        if not text:
            if is_required(field):
                mistakes.append(f"{key} is not set ({declared.help})")
            continue
        try:
            values[field.name] = parsed(field, declared, text)
        except ValueError as error:
            shown = MASK if declared.secret else repr(text)
            mistakes.append(f"{key} is {shown}: {error}")
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    settings = settings_type(**values)
    if wrong := settings.mistakes():
        raise ConfigError("\n".join(wrong))
    return settings


def describe(settings: ServiceSettings) -> dict[str, str]:
    """Return every key with its value as text, secrets masked, for printing once at start."""
    shown: dict[str, str] = {}
    for field, declared, keys in declared_of(type(settings), settings.service):
        value = getattr(settings, field.name)
        shown[keys[-1]] = as_text(value, declared)
    return shown
