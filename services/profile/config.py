"""Settings of the profile service; the only reader of its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shared.config import ServiceSettings, setting


@dataclass(frozen=True, slots=True)
class ProfileSettings(ServiceSettings):
    """What the profile service is told at its start."""

    service: ClassVar[str] = "profile"

    phone_region: str = setting(
        env="TOUCHPOINT_PHONE_REGION",
        default="US",
        help="country of phone numbers in files that do not name one (ISO 3166)",
    )
