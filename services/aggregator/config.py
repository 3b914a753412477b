"""Settings of the edge; the only reader of its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shared.callers.scopes import CHANNELS
from shared.config import WEB_PORT, ServiceSettings
from shared.declaring import setting
from shared.setting_types import Listen, listen, names, number_of
from shared.transport.options import STREAMS


def channel(text: str) -> int:
    """Parse the name of a channel."""
    if text not in CHANNELS:
        raise ValueError(f"must be one of {', '.join(CHANNELS)}")
    return CHANNELS[text]


@dataclass(frozen=True, slots=True)
class AggregatorSettings(ServiceSettings):
    """What the edge is told at its start."""

    service: ClassVar[str] = "aggregator"

    max_request_bytes: int = setting(
        env="TOUCHPOINT_AGGREGATOR_MAX_REQUEST_BYTES",
        default=256 * 1024,  # of empty messages a request takes 24 times its size in memory
        help="size of the largest request that is taken",
    )
    http_listen: Listen = setting(
        env="TOUCHPOINT_WEB_LISTEN",
        default=Listen("127.0.0.1", WEB_PORT, is_default=True),
        help="host:port of the web face; port 0 asks for any free one",
        parse=listen,
    )
    allowed_origins: frozenset[str] = setting(
        env="TOUCHPOINT_ALLOWED_ORIGINS",
        default=frozenset(),
        help="browser origins that may call, comma separated; * for all",
        parse=names,
    )
    default_channel: int = setting(
        env="TOUCHPOINT_DEFAULT_CHANNEL",
        default=0,
        help="channel of requests and events that name none and whose caller's key names none: WEB",
        parse=channel,
    )
    default_placement: str = setting(
        env="TOUCHPOINT_DEFAULT_PLACEMENT",
        default="",
        help="placement of requests that name none and whose caller's key names none",
    )
    visitor_requests_per_minute: int = setting(
        env="TOUCHPOINT_VISITOR_REQUESTS_PER_MINUTE",
        default=120,
        help="questions a minute of one visitor by a browser's key; 0 for any number",
        parse=number_of("requests"),
    )
    visitor_events_per_minute: int = setting(
        env="TOUCHPOINT_VISITOR_EVENTS_PER_MINUTE",
        default=600,
        help="events a minute of one visitor by a browser's key; 0 for any number",
        parse=number_of("events"),
    )
    connections_per_address: int = setting(
        env="TOUCHPOINT_CONNECTIONS_PER_ADDRESS",
        default=0,
        help="connections that one address may have to each port; 0 for half of all that it holds",
        parse=number_of("connections"),
    )
    phone_region: str = setting(
        env="TOUCHPOINT_PHONE_REGION",
        default="US",
        help="country (ISO 3166) in which telephone numbers without a country code are dialled",
    )
    recorded_per_hour: int = setting(
        env="TOUCHPOINT_RECORDED_PER_HOUR",
        default=120,
        help="decisions an hour recorded to be decided again by other definitions; 0 for none",
        parse=number_of("decisions"),
    )

    def listens(self) -> dict[str, Listen]:
        """Return every address that is listened on, by the key that sets it."""
        # super() without arguments does not know a class that was made anew for its slots.
        return {**ServiceSettings.listens(self), "TOUCHPOINT_WEB_LISTEN": self.http_listen}

    def calls_of_a_connection(self) -> int:
        """Return how many calls one connection may have under way: anybody may connect here."""
        return STREAMS

    def meets_strangers(self) -> bool:
        """Hold peers to account: anybody may connect here."""
        return True

    def connections_of_one_address(self) -> int:
        """Return how many connections one address may have, as told or half of all."""
        return self.connections_per_address or ServiceSettings.connections_of_one_address(self)
