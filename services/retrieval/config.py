"""Settings of retrieval; the only reader of its environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.retrieval.domain.external import Told
from shared.config import ServiceSettings
from shared.declaring import setting
from shared.money import is_currency
from shared.setting_types import targets

MOST_CANDIDATES = 1_000
_SPAN = re.compile(r"(\d{1,4})([mhd])")
_SECONDS = {"m": 60.0, "h": 3_600.0, "d": 86_400.0}


def _currency(text: str) -> str:
    if not is_currency(text):
        raise ValueError("must be three capital letters of ISO 4217")
    return text


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.0 < share <= 1.0:
        raise ValueError("must be a share above 0 and at most 1")
    return share


def _tolerance(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share < 1.0:
        raise ValueError("must be a share from 0 to below 1")
    return share


def _candidates(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_CANDIDATES:
        raise ValueError(f"must be a number from 1 to {MOST_CANDIDATES}")
    return int(text)


def _span_s(text: str) -> float:
    if text == "off":
        return 0.0
    found = _SPAN.fullmatch(text)
    if found is None or not int(found[1]):
        raise ValueError("must be off or a span such as 12h or 1d")
    return int(found[1]) * _SECONDS[found[2]]


def _time_of_day(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise ValueError("must be a time of the day such as 03:30") from None


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("must be an IANA time zone such as America/New_York") from None


def _told(text: str) -> Told:
    try:
        return Told(text.lower())
    except ValueError:
        raise ValueError("must be agreed, everybody or nobody") from None


def plugins(text: str) -> tuple[tuple[str, str], ...]:
    """Parse a comma list of `name=host:port`, each name once."""
    found: dict[str, str] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, address = (each.strip() for each in part.partition("="))
        if not name or not equals:
            raise ValueError("must be a comma list of name=host:port")
        if name in found:
            raise ValueError(f"names {name} twice")
        (found[name],) = targets(address)
    return tuple(found.items())


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
    candidates: int = setting(
        env="TOUCHPOINT_RETRIEVAL_CANDIDATES",
        default=200,
        help="candidates looked for where a request does not say how many, up to 1000",
        parse=_candidates,
    )
    train_every_s: float = setting(
        env="TOUCHPOINT_TRAIN_EVERY",
        default=86_400.0,
        help="models are trained by themselves so often, 12h or 1d, business time; off: never",
        parse=_span_s,
    )
    train_at: time | None = setting(
        env="TOUCHPOINT_TRAIN_AT",
        default=None,
        help="time of the day at which models are trained by themselves, 03:30; else at any",
        parse=_time_of_day,
    )
    train_zone: ZoneInfo = setting(
        env="TOUCHPOINT_TRAIN_ZONE",
        default=ZoneInfo("UTC"),
        help="IANA time zone of TOUCHPOINT_TRAIN_AT",
        parse=_zone,
    )
    train_fewest_new: int = setting(
        env="TOUCHPOINT_TRAIN_FEWEST_NEW",
        default=500,
        help="views, carts and purchases without which nothing is trained by itself",
    )
    train_tolerance: float = setting(
        env="TOUCHPOINT_TRAIN_TOLERANCE",
        default=0.02,
        help="share by which a new model may be worse than the served one and still take its place",
        parse=_tolerance,
    )
    external_sources: tuple[tuple[str, str], ...] = setting(
        env="TOUCHPOINT_EXTERNAL_SOURCES",
        default=(),
        help="plug-ins that propose candidates too: name=host:port, comma separated",
        parse=plugins,
    )
    external_share: float = setting(
        env="TOUCHPOINT_EXTERNAL_SHARE",
        default=0.5,
        help="share of the time that retrieval has for a request that plug-ins may take, up to 1",
        parse=_share,
    )
    external_quota: float = setting(
        env="TOUCHPOINT_EXTERNAL_QUOTA",
        default=2.0,
        help="candidates of plug-ins per turn, beside 4 of FOR_YOU and 3 of POPULAR",
    )
    external_persons: Told = setting(
        env="TOUCHPOINT_EXTERNAL_PERSONS",
        default=Told.AGREED,
        help="of whom plug-ins get what is known, under a random id: agreed (to sharing), "
        "everybody (plug-ins of the house), nobody",
        parse=_told,
    )
