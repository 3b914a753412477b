"""Settings of the edge; the only reader of its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shared.config import WEB_PORT, ServiceSettings, setting
from shared.setting_types import Listen, listen, names, number_of


@dataclass(frozen=True, slots=True)
class AggregatorSettings(ServiceSettings):
    """What the edge is told at its start."""

    service: ClassVar[str] = "aggregator"

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
