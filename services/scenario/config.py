"""Settings of the scenario service; the only reader of its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shared.config import ServiceSettings


@dataclass(frozen=True, slots=True)
class ScenarioSettings(ServiceSettings):
    """What the scenario service is told at its start."""

    service: ClassVar[str] = "scenario"
