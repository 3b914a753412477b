"""Those who bring messages out of the house, channel by channel."""

from services.scenario.carriers.carriage import Carriage
from services.scenario.carriers.outbox import OutboxCarrier
from services.scenario.carriers.setting_up import MESSAGE_CHANNELS, carriages_of
from services.scenario.carriers.webhook import Gateways, WebhookCarrier, read_gateways

__all__ = [
    "MESSAGE_CHANNELS",
    "Carriage",
    "Gateways",
    "OutboxCarrier",
    "WebhookCarrier",
    "carriages_of",
    "read_gateways",
]
