"""Those who bring messages out of the house, channel by channel."""

from services.scenario.carriers.carriage import Carriage
from services.scenario.carriers.outbox import OutboxCarrier
from services.scenario.carriers.webhook import WebhookCarrier, read_gateways

__all__ = ["Carriage", "OutboxCarrier", "WebhookCarrier", "read_gateways"]
