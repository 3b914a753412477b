"""Settings of the scenario service; the only reader of its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from services.scenario.carriers import Gateways, MailServer, read_gateways, read_mail_server
from services.scenario.crashing import crash_point
from services.scenario.domain.task_kinds import CALL_BACK, CHAT, kind_of
from shared.config import WEB_PORT, ConfigError, ServiceSettings
from shared.declaring import setting
from shared.setting_types import Mode, url
from shared.webhooks import Address, Secrets, read_address, read_secrets
from touchpoint.common.v1.vocabulary_pb2 import Channel

_LONGEST_TIMEOUT_S = 300.0
_LONGEST_SECRET = 4096


def secret_file(text: str) -> str:
    """Return the secret in a file, without the end of its line; raises ValueError."""
    try:
        found = Path(text).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read ({type(error).__name__})") from None
    if not 0 < len(found) <= _LONGEST_SECRET:
        raise ValueError("must hold one secret")
    return found


def link_page(text: str) -> str:
    """Return the URL of a page, to which a token is added; raises ValueError."""
    found: str = url("https", "http")(text)
    if "?" in found or "#" in found:
        raise ValueError("must have neither ? nor #: a token is added to it")
    return found


@dataclass(frozen=True, slots=True)
class ScenarioSettings(ServiceSettings):
    """What the scenario service is told at its start."""

    service: ClassVar[str] = "scenario"

    lease_s: float = setting(
        env="TOUCHPOINT_SCENARIO_LEASE_S",
        default=3.0,
        help="seconds after which a timer of a worker that died is anybody's",
    )
    journey_days: int = setting(
        env="TOUCHPOINT_JOURNEY_DAYS", default=400, help="days for which an ended journey is kept"
    )
    crash_at: str = setting(
        env="CRASH_AT",
        default="",
        help="point at which the process dies, once; development only",
        parse=crash_point,
    )

    message_gateways: Gateways = setting(
        env="TOUCHPOINT_MESSAGE_GATEWAYS",
        default=dict,
        help="where messages are posted to, by channel: SMS=https://…,PUSH=https://…",
        parse=read_gateways,
    )
    message_secrets: Secrets = setting(
        env="TOUCHPOINT_MESSAGE_SECRETS",
        default=dict,
        secret=True,
        help="keys that posted messages are signed with: sms=whsec_…, two of one parted by |",
        parse=read_secrets,
    )

    call_back_url: Address | None = setting(
        env="TOUCHPOINT_CALL_BACK_URL",
        default=None,
        help="where the telephony is told of who asked to be called back: https://…",
        parse=read_address,
    )
    chat_url: Address | None = setting(
        env="TOUCHPOINT_CHAT_URL",
        default=None,
        help="where the chat system is told of who asked for a chat: https://…",
        parse=read_address,
    )

    smtp_url: MailServer | None = setting(
        env="TOUCHPOINT_SMTP_URL",
        default=None,
        help="the mail server: smtps://user@host (TLS), smtp://user@host:587 (STARTTLS)",
        parse=read_mail_server,
    )
    smtp_password: str = setting(
        env="TOUCHPOINT_SMTP_PASSWORD_FILE",
        default="",
        secret=True,
        help="a file with the password of the mail server's user",
        parse=secret_file,
    )
    smtp_from: str = setting(
        env="TOUCHPOINT_SMTP_FROM",
        default="",
        help="where what cannot be delivered goes back to, unless to the sender",
    )
    smtp_timeout_s: float = setting(
        env="TOUCHPOINT_SMTP_TIMEOUT_S",
        default=20.0,
        help="how long the mail server may take for each answer, in seconds",
    )
    unsubscribe_url: str = setting(
        env="TOUCHPOINT_UNSUBSCRIBE_URL",
        default="",
        help="where links that end messages lead: https://shop.example/unsubscribe",
        parse=link_page,
    )

    @property
    def asked_for_urls(self) -> Mapping[str, Address | None]:
        """Where who asked for an agent is told of, by kind of task: the name of the keys, too."""
        return {CALL_BACK: self.call_back_url, CHAT: self.chat_url}

    @property
    def unsubscribe_link(self) -> str:
        """Where links lead: as told; in development the edge of this machine."""
        if self.unsubscribe_url or self.mode is not Mode.DEVELOPMENT:
            return self.unsubscribe_url
        return f"http://127.0.0.1:{WEB_PORT}/unsubscribe"

    @property
    def mail_server(self) -> MailServer | None:
        """Where e-mails are handed over; None: no server was named."""
        if self.smtp_url is None:
            return None
        return replace(
            self.smtp_url,
            password=self.smtp_password,
            envelope_from=self.smtp_from,
            timeout_s=self.smtp_timeout_s,
        )

    def __post_init__(self) -> None:
        self._check_mail_server()
        self._check_asked_for()
        self._check_gateways()
        if self.crash_at and self.mode is not Mode.DEVELOPMENT:
            raise ConfigError(f"CRASH_AT is {self.crash_at!r}: it may be set in development only")

    def _check_asked_for(self) -> None:
        """Raise ConfigError where it would be told unsigned, or where anybody could listen."""
        for kind, address in self.asked_for_urls.items():
            if address is None:
                continue
            name = kind_of(kind).address_setting
            if kind not in self.message_secrets:
                raise ConfigError(
                    f"{name} is set: add {kind}=whsec_… to TOUCHPOINT_MESSAGE_SECRETS"
                )
            if address.scheme == "http" and self.mode is not Mode.DEVELOPMENT:
                raise ConfigError(
                    f"{name} has http: "
                    "it is for trying out in development only; give it an https URL"
                )

    def _check_mail_server(self) -> None:
        """Raise ConfigError for two ways to send e-mails, or one that anybody could listen to."""
        server = self.smtp_url
        if server is None:
            return
        if Channel.EMAIL in self.message_gateways:
            raise ConfigError("TOUCHPOINT_SMTP_URL and a gateway for EMAIL are set: choose one")
        if server.is_open_to_others and self.mode is not Mode.DEVELOPMENT:
            raise ConfigError(
                "TOUCHPOINT_SMTP_URL has smtp+plain: "
                "it is for trying out, or for this machine; give it an smtps or smtp URL"
            )
        if bool(server.user) is not bool(self.smtp_password):
            raise ConfigError(
                "TOUCHPOINT_SMTP_URL with a user needs TOUCHPOINT_SMTP_PASSWORD_FILE, "
                "and one without has no use for it"
            )
        if not 0.0 < self.smtp_timeout_s <= _LONGEST_TIMEOUT_S:
            raise ConfigError(
                f"TOUCHPOINT_SMTP_TIMEOUT_S is {self.smtp_timeout_s:g}: "
                f"must be at most {_LONGEST_TIMEOUT_S:g}"
            )

    def _check_gateways(self) -> None:
        """Raise ConfigError for a gateway without a key, or one that anybody could listen to."""
        for channel, address in self.message_gateways.items():
            name = Channel.Value.Name(channel)  # type: ignore[arg-type]
            if name.lower() not in self.message_secrets:
                raise ConfigError(
                    f"TOUCHPOINT_MESSAGE_GATEWAYS names {name}: "
                    f"add {name.lower()}=whsec_… to TOUCHPOINT_MESSAGE_SECRETS"
                )
            if address.scheme == "http" and self.mode is not Mode.DEVELOPMENT:
                raise ConfigError(
                    f"TOUCHPOINT_MESSAGE_GATEWAYS has http for {name}: "
                    "it is for trying out in development only; give it an https URL"
                )
