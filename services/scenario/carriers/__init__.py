"""Those who bring messages out of the house, channel by channel."""

from services.scenario.carriers.carriage import Carriage
from services.scenario.carriers.mail_server import MailServer, read_mail_server
from services.scenario.carriers.outbox import OutboxCarrier
from services.scenario.carriers.setting_up import MESSAGE_CHANNELS, carriages_of
from services.scenario.carriers.smtp import SmtpCarrier
from services.scenario.carriers.webhook import Gateways, WebhookCarrier, read_gateways

__all__ = [
    "MESSAGE_CHANNELS",
    "Carriage",
    "Gateways",
    "MailServer",
    "OutboxCarrier",
    "SmtpCarrier",
    "WebhookCarrier",
    "carriages_of",
    "read_gateways",
    "read_mail_server",
]
