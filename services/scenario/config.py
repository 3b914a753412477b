"""Settings of the scenario service; the only reader of its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.scenario.crashing import crash_point
from shared.config import ConfigError, ServiceSettings, setting
from shared.setting_types import Mode


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

    def __post_init__(self) -> None:
        if self.crash_at and self.mode is not Mode.DEVELOPMENT:
            raise ConfigError(f"CRASH_AT is {self.crash_at!r}: it may be set in development only")
