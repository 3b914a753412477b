"""Which carrier brings messages of which channel out of the house, as this deployment is set up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from services.scenario.carriers.carriage import Carriage
from services.scenario.carriers.mail_server import MailServer
from services.scenario.carriers.outbox import OutboxCarrier
from services.scenario.carriers.smtp import SmtpCarrier
from services.scenario.carriers.webhook import Gateways, WebhookCarrier
from shared.clock import from_us
from shared.webhooks import Poster, Secrets
from touchpoint.common.v1.vocabulary_pb2 import Channel

MESSAGE_CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.PUSH, Channel.DIRECT_MAIL)
"""Those on which something can be sent to somebody who is not there."""


def carriages_of(
    gateways: Gateways,
    secrets: Secrets,
    *,
    outbox: Path | None,
    now_us: Callable[[], int],
    poster: Poster | None = None,
    mail_server: MailServer | None = None,
) -> Mapping[int, Carriage]:
    """Return the carriers by channel: those that were named, else the outbox of a home.

    `outbox` is that home; None: channels of which nobody was named have no carrier.
    """
    found: dict[int, Carriage] = {}
    if outbox is not None:
        folder = Carriage(OutboxCarrier(outbox, now_us), knows_keys=True, can_be_asked=True)
        found.update(dict.fromkeys(map(int, MESSAGE_CHANNELS), folder))
    if mail_server is not None:
        smtp = SmtpCarrier(mail_server, lambda: from_us(now_us()))
        found[Channel.EMAIL] = Carriage(smtp, longest_s=mail_server.longest_s)
    posted_by = poster or Poster()
    for channel, address in gateways.items():
        keys = secrets[Channel.Value.Name(channel).lower()]  # type: ignore[arg-type]
        found[channel] = Carriage(WebhookCarrier(posted_by, address, keys), knows_keys=True)
    return found
