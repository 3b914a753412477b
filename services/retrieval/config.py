"""Settings of retrieval; the only reader of its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shared.config import ServiceSettings, setting
from shared.money import is_currency


def _currency(text: str) -> str:
    if not is_currency(text):
        raise ValueError("must be three capital letters of ISO 4217")
    return text


@dataclass(frozen=True, slots=True)
class RetrievalSettings(ServiceSettings):
    """What retrieval is told at its start."""

    service: ClassVar[str] = "retrieval"

    currency: str = setting(
        env="TOUCHPOINT_CURRENCY",
        default="USD",
        help="currency of amounts that name none, ISO 4217",
        parse=_currency,
    )
